using System.Text;

namespace MailTlsState.Cli.Rendering;

/// <summary>Text in lines of a readable length.</summary>
internal static class PlainText
{
    /// <summary>Somebody else's words without what would command a terminal.</summary>
    public static string Of(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;

    private const int Width = 100;

    /// <summary>Breaks a text at its spaces.</summary>
    /// <param name="text">Words.</param>
    /// <param name="indent">Spaces before each line but the first.</param>
    /// <param name="first">Length of what stands before the first line's text.</param>
    public static string Wrap(string text, int indent = 0, int first = 0)
    {
        var result = new StringBuilder();
        var length = first;
        var fresh = true;
        foreach (var word in text.Split(' '))
        {
            if (!fresh && length + 1 + word.Length > Width)
            {
                result.Append('\n').Append(' ', indent);
                length = indent;
            }
            else if (!fresh)
            {
                result.Append(' ');
                length++;
            }

            fresh = false;
            result.Append(word);
            length += word.Length;
        }

        return result.ToString();
    }
}
