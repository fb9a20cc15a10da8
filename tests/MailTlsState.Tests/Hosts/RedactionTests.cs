using System.Security.Cryptography;
using CsCheck;
using MailTlsState.Hosts;
using Xunit;

namespace MailTlsState.Tests.Hosts;

public sealed class RedactionTests
{
    private static readonly ECDsa P256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly PbeParameters Pbe = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);

    public static TheoryData<string, string> ReadableKeys => new()
    {
        { P256.ExportPkcs8PrivateKeyPem(), "ecdsa-p256" },
        { P256.ExportECPrivateKeyPem(), "ecdsa-p256" },
        { ECDsa.Create(ECCurve.NamedCurves.nistP384).ExportPkcs8PrivateKeyPem(), "ecdsa-p384" },
        { Rsa.ExportPkcs8PrivateKeyPem(), "rsa-2048" },
        { Rsa.ExportRSAPrivateKeyPem(), "rsa-2048" },
    };

    [Theory]
    [MemberData(nameof(ReadableKeys))]
    public void A_readable_key_becomes_its_kind_and_no_byte_of_it_stays(string pem, string kind)
    {
        var redacted = Redaction.Redact("before\n" + pem + "\nafter\n");

        Assert.True(Redaction.TryReadFacts(redacted, out var found, out var digest));
        Assert.Equal(kind, found);
        var label = pem.Split("-----")[1]["BEGIN ".Length..];
        Assert.Equal("before\n" + Redaction.KeyBlock(label, kind, digest) + "\nafter\n", redacted);
        AssertNoKeyByte(pem, redacted);
    }

    [Fact]
    public void The_digest_is_that_of_the_public_key()
    {
        Assert.True(Redaction.TryReadFacts(Redaction.Redact(P256.ExportPkcs8PrivateKeyPem()), out _, out var ecdsa));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(P256.ExportSubjectPublicKeyInfo())), ecdsa);
        Assert.True(Redaction.TryReadFacts(Redaction.Redact(Rsa.ExportRSAPrivateKeyPem()), out _, out var rsa));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Rsa.ExportSubjectPublicKeyInfo())), rsa);
    }

    [Fact]
    public void An_encrypted_key_says_only_in_which_way()
    {
        var pem = P256.ExportEncryptedPkcs8PrivateKeyPem("secret", Pbe);

        var redacted = Redaction.Redact(pem);

        Assert.Equal("-----BEGIN ENCRYPTED PRIVATE KEY-----\n[redacted: encrypted by PBKDF2-HMAC-SHA256 1000 AES-256-CBC]\n-----END ENCRYPTED PRIVATE KEY-----", redacted);
        Assert.Equal(redacted, Redaction.Redact(redacted));
        Assert.False(Redaction.TryReadFacts(redacted, out _, out _));
    }

    [Fact]
    public void A_key_in_the_old_encrypted_form_says_so()
    {
        var pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nQUJD\n-----END RSA PRIVATE KEY-----\n";

        Assert.Equal("-----BEGIN RSA PRIVATE KEY-----\n[redacted: encrypted by MD5 AES-128-CBC]\n-----END RSA PRIVATE KEY-----\n", Redaction.Redact(pem));
    }

    [Fact]
    public void A_key_whose_private_half_was_damaged_is_unreadable()
    {
        var der = Rsa.ExportRSAPrivateKey();
        der[^200] ^= 1;
        var pem = PemEncoding.WriteString("RSA PRIVATE KEY", der);

        Assert.Contains(Redaction.Unreadable, Redaction.Redact(pem), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_glued_to_a_certificate_leaves_the_certificate_alone()
    {
        const string certificate = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";

        var redacted = Redaction.Redact(P256.ExportPkcs8PrivateKeyPem() + certificate);

        Assert.EndsWith("-----END PRIVATE KEY-----" + certificate, redacted, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_without_its_last_line_is_redacted_to_the_next_block()
    {
        var pem = P256.ExportPkcs8PrivateKeyPem();
        var cut = pem[..pem.IndexOf("-----END", StringComparison.Ordinal)];

        var redacted = Redaction.Redact(cut + "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n");

        AssertNoKeyByte(pem, redacted);
        Assert.EndsWith("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n", redacted, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("----BEGIN PRIVATE KEY-----")]
    [InlineData("-----BEGIN PRIVATE KEY")]
    [InlineData("")]
    public void A_key_whose_first_line_is_damaged_is_redacted(string firstLine)
    {
        var pem = P256.ExportPkcs8PrivateKeyPem();

        var redacted = Redaction.Redact("# kept\n" + pem.Replace("-----BEGIN PRIVATE KEY-----", firstLine, StringComparison.Ordinal));

        AssertNoKeyByte(pem, redacted);
        Assert.StartsWith("# kept\n", redacted, StringComparison.Ordinal);
    }

    [Fact]
    public void A_binary_key_is_redacted_whole_and_a_certificate_request_is_not()
    {
        string Latin1(byte[] der) => System.Text.Encoding.Latin1.GetString(der);

        Assert.Equal(Redaction.Binary, Redaction.Redact(Latin1(P256.ExportPkcs8PrivateKey())));
        Assert.Equal(Redaction.Binary, Redaction.Redact(Latin1(P256.ExportECPrivateKey())));
        Assert.Equal(Redaction.Binary, Redaction.Redact(Latin1(Rsa.ExportRSAPrivateKey())));
        Assert.Equal(Redaction.Binary, Redaction.Redact(Latin1(P256.ExportEncryptedPkcs8PrivateKey("secret", Pbe))));
        var request = Latin1(new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=a", P256, HashAlgorithmName.SHA256).CreateSigningRequest());
        Assert.Equal(request, Redaction.Redact(request));
    }

    // As certtool writes every key, and openssl pkey -text.
    [Theory]
    [InlineData("private key:\n\t00:9d:ab\n\t25:\n\nx:\n\t58:18:b2\n", "private key:\n[redacted]\n\nx:\n\t58:18:b2\n")]
    [InlineData("private exponent:\r\n\t09:aa:\r\nexp1:\r\n\t07:\r\nPublic Key PIN:\r\n", "private exponent:\r\n[redacted]\nexp1:\r\n[redacted]\nPublic Key PIN:\r\n")]
    [InlineData("modulus:\n    00:a7\npublicExponent: 65537 (0x10001)\nprivateExponent:\n    0b:70\nprime1:\n    00:e7\nexponent2:\n    0e", "modulus:\n    00:a7\npublicExponent: 65537 (0x10001)\nprivateExponent:\n[redacted]\nprime1:\n[redacted]\nexponent2:\n[redacted]\n")]
    [InlineData("priv:\n    6a:a5\npub:\n    04:36\n", "priv:\n[redacted]\npub:\n    04:36\n")]
    public void The_numbers_of_a_key_in_text_are_redacted_and_what_is_public_stays(string text, string expected)
    {
        Assert.Equal(expected, Redaction.Redact(text));
        Assert.Equal(expected, Redaction.Redact(expected));
    }

    [Theory]
    [InlineData("private key")]
    [InlineData("PRIVAT KEY")]
    [InlineData("CERTIFICATE")]
    [InlineData("DH PARAMETERS")]
    [InlineData(null)]
    public void A_key_under_any_other_label_is_redacted(string? label)
    {
        string[] pems = [P256.ExportPkcs8PrivateKeyPem(), P256.ExportECPrivateKeyPem(), Rsa.ExportRSAPrivateKeyPem(), P256.ExportEncryptedPkcs8PrivateKeyPem("secret", Pbe)];
        foreach (var pem in pems)
        {
            var lines = pem.Split('\n');
            var body = string.Join('\n', lines[1..^1]) + "\n";
            var text = label is null ? "# kept\n" + body : $"# kept\n-----BEGIN {label}-----\n{body}-----END {label}-----\n";
            var redacted = Redaction.Redact(text);
            AssertNoKeyByte(pem, redacted);
            Assert.StartsWith("# kept\n", redacted, StringComparison.Ordinal);
            Assert.Equal(redacted, Redaction.Redact(redacted));
        }
    }

    [Theory]
    [InlineData("ssl_key_password = hunter2\n", "ssl_key_password = [redacted]\n")]
    [InlineData("  doveadm_password=hunter2 x\r\n", "  doveadm_password=[redacted]\r\n")]
    [InlineData("#dnpass = hunter2", "#dnpass = [redacted]")]
    [InlineData("doveadm_api_key = hunter2\nssl = yes\n", "doveadm_api_key = [redacted]\nssl = yes\n")]
    [InlineData("oauth2_client_secret = hunter2\n", "oauth2_client_secret = [redacted]\n")]
    [InlineData("connect = host=db user=a password=hunter2 dbname=b\n", "connect = host=db user=a password=[redacted] dbname=b\n")]
    [InlineData("  args = password=\"hunter2 x\" y=z\n", "  args = password=[redacted] y=z\n")]
    [InlineData("smtp_sasl_password_maps = static:me:hunter2\n", "smtp_sasl_password_maps = [redacted]\n")]
    [InlineData("  -o smtp_sasl_password_maps=static:me:hunter2 -o a=b\n", "  -o smtp_sasl_password_maps=[redacted] -o a=b\n")]
    [InlineData("  -o { smtp_sasl_password_maps = inline:{x=y} }\n", "  -o { smtp_sasl_password_maps = [redacted]} }\n")]
    [InlineData("relay/unix/smtp_sasl_password_maps = static:me:hunter2\n", "relay/unix/smtp_sasl_password_maps = [redacted]\n")]
    [InlineData("smtp_sasl_password_maps =\n    static:me:hunter2\nx = y\n", "smtp_sasl_password_maps =\n    [redacted]\nx = y\n")]
    [InlineData("my_password = hunter\n  hunter2\nx = y\n", "my_password = [redacted]\n  [redacted]\nx = y\n")]
    [InlineData("my_password = hunter\n# comment\n\n  hunter2\nx = y\n", "my_password = [redacted]\n# comment\n\n  [redacted]\nx = y\n")]
    [InlineData("my_password = hunter \\\n hunter2\nx = y\n", "my_password = [redacted]\\\n [redacted]\nx = y\n")]
    [InlineData("uris = ldap://me:hunter2@host/x\n", "uris = ldap://me:[redacted]@host/x\n")]
    [InlineData("ldap_bind_pw = hunter2\n", "ldap_bind_pw = [redacted]\n")]
    public void A_secret_setting_loses_its_value_only(string text, string expected)
    {
        var redacted = Redaction.Redact(text);

        Assert.Equal(expected, redacted);
        Assert.DoesNotContain("hunter", redacted, StringComparison.Ordinal);
        Assert.Equal(redacted, Redaction.Redact(redacted));
    }

    [Theory]
    [InlineData("smtp_sasl_password_maps = hash:/etc/postfix/sasl\n")]
    [InlineData("smtp_sasl_password_maps =\n  hash:/etc/postfix/sasl\n")]
    [InlineData("ssl_key_password = </etc/dovecot/pass\n")]
    [InlineData("ssl_key_password = # hidden, use -P to show it\n")]
    [InlineData("#ssl_key_password =\nssl_cert = </a\n  ssl_key = </b\n")]
    [InlineData("passdb {\n  driver = pam\n  pass = yes\n}\n")]
    [InlineData("passdb {\n  args = scheme=CRYPT username_format=%u /etc/dovecot/users\n}\n")]
    [InlineData("password_query = SELECT username FROM users\n")]
    [InlineData("# If key file is password protected, give the password here.\n")]
    [InlineData("smtpd_tls_key_file = /etc/ssl/private/key.pem\n")]
    [InlineData("the words PRIVATE KEY alone\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")]
    [InlineData("smtp_tls_fingerprint_cert_match =\n    3D:95:34:51\n    EC:3B:2D:B0\n")]
    [InlineData("Modulus:\n    00:a7\nSignature Value:\n    30:45\n")]
    public void A_text_without_secrets_stays_as_it_is(string text) => Assert.Equal(text, Redaction.Redact(text));

    [Fact]
    public void No_key_byte_survives_whatever_stands_around_it()
    {
        var pems = new[]
        {
            P256.ExportPkcs8PrivateKeyPem(), P256.ExportECPrivateKeyPem(), Rsa.ExportPkcs8PrivateKeyPem(),
            P256.ExportEncryptedPkcs8PrivateKeyPem("secret", Pbe),
        };
        string[] surroundings = ["", "\n", "text\n", "-----", "ssl_key = ", "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----", "\r\n", "  ", "#"];
        var around = Gen.Int[0, surroundings.Length - 1].Select(i => surroundings[i]);

        Gen.Select(around, Gen.Int[0, pems.Length - 1], around, Gen.Int[0, pems.Length - 1], around).Sample((a, first, b, second, c) =>
        {
            var redacted = Redaction.Redact(a + pems[first] + b + pems[second] + c);

            AssertNoKeyByte(pems[first], redacted);
            AssertNoKeyByte(pems[second], redacted);
            Assert.StartsWith(a, redacted, StringComparison.Ordinal);
            Assert.EndsWith(c, redacted, StringComparison.Ordinal);
            Assert.Equal(redacted, Redaction.Redact(redacted));
        });
    }

    [Fact]
    public void No_key_byte_survives_when_one_character_is_lost_or_changed()
    {
        var pem = P256.ExportPkcs8PrivateKeyPem() + "\n";

        Gen.Select(Gen.Int[0, pem.Length - 1], Gen.Char[' ', '~'], Gen.Bool).Sample((at, other, lost) =>
        {
            var damaged = lost ? pem.Remove(at, 1) : pem[..at] + other + pem[(at + 1)..];
            AssertNoKeyByte(pem, Redaction.Redact(damaged));
        }, iter: 3000);
    }

    [Fact]
    public void Any_text_without_key_words_stays_as_it_is() =>
        Gen.String[Gen.Char["abcxyz =\n\t{}#<>/'\"-\\:"], 0, 200].Where(t => !t.Contains("://", StringComparison.Ordinal)).Sample(text => Assert.Equal(text, Redaction.Redact(text)));

    private static void AssertNoKeyByte(string pem, string redacted)
    {
        var body = string.Concat(pem.Split('\n').Where(l => l.Length > 0 && !l.Contains("-----", StringComparison.Ordinal)));
        for (var at = 0; at + 16 <= body.Length; at += 8)
        {
            Assert.DoesNotContain(body.Substring(at, 16), redacted.Replace("\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }
}
