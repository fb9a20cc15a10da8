using System.Text.Json;
using MailTlsState.Manifests;

namespace MailTlsState.Policies;

/// <summary>The known TLS policies, read from <c>catalogue.json</c>: data with cited sources.</summary>
public static class PolicyCatalogue
{
    private static readonly Lazy<IReadOnlyList<TlsPolicy>> Policies = new(Load);

    /// <summary>All policies in the catalogue's order.</summary>
    public static IReadOnlyList<TlsPolicy> All => Policies.Value;

    /// <summary>Their names in the same order.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(policy => policy.Name)];

    /// <summary>The policy called <paramref name="name"/>, or null.</summary>
    public static TlsPolicy? Find(string name) => All.FirstOrDefault(policy => policy.Name == name);

    /// <summary>The policy that a manifest chooses, its overrides applied.</summary>
    /// <exception cref="ArgumentException">The base is not in the catalogue, or the floor is below what the base has suites for: the manifest reader refuses both.</exception>
    public static TlsPolicy Resolve(PolicyManifest manifest)
    {
        var policy = Find(manifest.Base)
            ?? throw new ArgumentException($"no policy is called {manifest.Base}", nameof(manifest));
        if (manifest.MinimumProtocol is null)
        {
            return policy;
        }

        var minimum = TlsVersionNames.Parse(manifest.MinimumProtocol)
            ?? throw new ArgumentException($"{manifest.MinimumProtocol} is no protocol version", nameof(manifest));
        if (minimum == policy.Minimum)
        {
            return policy;
        }

        if (!CanLowerTo(policy, minimum))
        {
            throw new ArgumentException($"policy {policy.Name} has no cipher suites for {manifest.MinimumProtocol}", nameof(manifest));
        }

        return policy with { Minimum = minimum, Suites = minimum == TlsVersion.Tls13 && policy.Suites is not null ? [] : policy.Suites };
    }

    /// <summary>True when <paramref name="policy"/> has what a floor of <paramref name="minimum"/> needs.</summary>
    public static bool CanLowerTo(TlsPolicy policy, TlsVersion minimum) =>
        minimum >= policy.Minimum || policy.Grade is not null || policy.Suites is { Count: > 0 };

    private static List<TlsPolicy> Load()
    {
        using var stream = typeof(PolicyCatalogue).Assembly.GetManifestResourceStream("policies/catalogue.json")!;
        using var document = JsonDocument.Parse(stream);
        return [.. document.RootElement.GetProperty("policies").EnumerateArray().Select(Read)];
    }

    private static TlsPolicy Read(JsonElement policy) => new(
        Text(policy, "name")!,
        Text(policy, "source")!,
        TlsVersionNames.Parse(Text(policy, "minimum"))!.Value,
        policy.GetProperty("suites").ValueKind == JsonValueKind.Null ? null : List(policy, "suites"),
        Text(policy, "grade"),
        List(policy, "excluded"),
        policy.GetProperty("serverPreference").GetBoolean(),
        TlsVersionNames.Parse(Text(policy, "outboundMinimum")),
        List(policy, "notes"));

    private static string? Text(JsonElement policy, string name) => policy.GetProperty(name).GetString();

    private static List<string> List(JsonElement policy, string name) => [.. policy.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];
}
