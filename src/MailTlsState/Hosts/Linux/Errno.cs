using System.Runtime.InteropServices;

namespace MailTlsState.Hosts.Linux;

/// <summary>The errno values that are told apart, and words for all of them.</summary>
internal static class Errno
{
    internal const int NotPermitted = 1;
    internal const int NoEntry = 2;
    internal const int NoProcess = 3;
    internal const int Interrupted = 4;
    internal const int NoChild = 10;
    internal const int Again = 11;
    internal const int AccessDenied = 13;
    internal const int Busy = 16;
    internal const int Exists = 17;
    internal const int CrossDevice = 18;
    internal const int NotDirectory = 20;
    internal const int IsDirectory = 21;
    internal const int Invalid = 22;
    internal const int NoSpace = 28;
    internal const int ReadOnlyFileSystem = 30;
    internal const int TooManyLinks = 31;
    internal const int NotImplemented = 38;
    internal const int NotEmpty = 39;
    internal const int Loop = 40;
    internal const int NoData = 61;
    internal const int NotSupported = 95;
    internal const int Quota = 122;

    internal static int Last => Marshal.GetLastPInvokeError();

    /// <summary>The system's words, with a lower case start.</summary>
    internal static string Describe(int error)
    {
        // "Too many levels of symbolic links" is what O_NOFOLLOW answers to a single link: misleading.
        var words = error == Loop ? "a symbolic link stands in the way" : Marshal.GetPInvokeErrorMessage(error);
        return words.Length == 0 ? $"error {error}" : char.ToLowerInvariant(words[0]) + words[1..];
    }
}
