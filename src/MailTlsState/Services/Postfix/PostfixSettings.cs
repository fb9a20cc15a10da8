using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Policies;

namespace MailTlsState.Services.Postfix;

/// <summary>One parameter of main.cf in its desired state.</summary>
/// <param name="Name">Parameter.</param>
/// <param name="Value">Desired value; null means that main.cf does not set it.</param>
public sealed record PostfixSetting(string Name, string? Value)
{
    /// <summary>True for a parameter whose line the plan shows as it is written: it takes the place of a managed one for some clients, or refers to one.</summary>
    internal bool ShowsPlace { get; init; }
}

/// <summary>Renders certificate files and policy as parameters of main.cf.</summary>
public static class PostfixSettings
{
    /// <summary>The security level of the sending side.</summary>
    public const string OutboundLevel = "smtp_tls_security_level";

    /// <summary>How the heading of the block that new parameters are written below begins; the manifest's host follows.</summary>
    public const string Heading = "# TLS, managed by MailTlsState for ";

    /// <summary>Server-wide parameters that smtpd's certificate and policy depend on.</summary>
    public static IReadOnlyList<string> Managed { get; } =
    [
        "smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_tls_eccert_file", "smtpd_tls_eckey_file",
        "smtpd_tls_dcert_file", "smtpd_tls_dkey_file",
        "smtpd_tls_protocols", "smtpd_tls_mandatory_protocols", "smtpd_tls_ciphers", "smtpd_tls_mandatory_ciphers",
        "smtpd_tls_exclude_ciphers", "smtpd_tls_mandatory_exclude_ciphers", "tls_preempt_cipherlist",
    ];

    /// <summary>Everything that planning asks <c>postconf -x</c> for.</summary>
    public static IReadOnlyList<string> Asked { get; } =
    [
        .. Managed,
        "mail_version", "config_directory", "queue_directory", "daemon_directory", "inet_interfaces", "inet_protocols", "multi_instance_directories",
        "smtpd_tls_security_level", "smtpd_tls_wrappermode", "smtpd_tls_auth_only", "smtpd_tls_req_ccert", "smtpd_use_tls", "smtpd_enforce_tls",
        "smtpd_sasl_auth_enable", "smtpd_sasl_type", "smtpd_sasl_path",
        "smtp_tls_protocols", "smtp_tls_mandatory_protocols",
    ];

    /// <summary>The parameters of main.cf for these files and this policy.</summary>
    public static IReadOnlyList<PostfixSetting> Render(IReadOnlyList<CertificateFiles> pairs, TlsPolicy policy, PostfixDialect dialect, OutboundManifest? outbound)
    {
        var settings = new List<PostfixSetting>();
        void Set(string name, string? value) => settings.Add(new PostfixSetting(name, value));

        // Where smtpd_tls_chain_files is set, Postfix ignores the older parameters and warns at every start (postconf(5), 3.4). It wants
        // each key before its certificate, which only files of our own are sure to have.
        var chained = pairs.All(p => p is { IsBundle: true, IsOwn: true });
        var (first, ecdsa) = Places(pairs);
        Set("smtpd_tls_chain_files", chained ? string.Join(", ", pairs.Select(p => p.Chain)) : null);
        Set("smtpd_tls_cert_file", chained ? null : first.Chain);
        Set("smtpd_tls_key_file", chained ? null : first.Key);
        Set("smtpd_tls_eccert_file", chained ? null : ecdsa?.Chain);
        Set("smtpd_tls_eckey_file", chained ? null : ecdsa?.Key);
        foreach (var older in new[] { "smtpd_tls_dcert_file", "smtpd_tls_dkey_file" })
        {
            Set(older, null);
        }

        var protocols = dialect.Protocols(policy.Minimum);
        Set("smtpd_tls_protocols", protocols);
        Set("smtpd_tls_mandatory_protocols", protocols);
        Set("smtpd_tls_ciphers", "high");
        Set("smtpd_tls_mandatory_ciphers", "high");
        var excluded = policy.Excluded.Count == 0 ? null : string.Join(", ", policy.Excluded);
        Set("smtpd_tls_exclude_ciphers", excluded);
        Set("smtpd_tls_mandatory_exclude_ciphers", excluded);
        Set("tls_preempt_cipherlist", policy.ServerPreference ? "yes" : null);
        settings.AddRange(Outbound(outbound, policy, dialect));

        foreach (var name in dialect.Obsolete)
        {
            Set(name, null);
        }

        return settings;
    }

    /// <summary>What a parameter of a certificate is to name so that it names the same as before: where a file of our own moves, its new place, for the old one goes.</summary>
    /// <param name="request">The plan's inputs.</param>
    /// <param name="name">The parameter, of a listener or of the sending side.</param>
    /// <param name="files">What it names now.</param>
    internal static string Moved(ServicePlanRequest request, string name, string files)
    {
        var gone = request.Observed.Certificates.SelectMany(c => c.Former.Append(c.Files.Key).Append(c.Files.Chain)).Except(request.Pairs.SelectMany(p => new[] { p.Key, p.Chain }));
        if (!gone.Intersect(files.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)).Any())
        {
            return files;
        }

        var (first, ecdsa) = Places(request.Pairs);
        var pair = name.Contains("_ec", StringComparison.Ordinal) ? ecdsa ?? first : first;
        return name.EndsWith("chain_files", StringComparison.Ordinal) ? string.Join(", ", request.Pairs.Select(p => p.Chain))
            : name.EndsWith("key_file", StringComparison.Ordinal) ? pair.Key
            : pair.Chain;
    }

    // Of two certificates, the ECDSA one has parameters of its own.
    private static (CertificateFiles First, CertificateFiles? Ecdsa) Places(IReadOnlyList<CertificateFiles> pairs)
    {
        var ecdsa = pairs.Count > 1 ? pairs.FirstOrDefault(p => p.Family == KeyFamily.Ecdsa) : null;
        return (pairs.First(p => p != ecdsa), ecdsa);
    }

    /// <summary>
    /// The sending side, whose parameters (smtp_tls_*) are apart from the server's. Its ciphers, groups and client certificate are never
    /// set: a host that speaks only older ones would else get its mail in clear text or not at all.
    /// </summary>
    private static IEnumerable<PostfixSetting> Outbound(OutboundManifest? outbound, TlsPolicy policy, PostfixDialect dialect)
    {
        if ((outbound?.MinimumProtocol ?? policy.OutboundMinimum) is { } minimum)
        {
            yield return new("smtp_tls_protocols", dialect.Protocols(minimum));
            yield return new("smtp_tls_mandatory_protocols", dialect.Protocols(minimum));
        }

        if (outbound is null or { Security: OutboundSecurity.AsFound })
        {
            yield break;
        }

        yield return new(OutboundLevel, outbound.Security switch
        {
            OutboundSecurity.Required => "encrypt",
            OutboundSecurity.Dane => "dane",
            _ => "may",
        });
        if (outbound.Security == OutboundSecurity.Dane)
        {
            yield return new("smtp_dns_support_level", "dnssec");
        }

        // The level overrides them since 2.3, and 3.9 warns about them.
        yield return new("smtp_use_tls", null);
        yield return new("smtp_enforce_tls", null);
    }
}
