using MailTlsState.Hosts;

namespace MailTlsState.Certificates;

/// <summary>Whether an observed path is a file whose text can be judged.</summary>
internal static class FileText
{
    /// <summary>Why it cannot, or null.</summary>
    /// <param name="file">The observation.</param>
    /// <param name="name">How to call it, for example <c>the key file</c>.</param>
    public static string? Problem(FileObservation file, string name) => file switch
    {
        { Problem: { } problem } => $"{name} cannot be read: {problem}",
        { Kind: FileKind.Absent } => $"{name} does not exist",
        { Kind: FileKind.Directory } => $"{name} is a directory",
        { Kind: FileKind.SymbolicLink } => $"{name} is a symbolic link",
        { Kind: FileKind.Other } => $"{name} is no regular file",
        { Text: null } => $"{name} is too large",
        { Text.Length: 0 } => $"{name} is empty",
        _ => null,
    };
}
