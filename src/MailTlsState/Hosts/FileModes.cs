namespace MailTlsState.Hosts;

/// <summary>Permission bits in words.</summary>
public static class FileModes
{
    /// <summary>As chmod takes them, for example <c>0600</c>.</summary>
    public static string Octal(int mode) => "0" + Convert.ToString(mode, 8);
}
