using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>What is done to one line that overrides the manifest's settings.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">1-based number of the line that the statement begins on.</param>
/// <param name="Name">What the plan calls it.</param>
/// <param name="Before">What it says.</param>
/// <param name="Header">What the block that it opens is about from now on, or null where the line is a setting and goes.</param>
internal sealed record DovecotLineEdit(string File, int Line, string Name, string Before, DovecotHeader? Header)
{
    /// <summary>The statement that takes its place, or null.</summary>
    public string? Statement => Header is null ? null : $"{Header.Kind} {(Header.Argument.Contains(' ', StringComparison.Ordinal) ? $"\"{Header.Argument}\"" : Header.Argument)} {{";

    /// <summary>A setting that goes.</summary>
    public static DovecotLineEdit Remove(DovecotAssignment setting) => new(setting.File, setting.Line, setting.Path.Count == 0 ? setting.Name : $"{setting.Name} in {string.Join(" / ", setting.Path)}", setting.Value, null);

    /// <summary>A block that is for fewer names.</summary>
    public static DovecotLineEdit Narrow(DovecotOpened block, DovecotHeader header) => new(block.File, block.Line, "names of a block", block.Path[^1].ToString(), header);
}
