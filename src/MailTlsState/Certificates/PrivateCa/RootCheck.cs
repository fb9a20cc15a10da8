using System.Security.Cryptography.X509Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Whether a root certificate may sign a leaf. Reads by BouncyCastle, so that a plan does not load OpenSSL for it.</summary>
internal static class RootCheck
{
    /// <summary>The subject's bytes as they stand: an issuer name must repeat them (RFC 5280 section 4.1.2.4).</summary>
    public static X500DistinguishedName SubjectOf(byte[] certificate) =>
        new(X509CertificateStructure.GetInstance(certificate).Subject.GetDerEncoded());

    /// <summary>Throws everything that <see cref="Problems"/> finds.</summary>
    public static void ThrowUnlessUsable(byte[] certificate, CertificateFacts facts, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var problems = Problems(certificate, facts, names, now);
        if (problems.Count > 0)
        {
            throw new MailTlsException(problems);
        }
    }

    /// <summary>Why this root may not sign a leaf with these names now; empty when it may.</summary>
    public static IReadOnlyList<Diagnostic> Problems(byte[] certificate, CertificateFacts facts, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var problems = new List<Diagnostic>();
        if (!facts.IsAuthority)
        {
            problems.Add(CertificateDiagnostics.RootNotCa("basicConstraints does not say CA:TRUE"));
        }
        else if (!MaySign(certificate))
        {
            problems.Add(CertificateDiagnostics.RootNotCa("its keyUsage lacks keyCertSign"));
        }

        if (now > facts.NotAfter)
        {
            problems.Add(CertificateDiagnostics.RootHasExpired(facts.NotAfter));
        }
        else if (now < facts.NotBefore)
        {
            problems.Add(CertificateDiagnostics.RootIsNotYetValid(facts.NotBefore));
        }

        if (Collision(X509CertificateStructure.GetInstance(certificate).Subject, names) is { } collision)
        {
            problems.Add(collision);
        }

        return problems;
    }

    /// <summary>Why clients would refuse what this root signs, dates aside; empty when they would not.</summary>
    /// <param name="certificate">The root, DER.</param>
    /// <param name="names">The names of the leaf.</param>
    /// <param name="isAnchor">False where another root may stand above it, on another machine.</param>
    public static IEnumerable<Diagnostic> Unfit(byte[] certificate, IReadOnlyList<string> names, bool isAnchor = true)
    {
        ChainLink? link = null;
        try
        {
            link = ChainLink.Read(certificate, -1);
        }
        catch (FormatException)
        {
            // Said below: an iterator cannot yield here.
        }

        if (link is null)
        {
            yield return CertificateDiagnostics.RootIsUnfit("its extensions cannot be read");
            yield break;
        }

        if (isAnchor && !ChainFitness.IsRoot(link.Facts))
        {
            yield return CertificateDiagnostics.RootIsUnfit($"{link.Facts.Subject} is no root, {link.Facts.Issuer} issued it");
        }

        if (ChainFitness.IsShort(link.Facts))
        {
            yield return CertificateDiagnostics.RootIsUnfit($"its key is {link.Facts.Key}, and less than {ChainFitness.LeastRsaBits} bits are too few");
        }

        if (!link.MayBeServer)
        {
            yield return CertificateDiagnostics.RootIsUnfit("its extendedKeyUsage lacks serverAuth");
        }

        var subjects = names.Select(n => new GeneralName(HostNames.Address(n) is null ? GeneralName.DnsName : GeneralName.IPAddress, n));
        if (link.Constraints is { } constraints && ChainFitness.Forbidden(constraints, subjects) is { } name)
        {
            yield return CertificateDiagnostics.RootIsUnfit($"its nameConstraints do not allow {name}");
        }
    }

    /// <summary>The article's trap: a root whose subject is the leaf's makes a leaf that counts as self-signed. Null when they differ.</summary>
    public static Diagnostic? Collision(DistinguishedName root, IReadOnlyList<string> names) =>
        Collision(X509Name.GetInstance(Names.Encode(root).RawData), names);

    // Names are compared without case and outer blanks (RFC 5280 section 7.1), as OpenSSL does.
    private static Diagnostic? Collision(X509Name root, IReadOnlyList<string> names) =>
        root.Equivalent(X509Name.GetInstance(Names.LeafSubject(names).RawData))
            ? CertificateDiagnostics.SubjectsAreEqual(CertificateFacts.NameText(root))
            : null;

    private static bool MaySign(byte[] certificate)
    {
        var extensions = X509CertificateStructure.GetInstance(certificate).TbsCertificate.Extensions;
        var usage = extensions?.GetExtensionParsedValue(X509Extensions.KeyUsage);
        return usage is null || (DerBitString.GetInstance(usage).IntValue & KeyUsage.KeyCertSign) != 0;
    }
}
