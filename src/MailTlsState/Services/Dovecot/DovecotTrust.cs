using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Services.Dovecot;

/// <summary>Whoever can write a configuration file decides what the daemon does as root.</summary>
internal static class DovecotTrust
{
    /// <summary>An error for each file that somebody else than root owns or that everybody may write.</summary>
    public static IEnumerable<Diagnostic> Check(HostObservation observed, IReadOnlyList<string> files)
    {
        foreach (var file in files.Select(observed.File).Where(f => f.Kind == FileKind.Regular))
        {
            if (file.Owner is { } owner && owner != 0)
            {
                yield return DovecotDiagnostics.Untrusted(file.Path, $"belongs to user {owner}", $"chown root {file.Path}");
            }
            else if ((file.Mode & 0b010) != 0)
            {
                yield return DovecotDiagnostics.Untrusted(file.Path, "may be written by everybody", $"chmod o-w {file.Path}");
            }
        }
    }
}
