using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class KeyPairTests
{
    public static TheoryData<KeyKind> Kinds => [KeyKind.Rsa2048, KeyKind.Rsa3072, KeyKind.Rsa4096, KeyKind.EcdsaP256, KeyKind.EcdsaP384];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_comes_back_from_its_PEM_as_the_same_key(KeyKind kind)
    {
        var key = Sample.Key(kind);
        using var again = KeyPair.Import(key.ExportPem());

        Assert.Equal(kind, again.Kind);
        Assert.Equal(key.PublicKeyDigest, again.PublicKeyDigest);
        Assert.Equal(KeyKinds.Text(kind), again.KindText);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Openssl_sees_the_same_public_key(KeyKind kind)
    {
        var key = Sample.Key(kind);
        var pem = key.ExportPem();

        Assert.StartsWith("-----BEGIN PRIVATE KEY-----\n", Encoding.ASCII.GetString(pem));
        Assert.EndsWith("-----END PRIVATE KEY-----\n", Encoding.ASCII.GetString(pem));
        using var files = new TemporaryFiles();
        var publicKey = files.Write("key", pem) + ".pub";
        OpenSsl.Must(pem, "pkey", "-pubout", "-outform", "DER", "-out", publicKey);
        Assert.Equal(key.PublicKeyDigest, "sha256:" + CertificateFacts.Sha256(File.ReadAllBytes(publicKey)));
    }

    [Theory]
    [InlineData("genrsa", "-traditional", "2048")]
    [InlineData("genrsa", "2048")]
    [InlineData("ecparam", "-name", "prime256v1", "-genkey")]
    [InlineData("ecparam", "-name", "secp384r1", "-genkey", "-noout")]
    [InlineData("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")]
    public void What_openssl_writes_is_read(params string[] arguments)
    {
        var pem = Encoding.Latin1.GetBytes(OpenSsl.Must(null, arguments));
        using var key = KeyPair.Import(pem);
        Assert.NotNull(key.Kind);
    }

    [Fact]
    public void Other_kinds_are_named_but_are_no_kind_of_the_manifest()
    {
        using var curve = KeyPair.Import(Encoding.Latin1.GetBytes(OpenSsl.Must(null, "ecparam", "-name", "secp521r1", "-genkey", "-noout")));
        Assert.Equal("ecdsa-p521", curve.KindText);
        Assert.Null(curve.Kind);
        using var small = KeyPair.Import(Encoding.Latin1.GetBytes(OpenSsl.Must(null, "genrsa", "1024")));
        Assert.Equal("rsa-1024", small.KindText);
        Assert.Null(small.Kind);
    }

    [Fact]
    public void The_key_with_the_wanted_public_half_is_found_among_several_and_other_text()
    {
        var one = Sample.Key(KeyKind.EcdsaP256);
        var other = Sample.Key(KeyKind.Rsa2048);
        byte[] text = [.. "remark\r\n"u8, .. one.ExportPem(), .. other.ExportPem()];

        using var found = KeyPair.Import(text, other.PublicKeyDigest);

        Assert.Equal(other.PublicKeyDigest, found.PublicKeyDigest);
        Assert.Same(CertificateDiagnostics.UnreadableKey, Sample.Code(() => KeyPair.Import(text, "sha256:00")));
    }

    [Fact]
    public void Keys_that_cannot_be_used_are_refused_without_showing_a_byte_of_them()
    {
        var pem = Encoding.ASCII.GetString(Sample.Key(KeyKind.EcdsaP256).ExportPem());
        var lines = pem.Split('\n');
        string[] broken =
        [
            "",
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            pem.Replace(lines[1], lines[1][..^3]),
            pem.Replace(lines[1], lines[1][..20] + "!" + lines[1][21..]),
            pem.Replace(lines[1][20..30], "AAAAAAAAAA"),
            OpenSsl.Must(null, "genpkey", "-algorithm", "ED25519"),
            OpenSsl.Must(null, "genrsa", "-aes256", "-passout", "pass:secret", "2048"),
            OpenSsl.Must(null, "genrsa", "-aes256", "-traditional", "-passout", "pass:secret", "2048"),
            pem.Replace("PRIVATE KEY", "RSA PRIVATE KEY"),
            pem.Replace("PRIVATE KEY", "DSA PRIVATE KEY"),
        ];
        foreach (var text in broken)
        {
            var refused = Assert.Throws<MailTlsException>(() => KeyPair.Import(Encoding.Latin1.GetBytes(text)));
            Assert.Same(CertificateDiagnostics.UnreadableKey, refused.Diagnostics[0].Code);
            Secrets.AssertAbsent(text, refused.ToString());
        }
    }

    [Fact]
    public void A_key_shows_its_public_half_only()
    {
        var key = Sample.Key(KeyKind.EcdsaP256);
        Assert.Equal($"ecdsa-p256, public key {key.PublicKeyDigest}", key.ToString());
    }

    [Fact]
    public void Words_and_kinds_are_one_to_one()
    {
        Assert.Equal(Enum.GetValues<KeyKind>(), KeyKinds.All);
        Assert.All(KeyKinds.All, k => Assert.Equal(k, KeyKinds.Parse(KeyKinds.Text(k))));
        Assert.Null(KeyKinds.Parse("rsa-1024"));
        Assert.Equal(["rsa", "rsa", "rsa", "ecdsa", "ecdsa"], KeyKinds.All.Select(k => KeyKinds.Text(KeyKinds.Family(k))));
    }
}

/// <summary>Looks for a key's bytes in a text.</summary>
internal static class Secrets
{
    /// <summary>No 12 characters in a row of any base64 line of <paramref name="pem"/> stand in <paramref name="shown"/>.</summary>
    public static void AssertAbsent(string pem, string shown)
    {
        foreach (var line in pem.Split('\n').Where(l => !l.StartsWith('-') && !l.Contains(':')))
        {
            for (var i = 0; i + 12 <= line.Length; i++)
            {
                Assert.DoesNotContain(line.Substring(i, 12), shown, StringComparison.Ordinal);
            }
        }
    }
}
