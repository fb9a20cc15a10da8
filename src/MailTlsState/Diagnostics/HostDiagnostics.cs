using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Diagnostics;

/// <summary>Problems with the host, its programs and the secrets that lie on it (MTS02xx).</summary>
public static class HostDiagnostics
{
    /// <summary>A secret's file does not exist.</summary>
    public static readonly DiagnosticCode SecretMissingCode = new(
        "MTS0201",
        "a secret file does not exist",
        "The manifest names a file that holds a secret, for example the passphrase of the CA key, and nothing is at that path. MailTlsState never "
        + "makes up a secret: it could not be typed again later. Create the file as root with mode 0600 and put the secret on its only line.");

    /// <summary>A secret's file is open to others.</summary>
    public static readonly DiagnosticCode SecretExposedCode = new(
        "MTS0202",
        "a secret file can be read by others",
        "The file that holds a secret has permission bits for its group or for everybody, so the secret may be known already. Anything that it protects "
        + "is only as safe as the file. Take the bits away with chmod 600, and consider a new secret.");

    /// <summary>A secret's path is not a regular file.</summary>
    public static readonly DiagnosticCode SecretNotRegularCode = new(
        "MTS0203",
        "a secret path is not a regular file",
        "The path that should hold a secret is a symbolic link, a directory, a pipe or a device. Links are not followed, because whoever may change "
        + "the link chooses what is read. Name the file itself.");

    /// <summary>A secret's file is too large.</summary>
    public static readonly DiagnosticCode SecretTooLargeCode = new(
        "MTS0204",
        "a secret file is too large",
        "A secret has at most 4096 bytes. A larger file is most likely another file whose path was given by mistake. Check the path in the manifest.");

    /// <summary>A secret is empty.</summary>
    public static readonly DiagnosticCode SecretEmptyCode = new(
        "MTS0205",
        "a secret is empty",
        "The file or environment variable exists but holds nothing, or only a newline. An empty passphrase protects nothing. Write the secret into it.");

    /// <summary>A secret's file belongs to somebody else.</summary>
    public static readonly DiagnosticCode SecretOwnerCode = new(
        "MTS0206",
        "a secret file belongs to another user",
        "The file belongs neither to root nor to the user who runs the command. Its owner can read the secret and can exchange it at any time. "
        + "Give the file to root with chown root.");

    /// <summary>A secret's environment variable is not set.</summary>
    public static readonly DiagnosticCode SecretVariableCode = new(
        "MTS0207",
        "a secret's environment variable is not set",
        "The manifest takes a secret from an environment variable, and this process has none of that name. sudo and systemd drop variables unless told "
        + "to keep them. Set it for the command, or refer to a file instead.");

    /// <summary>A secret's file cannot be read.</summary>
    public static readonly DiagnosticCode SecretUnreadableCode = new(
        "MTS0208",
        "a secret file cannot be read",
        "The file is there, but the system refuses to open or read it. Usually the command runs without the rights that it needs, or a parent directory "
        + "is a symbolic link that a user other than root could have made. Run the command as root and name the real path.");

    /// <summary>A secret is not text.</summary>
    public static readonly DiagnosticCode SecretNotTextCode = new(
        "MTS0209",
        "a secret is not UTF-8 text",
        "A passphrase is text, and other tools must be able to take the same one. This one has bytes that are no UTF-8, or a NUL. "
        + "It may be a key or another binary file whose path was given by mistake.");

    /// <summary>A program could be changed by others.</summary>
    public static readonly DiagnosticCode ProgramNotTrustedCode = new(
        "MTS0210",
        "a program could be changed by somebody other than root",
        "MailTlsState runs programs as root. A program, or a directory on the way to it, that belongs to another user or is writable for a group or for everybody "
        + "would let that user become root. Give it to root and take the write permission away, as the distribution's package does.");

    /// <summary>A program wrote too much.</summary>
    public static readonly DiagnosticCode ProgramOutputCode = new(
        "MTS0211",
        "a program wrote more than 4 MiB",
        "Programs such as postconf and doveconf print a few kilobytes. This one printed so much that it was ended, because half an answer "
        + "could be taken for a whole one. Run it by hand to see what it prints.");

    /// <summary>A program could not be started.</summary>
    public static readonly DiagnosticCode ProgramNotStartedCode = new(
        "MTS0212",
        "a program could not be started",
        "The program exists but the system did not start it. It may be damaged, made for another processor, on a file system mounted noexec, or the host has no "
        + "memory or process left. Run it by hand to see the same error.");

    /// <summary>The lock file cannot be opened.</summary>
    public static readonly DiagnosticCode LockUnavailableCode = new(
        "MTS0213",
        "the lock file cannot be used",
        "Only one apply may run on a host at a time; a lock file in /run sees to that. It could not be opened or locked: usually the command "
        + "does not run as root, or something else is at that path. Run it as root.");

    /// <summary>A recording has no answer.</summary>
    public static readonly DiagnosticCode NotRecordedCode = new(
        "MTS0214",
        "the observation does not hold an answer that is needed",
        "A plan can be made away from the host from a recorded observation. This one was recorded with another manifest, or with another version of MailTlsState, "
        + "and does not hold all that is asked now. Record it again on the host with the same manifest.");

    /// <summary>A recording cannot be read.</summary>
    public static readonly DiagnosticCode RecordingUnreadableCode = new(
        "MTS0215",
        "the observation file cannot be read",
        "The file is not an observation of MailTlsState, is damaged, or comes from a newer version. Record it again on the host with the version "
        + "that reads it.");

    /// <summary>A change was asked of a host that is only read.</summary>
    public static readonly DiagnosticCode ReadOnlyCode = new(
        "MTS0216",
        "a command that only reads tried to change the host",
        "Plan and verify run on a host that refuses every change. That one was asked for is a defect of MailTlsState; nothing was changed. Please report it "
        + "with the manifest and the output.");

    /// <summary>A directory cannot be read.</summary>
    public static readonly DiagnosticCode DirectoryUnreadableCode = new(
        "MTS0217",
        "a directory cannot be read",
        "The names in a directory are needed to know the state of the host, and the system refused to list them. Run the command as root.");

    /// <summary>A secret's systemd credential is not there.</summary>
    public static readonly DiagnosticCode SecretCredentialCode = new(
        "MTS0218",
        "a secret's systemd credential is not passed",
        "The manifest takes a secret from a systemd credential, which systemd gives to the units that load it, in a directory of their own ($CREDENTIALS_DIRECTORY). This process got none of that name. In the unit that runs mailtls "
        + "write LoadCredential=NAME:/path, or LoadCredentialEncrypted=NAME:/path for one that systemd-creds encrypted to this machine. By hand: systemd-run --pty -p LoadCredential=NAME:/path mailtls apply MANIFEST.");

    /// <summary>Nobody can be asked for a secret.</summary>
    public static readonly DiagnosticCode SecretTerminalCode = new(
        "MTS0219",
        "a passphrase cannot be asked for",
        "The manifest names no source of the passphrase, so it is asked for on the terminal, without being shown; twice where a key is encrypted under it. This process has no terminal (a timer, a hook, a pipeline), or what was typed "
        + "the second time was another text. Nothing was changed. For what runs unattended, name a file, an environment variable or a systemd credential under passphrase.");

    /// <summary>Every code of this class.</summary>
    public static IReadOnlyList<DiagnosticCode> All =>
    [
        SecretMissingCode, SecretExposedCode, SecretNotRegularCode, SecretTooLargeCode, SecretEmptyCode, SecretOwnerCode, SecretVariableCode,
        SecretUnreadableCode, SecretNotTextCode, ProgramNotTrustedCode, ProgramOutputCode, ProgramNotStartedCode, LockUnavailableCode,
        NotRecordedCode, RecordingUnreadableCode, ReadOnlyCode, DirectoryUnreadableCode, SecretCredentialCode, SecretTerminalCode,
    ];

    /// <summary>The diagnostic of a secret that cannot be had, or null when it can.</summary>
    public static Diagnostic? ForSecret(SecretObservation secret, SourceLocation? location = null)
    {
        if (secret.Problem is null)
        {
            return null;
        }

        var code = All.FirstOrDefault(c => c.Id == secret.Code) ?? SecretUnreadableCode;
        return new Diagnostic(code, Severity.Error, secret.Problem, SecretRemedy(code, secret.Reference), location);
    }

    /// <summary>MTS0219.</summary>
    public static Diagnostic NoTerminal() => Error(
        SecretTerminalCode, "the passphrase has no source, and there is no terminal to ask on", "run the command on a terminal, or name file, env or credential under passphrase");

    /// <summary>MTS0219.</summary>
    public static Diagnostic NothingTyped() => Error(SecretTerminalCode, "no passphrase was typed", "run the command again");

    /// <summary>MTS0219.</summary>
    public static Diagnostic TypedTwice() => Error(SecretTerminalCode, "the passphrase that was typed the second time is another one", "run the command again");

    /// <summary>MTS0210.</summary>
    public static Diagnostic ProgramNotTrusted(string program, string component) => Error(
        ProgramNotTrustedCode,
        component == program ? $"{program} can be changed by somebody other than root" : $"{program} is not run: {component} can be changed by somebody other than root",
        $"chown root {component} && chmod go-w {component}");

    /// <summary>MTS0211.</summary>
    public static Diagnostic ProgramOutputTooLarge(string call, int limit) => Error(
        ProgramOutputCode, $"\"{call}\" wrote more than {limit / 1024 / 1024} MiB and was ended", "run it by hand to see what it prints");

    /// <summary>MTS0212.</summary>
    public static Diagnostic ProgramNotStarted(string program, string reason) => Error(
        ProgramNotStartedCode, $"{program} could not be started: {reason}", "run it by hand to see the same error");

    /// <summary>MTS0213.</summary>
    public static Diagnostic LockUnavailable(string path, string reason) => Error(
        LockUnavailableCode, $"the lock file {path} cannot be used: {reason}", "run the command as root");

    /// <summary>MTS0214.</summary>
    public static Diagnostic NotRecorded(string question) => Error(
        NotRecordedCode, $"the observation holds no answer to: {question}", "record it again on the host with this manifest");

    /// <summary>MTS0215.</summary>
    public static Diagnostic RecordingUnreadable(string reason) => Error(
        RecordingUnreadableCode, $"the observation file cannot be read: {reason}", "record it again on the host");

    /// <summary>MTS0216.</summary>
    public static Diagnostic ReadOnly(string operation) => Error(
        ReadOnlyCode, $"a command that only reads tried to {operation}", "report this as a defect; nothing was changed");

    /// <summary>MTS0217.</summary>
    public static Diagnostic DirectoryUnreadable(string path) => Error(
        DirectoryUnreadableCode, $"{path} cannot be listed: permission denied", "run the command as root");

    private static Diagnostic Error(DiagnosticCode code, string fact, string remedy) => new(code, Severity.Error, fact, remedy);

    private static string SecretRemedy(DiagnosticCode code, SecretReference reference) => code.Id switch
    {
        "MTS0218" => $"load it in the unit: LoadCredential={reference.Credential}:/path",
        _ when reference.File is null && reference.EnvironmentVariable is null => "give another passphrase",
        "MTS0201" => $"create {reference.File} as root with mode 0600 and put the secret on its only line",
        "MTS0202" => $"chmod 600 {reference.File}, and consider a new secret",
        "MTS0203" => "name the file itself",
        "MTS0204" or "MTS0209" => "check the path in the manifest",
        "MTS0205" => "write the secret into it",
        "MTS0206" => $"chown root {reference.File}",
        "MTS0207" => $"set {reference.EnvironmentVariable} for this command, or refer to a file",
        _ => "run the command as root and name the real path",
    };
}
