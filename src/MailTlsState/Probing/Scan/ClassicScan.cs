using MailTlsState.Policies;

namespace MailTlsState.Probing.Scan;

/// <summary>What the scan of one version up to TLS 1.2 gave.</summary>
/// <param name="Scan">The result.</param>
internal sealed record ClassicResult(VersionScan Scan)
{
    /// <summary>The first answer that chose the version, or null.</summary>
    public HelloAnswer? First { get; init; }

    /// <summary>The first answer that chose a CBC suite, or null.</summary>
    public HelloAnswer? FirstCbc { get; init; }

    /// <summary>Bits of the smallest finite-field prime, or null.</summary>
    public int? PrimeBits { get; init; }
}

/// <summary>SSL 3.0 to TLS 1.2: hello, certificate and key exchange come in the clear.</summary>
internal sealed class ClassicScan
{
    private readonly ScanChannel _channel;
    private readonly WireVersion _version;
    private readonly List<HelloAnswer> _answers = [];

    private ClassicScan(ScanChannel channel, WireVersion version) => (_channel, _version) = (channel, version);

    public static Task<ClassicResult> RunAsync(ScanChannel channel, WireVersion version) => new ClassicScan(channel, version).RunAsync();

    private async Task<ClassicResult> RunAsync()
    {
        var (suites, complete) = await SuitesAsync().ConfigureAwait(false);
        if (suites.Count == 0)
        {
            return new ClassicResult(new VersionScan(_version, complete ? OfferOutcome.Refused : OfferOutcome.NotTested));
        }

        var serverOrder = suites.Count < 2 ? null : await ServerOrderAsync(suites).ConfigureAwait(false);

        // Groups and signatures are one setting for all versions in OpenSSL and GnuTLS: asked where the scheme is named.
        var exchange = _version == WireVersion.Tls12 ? await ExchangeAsync(suites).ConfigureAwait(false) : new JointResult(Groups(), [], true);
        return new ClassicResult(new VersionScan(_version, OfferOutcome.Accepted)
        {
            Suites = [.. (serverOrder == true ? suites : CipherSuites.All.Where(suites.Contains)).Select(CipherSuites.Name)],
            ServerOrder = serverOrder,
            Groups = [.. exchange.First.Select(NamedGroups.Name)],
            Signatures = [.. exchange.Second.Select(SignatureSchemes.Name)],
        })
        {
            First = _answers[0],
            FirstCbc = _answers.FirstOrDefault(a => CipherSuites.Name(a.Suite ?? -1).Contains("_CBC_", StringComparison.Ordinal)),
            PrimeBits = _answers.Min(a => a.PrimeBits),
        };
    }

    private async Task<(IReadOnlyList<int> Suites, bool Complete)> SuitesAsync()
    {
        var found = new List<int>();
        var rest = CipherSuites.All.Except(CipherSuites.Tls13).ToList();
        while (rest.Count > 0)
        {
            var answer = await AskAsync(rest, NamedGroups.All, SignatureSchemes.All, "cipher suites").ConfigureAwait(false);
            if (answer is null)
            {
                return (found, false);
            }

            // A suite that was not offered is no choice (RFC 5246 section 7.4.1.3).
            if (answer.Version != _version || answer.Suite is not { } suite || !rest.Remove(suite))
            {
                break;
            }

            found.Add(suite);
            _answers.Add(answer);
        }

        return (found, true);
    }

    // Offered the other way round, a server without an order of its own takes the one that it took last.
    private async Task<bool?> ServerOrderAsync(IReadOnlyList<int> suites)
    {
        var answer = await AskAsync([suites[^1], suites[0]], NamedGroups.All, SignatureSchemes.All, "the order of cipher suites").ConfigureAwait(false);
        return answer?.Suite is { } suite ? suite == suites[0] : null;
    }

    // Each kind of key signs by schemes of its own, and an ECDSA key ties the groups to its own curve (RFC 8422 section 5.1): suites of
    // RSA keys come first, where there are any, and show every group.
    private async Task<JointResult> ExchangeAsync(IReadOnlyList<int> suites)
    {
        var found = new JointResult(Groups(), [.. _answers.Select(a => a.Signature).OfType<int>().Distinct()], true);
        var (askedGroups, askedRsa) = (false, false);
        foreach (var (overCurve, ownCurve) in new[] { (true, false), (true, true), (false, false) })
        {
            var signed = suites.Where(s => CipherSuites.IsEphemeral(s, overCurve) && (CipherSuites.CanAuthenticate(s, KeyFamily.Ecdsa) && overCurve) == ownCurve).ToList();

            // Over a finite field an RSA key signs by what it signs by over a curve.
            if (signed.Count > 0 && (overCurve || !askedRsa))
            {
                var groups = overCurve && !askedGroups ? NamedGroups.All : [];
                var schemes = SignatureSchemes.All.Where(s => SignatureSchemes.IsOf(s, KeyFamily.Ecdsa) == ownCurve).ToList();
                var curve = ownCurve ? _answers.Select(a => a.Chain.Count == 0 ? null : LeafKey.Curve(a.Chain[0])).FirstOrDefault(c => c is not null) : null;
                found = await ExchangeAsync(signed, curve, found, groups, schemes).ConfigureAwait(false);
                (askedGroups, askedRsa) = (askedGroups || overCurve, askedRsa || !ownCurve);
            }
        }

        return found;
    }

    private Task<JointResult> ExchangeAsync(List<int> suites, int? curve, JointResult known, IReadOnlyList<int> groups, List<int> schemes) =>
        new JointElimination(async (g, s) =>
        {
            // The key's own curve stands last, so that it is chosen when nothing else is.
            var offered = curve is { } own ? g.Where(x => x != own).Append(own).ToList() : g;
            var answer = await AskAsync(suites, offered, s, "groups and signatures").ConfigureAwait(false);
            return answer is null ? null : answer.Version == _version ? new JointChoice(answer.Group, answer.Signature) : new JointChoice();
        }).Knowing(known.First, known.Second).RunAsync(groups, schemes);

    private List<int> Groups() => [.. _answers.Select(a => a.Group).OfType<int>().Distinct()];

    private Task<HelloAnswer?> AskAsync(IReadOnlyList<int> suites, IReadOnlyList<int> groups, IReadOnlyList<int> signatures, string what) => _channel.AskAsync(
        new HelloOffer(_channel.Request.ServerName, _version, suites, groups) { Signatures = signatures, Compression = true },
        $"{what} of {_version.Name()}");
}
