namespace MailTlsState.Hosts.SeLinux;

/// <summary>A security context as the kernel writes it: <c>user:role:type</c>, with a policy of levels <c>user:role:type:level</c>.</summary>
public static class SecurityContext
{
    /// <summary>The extended attribute that holds a file's context.</summary>
    public const string Attribute = "security.selinux";

    /// <summary>The program that keeps an administrator's own rules, and knows what the policy's store says.</summary>
    public const string SeManage = "/usr/sbin/semanage";

    /// <summary>The program by which one semanage runs at a time (flock(1) of util-linux).</summary>
    public const string Flock = "/usr/bin/flock";

    /// <summary>True where the program is a file that nobody but root may change: as root none other is started.</summary>
    public static bool MayRun(FileKind kind, int owner, int mode) => kind == FileKind.Regular && owner == 0 && !FileModes.OthersMayWrite(mode);

    /// <summary>The type, by which a policy decides; the text itself where it is no context.</summary>
    public static string TypeOf(string context)
    {
        var fields = context.Split(':', 4);
        return fields.Length >= 3 ? fields[2] : context;
    }

    /// <summary>The same context with another type.</summary>
    public static string WithType(string context, string type)
    {
        var fields = context.Split(':', 4);
        return fields.Length < 3 ? context : string.Join(':', [fields[0], fields[1], type, .. fields[3..]]);
    }
}
