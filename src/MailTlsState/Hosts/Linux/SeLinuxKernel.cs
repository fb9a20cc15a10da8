using System.Globalization;
using System.Text;

namespace MailTlsState.Hosts.Linux;

/// <summary>The kernel's SELinux as selinuxfs shows it.</summary>
internal static class SeLinuxKernel
{
    private const string Root = "/sys/fs/selinux/";
    private const uint PermissiveDomain = 1;

    /// <summary>True when the kernel has SELinux and a policy is loaded.</summary>
    internal static bool IsEnabled { get; } = File.Exists(Root + "enforce");

    /// <summary>True when it enforces; false also where it cannot be read.</summary>
    internal static bool IsEnforcing => Read("enforce") == "1";

    /// <summary>True when contexts have a level.</summary>
    internal static bool HasLevels => Read("mls") == "1";

    /// <summary>Whether the loaded policy knows a context; null where this process may not ask.</summary>
    internal static bool? IsValid(string context) => Ask("context", context, out var error) is not null ? true : error == Errno.Invalid ? false : null;

    /// <summary>Whether the loaded policy lets a process do something; null where it knows not both contexts, or does not say.</summary>
    /// <param name="source">Context of the process.</param>
    /// <param name="target">Context of what it is done to.</param>
    /// <param name="group">Class of the target, for example <c>file</c>.</param>
    /// <param name="permission">For example <c>read</c>.</param>
    internal static bool? Allows(string source, string target, string group, string permission)
    {
        if (Number($"class/{group}/index") is not { } index || Number($"class/{group}/perms/{permission}") is not { } bit)
        {
            return null;
        }

        // allowed decided auditallow auditdeny sequence flags (security/selinux/selinuxfs.c, sel_write_access)
        var answer = Ask("access", string.Create(CultureInfo.InvariantCulture, $"{source} {target} {index}"), out _)?.Split(' ');
        if (answer is not [var allowed, _, _, _, _, var flags, ..])
        {
            return null;
        }

        return (uint.Parse(flags, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & PermissiveDomain) != 0
            || (uint.Parse(allowed, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1u << (bit - 1))) != 0;
    }

    private static int? Number(string name) => int.TryParse(Read(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Read(string name)
    {
        try
        {
            return File.ReadAllText(Root + name).TrimEnd('\n', '\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A question is written to the file, and the answer read from the same descriptor.
    private static string? Ask(string name, string question, out int error)
    {
        var number = Libc.OpenAt(Libc.AtCurrentDirectory, Root + name, Libc.ReadWrite | Libc.CloseOnExec, 0);
        error = Errno.Last;
        if (number < 0)
        {
            return null;
        }

        using var file = new Descriptor(number);
        var bytes = Encoding.UTF8.GetBytes(question);
        if (Libc.Write(file.Number, bytes, bytes.Length) != bytes.Length)
        {
            error = Errno.Last;
            return null;
        }

        Span<byte> answer = stackalloc byte[4096];
        var length = Libc.Read(file.Number, answer, answer.Length);
        return length < 0 ? null : Encoding.UTF8.GetString(answer[..(int)length]).TrimEnd('\0');
    }
}
