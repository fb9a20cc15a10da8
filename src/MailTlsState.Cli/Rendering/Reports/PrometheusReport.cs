using System.Globalization;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering.Reports;

/// <summary>A verification as Prometheus text (exposition format 0.0.4), for the node exporter's textfile collector.</summary>
internal static class PrometheusReport
{
    public static string Write(VerificationReport report, ReportFacts facts)
    {
        var text = new StringBuilder();
        var host = Label("host", facts.Host);
        Family(text, "mailtls_verified", "1 when every endpoint serves what the manifest says.", [(host, report.HasFailures || report.Verified == 0 ? 0 : 1)]);
        Family(text, "mailtls_verify_last_run_timestamp_seconds", "When mailtls verify last ran.", [(host, facts.Time.ToUnixTimeSeconds())]);
        Family(text, "mailtls_endpoint_verified", "1 when the endpoint serves what the manifest says.", report.Endpoints.Where(e => e.Result is not null || e.Fails).Select(e => (Labels(host, e), e.Fails ? 0L : 1)));
        Family(
            text,
            "mailtls_endpoint_findings",
            "Findings on the endpoint by severity.",
            report.Endpoints.SelectMany(e => Enum.GetValues<FindingSeverity>().Select(s => ($"{Labels(host, e)},{Label("severity", s.ToString().ToLowerInvariant())}", (long)e.Findings.Count(f => f.Severity == s)))));
        Family(
            text,
            "mailtls_certificate_not_after_timestamp_seconds",
            "End of the certificate that is served.",
            report.Endpoints.SelectMany(e => Served(e).Select(c => ($"{Labels(host, e)},{Label("key", c.Key)}", c.NotAfter.ToUnixTimeSeconds()))));
        Family(
            text,
            "mailtls_certificate_on_disk_not_after_timestamp_seconds",
            "End of the certificate that should be served.",
            facts.OnDisk.Select(c => ($"{host},{Label("key", c.Key)}", c.NotAfter.ToUnixTimeSeconds())));
        return text.ToString();
    }

    private static IEnumerable<CertificateFacts> Served(EndpointReport endpoint) => endpoint.Result is { } result
        ? result.ByFamily.Values.Select(a => a.Chain).Append(result.Chain).Where(c => c.Count > 0).Select(c => c[0]).Distinct()
            .Select(leaf => CertificateFacts.TryRead(Convert.FromBase64String(leaf))).OfType<CertificateFacts>()
        : [];

    private static void Family(StringBuilder text, string name, string help, IEnumerable<(string Labels, long Value)> samples)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
        foreach (var (labels, value) in samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {value}\n");
        }
    }

    private static string Labels(string host, EndpointReport endpoint)
    {
        var e = endpoint.Expectation;
        return string.Create(CultureInfo.InvariantCulture, $"{host},{Label("service", e.Service.Name())},{Label("endpoint", e.Kind.Name())},{Label("address", e.Address)},port=\"{e.Port}\",{Label("name", e.ServerName)}");
    }

    private static string Label(string name, string value) =>
        $"{name}=\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
