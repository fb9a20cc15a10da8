using System.Formats.Asn1;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Certificates;

/// <summary>The roots that clients of a host are taken to trust.</summary>
public static class TrustAnchors
{
    private const int Few = 8;
    private const char FirstOfDer = '0'; // SEQUENCE, 0x30

    /// <summary>Where Debian and Red Hat keep the system's own roots.</summary>
    public static IReadOnlyList<string> System { get; } = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

    /// <summary>The files that a manifest's trust means.</summary>
    public static IReadOnlyList<string> Files(TrustManifest trust) => trust.File is { } file ? [file] : System;

    /// <summary>The roots in DER, or null where none is found, so that trust cannot be judged.</summary>
    public static IReadOnlyList<byte[]>? Of(Manifest manifest, HostObservation observed)
    {
        var text = CertificateIssuers.Of(manifest).TrustFiles(manifest).Select(f => observed.Resolve(f).Text).OfType<string>().FirstOrDefault();
        return text is not null && Read(text) is { Count: > 0 } roots ? roots : null;
    }

    /// <summary>What is to be said of a file of roots that the manifest names and that holds none, or null.</summary>
    internal static Diagnostic? Lack(Manifest manifest, TrustManifest trust, HostObservation observed) =>
        trust.File is { } file && Of(manifest, observed) is null
            ? CertificateDiagnostics.RootsUnknown(manifest.Source.Locate("/certificate/issuer/trust"), file, observed.Resolve(file).Kind == FileKind.Absent)
            : null;

    /// <summary>Looks at the files, links followed.</summary>
    public static Task LookAsync(ObservedFiles files, TrustManifest trust, CancellationToken cancellation) =>
        Task.WhenAll(Files(trust).Select(f => files.ResolveAsync(f, cancellation)));

    /// <summary>True when the certificate is one of the roots, or one of them signed it.</summary>
    public static bool Trusts(IReadOnlyList<byte[]> anchors, byte[] certificate)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        return anchors.Any(a => a.AsSpan().SequenceEqual(certificate)) || Candidates(anchors, [certificate]).Any(a => LeafProfile.IsSignedBy(certificate, a));
    }

    /// <summary>Goes up a chain as far as its certificates lead.</summary>
    /// <param name="leaf">Where it begins.</param>
    /// <param name="rest">The certificates that may follow, in any order.</param>
    /// <param name="anchors">The roots, DER.</param>
    /// <returns>The certificate whose issuer is neither there nor a root; null where the chain leads to a root.</returns>
    public static PemBlock? LooseEnd(PemBlock leaf, IEnumerable<PemBlock> rest, IReadOnlyList<byte[]> anchors)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        var (last, left) = (leaf, rest.ToList());
        while (!Trusts(anchors, last.Der!))
        {
            if (left.Find(c => LeafProfile.IsSignedBy(last.Der!, c.Der!)) is not { } next)
            {
                return last;
            }

            left.Remove(next);
            last = next;
        }

        return null;
    }

    /// <summary>Those of the roots that may have issued one of the certificates: a system has more than a hundred, and reading them all costs more than a handshake.</summary>
    public static IReadOnlyList<byte[]> Candidates(IReadOnlyList<byte[]> anchors, IReadOnlyList<byte[]> certificates)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        if (anchors.Count <= Few)
        {
            return anchors;
        }

        // Names that are equal but encoded otherwise (RFC 5280 section 7.1) are found by reading them all.
        var issuers = certificates.Select(c => X509CertificateStructure.GetInstance(c).Issuer.GetDerEncoded()).ToList();
        var found = anchors.Where(a => certificates.Any(c => c.AsSpan().SequenceEqual(a)) || issuers.Exists(i => a.AsSpan().IndexOf(i) >= 0)).ToList();
        return found.Count > 0 ? found : anchors;
    }

    /// <summary>The certificates of a PEM text, or the one of a DER file read as Latin-1, in DER; what is none is left out.</summary>
    public static IReadOnlyList<byte[]> Read(string pem)
    {
        if (pem.StartsWith(FirstOfDer) && Encoding.Latin1.GetBytes(pem) is var bytes && CertificateFacts.TryRead(bytes) is not null)
        {
            return [bytes];
        }

        var found = new List<byte[]>();
        foreach (var block in PemScanner.Scan(pem))
        {
            if (block.Label == PemFile.CertificateLabel && PrivateKeyPem.DecodeBody(pem.AsSpan()[block.Body]) is { } der && IsCertificate(der))
            {
                found.Add(der);
            }
        }

        return found;
    }

    // The outer form alone: what a root says is read when a chain may end at it.
    private static bool IsCertificate(byte[] der)
    {
        try
        {
            return new AsnReader(der, AsnEncodingRules.BER).ReadSequence().HasData;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
