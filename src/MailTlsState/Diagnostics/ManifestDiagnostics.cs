using System.Text;

namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics about the manifest: its text and structure here, its meaning in the other part.</summary>
public static partial class ManifestDiagnostics
{
    /// <summary>Over the size limit.</summary>
    public static readonly DiagnosticCode ManifestTooLarge = new(
        "MTS0101",
        "the manifest is too large",
        "A manifest describes one host and is a few kilobytes long. Anything over 1 MiB is refused before it is parsed, because mailtls runs as root and a huge file is a mistake (a log, an archive) or an attack. Check that the path names the manifest.");

    /// <summary>Not UTF-8.</summary>
    public static readonly DiagnosticCode ManifestNotUtf8 = new(
        "MTS0102",
        "the manifest is not valid UTF-8",
        "Manifests are UTF-8. A byte that is not part of a UTF-8 sequence usually comes from an editor that saved the file as Latin-1 or from a binary file. Convert it, for example with iconv -f latin1 -t utf-8, and look at the place that is named.");

    /// <summary>Starts with a byte order mark.</summary>
    public static readonly DiagnosticCode ManifestByteOrderMark = new(
        "MTS0103",
        "the manifest starts with a byte order mark",
        "A byte order mark is invisible in most editors, yet other tools read it as part of the first key. UTF-8 needs none, and UTF-16 is not read at all. Save the file as UTF-8 without a byte order mark.");

    /// <summary>Holds a control character.</summary>
    public static readonly DiagnosticCode ManifestControlCharacter = new(
        "MTS0104",
        "the manifest contains a control character",
        "Control characters are invisible, can hide text from a reviewer and can steer the terminal that shows a diagnostic. YAML forbids most of them; mailtls refuses all but tab, line feed and carriage return. Delete the character, or write it as an escape inside double quotes if a value really needs it.");

    /// <summary>The YAML cannot be parsed.</summary>
    public static readonly DiagnosticCode ManifestSyntax = new(
        "MTS0105",
        "the manifest is not valid YAML",
        "The YAML parser could not go on at the place that is named; the cause is often one line above. Usual causes are a tab used for indentation, a missing space after a colon, an unclosed quote or bracket, and lines of one mapping that do not start in the same column.");

    /// <summary>More than one document.</summary>
    public static readonly DiagnosticCode ManifestSeveralDocuments = new(
        "MTS0106",
        "the manifest holds several documents",
        "A line of three dashes starts another YAML document. One manifest describes one host, so a second document would be ignored in silence by most tools; mailtls refuses it. Put each host into a file of its own.");

    /// <summary>Nothing in it.</summary>
    public static readonly DiagnosticCode ManifestEmpty = new(
        "MTS0107",
        "the manifest is empty",
        "The file holds nothing but white space and comments. An empty manifest does not mean \"nothing to do\": it is far more often a file that was truncated. Start from one of the examples, or from what mailtls schema describes.");

    /// <summary>Nested too deeply.</summary>
    public static readonly DiagnosticCode ManifestTooDeep = new(
        "MTS0108",
        "the manifest is nested too deeply",
        "A manifest needs six levels; more than 32 is a mistake in the brackets or indentation, or an attempt to exhaust the parser. Reading stops there, so later errors are not listed yet.");

    /// <summary>A YAML anchor.</summary>
    public static readonly DiagnosticCode ManifestAnchor = new(
        "MTS0109",
        "anchors are not allowed",
        "An anchor (&name) lets one part of a file change another, which makes a review of the difference unreliable. Manifests are short enough to write values out. If the value itself starts with &, put it in quotes.");

    /// <summary>A YAML alias or merge key.</summary>
    public static readonly DiagnosticCode ManifestAlias = new(
        "MTS0110",
        "aliases and merge keys are not allowed",
        "In YAML a word that starts with * is an alias: it stands for a value somewhere else. Manifests have no aliases and no merge keys (<<), so that what is written at a place is what holds there. A wildcard name must stand in quotes, or YAML reads it as an alias: \"*.example.com\".");

    /// <summary>A YAML tag.</summary>
    public static readonly DiagnosticCode ManifestTag = new(
        "MTS0111",
        "tags are not allowed",
        "A tag (!name or !!type) forces a type on a value; some YAML readers even run code for it. The schema alone decides about types here. Remove the tag, and quote the value if it really starts with an exclamation mark.");

    /// <summary>A key stands twice.</summary>
    public static readonly DiagnosticCode ManifestDuplicateKey = new(
        "MTS0112",
        "a key is given twice",
        "The same key stands twice in one mapping. Most YAML readers take the last one and say nothing, which is how a forgotten old line wins over a new one. Keep one of the two.");

    /// <summary>A key that is no text.</summary>
    public static readonly DiagnosticCode ManifestKeyNotString = new(
        "MTS0113",
        "a key is not a text",
        "All keys of the manifest are words. A key that is a list, a mapping, a number, a boolean or empty comes from a misplaced bracket, dash or colon.");

    /// <summary>A key that the schema does not know.</summary>
    public static readonly DiagnosticCode ManifestUnknownKey = new(
        "MTS0120",
        "a key is unknown",
        "Every key must be one that the manifest format knows at that place. An unknown key is an error and not ignored, because a misspelt setting that silently does nothing is worse than none. mailtls schema prints all keys with their meaning.");

    /// <summary>A key that has to be there.</summary>
    public static readonly DiagnosticCode ManifestMissingKey = new(
        "MTS0121",
        "a key is missing",
        "This key has no default, since any guess would be wrong for somebody. Add it at the place that is named.");

    /// <summary>A value of another type.</summary>
    public static readonly DiagnosticCode ManifestWrongType = new(
        "MTS0122",
        "a value has the wrong type",
        "The manifest format wants another type of value here: a mapping, a list, a whole number, true or false, or a text. A number or a boolean in quotes is a text. Check the indentation too: a line that slipped by two columns changes what it belongs to.");

    /// <summary>A word that is not one of the known ones.</summary>
    public static readonly DiagnosticCode ManifestNotOneOf = new(
        "MTS0123",
        "a value is not one of the known words",
        "Only the listed words are possible here; they are case-sensitive. on, off, yes and no are never among them, because YAML readers disagree on whether those are texts or booleans.");

    /// <summary>A number, length or count outside its limits.</summary>
    public static readonly DiagnosticCode ManifestOutOfRange = new(
        "MTS0124",
        "a value is outside its limits",
        "The value has the right type, but its size, length or number of items is outside what the format, TCP or X.509 (RFC 5280, appendix A.1) allows.");

    /// <summary>A key without a value.</summary>
    public static readonly DiagnosticCode ManifestMissingValue = new(
        "MTS0125",
        "a value is missing",
        "The key stands there, but nothing (or null, or ~) follows it. To have the default, leave out the whole line; otherwise write the value. If lines below were meant to belong to it, indent them.");

    /// <summary>The same item twice in a list.</summary>
    public static readonly DiagnosticCode ManifestDuplicateItem = new(
        "MTS0126",
        "a list names the same item twice",
        "The list is a set, so a repeated item says nothing; it is usually a copy that was meant to become another value. Names differ in case only are the same name.");

    /// <summary>Not a duration.</summary>
    public static readonly DiagnosticCode ManifestDuration = new(
        "MTS0127",
        "a value is not a duration",
        "Durations are a whole number and a unit: d for days of 24 hours, h for hours (30d, 12h). Months and years are not used, because their length varies. The longest duration is 36500d.");

    /// <summary>Another format version.</summary>
    public static readonly DiagnosticCode ManifestApiVersion = new(
        "MTS0128",
        "the manifest has another format version",
        "apiVersion names the rules that the file follows. This mailtls reads mailtlsstate/v1 only; a later version may mean something else by the same keys, so nothing is guessed.");

    internal static Diagnostic TooLarge(SourceLocation at, int size, int limit) =>
        Error(ManifestTooLarge, $"the file is {size} bytes long, the limit is {limit}", "check that the path is the right one", at);

    internal static Diagnostic NotUtf8(SourceLocation at, byte value) =>
        Error(ManifestNotUtf8, $"byte 0x{value:X2} is not valid UTF-8", "save the file as UTF-8", at);

    internal static Diagnostic ByteOrderMark(SourceLocation at, string encoding) =>
        Error(ManifestByteOrderMark, $"the file starts with a byte order mark of {encoding}", "save the file as UTF-8 without a byte order mark", at);

    internal static Diagnostic ControlCharacter(SourceLocation at, char c) =>
        Error(ManifestControlCharacter, c == 0 ? "a NUL byte (U+0000) stands in the text" : $"the character U+{(int)c:X4} stands in the text", "delete it, or write it as an escape in double quotes", at);

    internal static Diagnostic YamlSyntax(SourceLocation at, string message) =>
        Error(ManifestSyntax, Sentence(message), "check indentation, quotes and brackets here and one line above", at);

    internal static Diagnostic SeveralDocuments(SourceLocation at) =>
        Error(ManifestSeveralDocuments, "a second YAML document starts here", "put each host into a file of its own", at);

    internal static Diagnostic Empty(SourceLocation at) =>
        Error(ManifestEmpty, "the file is empty", "start from an example, or let mailtls init write a manifest", at);

    internal static Diagnostic TooDeep(SourceLocation at, int limit) =>
        Error(ManifestTooDeep, $"values are nested more than {limit} levels deep", "check brackets and indentation", at);

    internal static Diagnostic Anchor(SourceLocation at, string name) =>
        Error(ManifestAnchor, $"the anchor &{Clip(name)} is not allowed", "write the value out; quote it if it starts with &", at);

    internal static Diagnostic Alias(SourceLocation at, string name) => name.StartsWith('.') || name.Contains('.', StringComparison.Ordinal)
        ? Error(ManifestAlias, $"YAML reads *{Clip(name)} as an alias", $"quote it: \"*{Clip(name)}\"", at)
        : Error(ManifestAlias, $"the alias *{Clip(name)} is not allowed", "write the value out; quote it if it starts with *", at);

    internal static Diagnostic MergeKey(SourceLocation at) =>
        Error(ManifestAlias, "the merge key << is not allowed", "write the values out", at);

    internal static Diagnostic Tag(SourceLocation at, string name) =>
        Error(ManifestTag, $"the tag {Clip(name)} is not allowed", "remove it; quote the value if it starts with an exclamation mark", at);

    internal static Diagnostic DuplicateKey(SourceLocation at, string key, SourceLocation first) =>
        Error(ManifestDuplicateKey, $"the key {Quote(key)} was already given in line {first.Line}", "keep one of the two", at);

    internal static Diagnostic KeyNotString(SourceLocation at, string found) =>
        Error(ManifestKeyNotString, $"a key must be a text, not {Clip(found)}", "check brackets, dashes and colons here", at);

    internal static Diagnostic UnknownKey(SourceLocation at, string key, string parent, string? nearest, IEnumerable<string> known) =>
        Error(ManifestUnknownKey, $"{Show(parent)} has no key {Quote(key)}", nearest is not null ? $"did you mean {nearest}?" : $"known here: {string.Join(", ", known)}", at);

    internal static Diagnostic MissingKey(SourceLocation at, string key, string parent, string about) =>
        Error(ManifestMissingKey, $"{Show(parent)} needs the key {key}", $"add {key}: {About(about)}", at);

    internal static Diagnostic MissingValue(SourceLocation at, string path, string expected) =>
        Error(ManifestMissingValue, $"{Show(path)} has no value", $"give it {expected}, or leave the line out", at);

    internal static Diagnostic WrongType(SourceLocation at, string path, string expected, string found) =>
        Error(ManifestWrongType, $"{Show(path)} is {found}", $"write {expected}", at);

    internal static Diagnostic NotOneOf(SourceLocation at, string path, string value, IReadOnlyCollection<string> words) =>
        Error(ManifestNotOneOf, $"{Show(path)} cannot be {Quote(value)}", $"{(words.Count == 1 ? "write" : "write one of")} {string.Join(", ", words)}", at);

    internal static Diagnostic OutOfRange(SourceLocation at, string path, string what) =>
        Error(ManifestOutOfRange, $"{Show(path)} {what}", "change it to fit", at);

    internal static Diagnostic DuplicateItem(SourceLocation at, string path) =>
        Error(ManifestDuplicateItem, $"{Show(path)} names the same item twice", "remove one of them", at);

    internal static Diagnostic Duration(SourceLocation at, string path, string value, bool noneAllowed = false) =>
        Error(ManifestDuration, $"{Show(path)} is {Quote(value)}, which is no duration", $"write a number and d or h, such as 30d or 12h, up to 36500d{(noneAllowed ? ", or 0 for never" : "")}", at);

    internal static Diagnostic UnknownApiVersion(SourceLocation at, string value, string known) =>
        Error(ManifestApiVersion, $"apiVersion is {Quote(value)}", $"this version reads {known} only", at);

    /// <summary>A value in single quotes, made safe for a terminal and cut at 60 characters.</summary>
    internal static string Quote(string value) => $"'{Clip(value)}'";

    private static string Clip(string value)
    {
        var text = new StringBuilder();
        foreach (var rune in value.EnumerateRunes())
        {
            if (text.Length >= 60)
            {
                return text.Append('…').ToString();
            }

            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.Format)
            {
                text.Append($"\\u{rune.Value:X4}");
            }
            else
            {
                text.Append(rune.ToString());
            }
        }

        return text.ToString();
    }

    // The parser's messages are whole sentences in capitals.
    private static string Sentence(string message)
    {
        var line = Clip(message.Split('\n')[0].Trim().TrimEnd('.'));
        return line.Length == 0 ? "the text is not YAML" : char.ToLowerInvariant(line[0]) + line[1..];
    }

    private static string About(string about) =>
        about.Length == 0 ? "" : char.ToLowerInvariant(about[0]) + about[1..].Split(". ")[0].TrimEnd('.');

    private static string Show(string path) => Manifests.YamlPath.Show(path);

    private static Diagnostic Error(DiagnosticCode code, string fact, string remedy, SourceLocation at) => new(code, Severity.Error, fact, remedy, at);
}
