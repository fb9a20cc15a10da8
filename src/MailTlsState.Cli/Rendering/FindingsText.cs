using System.Text;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering;

/// <summary>A verification as people read it: a line for each listener, then each finding with its rule and remedy.</summary>
internal static class FindingsText
{
    public static string Render(VerificationReport report, Palette palette, string what = "what the manifest says")
    {
        var text = new StringBuilder();
        var width = report.Endpoints.Select(e => EndpointText.Name(e).Length).DefaultIfEmpty(0).Max();
        foreach (var endpoint in report.Endpoints)
        {
            var mark = endpoint.Fails ? palette.Bad("FAIL")
                : endpoint.Result is null ? palette.Dim("skip")
                : endpoint.Findings.Any(f => f.Severity == FindingSeverity.Warning) ? palette.Bold("warn")
                : palette.Good("ok  ");
            text.AppendLine($"{mark} {EndpointText.Name(endpoint).PadRight(width)}  {PlainText.Of(EndpointText.Served(endpoint))}");
            foreach (var finding in endpoint.Findings.Where(f => f.Severity != FindingSeverity.Information))
            {
                text.AppendLine($"       {finding.Code.Id} {finding.Code.Title}: {PlainText.Of($"expected {finding.Expected}, observed {finding.Observed}")}");
                text.AppendLine($"       {palette.Dim($"{finding.Rule}; {finding.Remedy}")}");
            }
        }

        // Most listeners of a service accept the same: each picture is told once.
        foreach (var alike in report.Endpoints.Where(e => e.Scan is not null).GroupBy(e => EndpointText.Accepted(e.Scan!)))
        {
            var ports = string.Join(", ", alike.Select(e => e.Expectation.Port).Distinct());
            text.AppendLine($"accepted on {ports}: {palette.Dim(alike.Key)}");
        }

        // What nobody has to act on is told once for all listeners.
        foreach (var alike in report.Findings.Where(f => f.Severity == FindingSeverity.Information).GroupBy(f => (f.Code, f.Expected, f.Observed, f.Rule, f.Remedy)))
        {
            var ports = string.Join(", ", alike.Select(f => f.Endpoint.Port).Distinct());
            text.AppendLine($"note on {ports}: {alike.Key.Code.Id} {alike.Key.Code.Title}: {PlainText.Of($"expected {alike.Key.Expected}, observed {alike.Key.Observed}")}");
            text.AppendLine($"       {palette.Dim($"{alike.Key.Rule}; {alike.Key.Remedy}")}");
        }

        text.AppendLine(!report.HasFailures ? palette.Good(EndpointText.Summary(report, what)) : palette.Bad(EndpointText.Summary(report, what)));
        return text.ToString();
    }
}
