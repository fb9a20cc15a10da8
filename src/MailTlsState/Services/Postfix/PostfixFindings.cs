using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>What an administrator should know about the configuration as it was found. Pure.</summary>
/// <param name="request">The plan's inputs.</param>
/// <param name="answers">What postconf said.</param>
/// <param name="main">main.cf as it was found.</param>
/// <param name="master">master.cf as it was found.</param>
/// <param name="mended">Parameters that this plan takes care of: a warning about one of them would only confuse.</param>
internal sealed class PostfixFindings(ServicePlanRequest request, PostfixAnswers answers, MainCf main, MasterCf master, IReadOnlyList<string> mended)
{
    private const string Unused = "unused parameter: ";

    /// <summary>The parameters of a certificate that the client presents.</summary>
    internal static readonly string[] ClientCertificates = ["smtp_tls_chain_files", "smtp_tls_cert_file", "smtp_tls_eccert_file", "smtp_tls_dcert_file"];

    /// <summary>Parameters about TLS that every supported version knows: what a misspelt one was probably meant to be.</summary>
    private static readonly string[] Known =
    [
        .. PostfixSettings.Managed, .. new[] { "smtpd", "smtp", "lmtp" }.SelectMany(d => new[]
        {
            "security_level", "protocols", "mandatory_protocols", "ciphers", "mandatory_ciphers", "exclude_ciphers", "mandatory_exclude_ciphers", "loglevel", "CAfile",
            "CApath", "cert_file", "key_file", "chain_files", "session_cache_database", "session_cache_timeout", "fingerprint_digest", "note_starttls_offer",
            "policy_maps", "verify_cert_match", "wrappermode", "secure_cert_match",
        }.Select(s => $"{d}_tls_{s}")),
        "smtpd_tls_auth_only", "smtpd_tls_received_header", "smtpd_tls_ask_ccert", "smtpd_tls_req_ccert", "smtpd_tls_dh1024_param_file", "smtpd_tls_eecdh_grade", "smtp_tls_connection_reuse",
        "smtpd_use_tls", "smtpd_enforce_tls", "smtp_use_tls", "smtp_enforce_tls", "smtp_dns_support_level", "tls_ssl_options", "tls_random_source", "tls_server_sni_maps",
        "tls_high_cipherlist", "tls_medium_cipherlist", "tls_eecdh_auto_curves", "tls_daemon_random_bytes", "tls_disable_workarounds", "tls_append_default_CA",
    ];

    // What the review of the text says with its place: obsolete parameters (MTS0622) and repeated ones (MTS0633).
    private static readonly string[] Reviewed = ["DEPRECATION_README", "overriding earlier entry"];

    public IEnumerable<Diagnostic> Find() => [.. OtherManifest(), .. Warnings(), .. ClientCertificate(), .. Resolver(), .. Instances(), .. SniMaps()];

    private IEnumerable<Diagnostic> Warnings()
    {
        foreach (var line in answers.Raw.GetValueOrDefault(PostfixAnswers.Warnings, "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var text = line.Replace("/usr/sbin/postconf: ", "", StringComparison.Ordinal).Trim();
            var unused = text.IndexOf(Unused, StringComparison.Ordinal);
            if (unused >= 0 && Misspelt(text, text[(unused + Unused.Length)..].Split('=', 2)[0].Trim()) is { } misspelt)
            {
                yield return misspelt;
            }
            else if (!mended.Any(m => Names(text, m)) && !Reviewed.Any(r => text.Contains(r, StringComparison.Ordinal)))
            {
                yield return ServiceDiagnostics.DaemonWarning("Postfix", text.TrimEnd('.'));
            }
        }
    }

    // A parameter's name within other words: smtpd_tls_ciphers is not in smtpd_tls_ciphers_old.
    private static bool Names(string text, string name)
    {
        for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            var end = at + name.Length;
            if ((at == 0 || !IsName(text[at - 1])) && (end == text.Length || !IsName(text[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private Diagnostic? Misspelt(string text, string name)
    {
        var nearest = Nearest.Of(name, Known);
        var tls = name.Contains("tls", StringComparison.OrdinalIgnoreCase) || name.Contains("ssl", StringComparison.OrdinalIgnoreCase) || name.Contains("cipher", StringComparison.OrdinalIgnoreCase);
        if (!tls)
        {
            return null;
        }

        var inMaster = text.Contains(PostfixService.MasterCf, StringComparison.Ordinal)
            ? master.Services.SelectMany(s => s.Overrides).FirstOrDefault(o => o.Name == name)
            : null;
        var place = inMaster is not null ? new SourceLocation(PostfixService.MasterCf, inMaster.Line, 1)
            : main.Find(name) is { } entry ? new SourceLocation(PostfixService.MainCf, entry.Line, 1)
            : new SourceLocation(PostfixService.MainCf, 1, 1);
        return PostfixDiagnostics.UnknownParameter(place, name, answers.Parameter("mail_version"), nearest);
    }

    private IEnumerable<Diagnostic> ClientCertificate()
    {
        var server = new[] { answers.Parameter("smtpd_tls_chain_files"), answers.Parameter("smtpd_tls_cert_file"), answers.Parameter("smtpd_tls_eccert_file") }
            .Concat(request.Pairs.Select(p => p.Chain)).Where(v => v.Length > 0).ToHashSet(StringComparer.Ordinal);
        foreach (var name in ClientCertificates)
        {
            if (answers.Expanded(name) is { } value && server.Contains(value))
            {
                yield return PostfixDiagnostics.ServerCertificateAsClient(new SourceLocation(PostfixService.MainCf, main.Find(name)?.Line ?? 1, 1), name, value);
            }
        }
    }

    private IEnumerable<Diagnostic> OtherManifest()
    {
        var lines = TextLines.Split(main.ToString());
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith(PostfixSettings.Heading, StringComparison.Ordinal) && lines[i][PostfixSettings.Heading.Length..].Trim() is var host && host != request.Manifest.Host)
            {
                yield return PostfixDiagnostics.OtherManifest(new SourceLocation(PostfixService.MainCf, i + 1, 1), host, request.Manifest.Host);
            }
        }
    }

    private IEnumerable<Diagnostic> Resolver()
    {
        if (request.Desired.Outbound is { Security: OutboundSecurity.Dane })
        {
            yield return PostfixDiagnostics.DaneResolver(request.Manifest.Source.Locate("/services/postfix/outbound/security"));
        }
    }

    private IEnumerable<Diagnostic> Instances()
    {
        if (answers.Parameter("multi_instance_directories") is { Length: > 0 } others)
        {
            yield return PostfixDiagnostics.MultiInstance(request.Manifest.Source.Locate("/services/postfix"), others);
        }
    }

    // Only that there is one: what is in it would be read with the keys that it holds.
    private IEnumerable<Diagnostic> SniMaps()
    {
        const string name = "tls_server_sni_maps";
        var servers = master.Services.Where(s => s.Command is "smtpd" or "tlsproxy").ToList();
        if (answers.Written(name) is { Length: > 0 } map && servers.Any(s => s.Override(name) is null))
        {
            yield return PostfixDiagnostics.SniMap(new SourceLocation(PostfixService.MainCf, main.Find(name)?.Line ?? 1, 1), map, null, request.Manifest.Host);
        }

        foreach (var server in servers.Where(s => answers.Override(s, name) is { Length: > 0 }))
        {
            var option = server.Overrides.Last(o => o.Name == name);
            yield return PostfixDiagnostics.SniMap(new SourceLocation(PostfixService.MasterCf, option.Line, 1), option.Value, server.Name, request.Manifest.Host);
        }
    }
}
