using System.Text;
using CsCheck;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class PemFileTests
{
    private static readonly KeyPair Key = Sample.Key(KeyKind.EcdsaP256);
    private static readonly RootAuthority Root = Sample.Root();
    private static readonly byte[] Leaf = PrivateCaIssuer.IssueLeaf(Root, Sample.Names, Key, TimeSpan.FromDays(90), Sample.Now);
    private static readonly string LeafPem = Encoding.ASCII.GetString(BundleWriter.Certificate(Leaf));
    private static readonly string RootPem = Encoding.ASCII.GetString(BundleWriter.Certificate(Root.Certificate));
    private static readonly string KeyPem = Encoding.ASCII.GetString(Key.ExportPem());
    private static readonly string RedactedKey = $"-----BEGIN PRIVATE KEY-----\n[redacted: ecdsa-p256, public key {Key.PublicKeyDigest}]\n-----END PRIVATE KEY-----\n";

    [Fact]
    public void A_bundle_is_read_in_its_order_without_oddities()
    {
        var file = PemFile.Parse(Encoding.ASCII.GetString(BundleWriter.Bundle(Key, Leaf, [Root.Certificate])));
        Assert.Equal(["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"], file.Blocks.Select(b => b.Label));
        Assert.Equal(PemOddities.None, file.Oddities);
        Assert.Equal([1, 6], file.Blocks.Take(2).Select(b => b.Line));
        Assert.Equal(Leaf, file.Blocks[1].Der);
        Assert.Equal(["CN=mail.mydomain.com", Root.Facts.Subject], file.Certificates.Select(c => c.Facts!.Subject));
        Assert.All(file.Blocks, b => Assert.Null(b.Problem));
    }

    [Fact]
    public void A_redacted_key_tells_as_much_as_the_key()
    {
        var plain = PemFile.Parse(KeyPem).Blocks.Single();
        var redacted = PemFile.Parse(RedactedKey).Blocks.Single();
        Assert.Equal(plain.Key, redacted.Key);
        Assert.Equal(Key.PublicKeyDigest, redacted.Key!.PublicKeyDigest);
    }

    [Theory]
    [InlineData("encrypted", true)]
    [InlineData("unreadable", false)]
    public void A_redacted_key_of_no_use_says_so(string word, bool encrypted)
    {
        var block = PemFile.Parse($"-----BEGIN PRIVATE KEY-----\n[redacted: {word}]\n-----END PRIVATE KEY-----\n").Blocks.Single();
        Assert.Equal(encrypted, block.Key!.Encrypted);
        Assert.Null(block.Key.PublicKeyDigest);
        Assert.NotNull(block.Problem);
    }

    [Fact]
    public void Lines_that_cat_has_glued_are_read_and_flagged()
    {
        var file = PemFile.Parse(LeafPem.TrimEnd('\n') + RootPem);
        Assert.Equal(PemOddities.GluedLines, file.Oddities);
        Assert.Equal(2, file.Certificates.Count());
        using var files = new TemporaryFiles();
        var glued = files.Write("glued.pem", Encoding.ASCII.GetBytes(LeafPem.TrimEnd('\n') + RootPem));
        Assert.NotEqual(0, OpenSsl.Run(null, "verify", glued, glued).ExitCode);
    }

    [Theory]
    [InlineData("remark\n", "", PemOddities.TextAround)]
    [InlineData("", "remark\n", PemOddities.TextAround)]
    [InlineData("\n \n", "\n", PemOddities.None)]
    [InlineData("\r\n", "", PemOddities.CarriageReturns)]
    [InlineData("\u00EF\u00BB\u00BF", "", PemOddities.ByteOrderMark)]
    [InlineData("\u00EF\u00BB\u00BFx", "", PemOddities.ByteOrderMark | PemOddities.TextAround | PemOddities.GluedLines)]
    [InlineData("x", "", PemOddities.TextAround | PemOddities.GluedLines)]
    [InlineData("", "x\n", PemOddities.None | PemOddities.TextAround)]
    public void Text_around_is_read_and_flagged(string before, string after, PemOddities expected)
    {
        var file = PemFile.Parse(before + LeafPem + after);
        Assert.Equal(expected, file.Oddities);
        Assert.Equal(Leaf, file.Certificates.Single().Der);
    }

    [Fact]
    public void Carriage_returns_and_a_missing_final_newline_are_read_and_flagged()
    {
        var file = PemFile.Parse((RedactedKey + LeafPem).Replace("\n", "\r\n").TrimEnd());
        Assert.Equal(PemOddities.CarriageReturns | PemOddities.NoFinalNewline, file.Oddities);
        Assert.Single(file.Certificates);
        Assert.Equal(Key.PublicKeyDigest, file.Keys.Single().Key!.PublicKeyDigest);
    }

    [Theory]
    [InlineData("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "a certificate block is empty")]
    [InlineData("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n", "a certificate's base64 is broken")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "a certificate is broken")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n", "a block \"CERTIFICATE\" has no end")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n", "a block \"CERTIFICATE\" has no end")]
    [InlineData("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "a private key block is empty")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "a private key cannot be read: its content is broken")]
    public void A_broken_block_is_reported_and_the_next_one_is_read(string broken, string problem)
    {
        var file = PemFile.Parse(broken + LeafPem);
        Assert.Equal([problem, null], file.Blocks.Select(b => b.Problem));
        Assert.Equal(Leaf, file.Certificates.Single().Der);
    }

    [Fact]
    public void Bytes_after_a_certificate_inside_its_block_make_it_broken()
    {
        var file = PemFile.Parse(Encoding.ASCII.GetString(BundleWriter.Certificate([.. Leaf, 0, 0])));
        Assert.Equal("a certificate is broken", file.Blocks.Single().Problem);
    }

    [Fact]
    public void No_text_throws_and_nothing_of_a_key_is_shown()
    {
        string[] parts =
        [
            KeyPem, RedactedKey, LeafPem, RootPem, "-----BEGIN ", "-----END ", "CERTIFICATE-----", "PRIVATE KEY-----", "\n", "\r\n", "-----", "x", "AAAA", "[redacted: ",
            "Proc-Type: 4,ENCRYPTED\n", "DEK-Info: ", LeafPem[..200], KeyPem[..80], "\u00ff\0",
        ];
        Gen.OneOf(Array.ConvertAll(parts, p => Gen.Const(p))).Array[0, 12].Sample(
            pieces =>
            {
                var text = string.Concat(pieces);
                var file = PemFile.Parse(text);
                foreach (var block in file.Blocks)
                {
                    Secrets.AssertAbsent(KeyPem, block.ToString());
                }
            },
            iter: 3000);
    }

    [Fact]
    public void A_damaged_byte_anywhere_never_throws()
    {
        var text = RedactedKey + LeafPem;
        Gen.Select(Gen.Int[0, text.Length - 1], Gen.Char['\0', '\u00ff']).Sample(
            (at, character) => Assert.NotNull(PemFile.Parse(text[..at] + character + text[(at + 1)..])),
            iter: 5000);
    }

    [Fact]
    public void What_is_written_is_read_back_whatever_the_kinds()
    {
        foreach (var kind in KeyKinds.All)
        {
            var key = Sample.Key(kind);
            var leaf = PrivateCaIssuer.IssueLeaf(Root, Sample.Names, key, TimeSpan.FromDays(90), Sample.Now);
            var file = PemFile.Parse(Encoding.ASCII.GetString(BundleWriter.Bundle(key, leaf, [])));
            Assert.Equal(new KeyFacts(KeyKinds.Text(kind), key.PublicKeyDigest, false, null), file.Keys.Single().Key);
            Assert.Equal(KeyKinds.Text(kind), file.Certificates.Single().Facts!.Key);
            Assert.Equal(key.PublicKeyDigest, "sha256:" + file.Certificates.Single().Facts!.PublicKeyFingerprint);
        }
    }
}
