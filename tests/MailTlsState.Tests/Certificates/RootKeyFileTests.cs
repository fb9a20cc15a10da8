using System.Text;
using System.Text.RegularExpressions;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class RootKeyFileTests
{
    private static readonly CaMaterial Made = PrivateCaIssuer.CreateRoot(Sample.Ca(), Sample.Now, Sample.Passphrase);

    [Fact]
    public void The_root_key_is_encrypted_as_promised()
    {
        var parameters = OpenSsl.Must(Made.EncryptedKeyPem, "asn1parse");
        Assert.Contains("PBES2", parameters);
        Assert.Contains("PBKDF2", parameters);
        Assert.Contains("hmacWithSHA256", parameters);
        Assert.Contains("aes-256-cbc", parameters);
        var rounds = Convert.ToInt32(Regex.Match(parameters, "INTEGER +:([0-9A-F]+)").Groups[1].Value, 16);
        Assert.True(rounds >= 600_000, $"{rounds} rounds");
        var salt = Regex.Match(parameters, @"\[HEX DUMP\]:([0-9A-F]+)").Groups[1].Value;
        Assert.True(salt.Length >= 16, $"salt {salt}");
    }

    [Fact]
    public void Openssl_opens_the_root_key_with_the_passphrase_only()
    {
        var arguments = new[] { "pkey", "-noout", "-check", "-passin" };
        OpenSsl.Must(Made.EncryptedKeyPem, [.. arguments, "pass:" + Sample.Passphrase]);
        Assert.NotEqual(0, OpenSsl.Run(Made.EncryptedKeyPem, [.. arguments, "pass:wrong"]).ExitCode);
    }

    [Fact]
    public void A_root_that_was_made_is_opened_again()
    {
        using var root = PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, Made.CertificatePem, Sample.Passphrase);
        Assert.Equal(Made.Root.Facts.Fingerprint, root.Facts.Fingerprint);
    }

    [Fact]
    public void A_wrong_passphrase_is_told_apart_from_a_broken_file()
    {
        Assert.Same(CertificateDiagnostics.WrongPassphrase, Sample.Code(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, Made.CertificatePem, "wrong")));
        Assert.Same(CertificateDiagnostics.WrongPassphrase, Sample.Code(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, Made.CertificatePem, "")));
        var text = Encoding.ASCII.GetString(Made.EncryptedKeyPem);
        var lines = text.Split('\n');
        string[] broken =
        [
            "",
            "no PEM at all",
            text[..(text.Length / 2)],
            text.Replace(lines[1], ""),
            text.Replace(lines[1], lines[1].Replace(lines[1][5], '?')),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,12\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: RC2-40-CBC,0011223344556677\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0011223344556677\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0011223344556677",
        ];
        foreach (var file in broken)
        {
            Assert.Same(CertificateDiagnostics.BrokenRootKey, Sample.Code(() => PrivateCaIssuer.OpenRoot(Encoding.ASCII.GetBytes(file), Made.CertificatePem, Sample.Passphrase)));
        }
    }

    [Theory]
    [InlineData("genrsa", "-des3", "-passout", "pass:secret", "2048")]
    [InlineData("genrsa", "-des3", "-traditional", "-passout", "pass:secret", "2048")]
    [InlineData("genrsa", "-aes128", "-traditional", "-passout", "pass:secret", "2048")]
    [InlineData("genrsa", "-aes256", "-traditional", "-passout", "pass:secret", "2048")]
    public void The_articles_root_CA_is_opened_and_signs(params string[] arguments)
    {
        using var files = new TemporaryFiles();
        var key = Encoding.ASCII.GetBytes(OpenSsl.Must(null, arguments));
        var certificate = SelfSign(files.Write("ca.key", key), "/C=US/O=My Domain/CN=Article CA");

        using var root = PrivateCaIssuer.OpenRoot(key, certificate, "secret");
        var leaf = PrivateCaIssuer.IssueLeaf(root, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), DateTimeOffset.UtcNow);

        OpenSsl.Must(null, "verify", "-purpose", "sslserver", "-CAfile", files.Write("ca.pem", certificate), files.Write("leaf.pem", BundleWriter.Certificate(leaf)));
        Assert.Same(CertificateDiagnostics.WrongPassphrase, Sample.Code(() => PrivateCaIssuer.OpenRoot(key, certificate, "Secret")));
    }

    [Fact]
    public void Every_wrong_passphrase_is_a_wrong_passphrase_also_where_the_padding_fits_by_chance()
    {
        using var files = new TemporaryFiles();
        var key = Encoding.ASCII.GetBytes(OpenSsl.Must(null, "genrsa", "-des3", "-traditional", "-passout", "pass:secret", "2048"));
        var certificate = SelfSign(files.Write("ca.key", key), "/CN=Article CA");
        for (var i = 0; i < 1000; i++)
        {
            Assert.Same(CertificateDiagnostics.WrongPassphrase, Sample.Code(() => PrivateCaIssuer.OpenRoot(key, certificate, $"guess {i}")));
        }
    }

    [Theory]
    [InlineData("ED25519", "1.3.101.112")]
    [InlineData("RSA-PSS", "1.2.840.113549.1.1.10")]
    public void A_key_of_another_algorithm_is_called_so_under_the_right_passphrase_and_not_under_a_wrong_one(string algorithm, string oid)
    {
        var key = Encoding.ASCII.GetBytes(OpenSsl.Must(null, "genpkey", "-algorithm", algorithm, "-aes256", "-pass", "pass:secret"));
        var refused = Assert.Throws<MailTlsException>(() => PrivateCaIssuer.OpenRoot(key, Made.CertificatePem, "secret")).Diagnostics[0];
        Assert.Same(CertificateDiagnostics.BrokenRootKey, refused.Code);
        Assert.Contains($"its algorithm ({oid}) is neither RSA nor ECDSA", refused.Fact, StringComparison.Ordinal);
        Assert.DoesNotContain("backup", refused.Remedy, StringComparison.Ordinal);
        Assert.Same(CertificateDiagnostics.WrongPassphrase, Sample.Code(() => PrivateCaIssuer.OpenRoot(key, Made.CertificatePem, "Secret")));
    }

    [Fact]
    public void A_passphrase_may_hold_any_characters()
    {
        const string passphrase = "Grüße, 世界 \u00e9\t ";
        using var files = new TemporaryFiles();
        var file = files.Write("pass", Encoding.UTF8.GetBytes(passphrase));
        using var made = PrivateCaIssuer.CreateRoot(Sample.Ca(), Sample.Now, passphrase);
        OpenSsl.Must(made.EncryptedKeyPem, "pkey", "-noout", "-passin", "file:" + file);

        var old = Encoding.ASCII.GetBytes(OpenSsl.Must(null, "genrsa", "-des3", "-traditional", "-passout", "file:" + file, "2048"));
        var certificate = SelfSign(files.Write("ca.key", old), "/CN=Article CA", "file:" + file);
        PrivateCaIssuer.OpenRoot(old, certificate, passphrase).Dispose();
    }

    [Fact]
    public void Key_and_certificate_of_different_roots_are_refused()
    {
        using var other = Sample.Root();
        Assert.Same(CertificateDiagnostics.RootMismatch, Sample.Code(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, BundleWriter.Certificate(other.Certificate), Sample.Passphrase)));
        using var rsa = Sample.Root(Sample.Ca(KeyKind.Rsa2048));
        Assert.Same(CertificateDiagnostics.RootMismatch, Sample.Code(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, BundleWriter.Certificate(rsa.Certificate), Sample.Passphrase)));
    }

    [Fact]
    public void A_root_certificate_that_is_none_is_refused()
    {
        foreach (var file in new[] { "", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" })
        {
            Assert.Same(CertificateDiagnostics.BrokenRootCertificate, Sample.Code(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, Encoding.ASCII.GetBytes(file), Sample.Passphrase)));
        }

        Assert.Same(CertificateDiagnostics.BrokenRootCertificate, Sample.Code(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, [.. Made.CertificatePem, .. Made.CertificatePem], Sample.Passphrase)));
    }

    [Fact]
    public void A_root_key_is_never_written_without_a_passphrase() =>
        Assert.Same(CertificateDiagnostics.EmptyPassphrase, Sample.Code(() => PrivateCaIssuer.CreateRoot(Sample.Ca(), Sample.Now, "")));

    // openssl -passin file: takes the first line.
    [Theory]
    [InlineData("one\ntwo")]
    [InlineData("one\n")]
    public void A_new_root_key_takes_a_passphrase_of_one_line_and_an_old_one_is_opened_by_any(string passphrase)
    {
        Assert.Same(CertificateDiagnostics.LongPassphrase, Sample.Code(() => PrivateCaIssuer.CreateRoot(Sample.Ca(), Sample.Now, passphrase)));
        PrivateCaIssuer.OpenRoot(RootKeyFile.Write(Made.Root.Key, passphrase), Made.CertificatePem, passphrase).Dispose();
    }

    [Fact]
    public void Neither_passphrase_nor_key_is_shown()
    {
        var refused = Assert.Throws<MailTlsException>(() => PrivateCaIssuer.OpenRoot(Made.EncryptedKeyPem, Made.CertificatePem, "a wrong passphrase"));
        Assert.DoesNotContain("a wrong passphrase", refused.ToString());
        Secrets.AssertAbsent(Encoding.ASCII.GetString(Made.EncryptedKeyPem), refused + " " + Made + " " + Made.Root);
        Assert.Contains("CN=My Mail CA", Made.ToString());
    }

    internal static byte[] SelfSign(string keyFile, string subject, string passphrase = "pass:secret", params string[] more)
    {
        return Encoding.ASCII.GetBytes(OpenSsl.Must(null, ["req", "-x509", "-new", "-key", keyFile, "-passin", passphrase, "-sha256", "-days", "1825", "-subj", subject, .. more]));
    }
}
