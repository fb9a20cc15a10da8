using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering;

/// <summary>A verification as people read it: a line for each listener, then each finding with its rule and remedy.</summary>
internal static class FindingsText
{
    public static string Render(VerificationReport report, Palette palette, string what = "what the manifest says")
    {
        var text = new StringBuilder();
        var width = report.Endpoints.Select(e => e.Expectation.Endpoint.ToString().Length).DefaultIfEmpty(0).Max();
        foreach (var endpoint in report.Endpoints)
        {
            var mark = endpoint.Fails ? palette.Bad("FAIL")
                : endpoint.Findings.Any(f => f.Severity == FindingSeverity.Warning) ? palette.Bold("warn")
                : palette.Good("ok  ");
            text.AppendLine($"{mark} {endpoint.Expectation.Endpoint.ToString().PadRight(width)}  {Served(endpoint)}");
            foreach (var finding in endpoint.Findings)
            {
                text.AppendLine($"       {finding.Code.Id} {finding.Code.Title}: expected {finding.Expected}, observed {finding.Observed}");
                text.AppendLine($"       {palette.Dim($"{finding.Rule}; {finding.Remedy}")}");
            }
        }

        text.AppendLine(!report.HasFailures
            ? palette.Good($"Verified: {report.Endpoints.Count} listeners serve {what}.")
            : palette.Bad($"Not verified: {report.Failing} of {report.Endpoints.Count} listeners fail."));
        return text.ToString();
    }

    private static string Served(EndpointReport endpoint)
    {
        if (endpoint.Result is not { } result)
        {
            return endpoint.Expectation.ProxyProtocol ? "not probed: it expects a proxy header" : "not probed";
        }

        if (result.Outcome != ProbeOutcome.Completed)
        {
            return result.Failure ?? result.Outcome.ToString();
        }

        var leaf = result.Chain.Count == 0 ? "no certificate" : Leaf(result.Chain[0]);
        var others = result.ByFamily.Where(a => a.Value.Chain.FirstOrDefault() is { } other && other != result.Chain.FirstOrDefault()).OrderBy(a => a.Key)
            .Select(a => $"; {KeyKinds.Text(a.Key)} {Leaf(a.Value.Chain[0])}");
        return $"{result.Version?.Name()} {result.Suite}, {leaf}{string.Concat(others)}";
    }

    private static string Leaf(string base64)
    {
        try
        {
            var facts = CertificateFacts.Read(Convert.FromBase64String(base64));
            return $"leaf {facts.Fingerprint[..16]} until {facts.NotAfter:yyyy-MM-dd}";
        }
        catch (FormatException)
        {
            return "a certificate that cannot be read";
        }
    }
}
