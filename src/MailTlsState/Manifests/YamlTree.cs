using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>A value of the YAML text with its place.</summary>
/// <param name="Path">JSON-pointer-like path, <c>/</c> for the root.</param>
/// <param name="Place">Where the value starts.</param>
/// <param name="Label">Where its key stands, or <paramref name="Place"/> when it has none.</param>
internal abstract record YamlNode(string Path, SourceLocation Place, SourceLocation Label)
{
    /// <summary>True when the value itself was refused (an alias, a tag): nothing more is said about it.</summary>
    public bool Refused { get; init; }
}

/// <summary>A scalar: its text after unquoting, and whether it was written without quotes, so that its type is the schema's choice.</summary>
internal sealed record YamlScalar(string Path, SourceLocation Place, SourceLocation Label, string Value, bool Plain)
    : YamlNode(Path, Place, Label)
{
    /// <summary>True when nothing, <c>~</c> or <c>null</c> stands there.</summary>
    public bool IsNull => Plain && Value is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A sequence.</summary>
internal sealed record YamlSequence(string Path, SourceLocation Place, SourceLocation Label, IReadOnlyList<YamlNode> Items)
    : YamlNode(Path, Place, Label);

/// <summary>One entry of a mapping.</summary>
internal sealed record YamlEntry(string Key, SourceLocation KeyPlace, YamlNode Value);

/// <summary>A mapping without duplicate keys.</summary>
internal sealed record YamlMapping(string Path, SourceLocation Place, SourceLocation Label, IReadOnlyList<YamlEntry> Entries)
    : YamlNode(Path, Place, Label)
{
    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    public YamlNode? this[string key]
    {
        get
        {
            foreach (var entry in Entries)
            {
                if (entry.Key == key)
                {
                    return entry.Value;
                }
            }

            return null;
        }
    }

    /// <summary>The mapping under <paramref name="key"/>, or null when there is none or it is something else.</summary>
    public YamlMapping? Mapping(string key) => this[key] as YamlMapping;

    /// <summary>The sequence under <paramref name="key"/>, or null when there is none or it is something else.</summary>
    public YamlSequence? Sequence(string key) => this[key] as YamlSequence;

    /// <summary>The scalar with a value under <paramref name="key"/>, or null.</summary>
    public YamlScalar? Scalar(string key) => this[key] is YamlScalar { IsNull: false, Refused: false } scalar ? scalar : null;
}

/// <summary>Paths into the tree, as JSON pointers write them (RFC 6901).</summary>
internal static class YamlPath
{
    public const string Root = "/";

    public static string Child(string parent, string key)
    {
        var escaped = key.AsSpan().ContainsAny('~', '/') ? key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal) : key;
        return parent == Root ? "/" + escaped : $"{parent}/{escaped}";
    }

    public static string Item(string parent, int index) => parent == Root ? $"/{index}" : $"{parent}/{index}";

    /// <summary>How a path is shown to people: <c>certificate.keys[0]</c>.</summary>
    public static string Show(string path)
    {
        if (path == Root)
        {
            return "the file";
        }

        var text = new System.Text.StringBuilder();
        foreach (var part in path[1..].Split('/'))
        {
            if (part.Length > 0 && part.All(char.IsAsciiDigit))
            {
                text.Append('[').Append(part).Append(']');
            }
            else
            {
                text.Append(text.Length == 0 ? "" : ".").Append(part);
            }
        }

        return text.ToString();
    }
}
