using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;

namespace MailTlsState.Hosts;

/// <summary>
/// How the file of a private key is encrypted. All of it stands in the clear beside the encrypted key; the salt is left out.
/// </summary>
/// <param name="Text">For people: <c>PBKDF2-HMAC-SHA256 600000 AES-256-CBC</c>, <c>scrypt 16384 8 1 AES-256-CBC</c>, <c>MD5 DES-EDE3-CBC</c>; else the scheme's OID.</param>
public sealed record KeyFileScheme(string Text)
{
    /// <summary>What OWASP's password storage sheet (2023) asks of PBKDF2-HMAC-SHA256.</summary>
    public const int EnoughRounds = 600_000;

    // What OpenSSL writes: N 16384, r 8. OWASP asks for eight times as much of a password's hash; a passphrase of 20 random characters is stronger.
    private const long EnoughMemory = 16384L * 8;

    private const int Longest = 64;
    private const string Pbkdf2 = "PBKDF2-HMAC-";

    /// <summary>True when guessing the passphrase is made slow enough: scrypt or PBKDF2 with SHA-2, and AES.</summary>
    public bool IsStrong
    {
        get
        {
            var words = Text.Split(' ');
            return words[^1].StartsWith("AES-", StringComparison.Ordinal) && words switch
            {
                [var hash, var rounds, _] => hash.StartsWith(Pbkdf2 + "SHA", StringComparison.Ordinal) && hash != Pbkdf2 + "SHA1" && Number(rounds) >= EnoughRounds,
                ["scrypt", var cost, var block, _, _] => Number(cost) * Number(block) >= EnoughMemory,
                _ => false,
            };
        }
    }

    /// <summary>Reads the body of a PEM block that holds an encrypted key; null where that cannot be told.</summary>
    /// <param name="body">The lines between BEGIN and END.</param>
    internal static KeyFileScheme? Read(string body)
    {
        // RFC 1421 section 4.6.1.1 as OpenSSL uses it: the key is one round of MD5 over passphrase and vector.
        const string header = "DEK-Info:";
        if (body.IndexOf(header, StringComparison.Ordinal) is >= 0 and var at)
        {
            var line = body[(at + header.Length)..].TrimStart(' ');
            var cipher = line.IndexOfAny([',', '\r', '\n']) is >= 0 and var end ? line[..end].Trim() : "";
            return Of("MD5 " + cipher);
        }

        try
        {
            var info = new AsnReader(Convert.FromBase64String(body), AsnEncodingRules.BER).ReadSequence();
            return Of(Describe(info.ReadSequence()));
        }
        catch (Exception broken) when (broken is AsnContentException or FormatException)
        {
            return null;
        }
    }

    /// <summary>A text that is safe to show, or null.</summary>
    internal static KeyFileScheme? Of(string text) =>
        text.Length is > 0 and <= Longest && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '-' or '.') ? new KeyFileScheme(text) : null;

    // AlgorithmIdentifier of RFC 5958 section 3; PBES2-params of RFC 8018 appendix A.4.
    private static string Describe(AsnReader algorithm)
    {
        var oid = algorithm.ReadObjectIdentifier();
        if (oid != "1.2.840.113549.1.5.13")
        {
            return oid switch
            {
                "1.2.840.113549.1.5.3" => "PBES1 MD5 DES-CBC",
                "1.2.840.113549.1.5.10" => "PBES1 SHA1 DES-CBC",
                "1.2.840.113549.1.12.1.3" => "PKCS12 SHA1 DES-EDE3-CBC",
                _ => oid,
            };
        }

        var parameters = algorithm.ReadSequence();
        var derivation = parameters.ReadSequence();
        var cipher = parameters.ReadSequence().ReadObjectIdentifier() switch
        {
            "2.16.840.1.101.3.4.1.2" => "AES-128-CBC",
            "2.16.840.1.101.3.4.1.22" => "AES-192-CBC",
            "2.16.840.1.101.3.4.1.42" => "AES-256-CBC",
            "1.2.840.113549.3.7" => "DES-EDE3-CBC",
            var other => other,
        };
        return $"{Derivation(derivation)} {cipher}";
    }

    private static string Derivation(AsnReader derivation)
    {
        var oid = derivation.ReadObjectIdentifier();
        var parameters = derivation.ReadSequence();
        parameters.ReadOctetString();
        switch (oid)
        {
            case "1.3.6.1.4.1.11591.4.11":
                return $"scrypt {Decimal(parameters)} {Decimal(parameters)} {Decimal(parameters)}";
            case "1.2.840.113549.1.5.12":
                var rounds = Decimal(parameters);
                if (parameters.HasData && parameters.PeekTag() == Asn1Tag.Integer)
                {
                    parameters.ReadInteger();
                }

                // Left out, it is HMAC-SHA1 (RFC 8018 appendix A.2).
                var hash = parameters.HasData ? parameters.ReadSequence().ReadObjectIdentifier() : "1.2.840.113549.2.7";
                return $"{Pbkdf2}{hash switch { "1.2.840.113549.2.7" => "SHA1", "1.2.840.113549.2.9" => "SHA256", "1.2.840.113549.2.10" => "SHA384", "1.2.840.113549.2.11" => "SHA512", var other => other }} {rounds}";
            default:
                return oid;
        }
    }

    private static string Decimal(AsnReader reader) => BigInteger.Min(reader.ReadInteger(), long.MaxValue).ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, int.MaxValue) : 0;
}
