using System.Globalization;
using System.Net;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering.Reports;

/// <summary>A verification as one HTML page without scripts or outside resources. Whatever a server said is escaped.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --line: #8886; --bad: #c22; --warn: #a60; --good: #292; }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
        code { font-size: .9em; overflow-wrap: anywhere; }
        .failure, .no { color: var(--bad); font-weight: 600; } .warning { color: var(--warn); font-weight: 600; } .ok { color: var(--good); font-weight: 600; }
        summary { cursor: pointer; font-weight: 600; margin: .3rem 0; } small { opacity: .75; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
        """;

    public static string Write(VerificationReport report, ReportFacts facts)
    {
        var html = new StringBuilder();
        var time = facts.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        html.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>TLS of {Text(facts.Host)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n");
        html.Append(CultureInfo.InvariantCulture, $"<h1>TLS of {Text(facts.Host)}</h1>\n<p><span class=\"{(report.HasFailures ? "no" : "ok")}\">{Text(EndpointText.Summary(report))}</span>\n<small>Measured {time} by the policy {Text(facts.Policy)}.</small></p>\n");
        html.Append("<table>\n<tr><th></th><th>Listener</th><th>Served</th><th>Also accepted</th></tr>\n");
        foreach (var endpoint in report.Endpoints)
        {
            var (style, mark) = endpoint.Fails ? ("failure", "FAIL") : endpoint.Result is null ? ("warning", "skip") : endpoint.Findings.Any(f => f.Severity == FindingSeverity.Warning) ? ("warning", "warn") : ("ok", "ok");
            html.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"{style}\">{mark}</td><td>{Text(EndpointText.Name(endpoint))}</td><td>{Text(EndpointText.Served(endpoint))}</td><td>{Text(endpoint.Scan is { } scan ? EndpointText.Accepted(scan) : "")}</td></tr>\n");
        }

        html.Append("</table>\n");
        Findings(html, report);
        Denials(html, report);
        html.Append("<h2>Details</h2>\n");
        foreach (var endpoint in report.Endpoints)
        {
            Details(html, endpoint);
        }

        return html.Append("</body>\n</html>\n").ToString();
    }

    private static void Findings(StringBuilder html, VerificationReport report)
    {
        if (!report.Findings.Any())
        {
            return;
        }

        html.Append("<h2>Findings</h2>\n<table>\n<tr><th></th><th>Listener</th><th>Finding</th><th>Expected</th><th>Observed</th><th>Rule and remedy</th></tr>\n");
        foreach (var endpoint in report.Endpoints)
        {
            foreach (var f in endpoint.Findings)
            {
                var severity = f.Severity.ToString().ToLowerInvariant();
                html.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"{severity}\">{severity}</td><td>{Text(EndpointText.Name(endpoint))}</td><td>{f.Code.Id} {Text(f.Code.Title)}</td><td>{Text(f.Expected)}</td><td>{Text(f.Observed)}</td><td>{Text(f.Rule)}<br>{Text(f.Remedy)}</td></tr>\n");
            }
        }

        html.Append("</table>\n");
    }

    private static void Denials(StringBuilder html, VerificationReport report)
    {
        if (report.Denials.Count > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<h2>Refused by SELinux meanwhile</h2>\n<pre>{Text(string.Join("\n", report.Denials.Select(d => d.Line)))}</pre>\n");
        }
    }

    private static void Details(StringBuilder html, EndpointReport endpoint)
    {
        if (endpoint.Result is not { } result)
        {
            return;
        }

        html.Append(CultureInfo.InvariantCulture, $"<details>\n<summary>{Text(EndpointText.Name(endpoint))}</summary>\n<table>\n");
        Row(html, "Greeting", result.Greeting);
        Row(html, "Before TLS", string.Join(", ", result.CapabilitiesBefore));
        Row(html, "Over TLS", string.Join(", ", result.CapabilitiesAfter));
        foreach (var (der, position) in result.Chain.Select((c, i) => (c, i)))
        {
            Row(html, $"Certificate {position + 1}", Certificate(der));
        }

        if (endpoint.Scan is { } scan)
        {
            foreach (var version in scan.Versions)
            {
                Row(html, version.Version.Name(), version.Outcome == OfferOutcome.Accepted ? string.Join("\n", new[] { string.Join(", ", version.Suites), Listed("groups", version.Groups), Listed("signatures", version.Signatures) }.Where(l => l.Length > 0)) : version.Outcome == OfferOutcome.Refused ? "refused" : "not tested");
            }

            Row(html, "Extended master secret", Word(scan.ExtendedMasterSecret));
            Row(html, "Secure renegotiation", Word(scan.SecureRenegotiation));
            Row(html, "Compression", Word(scan.Compression));
            Row(html, "Session tickets", Word(scan.SessionTickets));
            Row(html, "0-RTT bytes", scan.EarlyData?.ToString(CultureInfo.InvariantCulture));
            Row(html, "Application protocol", scan.ApplicationProtocol);
            Row(html, "Sent with STARTTLS", scan.Injection == InjectionOutcome.NotTested ? null : scan.Injection.ToString().ToLowerInvariant());
            Row(html, "Connections", scan.Connections.ToString(CultureInfo.InvariantCulture));
        }

        html.Append("</table>\n</details>\n");
    }

    private static string Certificate(string base64) => CertificateFacts.TryRead(Convert.FromBase64String(base64)) is { } c
        ? $"{c.Subject}, for {string.Join(", ", c.ServerNames)}\n{c.Key}, {c.SignatureAlgorithm}, {c.NotBefore:yyyy-MM-dd} to {c.NotAfter:yyyy-MM-dd}\nissuer {c.Issuer}\nSHA-256 {c.Fingerprint}"
        : "cannot be read";

    private static void Row(StringBuilder html, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><th>{name}</th><td><code>{Text(value).Replace("\n", "<br>", StringComparison.Ordinal)}</code></td></tr>\n");
        }
    }

    private static string Listed(string what, IReadOnlyList<string> values) => values.Count == 0 ? "" : $"{what}: {string.Join(", ", values)}";

    private static string? Word(bool? value) => value switch { true => "yes", false => "no", null => null };

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
