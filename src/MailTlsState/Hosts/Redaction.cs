using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MailTlsState.Hosts;

/// <summary>
/// Takes secrets out of a text before it leaves the host: private keys (PEM, RFC 7468, and whole DER files) and the values of secret
/// settings of Postfix and Dovecot. Everything else stays byte for byte. Redacting twice changes nothing more.
/// </summary>
public static class Redaction
{
    /// <summary>Stands where the value of a secret setting was.</summary>
    public const string Value = "[redacted]";

    /// <summary>Body line of a private key that is encrypted, in a way that cannot be told: neither kind nor public key can be known.</summary>
    public const string Encrypted = "[redacted: encrypted]";

    /// <summary>How the body line of an encrypted private key begins where it says in which way (<see cref="KeyFileScheme"/>).</summary>
    internal const string EncryptedBy = "[redacted: encrypted by ";

    /// <summary>Body line of a private key that is broken or of a kind that no mail server loads.</summary>
    public const string Unreadable = "[redacted: unreadable]";

    /// <summary>The whole text of a binary file that holds a private key (PKCS#1, PKCS#8, PKCS#12, SEC 1).</summary>
    public const string Binary = "[redacted: binary private key]";

    private const string FactsStart = "[redacted: ";
    private const string FactsMiddle = ", public key sha256:";
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";
    private const string PrivateKey = "PRIVATE KEY";

    /// <summary>Redacts a text in which each character stands for one byte (Latin-1).</summary>
    public static string Redact(string latin1Text)
    {
        ArgumentNullException.ThrowIfNull(latin1Text);
        if (PrivateKeyFacts.IsBinaryKey(latin1Text))
        {
            return Binary;
        }

        return SecretSettings.Redact(KeyDumps.Redact(RedactKeys(latin1Text)));
    }

    /// <summary>The block that <see cref="Redact"/> puts in the place of a readable key, without a newline at its end.</summary>
    /// <param name="label">PEM label, for example <c>PRIVATE KEY</c>.</param>
    /// <param name="keyKind">Kind as in the manifest (<c>rsa-2048</c>, <c>ecdsa-p256</c>).</param>
    /// <param name="publicKeyDigest">Lower case hex of the SHA-256 of the SubjectPublicKeyInfo's DER.</param>
    public static string KeyBlock(string label, string keyKind, string publicKeyDigest) =>
        Block(label, $"{FactsStart}{keyKind}{FactsMiddle}{publicKeyDigest}]");

    /// <summary>Reads the facts of the first redacted key in <paramref name="block"/>.</summary>
    /// <param name="block">A redacted block, or a text that holds one.</param>
    /// <param name="keyKind">Kind as in the manifest; other kinds as <c>rsa-1024</c>, <c>ecdsa-p521</c>, <c>ed25519</c>.</param>
    /// <param name="publicKeyDigest">Lower case hex of the SHA-256 of the SubjectPublicKeyInfo's DER.</param>
    /// <returns>False when there is no key, or an encrypted or unreadable one comes first.</returns>
    public static bool TryReadFacts(string block, [NotNullWhen(true)] out string? keyKind, [NotNullWhen(true)] out string? publicKeyDigest)
    {
        ArgumentNullException.ThrowIfNull(block);
        keyKind = null;
        publicKeyDigest = null;
        var start = block.IndexOf(FactsStart, StringComparison.Ordinal);
        if (start < 0)
        {
            return false;
        }

        var end = block.IndexOf(']', start);
        return end >= 0 && TryReadFactsLine(block[start..(end + 1)], out keyKind, out publicKeyDigest);
    }

    private static bool TryReadFactsLine(string line, [NotNullWhen(true)] out string? keyKind, [NotNullWhen(true)] out string? publicKeyDigest)
    {
        keyKind = null;
        publicKeyDigest = null;
        var middle = line.IndexOf(FactsMiddle, StringComparison.Ordinal);
        if (!line.StartsWith(FactsStart, StringComparison.Ordinal) || !line.EndsWith(']') || middle < 0)
        {
            return false;
        }

        var kind = line[FactsStart.Length..middle];
        var digest = line[(middle + FactsMiddle.Length)..^1];
        if (digest.Length != 64
            || digest.AsSpan().ContainsAnyExcept("0123456789abcdef")
            || kind.Length is 0 or > 24
            || kind.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-"))
        {
            return false;
        }

        (keyKind, publicKeyDigest) = (kind, digest);
        return true;
    }

    /// <summary>What the body line of an encrypted key says of its encryption, or null.</summary>
    internal static KeyFileScheme? SchemeOf(string line) =>
        line.StartsWith(EncryptedBy, StringComparison.Ordinal) && line.EndsWith(']') ? KeyFileScheme.Of(line[EncryptedBy.Length..^1]) : null;

    private static string Block(string label, string body) => $"{Begin}{label}{Dashes}\n{body}\n{End}{label}{Dashes}";

    private static string RedactKeys(string text)
    {
        if (!text.Contains(PrivateKey, StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        var at = 0;
        while (FindMarker(text, at) is { } marker)
        {
            if (marker.IsBegin)
            {
                result.Append(text, at, marker.Start - at);
                var end = FindEnd(text, marker.Stop);
                var whole = end.Stop > end.Start;
                var body = text[marker.Stop..end.Start];
                var facts = BodyFacts(marker.Label, body, whole);
                result.Append(whole ? Block(marker.Label, facts) : $"{Begin}{marker.Label}{Dashes}\n{facts}\n");
                at = end.Stop;
            }
            else
            {
                // The end of a key whose first line is missing or damaged: its body stands before.
                var body = FindHeadlessBody(text, at, marker.Start);
                result.Append(text, at, body - at);
                if (body < marker.Start && text[body..marker.Start].Trim() != Unreadable)
                {
                    result.Append(Unreadable).Append('\n');
                    result.Append(text, marker.Start, marker.Stop - marker.Start);
                }
                else
                {
                    result.Append(text, body, marker.Stop - body);
                }

                at = marker.Stop;
            }
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static string BodyFacts(string label, string body, bool whole)
    {
        var trimmed = body.Trim();
        if (trimmed is Encrypted or Unreadable || SchemeOf(trimmed) is not null || TryReadFactsLine(trimmed, out _, out _))
        {
            return trimmed;
        }

        if (!whole)
        {
            return Unreadable;
        }

        if (label.StartsWith("ENCRYPTED", StringComparison.Ordinal) || body.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            return KeyFileScheme.Read(body) is { } scheme ? $"{EncryptedBy}{scheme.Text}]" : Encrypted;
        }

        return PrivateKeyFacts.Read(label, body) is { } facts
            ? $"{FactsStart}{facts.Kind}{FactsMiddle}{facts.PublicKeyDigest}]"
            : Unreadable;
    }

    // The next BEGIN or END line of a private key; a damaged one (fewer dashes) counts when "BEGIN"/"END" stands before it.
    private static Marker? FindMarker(string text, int from)
    {
        for (var at = text.IndexOf(PrivateKey, from, StringComparison.Ordinal); at >= 0; at = text.IndexOf(PrivateKey, at + 1, StringComparison.Ordinal))
        {
            var lineStart = Math.Max(from, text.LastIndexOf('\n', at) + 1);
            var label = LabelStart(text, lineStart, at);
            var stop = at + PrivateKey.Length;
            while (stop < text.Length && (text[stop] is >= 'A' and <= 'Z' or ' '))
            {
                stop++;
            }

            var labelStop = stop;
            while (stop < text.Length && text[stop] == '-' && stop - labelStop < Dashes.Length)
            {
                stop++;
            }

            if (EndsWith(text, lineStart, label, Begin) && stop > labelStop)
            {
                return new Marker(true, label - Begin.Length, stop, text[label..labelStop]);
            }

            if (EndsWith(text, lineStart, label, "-END ") && stop > labelStop)
            {
                var start = label - "END ".Length;
                while (start > lineStart && text[start - 1] == '-' && label - start < End.Length)
                {
                    start--;
                }

                return new Marker(false, start, stop, text[label..labelStop]);
            }
        }

        return null;
    }

    private static int LabelStart(string text, int lineStart, int at)
    {
        // Labels are words of capitals: "RSA PRIVATE KEY". Stop after "BEGIN " or "END ".
        var start = at;
        while (start > lineStart && (text[start - 1] is >= 'A' and <= 'Z' or ' '))
        {
            if (EndsWith(text, lineStart, start, "BEGIN ") || EndsWith(text, lineStart, start, "-END "))
            {
                break;
            }

            start--;
        }

        return start;
    }

    private static bool EndsWith(string text, int from, int end, string word) =>
        end - from >= word.Length && text.AsSpan(end - word.Length, word.Length).SequenceEqual(word);

    // Any END line ends the key; without one it goes on to the next BEGIN line or to the end of the text.
    private static (int Start, int Stop) FindEnd(string text, int from)
    {
        var begin = text.IndexOf(Begin, from, StringComparison.Ordinal);
        var limit = begin < 0 ? text.Length : begin;
        var end = text.IndexOf(End, from, limit - from, StringComparison.Ordinal);
        if (end < 0)
        {
            return (limit, limit);
        }

        var stop = text.IndexOf(Dashes, end + End.Length, StringComparison.Ordinal);
        var line = text.IndexOf('\n', end);
        return stop < 0 || (line >= 0 && line < stop) ? (limit, limit) : (end, stop + Dashes.Length);
    }

    // Goes back over lines of base64 and the headers of RFC 1421.
    private static int FindHeadlessBody(string text, int from, int end)
    {
        var body = end;
        while (body > from)
        {
            var lineStart = body - 1 > from ? Math.Max(from, text.LastIndexOf('\n', body - 2, body - 1 - from) + 1) : from;
            var line = text.AsSpan(lineStart, body - lineStart).Trim();
            var base64 = line.Length > 0 && !line.ContainsAnyExcept(Base64);
            var header = line.StartsWith("Proc-Type:") || line.StartsWith("DEK-Info:") || line.SequenceEqual(Unreadable);
            if (!base64 && !header && line.Length > 0)
            {
                break;
            }

            body = lineStart;
        }

        return body;
    }

    private static readonly System.Buffers.SearchValues<char> Base64 =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

    private readonly record struct Marker(bool IsBegin, int Start, int Stop, string Label);
}
