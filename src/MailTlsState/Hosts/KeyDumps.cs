using System.Buffers;
using System.Text;

namespace MailTlsState.Hosts;

/// <summary>
/// Private keys in the forms that <see cref="Redaction"/>'s PEM reader does not see: the numbers in hexadecimal that <c>openssl pkey -text</c>
/// and certtool (always) write before the PEM block, and base64 of a key under another label, a misspelt one or none.
/// </summary>
internal static class KeyDumps
{
    // What OpenSSL 1.1.1 to 3.5 and GnuTLS 3.7 and 3.8 call the parts of a key that nobody may see.
    private static readonly string[] Secret = ["private exponent", "privateexponent", "private key", "priv", "prime", "exponent", "exp", "coefficient"];

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdefABCDEF:");
    private static readonly SearchValues<char> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

    // DER of every private key begins with 0x30.
    private const char FirstOfKey = 'M';

    /// <summary>The text without them; every other line stays byte for byte.</summary>
    public static string Redact(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var end = LineEnd(text, at);
            var line = text.AsSpan(at, end - at).Trim();
            if (IsSecret(line) && RunEnd(text, end, Hexadecimal) is var numbers && numbers > end)
            {
                result.Append(text, at, end - at).Append(Redaction.Value).Append('\n');
                at = numbers;
            }
            else if (RunEnd(text, at, Base64) is var body && body > at)
            {
                if (line[0] == FirstOfKey && IsKey(text.AsSpan(at, body - at)))
                {
                    result.Append(Redaction.Unreadable).Append('\n');
                }
                else
                {
                    result.Append(text, at, body - at);
                }

                at = body;
            }
            else
            {
                result.Append(text, at, end - at);
                at = end;
            }
        }

        return result.ToString();
    }

    private static bool IsSecret(ReadOnlySpan<char> line)
    {
        if (line is not [.. var name, ':'])
        {
            return false;
        }

        // prime1, exponent2, exp 1; for keys of more primes prime3 and so on.
        name = name.TrimEnd("0123456789").TrimEnd();
        foreach (var secret in Secret)
        {
            if (name.Equals(secret, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // Past the lines from there on that hold nothing else; blank lines end it.
    private static int RunEnd(string text, int at, SearchValues<char> characters)
    {
        while (at < text.Length && LineEnd(text, at) is var end && text.AsSpan(at, end - at).Trim() is { Length: > 0 } line && !line.ContainsAnyExcept(characters))
        {
            at = end;
        }

        return at;
    }

    private static int LineEnd(string text, int at) => text.IndexOf('\n', at) is var end && end < 0 ? text.Length : end + 1;

    private static bool IsKey(ReadOnlySpan<char> lines)
    {
        var encoded = new string([.. lines.ToArray().Where(Base64.Contains)]).TrimEnd('=');

        // The beginning tells; the end may be cut off.
        var der = new byte[encoded.Length];
        return Convert.TryFromBase64Chars(encoded.AsSpan(0, encoded.Length / 4 * 4), der, out var length) && PrivateKeyFacts.IsBinaryKey(Encoding.Latin1.GetString(der, 0, length));
    }
}
