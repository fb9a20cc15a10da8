using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>What may be shown of a private key.</summary>
/// <param name="Kind">The kind in words (<c>ecdsa-p256</c>), or null when it cannot be told.</param>
/// <param name="PublicKeyDigest"><c>sha256:</c> and hex of the public key, or null when it cannot be told.</param>
/// <param name="Encrypted">True when a passphrase protects it.</param>
/// <param name="Problem">Why it is of no use as it stands, or null.</param>
public sealed record KeyFacts(string? Kind, string? PublicKeyDigest, bool Encrypted, string? Problem)
{
    /// <summary>How it is encrypted, where that is known.</summary>
    public KeyFileScheme? Scheme { get; init; }

    private const string Opening = "[redacted: ";
    private const string Link = ", public key ";

    /// <summary>Reads the line that stands for a key in a redacted text: <c>[redacted: ecdsa-p256, public key sha256:…]</c>; null for any other text.</summary>
    internal static KeyFacts? ParseRedacted(ReadOnlySpan<char> body)
    {
        var line = body.Trim();
        if (!line.StartsWith(Opening, StringComparison.Ordinal) || !line.EndsWith("]", StringComparison.Ordinal) || line.ContainsAny('\r', '\n'))
        {
            return null;
        }

        var inside = line[Opening.Length..^1];
        var link = inside.IndexOf(Link, StringComparison.Ordinal);
        if (link > 0 && inside[(link + Link.Length)..].StartsWith("sha256:", StringComparison.Ordinal))
        {
            return new KeyFacts(inside[..link].ToString(), inside[(link + Link.Length)..].ToString(), false, null);
        }

        var scheme = Redaction.SchemeOf(line.ToString());
        return inside is "encrypted" || scheme is not null
            ? new KeyFacts(null, null, true, "a private key is encrypted") { Scheme = scheme }
            : new KeyFacts(null, null, false, "a private key cannot be read");
    }
}

/// <summary>Private keys in PEM texts, redacted or not.</summary>
internal static class PrivateKeyPem
{
    /// <summary>True for the label of a block that holds a private key of any kind.</summary>
    internal static bool IsPrivateKey(string label) => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal);

    /// <summary>What may be shown of the key in one block; never throws for what the block holds.</summary>
    internal static KeyFacts Read(string label, ReadOnlySpan<char> body)
    {
        if (KeyFacts.ParseRedacted(body) is { } redacted)
        {
            return redacted;
        }

        if (body.Trim().IsEmpty)
        {
            return new KeyFacts(null, null, false, "a private key block is empty");
        }

        if (IsEncrypted(label, body))
        {
            return new KeyFacts(null, null, true, "a private key is encrypted") { Scheme = KeyFileScheme.Read(body.ToString()) };
        }

        try
        {
            using var key = KeyPair.ImportBlock(label, body);
            return new KeyFacts(key.KindText, key.PublicKeyDigest, false, null);
        }
        catch (MailTlsException unreadable)
        {
            return new KeyFacts(null, null, false, "a private key cannot be read: " + CertificateDiagnostics.ReasonOf(unreadable));
        }
    }

    /// <summary>True for encrypted PKCS#8 (RFC 5958) and for OpenSSL's older form with a Proc-Type header (RFC 1421).</summary>
    internal static bool IsEncrypted(string label, ReadOnlySpan<char> body) =>
        label == "ENCRYPTED PRIVATE KEY" || body.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal);

    /// <summary>The body's base64 as bytes, white space skipped; null when it is empty or no base64. The caller overwrites the array.</summary>
    internal static byte[]? DecodeBody(ReadOnlySpan<char> body)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((body.Length / 4 * 3) + 3);
        try
        {
            return Convert.TryFromBase64Chars(body, buffer, out var written) && written > 0 ? buffer[..written] : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>DER as PEM in lines of 64 characters with a final newline, ASCII bytes; the caller overwrites them where they are a key.</summary>
    internal static byte[] Encode(string label, ReadOnlySpan<byte> der)
    {
        var chars = new char[PemEncoding.GetEncodedSize(label.Length, der.Length) + 1];
        try
        {
            if (!PemEncoding.TryWrite(label, der, chars, out var written))
            {
                throw new InvalidOperationException("the PEM buffer is too small");
            }

            chars[written] = '\n';
            var bytes = new byte[written + 1];
            Encoding.ASCII.GetBytes(chars.AsSpan(0, written + 1), bytes);
            return bytes;
        }
        finally
        {
            Array.Clear(chars);
        }
    }
}
