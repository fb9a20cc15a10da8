using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering;

/// <summary>One endpoint in words, the same in every report.</summary>
internal static class EndpointText
{
    /// <summary>The listener, and the name that was asked for where it is not the host's own.</summary>
    public static string Name(EndpointReport endpoint) =>
        endpoint.Expectation.Endpoint + (endpoint.Expectation.FurtherName ? $" as {endpoint.Expectation.ServerName}" : "");

    /// <summary>The whole verification in one sentence.</summary>
    public static string Summary(VerificationReport report, string what = "what the manifest says")
    {
        var left = report.NotProbed == 0 ? "" : $"; {report.NotProbed} could not be probed from here";
        return report.HasFailures ? $"Not verified: {report.Failing} of {report.Endpoints.Count} listeners fail{left}."
            : report.Verified == 0 ? $"Nothing verified{left}."
            : $"Verified: {report.Verified} listeners serve {what}{left}.";
    }

    /// <summary>What it served, or why nothing.</summary>
    public static string Served(EndpointReport endpoint)
    {
        if (endpoint.Result is not { } result)
        {
            return endpoint.Expectation.ProxyProtocol ? "not probed: it expects a proxy header" : "no answer in time";
        }

        if (endpoint.Expectation.Security == EndpointSecurity.Disabled && result.Outcome == ProbeOutcome.NotConnected)
        {
            return "off";
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

    /// <summary>What else it accepts, in one line: <c>TLSv1.3 (3 suites), TLSv1.2 (3 suites); the server's order; x25519, secp256r1</c>.</summary>
    public static string Accepted(TlsScan scan)
    {
        var versions = scan.Versions.Where(v => v.Outcome == OfferOutcome.Accepted).ToList();
        var orders = versions.Select(v => v.ServerOrder).OfType<bool>().Distinct().ToList();
        var order = orders.Count switch
        {
            0 => "",
            1 => orders[0] ? "; the server's order" : "; the client's order",
            _ => "; the server's order in " + string.Join(" and ", versions.Where(v => v.ServerOrder == true).Select(v => v.Version.Name())),
        };
        var groups = versions.SelectMany(v => v.Groups).Distinct().ToList();
        return (versions.Count == 0 ? "no version of TLS" : string.Join(", ", versions.Select(v => $"{v.Version.Name()} ({v.Suites.Count} {(v.Suites.Count == 1 ? "suite" : "suites")})")))
            + order
            + (groups.Count == 0 ? "" : "; " + string.Join(", ", groups));
    }

    private static string Leaf(string base64) => CertificateFacts.TryRead(Convert.FromBase64String(base64)) is { } facts
        ? $"leaf {facts.Fingerprint[..16]} until {facts.NotAfter:yyyy-MM-dd}"
        : "a certificate that cannot be read";
}
