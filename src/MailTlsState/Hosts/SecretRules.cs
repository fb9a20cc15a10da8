using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Hosts;

/// <summary>A secret's file as it was opened.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Owner">Numeric owner.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Content">At most one byte more than a secret may have.</param>
internal sealed record SecretFile(FileKind Kind, int Owner, int Mode, byte[] Content);

/// <summary>What a secret must be like, the same on every host. No message holds any part of one.</summary>
internal static class SecretRules
{
    /// <summary>Longest secret in bytes.</summary>
    internal const int MaximumSize = 4096;

    /// <summary>Names the directory with the credentials of the running unit (systemd.exec(5)).</summary>
    internal const string CredentialsDirectory = "CREDENTIALS_DIRECTORY";

    /// <summary>Judges a reference.</summary>
    /// <param name="reference">File, environment variable or systemd credential; what is typed is asked elsewhere.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="open">Opens a file; null when there is none.</param>
    /// <param name="user">Effective user, who may own the file beside root.</param>
    internal static (SecretObservation Observation, string? Secret) Read(
        SecretReference reference,
        IDictionary<string, string> variables,
        Func<string, SecretFile?> open,
        int user = 0)
    {
        if (reference.IsTyped)
        {
            return (new SecretObservation(reference, null), null);
        }

        if (reference.EnvironmentVariable is { } name)
        {
            return variables.TryGetValue(name, out var value)
                ? ReadText(reference, Encoding.UTF8.GetBytes(value), dropNewline: false)
                : Problem(reference, HostDiagnostics.SecretVariableCode, "is not set");
        }

        var path = reference.File;
        if (reference.Credential is { } credential)
        {
            if (!variables.TryGetValue(CredentialsDirectory, out var directory) || !directory.StartsWith('/'))
            {
                return Problem(reference, HostDiagnostics.SecretCredentialCode, "is not passed to this process");
            }

            path = $"{directory.TrimEnd('/')}/{credential}";
        }

        const int forOthers = 0b000_111_111;
        return open(path!) switch
        {
            null when reference.Credential is not null => Problem(reference, HostDiagnostics.SecretCredentialCode, "is not among those that are passed to this process"),
            var file => Read(reference, file, forOthers, user),
        };
    }

    /// <summary>A secret that was typed.</summary>
    /// <param name="reference">The reference to the terminal.</param>
    /// <param name="ask">Asks for a line by a question; null where there is no terminal.</param>
    /// <exception cref="MailTlsException">Nobody can be asked, nothing was typed, or another text the second time.</exception>
    internal static string Typed(SecretReference reference, Func<string, string?> ask)
    {
        var typed = ask("Passphrase of the root CA's key: ") ?? throw new MailTlsException(HostDiagnostics.NoTerminal());
        if (typed.Length == 0)
        {
            throw new MailTlsException(HostDiagnostics.NothingTyped());
        }

        var secret = Require(ReadText(reference, Encoding.UTF8.GetBytes(typed), dropNewline: false));
        return !reference.IsNew || ask("The same once more, since a key is encrypted under it: ") == typed ? secret : throw new MailTlsException(HostDiagnostics.TypedTwice());
    }

    private static (SecretObservation Observation, string? Secret) Read(SecretReference reference, SecretFile? file, int forOthers, int user) =>
        file switch
        {
            null => Problem(reference, HostDiagnostics.SecretMissingCode, "does not exist"),
            { Kind: FileKind.SymbolicLink } => Problem(reference, HostDiagnostics.SecretNotRegularCode, "is a symbolic link"),
            { Kind: not FileKind.Regular } => Problem(reference, HostDiagnostics.SecretNotRegularCode, "is not a regular file"),
            { Owner: var owner } when owner != 0 && owner != user => Problem(reference, HostDiagnostics.SecretOwnerCode, $"belongs to user {owner}"),
            { Mode: var mode } when (mode & forOthers) != 0 =>
                Problem(reference, HostDiagnostics.SecretExposedCode, $"is open to others, mode {Convert.ToString(mode, 8).PadLeft(4, '0')}"),
            { Content: var content } => ReadText(reference, content, dropNewline: true),
        };

    /// <exception cref="MailTlsException">The secret cannot be had.</exception>
    internal static string Require((SecretObservation Observation, string? Secret) read) =>
        read.Secret ?? throw new MailTlsException(HostDiagnostics.ForSecret(read.Observation)!);

    internal static (SecretObservation Observation, string? Secret) Problem(SecretReference reference, DiagnosticCode code, string fact) =>
        (new SecretObservation(reference, $"{reference} {fact}") { Code = code.Id }, null);

    private static (SecretObservation Observation, string? Secret) ReadText(SecretReference reference, byte[] content, bool dropNewline)
    {
        if (content.Length > MaximumSize)
        {
            return Problem(reference, HostDiagnostics.SecretTooLargeCode, $"has more than {MaximumSize} bytes");
        }

        var length = dropNewline && content.Length > 0 && content[^1] == '\n' ? content.Length - 1 : content.Length;
        if (length == 0)
        {
            return Problem(reference, HostDiagnostics.SecretEmptyCode, "is empty");
        }

        try
        {
            var secret = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content, 0, length);
            return secret.Contains('\0')
                ? Problem(reference, HostDiagnostics.SecretNotTextCode, "is not UTF-8 text")
                : (new SecretObservation(reference, null), secret);
        }
        catch (DecoderFallbackException)
        {
            return Problem(reference, HostDiagnostics.SecretNotTextCode, "is not UTF-8 text");
        }
    }
}
