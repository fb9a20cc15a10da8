using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Services;

/// <summary>Makes the change of one configuration file, with its diff.</summary>
internal static class ConfigEdit
{
    /// <summary>The change, or null when the edit leaves the text as it is.</summary>
    public static Change? Of(
        FileObservation file,
        Func<string, string> edit,
        string kind,
        IReadOnlyList<AttributeChange> attributes,
        string reason,
        string effect,
        bool keepModificationTime = false)
    {
        var before = file.Text ?? "";
        var after = edit(before);
        if (after == before)
        {
            return null;
        }

        var creates = file.Kind == FileKind.Absent;
        return new Change(
            kind,
            file.Path,
            creates ? ChangeAction.Create : ChangeAction.Update,
            reason,
            attributes,
            UnifiedDiff.Create(Show(before), Show(after), creates ? "/dev/null" : file.Path, file.Path),
            [effect])
        {
            Work = new EditText(file.Path, file.Digest, edit, keepModificationTime),
        };
    }

    /// <summary>Why a file that is to be edited cannot be replaced by a rename, or null when it can.</summary>
    public static Diagnostic? Refusal(FileObservation file) => PathDiagnostics.Obstacle(file, new SourceLocation(file.Path, 1, 1)) ?? file switch
    {
        { Kind: FileKind.Directory or FileKind.Other } => ServiceDiagnostics.UneditableFile(file.Path, "is not a regular file"),
        { Kind: FileKind.Regular, Text: null } => ServiceDiagnostics.UneditableFile(file.Path, $"cannot be read: {file.Problem ?? "it is too large"}"),
        _ => null,
    };

    /// <summary>Texts are one character a byte; a person reads them as UTF-8 where they are.</summary>
    public static string Show(string latin1) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin1));
}
