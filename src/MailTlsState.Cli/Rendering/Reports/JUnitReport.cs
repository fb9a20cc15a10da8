using System.Globalization;
using System.Text;
using System.Xml;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering.Reports;

/// <summary>A verification as JUnit XML, as CI servers read it: a test case for each listener.</summary>
internal static class JUnitReport
{
    public static string Write(VerificationReport report, ReportFacts facts)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", $"mailtls verify {facts.Host}");
            xml.WriteAttributeString("timestamp", facts.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
            xml.WriteAttributeString("tests", Number(report.Endpoints.Count));
            xml.WriteAttributeString("failures", Number(report.Failing));
            xml.WriteAttributeString("errors", "0");
            xml.WriteAttributeString("skipped", Number(report.NotProbed));
            foreach (var endpoint in report.Endpoints)
            {
                Write(xml, endpoint);
            }

            if (report.Denials.Count > 0)
            {
                xml.WriteElementString("system-err", Printable(string.Concat(report.Denials.Select(d => $"refused by SELinux: {d.Line}\n"))));
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + text + "\n";
    }

    private static void Write(XmlWriter xml, EndpointReport endpoint)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", $"mailtls.{endpoint.Expectation.Endpoint.ToString().Split(' ')[0]}");
        xml.WriteAttributeString("name", EndpointText.Name(endpoint));
        if (endpoint.Result is null && !endpoint.Fails)
        {
            xml.WriteStartElement("skipped");
            xml.WriteAttributeString("message", Printable(string.Join("; ", endpoint.Findings.Select(f => f.Observed))));
            xml.WriteEndElement();
        }

        // One element a test case: some readers take the first alone.
        var failures = endpoint.Findings.Where(f => f.Severity == FindingSeverity.Failure).ToList();
        if (failures.Count > 0)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("type", failures[0].Code.Id);
            xml.WriteAttributeString("message", Printable(string.Join("; ", failures.Select(f => $"{f.Code.Id} {f.Code.Title}"))));
            xml.WriteString(Lines(failures));
            xml.WriteEndElement();
        }

        var others = endpoint.Findings.Except(failures).ToList();
        if (others.Count > 0)
        {
            xml.WriteElementString("system-out", Lines(others));
        }

        xml.WriteEndElement();
    }

    private static string Lines(IEnumerable<Finding> findings) =>
        Printable(string.Concat(findings.Select(f => $"{f.Code.Id} {f.Code.Title}: expected {f.Expected}, observed {f.Observed}\n{f.Rule}; {f.Remedy}\n")));

    // What a server or a certificate says may hold what XML 1.0 has no way to write.
    private static string Printable(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '?'));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
