using MailTlsState.Hosts;

namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics that hold for every mail server (MTS030x).</summary>
public static class ServiceDiagnostics
{
    /// <summary>The server's programs are not on the host.</summary>
    public static readonly DiagnosticCode NotInstalledCode = new(
        "MTS0301",
        "service is not installed",
        "The manifest names a mail server whose programs are not on this host. MailTlsState configures TLS of a server that is there; it installs none. Install the package, or take the service out of the manifest.");

    /// <summary>The version is outside of what is known.</summary>
    public static readonly DiagnosticCode UnknownVersionCode = new(
        "MTS0302",
        "service version is outside the supported range",
        "Mail servers rename and drop TLS settings between versions, and some ignore a setting that they do not know, with TLS off as the result. For a version outside the supported range MailTlsState refuses to guess. "
        + "Upgrade MailTlsState, or set allowUntested: true for the service: then the nearest known spelling is used, and the rehearsal decides whether the daemon takes it.");

    /// <summary>The version is in range but our tests never ran it.</summary>
    public static readonly DiagnosticCode UntestedVersionCode = new(
        "MTS0303",
        "service version was never run in tests",
        "The version lies in a range whose settings are known, but MailTlsState's own tests run another one of that range. The rehearsal starts the real daemon on the new files before anything changes, so a difference shows up there.");

    /// <summary>The daemon cannot read its own configuration, before anything was changed.</summary>
    public static readonly DiagnosticCode BrokenConfigurationCode = new(
        "MTS0304",
        "service cannot read its configuration",
        "The daemon's own program reports an error in the configuration as it stands, so its effective settings cannot be known and a roll-back would bring back something that does not work. Mend what it names, then plan again; nothing was changed.");

    /// <summary>Another program holds a port of the manifest.</summary>
    public static readonly DiagnosticCode PortTakenCode = new(
        "MTS0305",
        "port is held by another program",
        "The manifest gives a port to one mail server, but another program listens on it. Postfix's master ends with \"Address already in use\" when it is reloaded onto a taken port, and takes all mail service with it, although its checks pass. "
        + "Another instance of the same mail server counts as another program: only the primary one is managed. "
        + "Stop the other program, take the port away from it (Dovecot's submission service is a usual holder of 587), or leave the endpoint out of the manifest. From one mail server to the other a port goes by two applies: one disables the endpoint under the service that has it, the next names it under the other.");

    /// <summary>A setting elsewhere differs and is left alone.</summary>
    public static readonly DiagnosticCode OverrideLeftCode = new(
        "MTS0306",
        "setting of another listener, name or transport is left alone",
        "A part of the configuration sets a certificate or policy for a listener or name that the manifest does not speak of. It is plainly meant for something else, so it stays; connections to that listener or name do not get the manifest's state. "
        + "Of outgoing mail the same is said of a transport that is stricter than the manifest's outbound section, or that leads to a content filter or to hosts within; one that is weaker loses the setting. "
        + "A single destination that cannot have what the manifest says belongs into smtp_tls_policy_maps.");

    /// <summary>The daemon warns about its configuration.</summary>
    public static readonly DiagnosticCode DaemonWarningCode = new(
        "MTS0307",
        "service warns about its configuration",
        "The daemon's own program printed a warning about a part of the configuration that MailTlsState does not manage. Postfix accepts a misspelt parameter in silence otherwise, so the warning is passed on.");

    /// <summary>An edited file is not a plain file of root's.</summary>
    public static readonly DiagnosticCode UneditableFileCode = new(
        "MTS0308",
        "configuration file cannot be replaced safely",
        "A configuration file that has to be edited is a directory, a device or a pipe, is too large, or cannot be read. MailTlsState reads the whole text, edits it and replaces the file by an atomic rename. Make it a plain text file of root's.");

    /// <summary>A configuration file holds a NUL byte.</summary>
    public static readonly DiagnosticCode BinaryFileCode = new(
        "MTS0309",
        "configuration file is not a text file",
        "The file holds a NUL byte, as after a disk fault or when something else was copied over it. The daemon reads a line up to the NUL and takes no notice of the rest, so what it uses is not what an editor shows. Bring the file back from a backup, or remove the byte, then plan again; nothing was changed.");

    /// <summary>A part of the policy that the version has no setting for.</summary>
    public static readonly DiagnosticCode InexpressibleCode = new(
        "MTS0310",
        "service cannot express a part of the policy",
        "The installed version has no setting for something that the policy states. As a warning it means that the server accepts more than the policy allows, as a note that it offers less. "
        + "Upgrade the server, override the field in the manifest, or accept the difference.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        NotInstalledCode, UnknownVersionCode, UntestedVersionCode, BrokenConfigurationCode, PortTakenCode, OverrideLeftCode, DaemonWarningCode, UneditableFileCode, BinaryFileCode, InexpressibleCode,
    ];

    /// <summary><see cref="NotInstalledCode"/>.</summary>
    public static Diagnostic NotInstalled(SourceLocation at, string service, string program, string package) =>
        new(NotInstalledCode, Severity.Error, $"{service} is not installed: there is no {program}", $"install the package {package}, or take {service} out of the manifest", at);

    /// <summary><see cref="UnknownVersionCode"/>.</summary>
    public static Diagnostic UnknownVersion(SourceLocation at, string service, string version, string range) =>
        new(UnknownVersionCode, Severity.Error, $"{service} {version} is outside the supported range {range}", $"set allowUntested: true for {service} to go on all the same", at);

    /// <summary><see cref="UntestedVersionCode"/>.</summary>
    public static Diagnostic UntestedVersion(SourceLocation at, string service, string version, string tested) =>
        new(UntestedVersionCode, Severity.Note, $"{service} {version} was never run in MailTlsState's tests, which run {tested}", "read the plan with more care than usual", at);

    /// <summary><see cref="BrokenConfigurationCode"/>.</summary>
    public static Diagnostic BrokenConfiguration(string service, string file, string error, SourceLocation? at = null) =>
        new(BrokenConfigurationCode, Severity.Error, $"{service} cannot read {file}: {FirstLine(error)}", "mend what the daemon names, then plan again", at);

    /// <summary><see cref="PortTakenCode"/>.</summary>
    public static Diagnostic PortTaken(SourceLocation at, string endpoint, int port, Listener holder) =>
        new(
            PortTakenCode,
            Severity.Error,
            $"port {port} for {endpoint} is held by {holder.Executable ?? holder.Program ?? "a program that could not be identified"}{(holder.ProcessId is { } pid ? $" (process {pid})" : "")} on {holder.Address}",
            "stop that program or take the port away from it, or leave the endpoint out of the manifest",
            at);

    /// <summary><see cref="PortTakenCode"/>.</summary>
    public static Diagnostic PortOfInstance(SourceLocation at, string endpoint, int port, Listener holder, string service, string configuration) =>
        new(
            PortTakenCode,
            Severity.Error,
            $"port {port} for {endpoint} is held by another instance of {service} (master process {holder.ProcessId}) on {holder.Address}",
            $"take the port away from that instance in its own {configuration}, or leave the endpoint out of the manifest",
            at);

    /// <summary><see cref="OverrideLeftCode"/>.</summary>
    public static Diagnostic OverrideLeft(SourceLocation at, string setting, string where) =>
        new(OverrideLeftCode, Severity.Warning, $"{setting} is set for {where} and stays as it is", "name the listener or host name in the manifest, or remove the setting, if it should follow the manifest", at);

    /// <summary><see cref="OverrideLeftCode"/>, of a transport of outgoing mail.</summary>
    public static Diagnostic TransportLeft(SourceLocation at, string setting, string transport, bool isWeaker) => isWeaker
        ? new(OverrideLeftCode, Severity.Warning, $"{setting} is set for the transport {transport}, which leads to a content filter or to hosts within, and stays as it is", "remove the setting, if mail on that transport leaves this host", at)
        : new(OverrideLeftCode, Severity.Note, $"{setting} is set for the transport {transport}, is stricter than the manifest and stays as it is", "remove the setting, if the transport should follow the manifest", at);

    /// <summary><see cref="DaemonWarningCode"/>.</summary>
    public static Diagnostic DaemonWarning(string service, string text) =>
        new(DaemonWarningCode, Severity.Warning, $"{service} says: {text}", "correct the setting it names");

    /// <summary><see cref="UneditableFileCode"/>.</summary>
    public static Diagnostic UneditableFile(string path, string what) =>
        new(UneditableFileCode, Severity.Error, $"{path} {what}", "make it a plain text file that root can read", new SourceLocation(path, 1, 1));

    /// <summary><see cref="BinaryFileCode"/>.</summary>
    public static Diagnostic BinaryFile(SourceLocation at) =>
        new(BinaryFileCode, Severity.Error, $"{at.File} holds a NUL byte", "bring the file back from a backup, or remove the byte", at);

    /// <summary><see cref="InexpressibleCode"/>.</summary>
    public static Diagnostic Inexpressible(SourceLocation at, string service, string policy, string text, bool acceptsMore) =>
        new(InexpressibleCode, acceptsMore ? Severity.Warning : Severity.Note, $"policy {policy} on {service}: {text}", acceptsMore ? "override the field under policy, upgrade the server, or accept it" : "", at);

    private static string FirstLine(string text)
    {
        var line = text.Split('\n', 2)[0].TrimEnd();
        return line.TrimEnd('.');
    }
}
