using System.Collections.Concurrent;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace MailTlsState.Certificates;

/// <summary>One certificate that may be part of a chain.</summary>
internal sealed class ChainLink
{
    private static readonly ConcurrentDictionary<(string Issuer, string Subject), bool> Signatures = new();

    private readonly X509Certificate _certificate;

    private readonly bool[]? _usage;

    // Extensions are read here and not where they are asked for: what a server sends may hold anything.
    private ChainLink(X509Certificate certificate, CertificateFacts facts, int position)
    {
        Facts = facts;
        Position = position;
        _certificate = certificate;
        _usage = certificate.GetKeyUsage();
        MayBeServer = certificate.GetExtendedKeyUsage() is not { } uses || uses.Contains(KeyPurposeID.id_kp_serverAuth) || uses.Contains(KeyPurposeID.AnyExtendedKeyUsage);
        Constraints = certificate.GetExtensionParsedValue(X509Extensions.NameConstraints) is { } constraints ? NameConstraints.GetInstance(constraints) : null;
        Names = certificate.GetExtensionParsedValue(X509Extensions.SubjectAlternativeName) is { } names ? GeneralNames.GetInstance(names).GetNames() : [];
        UnknownCritical = [.. (certificate.GetCriticalExtensionOids() ?? new HashSet<string>()).Except(Understood.Select(o => o.Id)).Order(StringComparer.Ordinal)];
    }

    /// <summary>What the certificate says.</summary>
    public CertificateFacts Facts { get; }

    /// <summary>Place in what the server sent, or -1 for a trust anchor.</summary>
    public int Position { get; }

    public int Version => _certificate.Version;

    /// <summary>Reads a certificate.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ChainLink Read(byte[] der, int position)
    {
        var facts = CertificateFacts.Read(der);
        try
        {
            return new ChainLink(new X509Certificate(der), facts, position);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            throw new FormatException($"not an X.509 certificate: {e.Message}", e);
        }
    }

    /// <summary>Those of the certificates that can be read: what cannot leads nowhere. A store of roots may hold anything.</summary>
    /// <param name="certificates">DER.</param>
    /// <param name="position">The place of all of them, or null for their places among those that were read.</param>
    public static List<ChainLink> ReadAll(IEnumerable<byte[]> certificates, int? position = null)
    {
        var links = new List<ChainLink>();
        foreach (var der in certificates)
        {
            try
            {
                links.Add(Read(der, position ?? links.Count));
            }
            catch (FormatException)
            {
                continue;
            }
        }

        return links;
    }

    public bool IsNamedIssuerOf(ChainLink other) => _certificate.SubjectDN.Equivalent(other._certificate.IssuerDN);

    /// <summary>True when this certificate's key signed the other. Every endpoint sends the same chain: each two are looked at once.</summary>
    public bool Signed(ChainLink other) => Signatures.GetOrAdd((Facts.Fingerprint, other.Facts.Fingerprint), _ => Verifies(other));

    private bool Verifies(ChainLink other)
    {
        try
        {
            return other._certificate.IsSignatureValid(_certificate.GetPublicKey());
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            // A key or algorithm that cannot be used has not signed it.
            return false;
        }
    }

    /// <summary>True for what is thrown about content that is none: a key, a signature, an extension.</summary>
    public static bool IsUnreadable(Exception e) =>
        e is GeneralSecurityException or CryptoException or ArgumentException or IOException or InvalidOperationException or InvalidCastException or FormatException or IndexOutOfRangeException;

    /// <summary>True when the keyUsage extension is absent or has the bit (RFC 5280 section 4.2.1.3).</summary>
    public bool MayUseKeyFor(int bit) => _usage is null || (bit < _usage.Length && _usage[bit]);

    /// <summary>True when the extendedKeyUsage extension is absent or allows TLS servers (RFC 5280 section 4.2.1.12).</summary>
    public bool MayBeServer { get; }

    /// <summary>The name constraints, or null.</summary>
    public NameConstraints? Constraints { get; }

    /// <summary>The names in the SAN.</summary>
    public GeneralName[] Names { get; }

    /// <summary>Critical extensions that this check does not understand: RFC 5280 section 4.2 has them refused.</summary>
    public IReadOnlyList<string> UnknownCritical { get; }

    private static readonly DerObjectIdentifier[] Understood =
    [
        X509Extensions.BasicConstraints, X509Extensions.KeyUsage, X509Extensions.ExtendedKeyUsage, X509Extensions.SubjectAlternativeName,
        X509Extensions.NameConstraints, X509Extensions.CertificatePolicies, X509Extensions.AuthorityKeyIdentifier, X509Extensions.SubjectKeyIdentifier,
        X509Extensions.CrlDistributionPoints, X509Extensions.AuthorityInfoAccess, X509Extensions.IssuerAlternativeName,
    ];
}
