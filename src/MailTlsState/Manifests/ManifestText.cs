using System.Text;
using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>From bytes to a text that is safe to parse and to show.</summary>
internal static class ManifestText
{
    /// <summary>1 MiB: no manifest of one host comes near it, and nothing larger is ever parsed as root.</summary>
    public const int MaximumBytes = 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text, or null after <paramref name="report"/> was told why not.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes, ManifestReport report)
    {
        var start = report.At(1, 1);
        if (bytes.Length > MaximumBytes)
        {
            report.Add(YamlPath.Root, ManifestDiagnostics.TooLarge(start, bytes.Length, MaximumBytes));
            return null;
        }

        if (bytes.StartsWith("\uFEFF"u8))
        {
            report.Add(YamlPath.Root, ManifestDiagnostics.ByteOrderMark(start, "UTF-8"));
            return null;
        }

        if (bytes.StartsWith<byte>([0xFF, 0xFE]) || bytes.StartsWith<byte>([0xFE, 0xFF]))
        {
            report.Add(YamlPath.Root, ManifestDiagnostics.ByteOrderMark(start, "UTF-16"));
            return null;
        }

        string text;
        try
        {
            text = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            var (index, value) = FirstInvalid(bytes);
            report.Add(YamlPath.Root, ManifestDiagnostics.NotUtf8(Locate(Encoding.UTF8.GetString(bytes[..index]), report), value));
            return null;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (IsForbidden(text[i]))
            {
                report.Add(YamlPath.Root, ManifestDiagnostics.ControlCharacter(Locate(text.AsSpan(0, i), report), text[i]));
                return null;
            }
        }

        return text;
    }

    // YAML 1.2.2 section 5.1 forbids most of these; NEL, LS and PS it allows, but editors disagree on whether they end a line.
    private static bool IsForbidden(char c) => c switch
    {
        '\t' or '\n' or '\r' => false,
        < ' ' or (>= '\u007F' and <= '\u009F') => true,
        '\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF' => true,
        _ => false,
    };

    private static (int Index, byte Value) FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length;)
        {
            if (Rune.DecodeFromUtf8(bytes[i..], out _, out var length) != System.Buffers.OperationStatus.Done)
            {
                return (i, bytes[i]);
            }

            i += length;
        }

        return (0, 0);
    }

    private static SourceLocation Locate(ReadOnlySpan<char> before, ManifestReport report)
    {
        var (line, column) = (1, 1);
        for (var i = 0; i < before.Length; i++)
        {
            if (before[i] == '\n' || (before[i] == '\r' && (i + 1 == before.Length || before[i + 1] != '\n')))
            {
                (line, column) = (line + 1, 1);
            }
            else
            {
                column++;
            }
        }

        return report.At(line, column);
    }
}
