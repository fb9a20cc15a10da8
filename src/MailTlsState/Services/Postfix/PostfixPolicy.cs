using MailTlsState.Policies;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// What of a policy goes into master.cf, as <c>-o</c> of each smtpd: in main.cf the same parameters would steer the outbound client, too
/// (a list of groups would make it send a large first key share to servers that choke on it).
/// </summary>
public static class PostfixPolicy
{
    /// <summary>OpenSSL's switches (postconf(5)). A person may have set others: those stay, and ours are added.</summary>
    public const string Options = "tls_ssl_options";

    private static readonly string[] LibraryTls13 = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];

    /// <summary>Parameters that the policy alone decides about on an smtpd; one that it does not set is taken away.</summary>
    public static IReadOnlyList<string> Owned { get; } = ["tls_high_cipherlist", "tls_eecdh_auto_curves", "tls_ffdhe_auto_groups"];

    /// <summary>The parameters of each smtpd, without spaces in their values, in the order in which they are written.</summary>
    public static IReadOnlyList<(string Name, string Value)> Listener(TlsPolicy policy, PostfixDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(dialect);
        var settings = new List<(string, string)>();
        if (policy.Suites is { Count: > 0 } suites)
        {
            settings.Add(("tls_high_cipherlist", string.Join(':', suites)));
        }

        if (Groups(policy, dialect) is { Count: > 0 } groups)
        {
            settings.Add(("tls_eecdh_auto_curves", string.Join(',', groups)));
            if (dialect.OffersFiniteFieldGroups)
            {
                settings.Add(("tls_ffdhe_auto_groups", string.Join(',', policy.Groups!.Where(GroupNames.IsFiniteField))));
            }
        }

        List<string> options = [];
        if (policy.SessionTickets == false)
        {
            options.Add("NO_TICKET");
        }

        if (policy.Compression == false)
        {
            options.Add("NO_COMPRESSION");
        }

        if (policy.Renegotiation == false && !dialect.RefusesRenegotiation)
        {
            options.Add("NO_RENEGOTIATION");
        }

        if (options.Count > 0)
        {
            settings.Add((Options, string.Join(',', options)));
        }

        return settings;
    }

    /// <summary>What these versions cannot express of a policy.</summary>
    public static IEnumerable<PolicyLoss> Inexpressible(TlsPolicy policy, PostfixDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(dialect);
        if (policy.Tls13Suites is { } tls13)
        {
            if (LibraryTls13.Except(tls13).ToList() is { Count: > 0 } more)
            {
                yield return new(true, $"Postfix has no parameter for TLS 1.3 suites, so OpenSSL's own stay: {Are(more)} accepted too");
            }

            if (tls13.Except(LibraryTls13).ToList() is { Count: > 0 } less)
            {
                yield return new(false, $"Postfix has no parameter for TLS 1.3 suites, so OpenSSL's own stay: {Are(less)} not offered");
            }
        }

        if (policy.Groups is { } groups)
        {
            var written = Groups(policy, dialect);
            foreach (var loss in PolicyLoss.OfGroups(groups, dialect.OffersFiniteFieldGroups && written.Count > 0 ? [.. written, .. groups.Where(GroupNames.IsFiniteField)] : written))
            {
                yield return loss;
            }
        }

        if (policy.SessionTickets == true || policy.Compression == true || policy.Renegotiation == true)
        {
            yield return new(false, "session tickets, compression and renegotiation are left as Postfix and OpenSSL have them");
        }
    }

    /// <summary>The switches <paramref name="wanted"/> beside those that a person has set.</summary>
    internal static string AddOptions(string? own, string wanted)
    {
        var set = (own ?? "").Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return string.Join(',', set.Union(wanted.Split(','), StringComparer.OrdinalIgnoreCase));
    }

    private static IReadOnlyList<string> Groups(TlsPolicy policy, PostfixDialect dialect) => GroupNames.Portable(policy.Groups ?? [], dialect.TakesHybridGroups);

    private static string Are(IReadOnlyList<string> names) => $"{string.Join(", ", names)} {(names.Count == 1 ? "is" : "are")}";
}
