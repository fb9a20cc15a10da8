using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
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

    // certtool writes half of its EC keys with a leading zero; OpenSSL, Postfix and Dovecot take them, and so does what shows a key in a plan.
    [Theory]
    [InlineData("1.2.840.10045.3.1.7", 32)]
    [InlineData("1.3.132.0.34", 48)]
    [InlineData("1.3.132.0.35", 66)]
    public void An_EC_scalar_may_be_longer_or_shorter_than_the_curve_and_its_point_left_out_or_compressed(string curve, int size)
    {
        var full = new byte[size];
        full.AsSpan(1).Fill(0x5A);
        full[0] = 0;
        using var wanted = ECDsa.Create(new ECParameters { Curve = ECCurve.CreateFromValue(curve), D = full });
        var digest = KeyPair.DigestOf(wanted.ExportSubjectPublicKeyInfo());
        var q = wanted.ExportParameters(false).Q;
        byte[] compressed = [(byte)(2 + (q.Y![^1] & 1)), .. q.X!];
        byte[][] scalars = [full, [0, .. full], [0, 0, 0, .. full], full[1..]];
        byte[][] points = [[], compressed, [4, .. q.X!, .. q.Y!]];
        foreach (var (scalar, point) in scalars.SelectMany(s => points.Select(p => (s, p))))
        {
            foreach (var (label, der) in new[] { ("EC PRIVATE KEY", Sec1(scalar, curve, point)), ("PRIVATE KEY", Pkcs8(curve, Sec1(scalar, null, point))) })
            {
                var pem = PrivateKeyPem.Encode(label, der);
                using var key = KeyPair.Import(pem);
                Assert.Equal(digest, key.PublicKeyDigest);
                Assert.Equal(digest, "sha256:" + PrivateKeyFacts.Read(label, Convert.ToBase64String(der))!.PublicKeyDigest);
                Assert.Equal(key.PublicKeyDigest, PublicDigestByOpenSsl(pem));
                using var again = KeyPair.Import(key.ExportPem());
                Assert.Equal(digest, again.PublicKeyDigest);
            }
        }

        // Too long, zero, or with another key's point: broken.
        byte[] other = [(byte)(compressed[0] ^ 1), .. q.X!];
        foreach (var der in new[] { Sec1([1, .. full], curve, []), Sec1([], curve, []), Sec1(new byte[size], curve, []), Sec1(full, curve, other), Sec1(full, curve, [4, .. q.Y!, .. q.X!]), Sec1([.. Enumerable.Repeat((byte)0xFF, size)], curve, []) })
        {
            Assert.Same(CertificateDiagnostics.UnreadableKey, Sample.Code(() => KeyPair.Import(PrivateKeyPem.Encode("EC PRIVATE KEY", der))));
        }
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

    private static byte[] Sec1(byte[] scalar, string? curve, byte[] point)
    {
        var der = new AsnWriter(AsnEncodingRules.DER);
        using (der.PushSequence())
        {
            der.WriteInteger(1);
            der.WriteOctetString(scalar);
            if (curve is not null)
            {
                using var _ = der.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, true));
                der.WriteObjectIdentifier(curve);
            }

            if (point.Length > 0)
            {
                using var _ = der.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1, true));
                der.WriteBitString(point);
            }
        }

        return der.Encode();
    }

    private static byte[] Pkcs8(string curve, byte[] key)
    {
        var der = new AsnWriter(AsnEncodingRules.DER);
        using (der.PushSequence())
        {
            der.WriteInteger(0);
            using (der.PushSequence())
            {
                der.WriteObjectIdentifier("1.2.840.10045.2.1");
                der.WriteObjectIdentifier(curve);
            }

            der.WriteOctetString(key);
        }

        return der.Encode();
    }

    private static string PublicDigestByOpenSsl(byte[] pem)
    {
        using var files = new TemporaryFiles();
        var file = files.Write("key", pem) + ".pub";
        OpenSsl.Must(pem, "ec", "-pubout", "-conv_form", "uncompressed", "-outform", "DER", "-out", file);
        return "sha256:" + CertificateFacts.Sha256(File.ReadAllBytes(file));
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
