using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;

namespace MailTlsState.Verification;

/// <summary>Writes a report as JSON by schemas/findings.v1.schema.json.</summary>
public static class FindingsJson
{
    /// <summary>Value of <c>format</c>.</summary>
    public const string Format = "mailtlsstate/findings/v1";

    // Names and server texts stay readable; the text goes to a file or terminal, never into HTML.
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the report as indented UTF-8.</summary>
    public static void Write(IBufferWriter<byte> output, VerificationReport report)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteStartArray("endpoints");
        foreach (var endpoint in report.Endpoints)
        {
            Write(json, endpoint);
        }

        json.WriteEndArray();
        WriteList(json, "denials", [.. report.Denials.Select(d => d.Line)]);
        json.WriteStartObject("summary");
        json.WriteNumber("endpoints", report.Endpoints.Count);
        json.WriteNumber("failures", report.Findings.Count(f => f.Severity == FindingSeverity.Failure));
        json.WriteNumber("warnings", report.Findings.Count(f => f.Severity == FindingSeverity.Warning));
        json.WriteNumber("information", report.Findings.Count(f => f.Severity == FindingSeverity.Information));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, EndpointReport endpoint)
    {
        var (expectation, result, findings) = endpoint;
        json.WriteStartObject();
        json.WriteString("service", expectation.Service.Name());
        json.WriteString("endpoint", expectation.Kind.Name());
        json.WriteString("security", expectation.Security.ToString().ToLowerInvariant());
        json.WriteString("address", expectation.Address);
        json.WriteNumber("port", expectation.Port);
        json.WriteString("serverName", expectation.ServerName);
        json.WriteBoolean("named", expectation.Named);
        json.WriteString("outcome", result is null ? "notProbed" : JsonNamingPolicy.CamelCase.ConvertName(result.Outcome.ToString()));
        json.WriteString("failure", result?.Failure);
        json.WriteString("greeting", result?.Greeting);
        json.WriteString("version", result?.Version?.Name());
        json.WriteString("suite", result?.Suite);
        WriteList(json, "capabilitiesBefore", result?.CapabilitiesBefore ?? []);
        WriteList(json, "capabilitiesAfter", result?.CapabilitiesAfter ?? []);
        WriteChain(json, result?.Chain ?? []);
        if (result is { ByFamily.Count: > 0 })
        {
            json.WriteStartObject("byKey");
            foreach (var (family, answer) in result.ByFamily.OrderBy(a => a.Key))
            {
                json.WriteStartObject(KeyKinds.Text(family));
                json.WriteString("failure", answer.Failure);
                WriteChain(json, answer.Chain);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteStartObject("offers");
        foreach (var (offered, outcome) in (result?.Offers ?? new Dictionary<TlsVersion, OfferOutcome>()).OrderBy(o => o.Key))
        {
            json.WriteString(offered.Name(), JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString()));
        }

        json.WriteEndObject();
        if (endpoint.Scan is { } scan)
        {
            ScanJson.Write(json, "scan", scan);
        }

        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code.Id);
            json.WriteString("title", finding.Code.Title);
            json.WriteString("class", finding.Class.ToString().ToLowerInvariant());
            json.WriteString("severity", finding.Severity.ToString().ToLowerInvariant());
            json.WriteString("expected", finding.Expected);
            json.WriteString("observed", finding.Observed);
            json.WriteString("rule", finding.Rule);
            json.WriteString("remedy", finding.Remedy);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteChain(Utf8JsonWriter json, IReadOnlyList<string> chain)
    {
        json.WriteStartArray("chain");
        foreach (var certificate in chain)
        {
            WriteCertificate(json, Convert.FromBase64String(certificate));
        }

        json.WriteEndArray();
    }

    private static void WriteCertificate(Utf8JsonWriter json, byte[] der)
    {
        json.WriteStartObject();
        json.WriteString("fingerprint", CertificateFacts.Sha256(der));
        // A finding of its own says that it cannot be read; here its fields are null.
        var facts = CertificateFacts.TryRead(der);
        json.WriteString("subject", facts?.Subject);
        json.WriteString("issuer", facts?.Issuer);
        json.WriteString("serial", facts?.SerialNumber);
        json.WriteString("publicKeyFingerprint", facts?.PublicKeyFingerprint);
        json.WriteString("key", facts?.Key);
        json.WriteString("signatureAlgorithm", facts?.SignatureAlgorithm);
        WriteList(json, "names", facts?.ServerNames ?? []);
        WriteTime(json, "notBefore", facts?.NotBefore);
        WriteTime(json, "notAfter", facts?.NotAfter);
        json.WriteEndObject();
    }

    internal static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } moment)
        {
            json.WriteString(name, moment.UtcDateTime);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
