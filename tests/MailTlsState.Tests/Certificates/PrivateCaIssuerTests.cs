using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class PrivateCaIssuerTests
{
    private static readonly DateTimeOffset Now = Sample.Now;

    [Theory]
    [InlineData(KeyKind.Rsa2048, KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP256, KeyKind.Rsa2048)]
    [InlineData(KeyKind.EcdsaP384, KeyKind.EcdsaP384)]
    [InlineData(KeyKind.Rsa3072, KeyKind.Rsa3072)]
    [InlineData(KeyKind.EcdsaP256, KeyKind.Rsa4096)]
    public void Openssl_accepts_the_chain_strictly_for_a_server(KeyKind rootKind, KeyKind leafKind)
    {
        using var root = Sample.Root(Sample.Ca(rootKind));
        var leaf = PrivateCaIssuer.IssueLeaf(root, ["mail.mydomain.com", "imap.mydomain.com"], Sample.Key(leafKind), TimeSpan.FromDays(397), Now);

        using var files = new TemporaryFiles();
        var rootFile = files.Write("ca.pem", BundleWriter.Certificate(root.Certificate));
        var bundle = files.Write("bundle.pem", BundleWriter.Bundle(Sample.Key(leafKind), leaf, []));
        foreach (var name in new[] { "mail.mydomain.com", "imap.mydomain.com" })
        {
            OpenSsl.Must(null, "verify", "-x509_strict", "-purpose", "sslserver", "-attime", Now.ToUnixTimeSeconds().ToString(), "-verify_hostname", name, "-CAfile", rootFile, bundle);
        }

        var text = OpenSsl.Must(null, "x509", "-in", bundle, "-noout", "-text");
        Assert.Contains("Version: 3", text);
        Assert.Contains("CA:FALSE", text);
        Assert.Contains("TLS Web Server Authentication", text);
        Assert.Contains(rootKind == KeyKind.EcdsaP384 ? "ecdsa-with-SHA384" : rootKind == KeyKind.EcdsaP256 ? "ecdsa-with-SHA256" : "sha256WithRSAEncryption", text);
        Assert.Equal(KeyKinds.Family(leafKind) == KeyFamily.Rsa, text.Contains("Key Encipherment"));
        OpenSsl.Must(null, "pkey", "-in", bundle, "-check", "-noout");
    }

    [Fact]
    public void The_root_is_as_RFC_5280_wants_a_CA_and_lives_exactly_as_long_as_asked()
    {
        using var root = Sample.Root();
        var text = OpenSsl.Must(BundleWriter.Certificate(root.Certificate), "x509", "-noout", "-text", "-nameopt", "RFC2253,utf8");
        Assert.Contains("Version: 3", text);
        Assert.Matches(@"Basic Constraints: critical\s+CA:TRUE, pathlen:0", text);
        Assert.Matches(@"Key Usage: critical\s+Certificate Sign, CRL Sign", text);
        Assert.Contains("Subject Key Identifier", text);
        Assert.Contains("Subject: CN=My Mail CA,O=My Domain,L=Sioux Falls,ST=South Dakota,C=US", text);
        Assert.Equal(Now - TimeSpan.FromMinutes(5), root.Facts.NotBefore);
        Assert.Equal(TimeSpan.FromDays(1825), root.Facts.NotAfter - root.Facts.NotBefore);
    }

    [Fact]
    public void Names_beyond_ASCII_are_UTF_8_and_the_country_is_printable()
    {
        using var root = Sample.Root(Sample.Ca() with { Subject = new DistinguishedName("Müller & Söhne, CA", "世界", Country: "DE") });
        var parsed = OpenSsl.Must(BundleWriter.Certificate(root.Certificate), "asn1parse");
        Assert.Matches("PRINTABLESTRING +:DE", parsed);
        Assert.Contains("CN=Müller & Söhne\\, CA,O=世界,C=DE", OpenSsl.Must(BundleWriter.Certificate(root.Certificate), "x509", "-noout", "-subject", "-nameopt", "RFC2253,utf8,-esc_msb"));
        using var files = new TemporaryFiles();
        var leaf = PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), Now);
        Verify(files, root, leaf, "mail.mydomain.com");
    }

    [Fact]
    public void Serial_numbers_are_positive_random_and_of_twenty_octets_at_most()
    {
        using var root = Sample.Root();
        var serials = Enumerable.Range(0, 200).Select(_ => Org.BouncyCastle.Asn1.X509.X509CertificateStructure.GetInstance(Leaf(root, 90)).SerialNumber.Value).ToList();
        Assert.Equal(serials.Count, serials.Distinct().Count());
        Assert.All(serials, s => Assert.True(s.SignValue > 0 && s.ToByteArray().Length <= 20 && s.BitLength > 64));
        Assert.True(serials.Max(s => s.BitLength) == 159);
        Assert.True(serials.Select(s => s.ToByteArray()[1]).Distinct().Count() > 64);
    }

    [Fact]
    public void A_leaf_never_outlives_its_root()
    {
        using var root = Sample.Root();
        var soon = root.Facts.NotAfter - TimeSpan.FromDays(10);
        var cut = CertificateFacts.Read(PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(397), soon));
        Assert.Equal(root.Facts.NotAfter, cut.NotAfter);
        Assert.Equal(root.Facts.NotAfter, PrivateCaIssuer.EndOfNewLeaf(TimeSpan.FromDays(397), root.Facts.NotAfter, soon));

        // The article's leaf has the lifetime of its CA and is signed later.
        var same = CertificateFacts.Read(PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(1825), Now + TimeSpan.FromMinutes(1)));
        Assert.Equal(root.Facts.NotAfter, same.NotAfter);

        // At its very last second, and when the first leaf is made with the root.
        var last = CertificateFacts.Read(PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(1), root.Facts.NotAfter));
        Assert.Equal(root.Facts.NotAfter, last.NotAfter);
        Assert.Equal(root.Facts.NotBefore, CertificateFacts.Read(Leaf(root, 1)).NotBefore);
    }

    [Fact]
    public void Fractions_of_a_second_are_cut_and_the_lifetime_stays_exact()
    {
        var now = Now + TimeSpan.FromMilliseconds(999.9);
        using var root = Sample.Root(now: now);
        var leaf = CertificateFacts.Read(PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), now));
        Assert.Equal(TimeSpan.FromDays(1825), root.Facts.NotAfter - root.Facts.NotBefore);
        Assert.Equal(TimeSpan.FromDays(90), leaf.NotAfter - leaf.NotBefore);
        Assert.Equal(leaf.NotAfter, PrivateCaIssuer.EndOfNewLeaf(TimeSpan.FromDays(90), root.Facts.NotAfter, now));
    }

    [Fact]
    public void Dates_are_UTCTime_through_2049_and_GeneralizedTime_from_2050_on()
    {
        using var root = Sample.Root(Sample.Ca(lifetime: TimeSpan.FromDays(365 * 40)));
        var text = OpenSsl.Must(BundleWriter.Certificate(root.Certificate), "asn1parse");
        Assert.Matches("UTCTIME +:2603011155", text);
        Assert.Matches("GENERALIZEDTIME +:2066", text);
        using var files = new TemporaryFiles();
        Verify(files, root, Leaf(root, 365 * 30), "mail.mydomain.com");
    }

    [Fact]
    public void A_lifetime_beyond_the_last_moment_ends_there()
    {
        using var root = Sample.Root(Sample.Ca(lifetime: TimeSpan.FromDays(3_650_000)));
        Assert.Equal(new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero), root.Facts.NotAfter);
    }

    [Fact]
    public void A_first_name_too_long_for_a_CN_gives_an_empty_subject_and_a_critical_SAN()
    {
        var name = string.Join('.', Enumerable.Repeat("a-label-of-some-length", 4)) + ".example";
        using var root = Sample.Root();
        using var files = new TemporaryFiles();
        var leaf = PrivateCaIssuer.IssueLeaf(root, [name, "mail.mydomain.com"], Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), Now);
        Verify(files, root, leaf, name);
        Verify(files, root, leaf, "mail.mydomain.com");
        Assert.Equal("", CertificateFacts.Read(leaf).Subject);
        Assert.Matches("Subject Alternative Name: critical", OpenSsl.Must(BundleWriter.Certificate(leaf), "x509", "-noout", "-text"));
    }

    [Fact]
    public void Addresses_stand_in_the_SAN_and_clients_that_go_to_them_accept_the_leaf()
    {
        string[] names = ["192.0.2.1", "mail.mydomain.com", "2001:db8::1"];
        using var root = Sample.Root();
        using var files = new TemporaryFiles();
        var leaf = PrivateCaIssuer.IssueLeaf(root, names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), Now);
        var facts = CertificateFacts.Read(leaf);
        Assert.Equal(("CN=mail.mydomain.com", "mail.mydomain.com, 192.0.2.1, 2001:db8::1"), (facts.Subject, string.Join(", ", facts.ServerNames)));
        var rootFile = files.Write("ca.pem", BundleWriter.Certificate(root.Certificate));
        foreach (var address in facts.IpAddresses)
        {
            OpenSsl.Must(BundleWriter.Certificate(leaf), "verify", "-x509_strict", "-attime", Now.ToUnixTimeSeconds().ToString(), "-verify_ip", address, "-CAfile", rootFile);
        }

        var bundle = Sample.File("/etc/pki/mailtls/mail.mydomain.com.pem", BundleWriter.Bundle(Sample.Key(KeyKind.EcdsaP256), leaf, []));
        Assert.Empty(Sample.Examine(Sample.Certificate(names: names), KeyKind.EcdsaP256, bundle, null, new PrivateCaState(true, root.Facts, root.Certificate, []), Now).Reasons);
        Assert.NotEmpty(Sample.Examine(Sample.Certificate(names: names[1..]), KeyKind.EcdsaP256, bundle, null, new PrivateCaState(true, root.Facts, root.Certificate, []), Now).Reasons);
    }

    [Theory]
    [InlineData(200, "2026-11-01", null)]
    [InlineData(397, "2026-11-01", "Note: the new certificate is valid for 397 days; public CAs may issue 200 at most, a private CA may issue more")]
    [InlineData(200, "2027-11-01", "Note: the new certificate is valid for 200 days; public CAs may issue 100 at most, a private CA may issue more")]
    [InlineData(48, "2029-11-01", "Note: the new certificate is valid for 48 days; public CAs may issue 47 at most, a private CA may issue more")]
    [InlineData(1825, "2026-11-01", "Warning: the new certificate is valid for 1825 days, and Apple's clients refuse more than 825")]
    public void A_leaf_that_lives_longer_than_those_of_public_CAs_is_noted(int days, string now, string? expected)
    {
        var found = CertificateDiagnostics.LivesLong(new SourceLocation("m.yaml", 1, 1), TimeSpan.FromDays(days), DateTimeOffset.Parse(now + "T00:00:00Z"));
        Assert.Equal(expected, found is null ? null : $"{found.Severity}: {found.Fact}");
    }

    [Fact]
    public void Names_stand_in_the_SAN_as_they_are()
    {
        string[] names = ["xn--mller-kva.example", "*.mydomain.com", "a_b.mydomain.com"];
        using var root = Sample.Root();
        using var files = new TemporaryFiles();
        var leaf = PrivateCaIssuer.IssueLeaf(root, names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), Now);
        Assert.Equal(names, CertificateFacts.Read(leaf).DnsNames);
        Verify(files, root, leaf, "any.mydomain.com");
    }

    [Fact]
    public void The_leaf_points_at_its_root()
    {
        using var root = Sample.Root();
        var facts = CertificateFacts.Read(Leaf(root, 90));
        Assert.Equal(root.Facts.SubjectKeyId, facts.AuthorityKeyId);
        Assert.Equal(root.Facts.Subject, facts.Issuer);
        Assert.NotNull(facts.SubjectKeyId);
        Assert.Equal("sha256:" + facts.PublicKeyFingerprint, Sample.Key(KeyKind.EcdsaP256).PublicKeyDigest);
    }

    [Fact]
    public void A_root_that_has_expired_or_is_not_valid_yet_signs_nothing()
    {
        using var root = Sample.Root();
        Assert.Same(CertificateDiagnostics.RootExpired, Refusal(root, root.Facts.NotAfter + TimeSpan.FromSeconds(1)));
        Assert.Same(CertificateDiagnostics.RootNotYetValid, Refusal(root, root.Facts.NotBefore - TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData("mail.mydomain.com")]
    [InlineData("MAIL.mydomain.COM")]
    [InlineData(" mail.mydomain.com ")]
    public void A_root_with_the_leafs_subject_signs_nothing(string commonName)
    {
        // The article's trap: the same subject typed for the CA and the server; clients stop with error 18.
        var ca = Sample.Ca() with { Subject = new DistinguishedName(commonName) };
        using var root = Sample.Root(ca);
        Assert.Same(CertificateDiagnostics.SameSubject, Refusal(root, Now));
        Assert.Same(CertificateDiagnostics.SameSubject, PrivateCaState.Examine(ca, Sample.Names, Sample.Absent("/ca.key"), Sample.Absent("/ca.pem"), Now).Diagnostics[0].Code);
        Leaf(root, 90, "other.mydomain.com");
    }

    [Fact]
    public void A_certificate_that_is_no_CA_signs_nothing()
    {
        using var files = new TemporaryFiles();
        var key = KeyPair.Generate(KeyKind.EcdsaP256).ExportPem();
        var keyFile = files.Write("ca.key", key);
        foreach (var extension in new[] { "basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature" })
        {
            using var root = PrivateCaIssuer.OpenRoot(key, RootKeyFileTests.SelfSign(keyFile, "/CN=No CA", "pass:", "-addext", extension), "any");
            Assert.Same(CertificateDiagnostics.RootIsNoCa, Refusal(root, DateTimeOffset.UtcNow));
        }
    }

    [Fact]
    public void Every_reason_is_told_at_once()
    {
        using var root = Sample.Root(Sample.Ca() with { Subject = new DistinguishedName("mail.mydomain.com") });
        var refused = Assert.Throws<MailTlsException>(() => PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(1), root.Facts.NotAfter.AddDays(1)));
        Assert.Equal([CertificateDiagnostics.RootExpired, CertificateDiagnostics.SameSubject], refused.Diagnostics.Select(d => d.Code));
    }

    private static byte[] Leaf(RootAuthority root, int days, string name = "mail.mydomain.com") =>
        PrivateCaIssuer.IssueLeaf(root, [name], Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(days), Now);

    private static DiagnosticCode Refusal(RootAuthority root, DateTimeOffset now) =>
        Sample.Code(() => PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(1), now));

    private static void Verify(TemporaryFiles files, RootAuthority root, byte[] leaf, string name) => OpenSsl.Must(
        null, "verify", "-x509_strict", "-purpose", "sslserver", "-attime", Now.ToUnixTimeSeconds().ToString(), "-verify_hostname", name,
        "-CAfile", files.Write("ca.pem", BundleWriter.Certificate(root.Certificate)), files.Write("leaf.pem", BundleWriter.Certificate(leaf)));
}
