namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of SELinux and AppArmor (MTS0643 to MTS0649).</summary>
public static class SeLinuxDiagnostics
{
    /// <summary>A line of the policy's path rules cannot be understood.</summary>
    public static readonly DiagnosticCode BadRuleCode = new(
        "MTS0643",
        "a rule of the SELinux policy cannot be understood",
        "A line of file_contexts, or of the administrator's file_contexts.local, has no path, file type and context. MailTlsState reads the other lines. The system's own tools do not: with one such line every look-up fails, so that restorecon, "
        + "semanage and programs that label their files stop working. Lines added by semanage fcontext are never like this; correct or remove the one that was written by hand.");

    /// <summary>Labels that a relabel undoes.</summary>
    public static readonly DiagnosticCode NotPersistentCode = new(
        "MTS0644",
        "a relabel would undo the labels",
        "The policy's own rule for certificate.directory gives a type that a mail daemon may not read, or another one than certificate.selinuxType. MailTlsState sets the right one, which holds until somebody runs restorecon or relabels the file system. A local rule makes it last; MailTlsState adds it by "
        + "semanage where that is installed (Debian: policycoreutils-python-utils; Fedora: the same name) and no rule of the administrator's stands in the way. A local rule for the directory and all below it (DIRECTORY(/.*)?), as MailTlsState adds it, is changed by semanage fcontext -m, or by -a where it was written by hand; one of another pattern stays and is named. A rule written into file_contexts.local by hand is lost with the next semanage run.");

    /// <summary>A daemon may not read what another tool keeps.</summary>
    public static readonly DiagnosticCode ForeignLabelCode = new(
        "MTS0645",
        "SELinux keeps a daemon from reading a file that it needs",
        "The loaded policy does not let the daemon's domain read files of the type that this one has. MailTlsState does not touch the labels of files that it does not keep. The classic cause is a file that was moved, not copied, from a home directory: it keeps its "
        + "old label. Postfix then does without TLS, and Dovecot goes on with the certificate that it has in memory, both without an error that anybody sees; a daemon that may not read its configuration does not start the next time.");

    /// <summary>No type that the daemons may read.</summary>
    public static readonly DiagnosticCode UnreadableCode = new(
        "MTS0646",
        "the policy has no label that the daemons may read",
        "Neither the type that the policy's rules give the path nor the one that MailTlsState would set may be read by all daemons that the manifest names. Choose a directory that the policy has for certificates, for example below /etc/pki, or another certificate.selinuxType: cert_t may be read by both in Debian's policy and in Fedora's, dovecot_cert_t by Dovecot alone. A type that the loaded policy does not know can be set on nothing (seinfo -t lists those that it knows).");

    /// <summary>A rehearsal outside of the daemons' domains.</summary>
    public static readonly DiagnosticCode NotRehearsedCode = new(
        "MTS0647",
        "labels are not rehearsed",
        "Before anything is committed the daemons are started on the staged files, laid over the host's by an overlay. There they run in the domain of whoever runs mailtls, not in their own: a process in a confined domain may not use a file that an overlay "
        + "opened on its behalf. Instead the plan asks the loaded policy whether each daemon's domain may read each file and look into each directory (selinuxfs, access), and the handshakes after the commit prove it, or the apply is rolled back.");

    /// <summary>An AppArmor profile does not allow a path.</summary>
    public static readonly DiagnosticCode AppArmorCode = new(
        "MTS0648",
        "a daemon may not read key or certificate under AppArmor",
        "A profile that the kernel enforces confines the program that reads key and certificate (for Dovecot its config process, for Postfix smtpd), and neither it nor what it includes allows the path. The profiles of Debian's package apparmor-profiles allow /etc/ssl and what "
        + "certbot and its like use, but not /etc/pki. With such a profile the daemon gets \"permission denied\", whatever the file's mode is. The rehearsal runs under the same profiles and fails.");

    /// <summary>A port that the policy does not let the daemon bind.</summary>
    public static readonly DiagnosticCode PortCode = new(
        "MTS0649",
        "SELinux does not let the daemon listen on a port",
        "The manifest names a port whose SELinux type the daemon's domain may not bind. Postfix's master ends when it cannot bind a port, and Dovecot does without it. In Debian's policy Postfix may bind 25, 465 and 587 (smtp_port_t) and Dovecot 110, 143, 993, 995 "
        + "and a few more (pop_port_t), but not Postfix's. Give another port the type by semanage port; a port that has a type of its own already (semanage port -l) is taken from what it was meant for.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [BadRuleCode, NotPersistentCode, ForeignLabelCode, UnreadableCode, NotRehearsedCode, AppArmorCode, PortCode];

    /// <summary><see cref="PortCode"/>.</summary>
    public static Diagnostic PortRefused(SourceLocation at, Manifests.ServiceKind service, int port, string type, string domain, bool enforcing)
    {
        // A type of its own is some other service's; only the rest of the numbers are free for the taking.
        var free = type is "unreserved_port_t" or "reserved_port_t" or "hi_reserved_port_t" or "port_t" or "ephemeral_port_t";
        var remedy = free ? $"semanage port -a -t {(service == Manifests.ServiceKind.Postfix ? "smtp_port_t" : "pop_port_t")} -p tcp {port}" : $"another port, or another service for it: {type} is not {domain}'s";
        return new(PortCode, enforcing ? Severity.Error : Severity.Warning, $"the policy does not let {service} ({domain}) bind port {port}, which is {type}", remedy, at);
    }

    /// <summary><see cref="AppArmorCode"/>.</summary>
    public static Diagnostic AppArmorRefuses(string file, string profile, IReadOnlyList<string> paths)
    {
        var name = file[(file.LastIndexOf('/') + 1)..];
        var lines = paths.Select(p => $"{p[..p.LastIndexOf('/')]}/* r,").Distinct();
        return new(AppArmorCode, Severity.Warning, $"the AppArmor profile {profile} does not allow {string.Join(" and ", paths)}", $"add {string.Join(" and ", lines.Select(l => $"\"{l}\""))} to /etc/apparmor.d/local/{name} and run apparmor_parser -r {file}", new SourceLocation(file, 1, 1));
    }

    /// <summary><see cref="NotRehearsedCode"/>.</summary>
    public static Diagnostic NotRehearsed() =>
        new(NotRehearsedCode, Severity.Note, "labels are not rehearsed: the loaded policy was asked what the daemons may read, and the handshakes after the commit will show it", "nothing has to be done");

    /// <summary><see cref="BadRuleCode"/>.</summary>
    public static Diagnostic BadRule(string problem) =>
        new(BadRuleCode, Severity.Warning, problem, "correct the line; until then restorecon and semanage fail");

    /// <summary><see cref="NotPersistentCode"/>.</summary>
    public static Diagnostic NotPersistent(SourceLocation at, string directory, string policy, string why, string type, string lack, string remedy) =>
        new(NotPersistentCode, Severity.Warning, $"{directory} is {policy} by the policy, {why}; it gets {type}, and a relabel would undo that: {lack}", remedy, at);

    /// <summary><see cref="NotPersistentCode"/>.</summary>
    public static Diagnostic LocalRule(SourceLocation at, string path, string type, string why, string rule, string command) =>
        new(NotPersistentCode, Severity.Warning, $"{path} is {type} by a local rule ({rule}), {why}; a relabel would undo the label that it gets", command, at);

    /// <summary><see cref="ForeignLabelCode"/>.</summary>
    public static Diagnostic ForeignLabel(string path, string type, IReadOnlyList<string> domains, string remedy) =>
        new(ForeignLabelCode, Severity.Warning, $"{path} has the label {type}, which {string.Join(" and ", domains)} may not read", remedy);

    /// <summary><see cref="UnreadableCode"/>.</summary>
    public static Diagnostic UnknownType(SourceLocation at, string type) =>
        new(UnreadableCode, Severity.Error, $"the loaded policy has no type {type}", "leave selinuxType out, or say cert_t", at);

    /// <summary><see cref="UnreadableCode"/>.</summary>
    public static Diagnostic Unreadable(SourceLocation at, string path, string type, IReadOnlyList<string> domains) =>
        new(UnreadableCode, Severity.Error, $"{path} would get the label {type}, which {string.Join(" and ", domains)} may not read", "choose a directory that the policy has for certificates, for example /etc/pki/mailtls, or say selinuxType: cert_t", at);
}
