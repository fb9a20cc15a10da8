using System.Runtime.CompilerServices;

namespace MailTlsState.Hosts.Linux;

/// <summary>Whether this very program can be named in a unit that root runs later.</summary>
internal static class OwnProgram
{
    /// <summary>Its path, or why it cannot be named.</summary>
    internal static (string? Path, string? Problem) Find()
    {
        if (RuntimeFeature.IsDynamicCodeSupported || LinuxPath.ReadLink(Libc.AtCurrentDirectory, "/proc/self/exe") is not { } path)
        {
            return (null, "this is not the native program");
        }

        // A path in a unit's text would need quotes, and %, $ and \ have a meaning there.
        if (!path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+'))
        {
            return (null, $"{path} has characters that a unit would need quotes for");
        }

        try
        {
            return LinuxPath.FindUntrusted(path, "run") is { } untrusted
                ? (null, $"the program is {path}, and others than root may change {untrusted}")
                : (path, null);
        }
        catch (HostWriteException failure)
        {
            return (null, failure.Message);
        }
    }
}
