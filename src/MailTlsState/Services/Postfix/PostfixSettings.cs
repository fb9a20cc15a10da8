using MailTlsState.Certificates;
using MailTlsState.Policies;

namespace MailTlsState.Services.Postfix;

/// <summary>One parameter of main.cf in its desired state.</summary>
/// <param name="Name">Parameter.</param>
/// <param name="Value">Desired value; null means that main.cf does not set it.</param>
public sealed record PostfixSetting(string Name, string? Value);

/// <summary>Renders certificate files and policy as parameters of main.cf.</summary>
public static class PostfixSettings
{
    /// <summary>Heading of the block that new parameters are written below.</summary>
    public const string Heading = "# TLS, managed by MailTlsState";

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
        "smtpd_tls_security_level", "smtpd_tls_wrappermode", "smtpd_tls_auth_only", "smtpd_tls_req_ccert",
        "smtpd_sasl_auth_enable", "smtpd_sasl_type", "smtpd_sasl_path",
        "smtp_tls_protocols", "smtp_tls_mandatory_protocols",
    ];

    /// <summary>The parameters of main.cf for these files and this policy.</summary>
    public static IReadOnlyList<PostfixSetting> Render(CertificateFiles files, TlsPolicy policy, PostfixDialect dialect)
    {
        var settings = new List<PostfixSetting>();
        void Set(string name, string? value) => settings.Add(new PostfixSetting(name, value));

        // Where smtpd_tls_chain_files is set, Postfix ignores the older parameters and warns at every start (postconf(5), 3.4).
        Set("smtpd_tls_chain_files", files.IsBundle ? files.Chain : null);
        Set("smtpd_tls_cert_file", files.IsBundle ? null : files.Chain);
        Set("smtpd_tls_key_file", files.IsBundle ? null : files.Key);
        foreach (var older in new[] { "smtpd_tls_eccert_file", "smtpd_tls_eckey_file", "smtpd_tls_dcert_file", "smtpd_tls_dkey_file" })
        {
            Set(older, null);
        }

        var protocols = PostfixDialect.Protocols(policy.Minimum);
        Set("smtpd_tls_protocols", protocols);
        Set("smtpd_tls_mandatory_protocols", protocols);
        Set("smtpd_tls_ciphers", "high");
        Set("smtpd_tls_mandatory_ciphers", "high");
        var excluded = policy.Excluded.Count == 0 ? null : string.Join(", ", policy.Excluded);
        Set("smtpd_tls_exclude_ciphers", excluded);
        Set("smtpd_tls_mandatory_exclude_ciphers", excluded);
        Set("tls_preempt_cipherlist", policy.ServerPreference ? "yes" : null);
        if (policy.OutboundMinimum is { } outbound)
        {
            Set("smtp_tls_protocols", PostfixDialect.Protocols(outbound));
            Set("smtp_tls_mandatory_protocols", PostfixDialect.Protocols(outbound));
        }

        foreach (var name in dialect.Obsolete)
        {
            Set(name, null);
        }

        return settings;
    }

    /// <summary>
    /// The value of <c>-o tls_high_cipherlist</c> for the smtpd services, or null when the grade's own list stands. In main.cf
    /// it would narrow the outbound client as well.
    /// </summary>
    public static string? HighCipherList(TlsPolicy policy) => policy.Suites is { Count: > 0 } suites ? string.Join(':', suites) : null;
}
