using System.Collections.Concurrent;
using MailTlsState.Manifests;

namespace MailTlsState.Policies;

/// <summary>The policies that come with the program: one file each in <c>Data/</c>, in the format of a person's own policy file.</summary>
public static class PolicyCatalogue
{
    private static readonly ConcurrentDictionary<string, TlsPolicy> Loaded = new(StringComparer.Ordinal);

    /// <summary>Their names in the order in which they are listed. Not read from the files: most runs need one of them or none.</summary>
    public static IReadOnlyList<string> Names { get; } = ["article", "modern", "intermediate", "ncsc-nl-2025", "bsi-tr-02102-2", "nist-800-52r2"];

    /// <summary>All policies in the same order.</summary>
    public static IReadOnlyList<TlsPolicy> All => [.. Names.Select(name => Find(name)!)];

    /// <summary>The policy called <paramref name="name"/>, or null.</summary>
    public static TlsPolicy? Find(string name) => Names.Contains(name) ? Loaded.GetOrAdd(name, n => PolicyFileReader.ReadBuiltIn(n, Text(n))) : null;

    /// <summary>The nearest name to one that there is not, or null.</summary>
    public static string? NearestTo(string name) => Nearest.Of(name, Names);

    /// <summary>The file of a policy, as it can be copied for a policy of one's own.</summary>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    public static string Text(string name)
    {
        using var stream = typeof(PolicyCatalogue).Assembly.GetManifestResourceStream($"policies/{name}.yaml")
            ?? throw new ArgumentException($"no policy is called {name}", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The policy that a manifest chooses, its overrides applied.</summary>
    /// <exception cref="ArgumentException">The base is not in the catalogue, or the floor is below what the base has suites for: the manifest reader refuses both.</exception>
    public static TlsPolicy Resolve(PolicyManifest manifest)
    {
        var policy = manifest.Policy ?? Find(manifest.Base)
            ?? throw new ArgumentException($"no policy is called {manifest.Base}", nameof(manifest));
        if (manifest.MinimumProtocol is null)
        {
            return policy;
        }

        var minimum = TlsVersionNames.Parse(manifest.MinimumProtocol)
            ?? throw new ArgumentException($"{manifest.MinimumProtocol} is no protocol version", nameof(manifest));
        if (!CanLowerTo(policy, minimum))
        {
            throw new ArgumentException($"policy {policy.Name} has no cipher suites for {manifest.MinimumProtocol}", nameof(manifest));
        }

        return policy with { Minimum = minimum, Suites = minimum == TlsVersion.Tls13 && policy.Suites is not null ? [] : policy.Suites };
    }

    /// <summary>True when <paramref name="policy"/> has what a floor of <paramref name="minimum"/> needs.</summary>
    public static bool CanLowerTo(TlsPolicy policy, TlsVersion minimum) =>
        minimum >= policy.Minimum || policy.Grade is not null || policy.Suites is { Count: > 0 };
}
