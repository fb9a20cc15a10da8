namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of what systemd is to do for an apply that was cut short (MTS076x).</summary>
public static class SystemdDiagnostics
{
    /// <summary>No recovery at boot.</summary>
    public static readonly DiagnosticCode NoBootRecoveryCode = new(
        "MTS0760",
        "no recovery at boot",
        "Where systemd runs, apply installs a unit, mailtls-recover.service, that puts files back before the mail daemons start, should a power cut end an apply half way. " +
        "The unit starts this program as root, so the program has to lie where root alone may write, in every directory of its path. Without the unit the daemons may start on half a change after a power cut; mailtls recover mends it.");

    /// <summary>The administrator does without.</summary>
    public static readonly DiagnosticCode BootRecoveryMaskedCode = new(
        "MTS0761",
        "recovery at boot is masked",
        "The unit mailtls-recover.service is masked (systemctl mask), so it is left alone. After a power cut in an apply the mail daemons may start on half a change; mailtls recover mends it. systemctl unmask and the next apply bring the unit back.");

    /// <summary>No timer.</summary>
    public static readonly DiagnosticCode NoDeadlineCode = new(
        "MTS0762",
        "no timer watches over the apply",
        "Where systemd runs, apply sets a transient timer that recovers the host should apply itself hang or be killed; the timer is stopped when apply ends. It could not be set. Apply goes on without it: an apply that is cut short is then recovered by the next run, or by mailtls recover.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [NoBootRecoveryCode, BootRecoveryMaskedCode, NoDeadlineCode];

    /// <summary><see cref="NoBootRecoveryCode"/>.</summary>
    public static Diagnostic NoBootRecovery(string why) =>
        new(NoBootRecoveryCode, Severity.Note, $"no recovery at boot is set up: {why}", "put the program where root alone may write, for example into /usr/local/sbin");

    /// <summary><see cref="BootRecoveryMaskedCode"/>.</summary>
    public static Diagnostic BootRecoveryMasked(string unit, string target) =>
        new(BootRecoveryMaskedCode, Severity.Note, $"recovery at boot is masked: {unit} is a link to {target}", "systemctl unmask mailtls-recover.service, if it should be there");

    /// <summary><see cref="NoDeadlineCode"/>.</summary>
    public static Diagnostic NoDeadline(string why) =>
        new(NoDeadlineCode, Severity.Warning, $"no timer watches over this apply: {why}", "if it is cut short, run mailtls recover");
}
