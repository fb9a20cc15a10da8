using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Hosts.Linux;

/// <summary>Opens secrets as <see cref="IHostWriter.ReadSecret"/> promises: once, without following links; what was opened is what is judged.</summary>
internal static class LinuxSecrets
{
    // open(2) of a socket.
    private const int NoSuchDevice = 6;

    internal static SecretObservation Observe(SecretReference reference) => Read(reference).Observation;

    /// <exception cref="MailTlsException">The secret cannot be had.</exception>
    internal static string ReadSecret(SecretReference reference) =>
        reference.IsTyped ? SecretRules.Typed(reference, LinuxTerminal.AskSecret) : SecretRules.Require(Read(reference));

    private static (SecretObservation Observation, string? Secret) Read(SecretReference reference)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if ((reference.Credential is null ? reference.EnvironmentVariable : SecretRules.CredentialsDirectory) is { } name && Environment.GetEnvironmentVariable(name) is { } value)
        {
            variables[name] = value;
        }

        try
        {
            return SecretRules.Read(reference, variables, Open, (int)Libc.GetEffectiveUser());
        }
        catch (HostWriteException failure)
        {
            return SecretRules.Problem(reference, HostDiagnostics.SecretUnreadableCode, $"cannot be read: {Errno.Describe(failure.Error)}");
        }
    }

    private static SecretFile? Open(string path)
    {
        try
        {
            using var parent = LinuxPath.OpenParent(path, "read", out var name);
            using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "read", path);
            var found = file.Stat("read", path);
            var kind = LinuxPath.KindOf(found.Mode);
            var content = kind == FileKind.Regular ? file.ReadToEnd((long)found.Size, SecretRules.MaximumSize, path) : [];
            return new SecretFile(kind, (int)found.Owner, found.Mode & 0xFFF, content);
        }
        catch (HostWriteException failure) when (failure.Error is Errno.NoEntry or Errno.NotDirectory)
        {
            return null;
        }
        catch (HostWriteException failure) when (failure.Error == Errno.Loop && LinuxFileReader.Observe(path).Kind == FileKind.SymbolicLink)
        {
            return new SecretFile(FileKind.SymbolicLink, 0, 0, []);
        }
        catch (HostWriteException failure) when (failure.Error == NoSuchDevice)
        {
            return new SecretFile(FileKind.Other, 0, 0, []);
        }
    }
}
