using System.Globalization;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning.Review;

namespace MailTlsState.Planning.Init;

/// <summary>One endpoint of the manifest that is being written.</summary>
internal sealed record InitEndpoint(EndpointDefinition Definition, EndpointSecurity Security)
{
    /// <summary>True where a proxy header comes first.</summary>
    public bool ProxyProtocol { get; init; }
}

/// <summary>The decisions of a manifest that is being written.</summary>
internal sealed record InitDraft(
    string Host,
    IReadOnlyList<string> Names,
    IReadOnlyList<string> Keys,
    string Directory,
    InitAuthority? Authority,
    string Policy,
    IReadOnlyList<InitEndpoint> Endpoints,
    IReadOnlyList<Diagnostic> Findings)
{
    /// <summary>The pairs that another tool keeps and that stay; none where mailtls makes them.</summary>
    public IReadOnlyList<NamedPair> Kept { get; init; } = [];
}

/// <summary>Writes a manifest with the reason beside each decision. The same decisions give the same text.</summary>
internal static class InitText
{
    private const int Column = 42;

    public static string Write(InitDraft draft)
    {
        var text = new StringBuilder();
        Head(text, draft);
        Line(text, "apiVersion: mailtlsstate/v1", null);
        Line(text, $"host: {draft.Host}", "the name that clients type");
        Line(text, "certificate:", null);
        Line(text, $"  names: [{string.Join(", ", draft.Names.Select(Name))}]", "the names in the certificate");
        if (draft.Kept.Count > 0)
        {
            Existing(text, draft.Kept, draft.Authority?.Path);
        }
        else
        {
            Line(text, $"  keys: [{string.Join(", ", draft.Keys)}]", draft.Keys is [var only] && only.StartsWith("rsa", StringComparison.Ordinal) ? "as it is now; ecdsa-p256 is smaller and faster" : null);
            Line(text, $"  directory: {draft.Directory}", "a directory of its own; none that others use is touched");
            Line(text, "  layout: bundle", "one file with key and chain, replaced as one");
            Issuer(text, draft);
        }

        Line(text, "policy:", null);
        Line(text, $"  base: {draft.Policy}", draft.Policy switch
        {
            "article" => "as the host was set up; intermediate is stricter",
            "modern" => "TLS 1.3 only, as it is now",
            _ => "mailtls policy lists the others",
        });
        Services(text, draft);
        return text.ToString();
    }

    private static void Head(StringBuilder text, InitDraft draft)
    {
        text.Append(CultureInfo.InvariantCulture, $"# Written by mailtls init from what {draft.Host} runs now. Read it, then look at the plan: it changes nothing.\n");
        if (draft.Findings.Count > 0)
        {
            text.Append("#\n# Found on this host; mailtls explain CODE says what each costs, the plan shows what apply does about it:\n");
            foreach (var finding in draft.Findings)
            {
                text.Append(CultureInfo.InvariantCulture, $"#   {finding.Code.Id} {(finding.Location is { } at ? $"{at.File}:{at.Line}: " : "")}{OneLine(finding.Fact)}\n");
            }
        }

        text.Append('\n');
    }

    private static void Existing(StringBuilder text, IReadOnlyList<NamedPair> pairs, string? root)
    {
        Line(text, "  issuer:", null);
        Line(text, "    kind: existing", "another tool keeps these files; mailtls reads them and sees that they are served");
        Line(text, "    files:", null);
        foreach (var pair in pairs)
        {
            Line(text, $"      - certificate: {Quote(pair.Certificate)}", null);
            if (pair.Key != pair.Certificate)
            {
                Line(text, $"        key: {Quote(pair.Key)}", null);
            }
        }

        if (root is null)
        {
            Line(text, "    trust: system", "or { file: … } for a CA of your own");
        }
        else
        {
            Line(text, $"    trust: {{ file: {Quote(root)} }}", "the CA that signed it");
        }
    }

    private static void Issuer(StringBuilder text, InitDraft draft)
    {
        Line(text, "  issuer:", null);
        Line(text, "    kind: privateCa", null);
        if (draft.Authority is { Directory: { } directory } found)
        {
            Comment(text, $"The CA that signed the present certificate is kept: clients that trust {found.Path} need nothing new.");
            Line(text, $"    subject: {{ {string.Join(", ", found.Subject.Select(p => $"{p.Key}: {Quote(p.Value)}"))} }}", null);
            if (found.Key is { } key)
            {
                Line(text, $"    key: {key}", null);
            }

            Line(text, $"    lifetime: {found.Lifetime}", null);
            Line(text, $"    directory: {directory}", "its ca.key and ca.pem");
            Comment(text, "Write the passphrase of ca.key into this file (owner root, mode 0600).");
        }
        else
        {
            if (draft.Authority is { } other)
            {
                Comment(text, $"The present certificate was signed by the CA in {other.Path}. To keep that CA, put its certificate as ca.pem and");
                Comment(text, "its encrypted key as ca.key into a directory of its own (mode 0700) and write that as directory: here, with its subject.");
            }

            Line(text, $"    subject: {{ commonName: {Quote(Domain(draft.Host) + " Mail CA")} }}", "a new CA; clients have to trust its ca.pem");
            Comment(text, "Make the passphrase once: (umask 077; openssl rand -base64 24 >" + HostInit.Passphrase + ")");
        }

        Line(text, $"    passphrase: {{ file: {HostInit.Passphrase} }}", null);
    }

    private static void Services(StringBuilder text, InitDraft draft)
    {
        Line(text, "services:", null);
        foreach (var service in draft.Endpoints.GroupBy(e => e.Definition.Service).OrderBy(g => g.Key))
        {
            Line(text, $"  {Vocabularies.Services.WordOf(service.Key)}:", null);
            Line(text, "    endpoints:", null);
            foreach (var endpoint in service)
            {
                Line(text, $"      {endpoint.Definition.Word}: {{ security: {Vocabularies.Securities.WordOf(endpoint.Security)}{(endpoint.ProxyProtocol ? ", proxyProtocol: true" : "")} }}", Meaning(endpoint));
            }
        }
    }

    private static string Meaning(InitEndpoint endpoint) => endpoint.Definition.Kind.DefaultPort().ToString(CultureInfo.InvariantCulture) + endpoint.Security switch
    {
        EndpointSecurity.Opportunistic => ": senders without TLS can still deliver",
        EndpointSecurity.Required => ": no login and no mail before STARTTLS",
        _ => ": TLS from the first byte",
    };

    private static void Line(StringBuilder text, string line, string? comment)
    {
        text.Append(line);
        if (comment is not null)
        {
            text.Append(' ', Math.Max(1, Column - line.Length)).Append("# ").Append(comment);
        }

        text.Append('\n');
    }

    private static void Comment(StringBuilder text, string comment) => text.Append("    # ").Append(OneLine(comment)).Append('\n');

    private static string Domain(string host) => host.Split('.') is { Length: > 2 } labels ? string.Join('.', labels[1..]) : host;

    private static string Name(string name) => name.StartsWith('*') || name.Contains(':', StringComparison.Ordinal) ? $"\"{name}\"" : name;

    private static string Quote(string value)
    {
        var safe = new string([.. value.Where(c => !char.IsControl(c))]);
        return "\"" + safe.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
    }

    // What comes from a file of the host must not start a line of YAML.
    private static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' ? ' ' : c)]);
}
