using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Hosts.Linux;

/// <summary>Reads secrets with the checks that <see cref="IHostWriter.ReadSecret"/> promises. No message holds any part of one.</summary>
internal static class LinuxSecrets
{
    private const int MaximumSize = 4096;

    internal static SecretObservation Observe(SecretReference reference) => Read(reference).Observation;

    /// <exception cref="MailTlsException">The secret cannot be had.</exception>
    internal static string ReadSecret(SecretReference reference)
    {
        var (observation, secret) = Read(reference);
        return secret ?? throw new MailTlsException(HostDiagnostics.ForSecret(observation)!);
    }

    private static (SecretObservation Observation, string? Secret) Read(SecretReference reference)
    {
        if (reference.File is null)
        {
            var value = Environment.GetEnvironmentVariable(reference.EnvironmentVariable!);
            return value switch
            {
                null => Problem(reference, HostDiagnostics.SecretVariableCode, "is not set"),
                "" => Problem(reference, HostDiagnostics.SecretEmptyCode, "is empty"),
                { Length: > MaximumSize } => Problem(reference, HostDiagnostics.SecretTooLargeCode, $"has {value.Length} characters, more than {MaximumSize}"),
                _ => (new SecretObservation(reference, null), value),
            };
        }

        try
        {
            using var parent = LinuxPath.OpenParent(reference.File, "read", out var name);
            using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "read", reference.File);
            return ReadOpen(reference, file, reference.File);
        }
        catch (HostWriteException failure)
        {
            return failure.Error switch
            {
                Errno.NoEntry or Errno.NotDirectory => Problem(reference, HostDiagnostics.SecretMissingCode, "does not exist"),
                Errno.Loop when LinuxFileReader.Observe(reference.File).Kind == FileKind.SymbolicLink =>
                    Problem(reference, HostDiagnostics.SecretNotRegularCode, "is a symbolic link"),
                NoSuchDevice => Problem(reference, HostDiagnostics.SecretNotRegularCode, "is not a regular file"),
                _ => Problem(reference, HostDiagnostics.SecretUnreadableCode, $"cannot be read: {Errno.Describe(failure.Error)}"),
            };
        }
    }

    // open(2) of a socket.
    private const int NoSuchDevice = 6;

    private static (SecretObservation Observation, string? Secret) ReadOpen(SecretReference reference, Descriptor file, string path)
    {
        var found = file.Stat("read", path);
        if (LinuxPath.KindOf(found.Mode) != FileKind.Regular)
        {
            return Problem(reference, HostDiagnostics.SecretNotRegularCode, "is not a regular file");
        }

        if (found.Owner != 0 && found.Owner != Libc.GetEffectiveUser())
        {
            return Problem(reference, HostDiagnostics.SecretOwnerCode, $"belongs to user {found.Owner}");
        }

        const int forOthers = 0b000_111_111;
        if ((found.Mode & forOthers) != 0)
        {
            return Problem(reference, HostDiagnostics.SecretExposedCode, $"is open to others, mode {Convert.ToString(found.Mode & 0xFFF, 8).PadLeft(4, '0')}");
        }

        var content = file.ReadToEnd((long)found.Size, MaximumSize, path);
        if (content.Length > MaximumSize)
        {
            return Problem(reference, HostDiagnostics.SecretTooLargeCode, $"has {found.Size} bytes, more than {MaximumSize}");
        }

        var length = content.Length > 0 && content[^1] == '\n' ? content.Length - 1 : content.Length;
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
        finally
        {
            content.AsSpan().Clear();
        }
    }

    private static (SecretObservation Observation, string? Secret) Problem(SecretReference reference, DiagnosticCode code, string fact) =>
        (new SecretObservation(reference, $"{reference} {fact}") { Code = code.Id }, null);
}
