namespace MailTlsState.Cli;

/// <summary>Exit statuses; part of the public contract.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Error = 1;
    public const int Changes = 2;
    public const int Stale = 3;
    public const int Locked = 4;
    public const int RolledBack = 5;
    public const int Incomplete = 6;
    public const int Usage = 64;
    public const int Interrupted = 130;
}
