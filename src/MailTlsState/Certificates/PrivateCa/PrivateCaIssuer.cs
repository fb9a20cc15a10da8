using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>
/// A root CA of the host's own that signs leaves directly, by the profile of RFC 5280. Pure but for random numbers: it neither reads nor writes files,
/// and the time is given.
/// </summary>
public static class PrivateCaIssuer
{
    /// <summary>How far a validity begins before the clock's time, so that a client whose clock is a little behind accepts it.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>99991231235959Z: RFC 5280 section 4.1.2.5, the last moment that a certificate can name.</summary>
    private static readonly DateTimeOffset LastMoment = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    /// <summary>
    /// Makes a root CA: a key under <paramref name="passphrase"/> and a self-signed v3 certificate that is valid for exactly the manifest's lifetime.
    /// </summary>
    /// <param name="ca">Subject, key kind and lifetime.</param>
    /// <param name="now">The host's time; the validity begins <see cref="ClockSkew"/> earlier.</param>
    /// <param name="passphrase">Encrypts the key file.</param>
    /// <exception cref="MailTlsException">The passphrase is empty, or more than a line.</exception>
    public static CaMaterial CreateRoot(PrivateCaManifest ca, DateTimeOffset now, string passphrase)
    {
        if (passphrase.Length == 0)
        {
            throw new MailTlsException(CertificateDiagnostics.PassphraseEmpty());
        }

        if (passphrase.Contains('\n', StringComparison.Ordinal))
        {
            throw new MailTlsException(CertificateDiagnostics.PassphraseHasLines());
        }

        var key = KeyPair.Generate(ca.Key);
        var root = RootAuthority.Join(key, SelfSign(key, Names.Encode(ca.Subject), null, ca.Lifetime, now));
        return new CaMaterial(RootKeyFile.Write(key, passphrase), PrivateKeyPem.Encode(PemFile.CertificateLabel, root.Certificate), root);
    }

    /// <summary>
    /// A new certificate for a root's own key and name. What the key signs verifies with either certificate, for as long as that one lasts.
    /// </summary>
    /// <param name="root">The root that is renewed.</param>
    /// <param name="lifetime">Validity of the new certificate.</param>
    /// <param name="now">The host's time; the validity begins <see cref="ClockSkew"/> earlier.</param>
    /// <returns>The certificate, DER.</returns>
    public static byte[] RenewRoot(RootAuthority root, TimeSpan lifetime, DateTimeOffset now) =>
        SelfSign(root.Key, RootCheck.SubjectOf(root.Certificate), root.Facts.SubjectKeyId, lifetime, now);

    // The same key has to keep its identifier, by which leaves name their issuer's key (RFC 5280 section 4.2.1.1).
    private static byte[] SelfSign(KeyPair key, X500DistinguishedName subject, string? keyId, TimeSpan lifetime, DateTimeOffset now)
    {
        var publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);
        var request = new CertificateRequest(subject, publicKey, key.SignatureHash);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(keyId is null ? SubjectKeyId(publicKey) : new X509SubjectKeyIdentifierExtension(Convert.FromHexString(keyId), critical: false));
        var start = Seconds(now - ClockSkew);
        using var certificate = request.Create(subject, key.CreateSignatureGenerator(), start, End(start, lifetime), SerialNumber());
        return certificate.RawData;
    }

    /// <summary>Opens a root CA from its two files. The key may be in any form that <c>openssl genrsa -des3</c> has written.</summary>
    /// <param name="keyPem">Content of <c>ca.key</c>.</param>
    /// <param name="certificatePem">Content of <c>ca.pem</c>.</param>
    /// <param name="passphrase">Decrypts the key.</param>
    /// <exception cref="MailTlsException">
    /// The passphrase is wrong (MTS0502), the key file (MTS0504) or the certificate (MTS0506) is broken, or the two do not belong together (MTS0505).
    /// </exception>
    public static RootAuthority OpenRoot(ReadOnlySpan<byte> keyPem, ReadOnlySpan<byte> certificatePem, string passphrase)
    {
        var certificate = ReadRoot(certificatePem);
        return RootAuthority.Join(RootKeyFile.Open(keyPem, passphrase), certificate);
    }

    /// <summary>The root certificate, DER.</summary>
    /// <param name="certificatePem">Content of <c>ca.pem</c>.</param>
    /// <exception cref="MailTlsException">It is broken (MTS0506).</exception>
    public static byte[] ReadRoot(ReadOnlySpan<byte> certificatePem) =>
        PemFile.Parse(System.Text.Encoding.Latin1.GetString(certificatePem)).SingleCertificate(out var problem)?.Der
        ?? throw new MailTlsException(CertificateDiagnostics.RootCertificateBroken(problem));

    /// <summary>Signs a server certificate: v3, SAN, EKU serverAuth, never valid beyond the root's end.</summary>
    /// <param name="root">The CA.</param>
    /// <param name="names">DNS names in ASCII; the first is the subject's CN where it has at most 64 characters (RFC 5280 appendix A), else the subject is empty.</param>
    /// <param name="leafKey">The server's key; only its public half is used.</param>
    /// <param name="lifetime">Wanted validity, cut at the root's end.</param>
    /// <param name="now">The host's time; the validity begins <see cref="ClockSkew"/> earlier, but not before the root's.</param>
    /// <returns>The certificate, DER.</returns>
    /// <exception cref="MailTlsException">The root is no CA, has expired, is not valid yet, or has the leaf's subject.</exception>
    public static byte[] IssueLeaf(RootAuthority root, IReadOnlyList<string> names, KeyPair leafKey, TimeSpan lifetime, DateTimeOffset now) =>
        SignLeaf(root, names, leafKey.SubjectPublicKeyInfo, lifetime, now);

    /// <summary><see cref="IssueLeaf"/> for a key that is elsewhere.</summary>
    /// <param name="root">The CA.</param>
    /// <param name="names">See above.</param>
    /// <param name="subjectPublicKeyInfo">The server's public key, DER.</param>
    /// <param name="lifetime">See above.</param>
    /// <param name="now">See above.</param>
    public static byte[] SignLeaf(RootAuthority root, IReadOnlyList<string> names, byte[] subjectPublicKeyInfo, TimeSpan lifetime, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfZero(names.Count, nameof(names));
        RootCheck.ThrowUnlessUsable(root.Certificate, root.Facts, names, now);

        var publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
        var issuer = RootCheck.SubjectOf(root.Certificate);
        var subject = Names.LeafSubject(names);
        var request = new CertificateRequest(subject, publicKey, root.Key.SignatureHash);
        var usage = X509KeyUsageFlags.DigitalSignature;
        if (CertificateFacts.KeyOf(subjectPublicKeyInfo).StartsWith("rsa", StringComparison.Ordinal))
        {
            // TLS 1.2 suites with RSA key exchange, which the policy "article" still accepts, encrypt to the key (RFC 5246 section 7.4.2).
            usage |= X509KeyUsageFlags.KeyEncipherment;
        }

        var extensions = request.CertificateExtensions;
        extensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        extensions.Add(new X509KeyUsageExtension(usage, critical: true));
        extensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        extensions.Add(Names.SubjectAlternativeNames(names, critical: Names.IsEmpty(subject)));
        extensions.Add(SubjectKeyId(publicKey));
        extensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(AuthorityKeyId(root)));

        var start = Later(Seconds(now - ClockSkew), root.Facts.NotBefore);
        var end = Earlier(End(start, lifetime), root.Facts.NotAfter);
        using var certificate = request.Create(issuer, root.Key.CreateSignatureGenerator(), start, end, SerialNumber());
        return certificate.RawData;
    }

    /// <summary>Refuses to sign what clients would refuse. Whether another root stands above this one is not known here.</summary>
    /// <param name="root">The CA.</param>
    /// <param name="names">The leaf's names.</param>
    /// <exception cref="MailTlsException">They would, for each of the reasons in it.</exception>
    public static void ThrowIfUnfit(RootAuthority root, IReadOnlyList<string> names)
    {
        if (RootCheck.Unfit(root.Certificate, names, isAnchor: false).ToList() is { Count: > 0 } reasons)
        {
            throw new MailTlsException(reasons);
        }
    }

    /// <summary>The end of a leaf that is made now: <see cref="IssueLeaf"/> would give it this <c>notAfter</c>.</summary>
    /// <param name="lifetime">Wanted validity.</param>
    /// <param name="rootEnd">The root's end, or null for a root that is made now as well and lasts longer.</param>
    /// <param name="now">The host's time.</param>
    public static DateTimeOffset EndOfNewLeaf(TimeSpan lifetime, DateTimeOffset? rootEnd, DateTimeOffset now)
    {
        var end = End(Seconds(now - ClockSkew), lifetime);
        return rootEnd is { } limit ? Earlier(end, limit) : end;
    }

    // 158 random bits. Positive and at most 20 octets (RFC 5280 section 4.1.2.2); the second highest bit is set so that the
    // first octet is never zero, which DER would not allow.
    private static byte[] SerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(20);
        serial[0] = (byte)((serial[0] & 0x3f) | 0x40);
        return serial;
    }

    // RFC 7093 section 2 method 1: SHA-1, which RFC 5280 names as an example, is not to be had everywhere any more.
    private static X509SubjectKeyIdentifierExtension SubjectKeyId(PublicKey key) => new(key, X509SubjectKeyIdentifierHashAlgorithm.ShortSha256, critical: false);

    // A root that was made elsewhere may lack the SKI; then any value is right, and the one that we would give it is the best.
    private static byte[] AuthorityKeyId(RootAuthority root) => root.Facts.SubjectKeyId is { } ski
        ? Convert.FromHexString(ski)
        : SubjectKeyId(PublicKey.CreateFromSubjectPublicKeyInfo(root.Key.SubjectPublicKeyInfo, out _)).SubjectKeyIdentifierBytes.ToArray();

    private static DateTimeOffset Seconds(DateTimeOffset time) => new(time.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);

    private static DateTimeOffset End(DateTimeOffset start, TimeSpan lifetime) => lifetime < LastMoment - start ? Seconds(start + lifetime) : LastMoment;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
