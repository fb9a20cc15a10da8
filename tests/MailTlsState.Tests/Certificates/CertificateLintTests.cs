using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Manifests;
using MailTlsState.Tests.Certificates.Import;
using Xunit;

namespace MailTlsState.Tests.Certificates;

/// <summary>Nothing that the private CA makes has a fault by RFC 5280, whatever the manifest asks for.</summary>
public sealed class CertificateLintTests
{
    [Theory]
    [MemberData(nameof(KeyPairTests.Kinds), MemberType = typeof(KeyPairTests))]
    public void Root_and_leaf_of_every_kind_of_key_are_without_a_fault(KeyKind kind)
    {
        using var root = Sample.Root(Sample.Ca(kind));
        Assert.Empty(CertificateLint.Faults(root.Certificate, root.Certificate));
        Assert.All(KeyPairTests.Kinds, leaf => Assert.Empty(CertificateLint.Faults(PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(leaf), TimeSpan.FromDays(397), Sample.Now), root.Certificate)));
    }

    [Theory]
    [InlineData("mail.mydomain.com", "imap.mydomain.com", "*.mydomain.com")]
    [InlineData("xn--mller-kva.example")]
    [InlineData("*.mydomain.com")]
    [InlineData("a-label-of-some-length.a-label-of-some-length.a-label-of-some-length.example")]
    [InlineData("mail.mydomain.com", "192.0.2.1", "2001:db8::1")]
    [InlineData("192.0.2.1", "mail.mydomain.com")]
    public void So_are_leaves_with_names_of_every_form(params string[] names) => Assert.Empty(CertificateLint.Faults(Leaf(Sample.Issuing, names), Sample.Issuing.Certificate));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(365 * 40, 365 * 30)]
    [InlineData(3_650_000, 3_650_000)]
    public void So_are_all_lifetimes(int rootDays, int leafDays)
    {
        using var root = Sample.Root(Sample.Ca(lifetime: TimeSpan.FromDays(rootDays)));
        Assert.Empty(CertificateLint.Faults(root.Certificate, root.Certificate));
        Assert.Empty(CertificateLint.Faults(Leaf(root, Sample.Names, leafDays), root.Certificate));
    }

    [Fact]
    public void So_are_subjects_in_every_script()
    {
        using var root = Sample.Root(Sample.Ca() with { Subject = new DistinguishedName("Müller & Söhne, CA", "世界", "+\"#;", new string('x', 128), "Ost", "DE") });
        Assert.Empty(CertificateLint.Faults(root.Certificate, root.Certificate));
        Assert.Empty(CertificateLint.Faults(Leaf(root, Sample.Names), root.Certificate));
    }

    [Fact]
    public void The_lint_finds_what_others_make()
    {
        var expected = new Dictionary<string, string>
        {
            ["leaf.pem"] = "4.2.1.12: the extended key usage is not serverAuth alone",
            ["short.pem"] = "4.1.2.2: the serial number has less than 64 bits",
            ["bare.pem"] = "4.2.1.1: the authority key identifier is not the issuer's subject key identifier",
            ["long.pem"] = "6.1: it is valid when its issuer is not",
            ["sha1.pem"] = "4.1.1.2: an old signature algorithm, or wrong parameters",
            ["upper.pem"] = "4.2.1.6: no name, or one in a wrong form",
            ["cn.pem"] = "RFC 9525: the common name is not among the names",
        };
        using var lab = new VendorLab();
        lab.Run("""
            sign() { openssl x509 -req -in leaf.csr -CA sub.pem -CAkey sub.key "$@"; }
            printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:mail.mydomain.com\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >good.ext
            (echo 'basicConstraints=critical,CA:FALSE'; cat server.ext) | sed '/authorityInfo/d' >both.ext
            S=0x123456789abcdef0123456; sign -days 90 -set_serial $S -extfile both.ext -out leaf.pem
            sign -days 90 -set_serial 7 -extfile good.ext -out short.pem
            sed 's/=keyid/=none/' good.ext >bare.ext; sign -days 90 -set_serial $S -extfile bare.ext -out bare.pem
            sign -days 3000 -set_serial $S -extfile good.ext -out long.pem
            sign -days 90 -set_serial $S -extfile good.ext -sha1 -out sha1.pem
            sed 's/DNS:mail/DNS:mail.mydomain.com,DNS:Mail/' good.ext >upper.ext; sign -days 90 -set_serial $S -extfile upper.ext -out upper.pem
            sed 's/DNS:mail/DNS:imap/' good.ext >cn.ext; sign -days 90 -set_serial $S -extfile cn.ext -out cn.pem
            """);
        Assert.Equal(expected, expected.Keys.ToDictionary(file => file, file => string.Join("; ", CertificateLint.Faults(lab.Der(file), lab.Der("sub.pem")))));
    }

    private static byte[] Leaf(RootAuthority root, IReadOnlyList<string> names, int days = 397) =>
        PrivateCaIssuer.IssueLeaf(root, names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(days), Sample.Now);
}
