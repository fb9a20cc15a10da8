namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics about Dovecot (MTS04xx).</summary>
public static class DovecotDiagnostics
{
    /// <summary>The protocol is not switched on.</summary>
    public static readonly DiagnosticCode ProtocolMissingCode = new(
        "MTS0401",
        "Dovecot does not serve the protocol",
        "The manifest names an endpoint whose protocol is not in Dovecot's \"protocols\" setting. On Debian each protocol is a package of its own (dovecot-imapd, dovecot-pop3d) that adds itself there. Install it, or leave the endpoint out of the manifest.");

    /// <summary>The managed file is not read.</summary>
    public static readonly DiagnosticCode NotIncludedCode = new(
        "MTS0402",
        "Dovecot's configuration includes no directory of its own",
        "MailTlsState keeps its settings in a file of their own, which Dovecot's main file has to include. The main file has no include that covers it, so one line is added at its end.");

    /// <summary>Two blocks contradict each other for one name.</summary>
    public static readonly DiagnosticCode ConflictCode = new(
        "MTS0403",
        "blocks of Dovecot's configuration contradict each other",
        "Dovecot 2.3 must not meet two blocks that set one thing for one connection unless one of them is about all that the other is about: local and local_name, or local_name and protocol. It does not choose then, it drops the connection, so that TLS for this name is down. Keep one of the two, or write one inside the other.");

    /// <summary>A line that 2.4 refuses.</summary>
    public static readonly DiagnosticCode LeftoverCode = new(
        "MTS0404",
        "setting of Dovecot 2.3 keeps 2.4 from starting",
        "Dovecot 2.4 refuses the names of 2.3 and does not start (exit status 89) as long as one of them is there. MailTlsState translates the settings about TLS that it manages; this line is about something else, where only the administrator knows what is wanted. Change it as the hint says, then plan again; the upgrade notes at doc.dovecot.org have the details.");

    /// <summary>A line that is translated.</summary>
    public static readonly DiagnosticCode TranslatedCode = new(
        "MTS0405",
        "setting of Dovecot 2.3 is translated for 2.4",
        "Dovecot 2.4 does not know the name any more. The line is about TLS, so it is written anew under its name of 2.4, or removed where 2.4 has nothing of the kind; what it says stays the same.");

    /// <summary>The version lines of 2.4 are missing.</summary>
    public static readonly DiagnosticCode NoConfigVersionCode = new(
        "MTS0406",
        "dovecot_config_version is missing",
        "Dovecot 2.4 wants dovecot_config_version as its very first setting, and dovecot_storage_version after it. They choose the defaults of all other settings, so MailTlsState neither writes nor raises them: which defaults are wanted is the administrator's decision. 2.4.0 keeps those of the first 2.4.");

    /// <summary>A configuration file is not root's.</summary>
    public static readonly DiagnosticCode UntrustedCode = new(
        "MTS0407",
        "configuration file can be changed by others than root",
        "Dovecot's master reads its configuration as root, and whoever writes it can have any program run. A file that belongs to another user, or that everybody may write, is no base to build on; the settings could also change between plan and apply. Correct owner or mode, then plan again.");

    /// <summary>The managed file is another manifest's.</summary>
    public static readonly DiagnosticCode OtherManifestCode = new(
        "MTS0408",
        "settings are managed by another manifest",
        "The file that holds MailTlsState's settings says in its first line that it was written for another host's manifest. Two manifests for one Dovecot would undo each other at every run. Decide which one it is; where the host was renamed or copied, remove the file and apply the new manifest.");

    /// <summary>The configuration cannot be read.</summary>
    public static readonly DiagnosticCode UnreadableCode = new(
        "MTS0409",
        "Dovecot's configuration cannot be read",
        "The place and the fault are as MailTlsState's own reader found them; Dovecot refuses the configuration, too. Blocks that are not closed, includes that name no file, files that include themselves and lines without \"=\" are the usual ones. Mend the place, check with doveconf -n, then plan again; nothing was changed.");

    /// <summary>Dovecot's submission service is on a port of Postfix.</summary>
    public static readonly DiagnosticCode SubmissionClashCode = new(
        "MTS0411",
        "two services want the submission port",
        "Dovecot's own submission service (package dovecot-submissiond) listens on 587 and 465 by default, and the manifest gives the port to Postfix. Whoever is started second does not get the port, and Postfix's master ends over it. Name the endpoint under services.dovecot with security: disabled to take the port from Dovecot, or name it there instead of under services.postfix.");

    /// <summary>A block for several names loses lines for all of them.</summary>
    public static readonly DiagnosticCode SharedBlockCode = new(
        "MTS0412",
        "other names lose a setting, too",
        "A block is for the manifest's name and for others as well, and overrides the manifest. Where it can be done, the manifest's name is taken out of the block's head, or the block no longer uses the group that says so, and the other names keep what they have. This one is about a name with a star, or it holds settings that the manifest does not decide and that its name would lose, so the line itself goes: the other names get the manifest's certificate and policy. Give them a block of their own before apply, if they should keep theirs.");

    /// <summary>Another listener holds an endpoint's port.</summary>
    public static readonly DiagnosticCode ListenerClashCode = new(
        "MTS0413",
        "another listener of Dovecot is on the endpoint's port",
        "Dovecot does not start with two listeners on one port. A listener under a name of the administrator's own that belongs to the endpoint's login service is taken over: the line with its port goes. This one is another protocol's, or it is one that Dovecot has by itself and that would go to its usual port, or it expects the PROXY protocol and the manifest does not say so, so what is wanted is the administrator's to say.");

    /// <summary>Some clients log in without TLS where it is required.</summary>
    public static readonly DiagnosticCode TrustedNetworksCode = new(
        "MTS0414",
        "trusted networks log in without TLS",
        "Dovecot 2.3 takes clients from login_trusted_networks for secured, also where TLS is required: they are offered AUTH before STARTTLS, and their passwords pass in clear. The setting is meant for proxies and webmail, which say by it who their clients are, so it stays as it is. Dovecot 2.4 wants TLS from such clients, too.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        ProtocolMissingCode, NotIncludedCode, ConflictCode, LeftoverCode, TranslatedCode, NoConfigVersionCode, UntrustedCode, OtherManifestCode, UnreadableCode,
        SubmissionClashCode, SharedBlockCode, ListenerClashCode, TrustedNetworksCode,
    ];

    /// <summary><see cref="ConflictCode"/>.</summary>
    public static Diagnostic Conflict(SourceLocation at, string setting, string name, string other) =>
        new(ConflictCode, Severity.Warning, $"{setting} contradicts {other}, so Dovecot 2.3 drops connections to {name}", "keep one of the two, or write one block inside the other", at);

    /// <summary><see cref="LeftoverCode"/>.</summary>
    public static Diagnostic Leftover(SourceLocation at, string setting, string replacement) =>
        new(LeftoverCode, Severity.Error, $"Dovecot 2.4 does not take \"{setting}\"", replacement, at);

    /// <summary><see cref="TranslatedCode"/>.</summary>
    public static Diagnostic Translated(SourceLocation at, string setting, string? statement) =>
        new(TranslatedCode, Severity.Note, statement is null ? $"\"{setting}\" has no place in Dovecot 2.4 and goes" : $"\"{setting}\" is \"{statement}\" in Dovecot 2.4", "nothing has to be done", at);

    /// <summary><see cref="NoConfigVersionCode"/>.</summary>
    public static Diagnostic NoConfigVersion(SourceLocation at) =>
        new(NoConfigVersionCode, Severity.Error, "the first settings are not dovecot_config_version and dovecot_storage_version, and Dovecot 2.4 does not start without them", "write \"dovecot_config_version = 2.4.0\" and \"dovecot_storage_version = 2.4.0\" before this line", at);

    /// <summary><see cref="UntrustedCode"/>.</summary>
    public static Diagnostic Untrusted(string path, string what, string remedy) =>
        new(UntrustedCode, Severity.Error, $"{path} {what}", remedy, new SourceLocation(path, 1, 1));

    /// <summary><see cref="OtherManifestCode"/>.</summary>
    public static Diagnostic OtherManifest(string path, string other, string host) =>
        new(OtherManifestCode, Severity.Error, $"{path} was written for {other}, and this manifest is for {host}", $"apply the manifest of {other}, or remove the file if this one takes its place", new SourceLocation(path, 1, 1));

    /// <summary><see cref="UnreadableCode"/>.</summary>
    public static Diagnostic Unreadable(SourceLocation at, string problem) =>
        new(UnreadableCode, Severity.Error, problem, "mend the line, check with doveconf -n, then plan again", at);

    /// <summary><see cref="UnreadableCode"/>, where there is no main file.</summary>
    public static Diagnostic Missing(string path) =>
        new(UnreadableCode, Severity.Error, $"{path} is not there", "restore it from a backup or from the package (on Debian apt-get install --reinstall -o Dpkg::Options::=--force-confmiss dovecot-core), then plan again", new SourceLocation(path, 1, 1));

    /// <summary><see cref="SubmissionClashCode"/>.</summary>
    public static Diagnostic SubmissionClash(SourceLocation at, string endpoint, int port, string? line) =>
        new(SubmissionClashCode, Severity.Error, $"port {port} is Postfix's {endpoint} here, but Dovecot's submission service listens on it{(line is null ? " by default" : $" ({line})")}", $"add {endpoint}: {{ security: disabled }} under services.dovecot.endpoints, or name the endpoint there instead", at);

    /// <summary><see cref="SharedBlockCode"/>.</summary>
    public static Diagnostic SharedBlock(SourceLocation at, string setting, string others) =>
        new(SharedBlockCode, Severity.Warning, $"\"{setting}\" overrides the manifest and goes, for {others} as well", "write a block of its own for each name that should keep the setting", at);

    /// <summary><see cref="ListenerClashCode"/>.</summary>
    public static Diagnostic ListenerClash(SourceLocation at, string listener, string endpoint, int port, bool proxy) => proxy
        ? new(ListenerClashCode, Severity.Error, $"{listener} expects the PROXY protocol on port {port}, and the manifest does not say so of {endpoint}", $"write proxyProtocol: true for {endpoint}, or remove the listener", at)
        : new(ListenerClashCode, Severity.Error, $"port {port} is {endpoint}'s here, but {listener} has it", "remove the line, give it another port, or name in the manifest what listens there", at);

    /// <summary><see cref="TrustedNetworksCode"/>.</summary>
    public static Diagnostic TrustedNetworks(SourceLocation at, string setting, string networks, string endpoints) =>
        new(TrustedNetworksCode, Severity.Warning, $"clients from {networks} may log in to {endpoints} without TLS, although it is required: {setting} says so", "take out the networks that are not those of proxies, or accept it", at);

    /// <summary><see cref="ProtocolMissingCode"/>.</summary>
    public static Diagnostic ProtocolMissing(SourceLocation at, string protocol, string protocols) =>
        new(ProtocolMissingCode, Severity.Error, $"Dovecot serves {(protocols.Length == 0 ? "no protocol" : protocols)}, but not {protocol}", $"install the package dovecot-{protocol}d, or leave its endpoints out of the manifest", at);

    /// <summary><see cref="NotIncludedCode"/>.</summary>
    public static Diagnostic NotIncluded(string mainFile, string line) =>
        new(NotIncludedCode, Severity.Note, $"{mainFile} includes no conf.d directory, so \"{line}\" is added at its end", "nothing has to be done", new SourceLocation(mainFile, 1, 1));
}
