using MailTlsState.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MailTlsState.Manifests;

/// <summary>
/// Reads one YAML document into a tree with places. What YAML offers beyond plain data (anchors, aliases, tags, merge keys,
/// several documents) is refused: each makes a manifest that reads differently from what it does.
/// </summary>
internal sealed class YamlTreeReader
{
    /// <summary>Levels of nesting; the manifest's own depth is 6.</summary>
    public const int MaximumDepth = 32;

    private readonly ManifestReport report;
    private readonly IParser parser;
    private readonly string[] lines;

    private YamlTreeReader(string text, ManifestReport report)
    {
        this.report = report;
        lines = report.Split(text);
        parser = new Parser(new StringReader(text));
    }

    /// <summary>The tree, or null after <paramref name="report"/> was told why not.</summary>
    public static YamlNode? Read(string text, ManifestReport report)
    {
        var reader = new YamlTreeReader(text, report);
        try
        {
            return reader.ReadStream();
        }
        catch (YamlException exception)
        {
            report.Add("(syntax)", reader.SyntaxError(exception.Start, exception.Message));
        }
        catch (InvalidOperationException)
        {
            // YamlDotNet's parser throws this, without a place, for a directive inside brackets.
            report.Add("(syntax)", reader.SyntaxError(reader.parser.Current?.End ?? Mark.Empty, "a directive or document marker stands inside a value"));
        }
        catch (TooDeepException exception)
        {
            report.Add("(depth)", ManifestDiagnostics.TooDeep(exception.Place, MaximumDepth));
        }

        return null;
    }

    private Diagnostic SyntaxError(Mark mark, string message)
    {
        var place = Place(mark);

        // The parser stumbles over a tab at the end of the line before, or at the start of the tab's own line.
        for (var i = place.Line; i <= Math.Min(place.Line + 1, lines.Length); i++)
        {
            var line = lines[i - 1];
            if (line.IndexOf('\t', StringComparison.Ordinal) is >= 0 and var tab && line.AsSpan(0, tab).Trim(' ').IsEmpty)
            {
                return ManifestDiagnostics.YamlSyntax(report.At(i, tab + 1), "a tab stands in the indentation, where YAML allows spaces only");
            }
        }

        return ManifestDiagnostics.YamlSyntax(place, message);
    }

    private YamlNode? ReadStream()
    {
        parser.MoveNext();
        parser.MoveNext();
        if (parser.Current is not DocumentStart)
        {
            report.Add(YamlPath.Root, ManifestDiagnostics.Empty(report.At(1, 1)));
            return null;
        }

        parser.MoveNext();
        var root = ReadNode(YamlPath.Root, null, 0);
        parser.MoveNext();
        if (parser.Current is DocumentStart second)
        {
            report.Add("(documents)", ManifestDiagnostics.SeveralDocuments(Place(second.Start)));
        }
        else if (root is YamlScalar { IsNull: true })
        {
            report.Add(YamlPath.Root, ManifestDiagnostics.Empty(report.At(1, 1)));
        }

        return root is YamlScalar { IsNull: true } ? null : root;
    }

    /// <summary>Reads the node that the parser stands on and moves behind it.</summary>
    private YamlNode ReadNode(string path, SourceLocation? label, int depth)
    {
        var current = parser.Current!;
        var place = Place(current.Start);
        if (depth > MaximumDepth)
        {
            throw new TooDeepException(place);
        }

        if (current is AnchorAlias alias)
        {
            report.Add(path, ManifestDiagnostics.Alias(place, alias.Value.Value));
            parser.MoveNext();
            return new YamlScalar(path, place, label ?? place, "*" + alias.Value.Value, Plain: true) { Refused = true };
        }

        // The parser's events are not always balanced: behind an alias as key, or a key in braces without value, none follows.
        var node = current as NodeEvent ?? throw new SemanticErrorException(current.Start, current.End, "a value is missing here");
        var refused = RefuseProperties(node, path, place);
        switch (current)
        {
            case SequenceStart:
                return ReadSequence(path, place, label, depth) with { Refused = refused };
            case MappingStart:
                return ReadMapping(path, place, label, depth) with { Refused = refused };
            default:
                var scalar = (Scalar)current;
                parser.MoveNext();

                // An omitted value has its mark at whatever comes next, often a line further down.
                var shown = scalar.Value.Length == 0 && scalar.Style == ScalarStyle.Plain ? label ?? place : place;
                return new YamlScalar(path, shown, label ?? shown, scalar.Value, scalar.Style == ScalarStyle.Plain) { Refused = refused };
        }
    }

    private bool RefuseProperties(NodeEvent node, string path, SourceLocation place)
    {
        if (!node.Anchor.IsEmpty)
        {
            report.Add(path, ManifestDiagnostics.Anchor(place, node.Anchor.Value));
            return true;
        }

        if (!node.Tag.IsEmpty)
        {
            report.Add(path, ManifestDiagnostics.Tag(place, node.Tag.Value));
            return true;
        }

        return false;
    }

    private YamlSequence ReadSequence(string path, SourceLocation place, SourceLocation? label, int depth)
    {
        var items = new List<YamlNode>();
        parser.MoveNext();
        while (parser.Current is not SequenceEnd)
        {
            items.Add(ReadNode(YamlPath.Item(path, items.Count), null, depth + 1));
        }

        parser.MoveNext();
        return new YamlSequence(path, place, label ?? place, items);
    }

    private YamlMapping ReadMapping(string path, SourceLocation place, SourceLocation? label, int depth)
    {
        var entries = new List<YamlEntry>();
        var seen = new Dictionary<string, SourceLocation>(StringComparer.Ordinal);
        parser.MoveNext();
        while (parser.Current is not MappingEnd)
        {
            var keyPlace = Place(parser.Current!.Start);
            var key = ReadKey(path, depth);
            if (key is null)
            {
                // The value is still walked, so that what is wrong inside it is said as well.
                ReadNode(YamlPath.Child(path, $"({keyPlace.Line}:{keyPlace.Column})"), keyPlace, depth + 1);
                continue;
            }

            if (seen.TryGetValue(key, out var first))
            {
                var at = YamlPath.Child(path, $"{key} ({keyPlace.Line}:{keyPlace.Column})");
                report.Add(at, ManifestDiagnostics.DuplicateKey(keyPlace, key, first));
                ReadNode(at, keyPlace, depth + 1);
                continue;
            }

            seen.Add(key, keyPlace);
            entries.Add(new YamlEntry(key, keyPlace, ReadNode(YamlPath.Child(path, key), keyPlace, depth + 1)));
        }

        parser.MoveNext();
        return new YamlMapping(path, place, label ?? place, entries);
    }

    /// <summary>The key's text, or null when it was refused.</summary>
    private string? ReadKey(string path, int depth)
    {
        var place = Place(parser.Current!.Start);
        var at = $"{path}/(key {place.Line}:{place.Column})";
        if (ReadNode(at, null, depth + 1) is not YamlScalar key)
        {
            report.Add(at, ManifestDiagnostics.KeyNotString(place, "a mapping or a list"));
            return null;
        }

        if (key.Refused)
        {
            return null;
        }

        if (key.Plain && key.Value == "<<")
        {
            report.Add(at, ManifestDiagnostics.MergeKey(place));
            return null;
        }

        if (key.IsNull || (key.Plain && (key.Value is "true" or "false" || double.TryParse(key.Value, out _))))
        {
            report.Add(at, ManifestDiagnostics.KeyNotString(place, key.IsNull ? "nothing" : key.Value));
            return null;
        }

        return key.Value;
    }

    private SourceLocation Place(Mark mark) => report.At(mark.Line, mark.Column);

    private sealed class TooDeepException(SourceLocation place) : Exception
    {
        public SourceLocation Place { get; } = place;
    }
}
