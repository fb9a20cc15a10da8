using MailTlsState.Hosts.Dns;
using MailTlsState.Manifests;

namespace MailTlsState.Hosts;

/// <summary>Where its secrets come from, and what the DNS says.</summary>
public sealed partial class InMemoryHost
{
    /// <summary>Secrets from environment variables; a secret file is a file of this host.</summary>
    public IDictionary<string, string> EnvironmentVariables { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Answers what is asked on the terminal; null where there is none.</summary>
    public Func<string, string?> Typed { get; set; } = _ => null;

    /// <inheritdoc/>
    public Task<SecretObservation> ObserveSecretAsync(SecretReference reference, CancellationToken cancellation) =>
        Task.FromResult(SecretRules.Read(reference, EnvironmentVariables, FindSecret).Observation);

    /// <inheritdoc/>
    public string ReadSecret(SecretReference reference) =>
        reference.IsTyped ? SecretRules.Typed(reference, Typed) : SecretRules.Require(SecretRules.Read(reference, EnvironmentVariables, FindSecret));

    /// <summary>TLSA records by the name that is asked for; a name that is not there has none.</summary>
    public IDictionary<string, TlsaObservation> Tlsa { get; } = new SortedDictionary<string, TlsaObservation>(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<TlsaObservation> ObserveTlsaAsync(string name, CancellationToken cancellation) =>
        Task.FromResult(Tlsa.TryGetValue(name, out var found) ? found : new TlsaObservation(name, [], null));

    private SecretFile? FindSecret(string path) =>
        _nodes.TryGetValue(path, out var node) ? new SecretFile(node.Kind, node.Owner, node.Mode, node.Content) : null;
}
