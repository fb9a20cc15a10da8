using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Policies;

/// <summary>
/// The fields of a policy in a YAML tree: of a policy file, or of the manifest's <c>policy</c>, where they override. What the schema
/// cannot say is judged here; <see cref="Apply"/> copes with any tree and takes what is well formed.
/// </summary>
internal static class PolicyNodes
{
    // Keywords of ciphers(1) that an exclusion can be made of. OpenSSL ignores a name that it does not know, silently: that is how PSD stayed.
    private static readonly string[] Keywords =
    [
        "aNULL", "eNULL", "NULL", "ADH", "AECDH", "MD5", "SHA1", "SHA", "SHA256", "SHA384", "DES", "3DES", "RC2", "RC4", "IDEA", "SEED", "CAMELLIA", "ARIA", "CHACHA20",
        "AES", "AES128", "AES256", "AESGCM", "AESCCM", "AESCCM8", "PSK", "kPSK", "aPSK", "SRP", "kSRP", "aSRP", "kRSA", "aRSA", "RSA", "kDHE", "DHE", "kECDHE", "ECDHE",
        "DSS", "aDSS", "aECDSA", "ECDSA", "EXPORT", "EXP", "LOW", "MEDIUM", "GOST", "aGOST", "kGOST", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.2", "CBC",
    ];

    /// <summary>Says what is wrong with the fields of <paramref name="node"/>.</summary>
    public static void Judge(YamlMapping node, ManifestReport report)
    {
        Names(node, "suites", report, Tls12, "TLS 1.2 cipher suite", SuiteNames.All.Where(p => !IsTls13(p.Iana)).SelectMany(p => new[] { p.Iana, p.OpenSsl }));
        Names(node, "tls13Suites", report, Tls13, "TLS 1.3 cipher suite", SuiteNames.All.Where(p => IsTls13(p.Iana)).Select(p => p.Iana));
        Names(node, "groups", report, GroupNames.ToOpenSsl, "group", GroupNames.All.SelectMany(p => new[] { p.Iana, p.OpenSsl }));
        Names(node, "curves", report, Curve, "curve", GroupNames.All.SelectMany(p => new[] { p.Iana, p.OpenSsl }).Where(n => Curve(n) is not null));
        Names(node, "excluded", report, Keyword, "name or keyword of OpenSSL's cipher lists", Keywords);
        if (node["suites"] is { } suites && node["grade"] is { } grade && suites is YamlSequence { Items.Count: > 0 })
        {
            report.Add(grade.Path, PolicyDiagnostics.Contradiction(grade.Label, "grade stands in for a list of suites, and there is one", "leave out grade or suites"));
        }
    }

    /// <summary>Says whether a whole policy hangs together.</summary>
    /// <param name="policy">The policy with all its fields.</param>
    /// <param name="node">Where they were written.</param>
    /// <param name="report">Takes what is wrong.</param>
    public static void JudgeWhole(TlsPolicy policy, YamlMapping node, ManifestReport report)
    {
        var at = node["suites"] ?? node["minimumProtocol"] ?? node;
        if (policy.Minimum == TlsVersion.Tls12 && policy.Grade is null && policy.Suites is not { Count: > 0 })
        {
            report.Add(at.Path, PolicyDiagnostics.Contradiction(at.Label, $"the policy {policy.Name} accepts TLS 1.2 and has no cipher suites for it", "give suites or grade, or make minimumProtocol TLSv1.3"));
        }

        if (policy.Excluded.Count > 0 && policy.Grade is null)
        {
            var excluded = node["excluded"] ?? node;
            report.Add(excluded.Path, PolicyDiagnostics.Contradiction(excluded.Label, "excluded takes names out of a grade, and the policy has none", "leave excluded out: a list of suites holds what it names"));
        }

        if (policy.KeyTypes?.Contains("rsa") == false && policy.MinimumRsaBits is not null && node["minimumRsaBits"] is { } bits)
        {
            report.Add(bits.Path, PolicyDiagnostics.Contradiction(bits.Label, "minimumRsaBits is given, but keyTypes has no rsa", "leave one of them out"));
        }
    }

    /// <summary><paramref name="policy"/> with the fields that <paramref name="node"/> states in place of its own; the floor apart.</summary>
    public static TlsPolicy Apply(TlsPolicy policy, YamlMapping node)
    {
        if (node.Sequence("suites") is { } suites)
        {
            policy = policy with { Suites = List(suites, Tls12), Grade = null, Excluded = [] };
        }

        if (node.Scalar("grade") is { } grade)
        {
            policy = policy with { Grade = grade.Value, Suites = null };
        }

        return policy with
        {
            Excluded = node.Sequence("excluded") is { } excluded ? List(excluded, Keyword) : policy.Excluded,
            Tls13Suites = node.Sequence("tls13Suites") is { } tls13 ? List(tls13, Tls13) : policy.Tls13Suites,
            Groups = node.Sequence("groups") is { } groups ? List(groups, GroupNames.ToOpenSsl) : policy.Groups,
            ServerPreference = Flag(node, "serverPreference") ?? policy.ServerPreference,
            KeyTypes = node.Sequence("keyTypes") is { } types ? List(types, t => t) : policy.KeyTypes,
            MinimumRsaBits = node.Scalar("minimumRsaBits") is { } bits && int.TryParse(bits.Value, out var n) ? n : policy.MinimumRsaBits,
            Curves = node.Sequence("curves") is { } curves ? List(curves, Curve) : policy.Curves,
            SignatureHashes = node.Sequence("signatureHashes") is { } hashes ? List(hashes, h => h) : policy.SignatureHashes,
            SessionTickets = Flag(node, "sessionTickets") ?? policy.SessionTickets,
            Compression = Flag(node, "compression") ?? policy.Compression,
            Renegotiation = Flag(node, "renegotiation") ?? policy.Renegotiation,
            OutboundMinimum = TlsVersionNames.Parse(node.Scalar("outboundMinimumProtocol")?.Value) ?? policy.OutboundMinimum,
        };
    }

    private static void Names(YamlMapping node, string key, ManifestReport report, Func<string, string?> known, string what, IEnumerable<string> candidates)
    {
        if (node.Sequence(key) is not { } list)
        {
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items.OfType<YamlScalar>().Where(i => i is { IsNull: false, Refused: false }))
        {
            if (known(item.Value) is not { } name)
            {
                report.Add(item.Path, PolicyDiagnostics.UnknownName(item.Place, item.Value, what, Nearest.Of(item.Value, candidates)));
            }
            else if (!seen.Add(name))
            {
                report.Add(item.Path, ManifestDiagnostics.DuplicateItem(item.Place, list.Path));
            }
        }
    }

    private static List<string> List(YamlSequence list, Func<string, string?> known) =>
        [.. list.Items.OfType<YamlScalar>().Select(i => known(i.Value)).OfType<string>()];

    private static bool? Flag(YamlMapping node, string key) => node.Scalar(key)?.Value switch { "true" => true, "false" => false, _ => null };

    private static bool IsTls13(string iana) => !iana.Contains("_WITH_", StringComparison.Ordinal);

    private static string? Tls12(string name)
    {
        var pair = SuiteNames.All.FirstOrDefault(p => p.Iana == name || p.OpenSsl == name);
        return pair.Iana is null || IsTls13(pair.Iana) ? null : pair.OpenSsl;
    }

    private static string? Tls13(string name) => IsTls13(name) ? SuiteNames.ToOpenSsl(name) : null;

    private static string? Curve(string name) =>
        GroupNames.ToOpenSsl(name) is { } found && (found.StartsWith("sec", StringComparison.Ordinal) || found.StartsWith("prime", StringComparison.Ordinal) || found.StartsWith("brain", StringComparison.Ordinal)) ? found : null;

    private static string? Keyword(string name) => Keywords.Contains(name) ? name : Tls12(name);
}
