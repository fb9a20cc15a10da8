namespace MailTlsState.Hosts;

/// <summary>Permission bits in words.</summary>
public static class FileModes
{
    private const int GroupAndOthersWrite = 0x12; // 0022

    /// <summary>True where the group or everybody may write.</summary>
    public static bool OthersMayWrite(int mode) => (mode & GroupAndOthersWrite) != 0;

    /// <summary>The same without that.</summary>
    public static int OwnerMayWrite(int mode) => mode & ~GroupAndOthersWrite;

    /// <summary>As chmod takes them, for example <c>0600</c>.</summary>
    public static string Octal(int mode) => "0" + Convert.ToString(mode, 8);
}
