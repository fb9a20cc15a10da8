using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Probing;

namespace MailTlsState.Execution;

/// <summary>
/// The leaves that one listener serves, as one text that can be compared and recorded: <c>sha256:…</c>, or where each kind of key
/// was asked for <c>Rsa sha256:…, Ecdsa sha256:…</c>.
/// </summary>
internal static class ServedLeaves
{
    /// <summary>What a probe saw; null when it saw no certificate.</summary>
    public static string? Of(ProbeResult probe) => probe.Chain.Count == 0 ? null
        : probe.ByFamily.Count == 0 ? Digest(probe.Chain)
        : string.Join(", ", probe.ByFamily.OrderBy(a => a.Key).Select(a => $"{a.Key} {(a.Value.Chain.Count == 0 ? "none" : Digest(a.Value.Chain))}"));

    /// <summary>The kinds of key that were asked for.</summary>
    public static IReadOnlyList<KeyFamily> Families(string? leaves) =>
        [.. Parts(leaves).Where(p => p.Kind.Length > 0).Select(p => Enum.Parse<KeyFamily>(p.Kind))];

    /// <summary>The same with other digests.</summary>
    public static string? Map(string? leaves, Func<string, string?> digest) => leaves is null ? null
        : Parts(leaves).ToList() is [{ Kind: "" } only] ? digest(only.Digest)
        : string.Join(", ", Parts(leaves).Select(p => $"{p.Kind} {digest(p.Digest) ?? "none"}"));

    /// <summary>True when each leaf is as before, or one of <paramref name="others"/>.</summary>
    public static bool Fit(string? now, string? before, IReadOnlyList<string> others) =>
        now == before
        || (now is not null && Families(now).SequenceEqual(Families(before)) && Parts(now).All(n => others.Contains(n.Digest) || Parts(before).Contains(n)));

    private static IEnumerable<(string Kind, string Digest)> Parts(string? leaves) =>
        (leaves ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(p => p.IndexOf(' ') is var at and > 0 ? (p[..at], p[(at + 1)..]) : ("", p));

    private static string Digest(IReadOnlyList<string> chain) => Fingerprint.Digest(Convert.FromBase64String(chain[0]));
}
