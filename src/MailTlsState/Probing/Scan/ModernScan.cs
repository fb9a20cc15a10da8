using MailTlsState.Policies;

namespace MailTlsState.Probing.Scan;

/// <summary>TLS 1.3: a hello without a key share is answered by a HelloRetryRequest that names suite and group in the clear.</summary>
internal static class ModernScan
{
    // RFC 8446 section 4.2.3: what an RSA key may sign a TLS 1.3 handshake with.
    private static readonly int[] RsaSchemes = [0x0804, 0x0805, 0x0806];

    public static async Task<VersionScan> RunAsync(ScanChannel channel)
    {
        var joint = new JointElimination(async (suites, groups) =>
        {
            var answer = await AskAsync(channel, suites, groups, SignatureSchemes.All, "cipher suites and groups").ConfigureAwait(false);
            return answer is null ? null : answer.Version == WireVersion.Tls13 ? new JointChoice(answer.Suite, answer.Group) : new JointChoice();
        });
        var found = await joint.RunAsync(CipherSuites.Tls13, NamedGroups.All).ConfigureAwait(false);
        if (found.First.Count == 0)
        {
            return new VersionScan(WireVersion.Tls13, found.Complete ? OfferOutcome.Refused : OfferOutcome.NotTested);
        }

        bool? serverOrder = null;
        if (found.First.Count > 1)
        {
            var answer = await AskAsync(channel, [found.First[^1], found.First[0]], NamedGroups.All, SignatureSchemes.All, "the order of cipher suites").ConfigureAwait(false);
            serverOrder = answer?.Suite is { } suite ? suite == found.First[0] : null;
        }

        return new VersionScan(WireVersion.Tls13, OfferOutcome.Accepted)
        {
            Suites = [.. (serverOrder == true ? found.First : CipherSuites.Tls13.Where(found.First.Contains)).Select(CipherSuites.Name)],
            ServerOrder = serverOrder,
            Groups = [.. found.Second.Select(NamedGroups.Name)],
        };
    }

    /// <summary>
    /// The scheme of the certificate is under encryption in TLS 1.3, but a hello that offers one alone is refused where the server cannot
    /// sign by it. Asked only where TLS 1.2 does not show the schemes for less.
    /// </summary>
    public static async Task<VersionScan> SignaturesAsync(ScanChannel channel, VersionScan scan, ProbeResult probe)
    {
        var leaf = probe.Chain.Count > 0 ? Convert.FromBase64String(probe.Chain[0]) : null;
        var schemes = leaf is null ? []
            : LeafKey.Family(leaf) == KeyFamily.Rsa ? RsaSchemes
            : LeafKey.Scheme(leaf) is { } own ? new[] { own } : [];
        var accepted = new List<int>();
        foreach (var scheme in schemes)
        {
            var answer = await AskAsync(channel, CipherSuites.Tls13, NamedGroups.All, [scheme], "signatures").ConfigureAwait(false);
            if (answer?.Version == WireVersion.Tls13)
            {
                accepted.Add(scheme);
            }
        }

        return scan with { Signatures = [.. accepted.Select(SignatureSchemes.Name)] };
    }

    private static Task<HelloAnswer?> AskAsync(ScanChannel channel, IReadOnlyList<int> suites, IReadOnlyList<int> groups, IReadOnlyList<int> signatures, string what) => channel.AskAsync(
        new HelloOffer(channel.Request.ServerName, WireVersion.Tls13, suites, groups) { Signatures = signatures },
        $"{what} of {WireVersion.Tls13.Name()}");
}
