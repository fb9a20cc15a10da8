using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning.Review;
using MailTlsState.Policies;
using MailTlsState.Services;
using MailTlsState.Services.Postfix;

namespace MailTlsState.Planning.Init;

/// <summary>A manifest made from a running host.</summary>
/// <param name="Text">The commented manifest; it is valid.</param>
/// <param name="Findings">What was found on the host, in the order of its listing in the text.</param>
public sealed record InitResult(string Text, IReadOnlyList<Diagnostic> Findings);

/// <summary>
/// Reads a running host, its hand-made TLS included, and writes a manifest that keeps what is good. The host is asked as a plan asks
/// it: by a provisional manifest that names the listeners that are there.
/// </summary>
public static class HostInit
{
    private const string PlaceholderPassphrase = "/root/mail-ca.pass";

    /// <summary>Makes the manifest; changes nothing.</summary>
    /// <param name="host">The host.</param>
    /// <param name="name">Its fully qualified name, or null to ask it.</param>
    /// <param name="cancellation">Ends the observation.</param>
    /// <exception cref="MailTlsException">No mail server listens, or the host has no fully qualified name.</exception>
    public static async Task<InitResult> MakeAsync(IHost host, string? name, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(host);
        var facts = await host.ObserveHostAsync(cancellation).ConfigureAwait(false);
        var listeners = await host.ObserveListenersAsync(cancellation).ConfigureAwait(false);
        var endpoints = Endpoints(listeners);
        if (endpoints.Count == 0)
        {
            throw new MailTlsException(InitDiagnostics.NothingListens());
        }

        name ??= await NameAsync(host, endpoints, facts, cancellation).ConfigureAwait(false);
        var start = new InitDraft(name, [name], ["ecdsa-p256"], ManifestSchema.DefaultDirectory, null, ManifestSchema.DefaultPolicy, AsTheyAre(endpoints), []);
        if (ManifestReader.Read("init", Encoding.UTF8.GetBytes(InitText.Write(start))).Manifest is not { } provisional)
        {
            throw new MailTlsException(InitDiagnostics.NoName(name));
        }

        var observed = await HostObserver.ObserveAsync(host, provisional, PolicyCatalogue.Resolve(provisional.Policy), cancellation).ConfigureAwait(false);
        if (Endpoints(observed.Known.Own(listeners)) is var own && own.Count == 0)
        {
            throw new MailTlsException(InitDiagnostics.NothingListens());
        }

        // Without what another instance of a server has: on a port of the manifest it would be an error.
        start = start with { Endpoints = AsTheyAre(own) };
        var draft = Decide(start, provisional, observed, await SystemRootsAsync(host, cancellation).ConfigureAwait(false));
        draft = draft with { Findings = [.. await UnseenAsync(host, provisional, observed, own, cancellation).ConfigureAwait(false), .. draft.Findings] };

        // The CA's directory and the names come from the host; what the manifest's own rules refuse is left out.
        foreach (var attempt in new[] { draft, draft with { Authority = draft.Authority?.WithoutDirectory() }, draft with { Kept = [] }, draft with { Kept = [], Authority = null, Names = [name] }, start with { Findings = draft.Findings } })
        {
            var text = InitText.Write(attempt);
            if (ManifestReader.Read("init", Encoding.UTF8.GetBytes(text)).Manifest is not null)
            {
                return new InitResult(text, draft.Findings);
            }
        }

        throw new MailTlsException(InitDiagnostics.NoName(name));
    }

    private static IReadOnlyList<InitEndpoint> AsTheyAre(IEnumerable<EndpointDefinition> endpoints) => [.. endpoints.Select(e => new InitEndpoint(e, new FoundEndpoint(e, []).Security))];

    private static List<EndpointDefinition> Endpoints(IReadOnlyList<Listener> listeners) =>
    [
        .. EndpointCatalogue.All.Where(e => listeners.Any(l => l.Port == e.Kind.DefaultPort() && ServiceOwners.OwnerOf(l) == e.Service)),
    ];

    private static async Task<string> NameAsync(IHost host, IEnumerable<EndpointDefinition> endpoints, HostFacts facts, CancellationToken cancellation)
    {
        if (endpoints.Any(e => e.Service == ServiceKind.Postfix))
        {
            var answer = await host.RunAsync(new ProcessCall(PostfixService.Postconf, ["-c", PostfixService.ConfigDirectory, "-h", "myhostname"]), cancellation).ConfigureAwait(false);
            if (answer.ExitCode == 0 && answer.Output.Trim() is { Length: > 0 } mine)
            {
                return mine.ToLowerInvariant();
            }
        }

        return facts.Name.ToLowerInvariant();
    }

    private static InitDraft Decide(InitDraft start, Manifest asked, HostObservation observed, IReadOnlyList<byte[]>? roots)
    {
        var certificates = InitCertificates.Of(observed, start.Host, roots);
        var endpoints = start.Endpoints.Select(e => Look(observed, e.Definition, asked)).ToList();
        var policy = Policy(observed, endpoints);
        var leaves = certificates.Leaves.Select(l => l.Facts!).ToList();
        var names = leaves.FirstOrDefault()?.DnsNames.Where(n => IsName(n) && leaves.TrueForAll(l => l.DnsNames.Contains(n))).Distinct().ToList() ?? [];
        if (!names.Contains(start.Host))
        {
            names.Insert(0, start.Host);
        }

        if (certificates.Root?.Directory is not null)
        {
            names.AddRange(leaves[0].IpAddresses.Where(a => HostNames.Address(a) == a));
        }

        return start with
        {
            Names = names,
            Keys = leaves.Select(l => l.Key).Where(k => Vocabularies.KeyKinds.TryParse(k, out _)).DefaultIfEmpty(start.Keys[0]).ToList(),
            Authority = certificates.Root,
            Kept = certificates.Kept,
            Policy = policy,
            Endpoints = [.. endpoints.Select(e => new InitEndpoint(e.Definition, e.Security) { ProxyProtocol = e.BehindProxy })],
            Findings = [.. HostReview.Of(observed), .. certificates.Findings, .. endpoints.SelectMany(InClear), .. endpoints.SelectMany(Mixed), .. Stricter(endpoints, policy)],
        };
    }

    private static FoundEndpoint Look(HostObservation observed, EndpointDefinition endpoint, Manifest asked)
    {
        var service = observed.Services[endpoint.Service];
        return new FoundEndpoint(endpoint, service.ConfigurationError is not null ? []
            : service.Kind == ServiceKind.Postfix ? [.. new InitPostfix(observed, service).On(endpoint.Kind.DefaultPort())]
            : [.. new InitDovecot(observed, service, asked).On(endpoint.Kind)]);
    }

    // Clients that log in without TLS now cannot after apply.
    private static IEnumerable<Diagnostic> InClear(FoundEndpoint endpoint) => endpoint.Security != EndpointSecurity.Required ? [] :
        endpoint.Listeners.Where(l => l.ClearText.Count > 0).Select(l => InitFindings.ClearText(l.At, endpoint.Definition.Word, endpoint.Definition.Kind.DefaultPort(), l.ClearText));

    // The manifest says it once for all listeners of an endpoint.
    private static IEnumerable<Diagnostic> Mixed(FoundEndpoint endpoint)
    {
        var word = endpoint.Definition.Word;
        if (endpoint.Security == EndpointSecurity.Opportunistic && endpoint.Listeners.ToLookup(l => l.ClearText.Count > 0, l => l.Name) is var open && open[false].Any() && open[true].Any())
        {
            yield return InitFindings.MixedSecurity(word, open[false], open[true]);
        }

        if (endpoint.Listeners.ToLookup(l => l.BehindProxy, l => l.Name) is var proxied && proxied[false].Any() && proxied[true].Any())
        {
            yield return InitFindings.MixedProxy(word, proxied[true], proxied[false]);
        }
    }

    // A server that is stopped would be missing in the manifest without a word, and of one that cannot read its configuration nothing is known but its ports.
    private static async Task<IReadOnlyList<Diagnostic>> UnseenAsync(IHost host, Manifest asked, HostObservation observed, IReadOnlyList<EndpointDefinition> named, CancellationToken cancellation)
    {
        var found = new List<Diagnostic>();
        foreach (var service in MailServices.All)
        {
            var seen = observed.Services.GetValueOrDefault(service.Kind) ?? await service.ObserveAsync(host, new ObservedFiles(host), asked, cancellation).ConfigureAwait(false);
            var isNamed = named.Any(e => e.Service == service.Kind);
            if (seen.ConfigurationError is { } error)
            {
                found.Add(InitFindings.Unreadable(service.Kind.ToString(), Cause(error), isNamed));
            }
            else if (seen.Installed && !seen.Running && !isNamed)
            {
                found.Add(InitFindings.Stopped(service.Kind.ToString()));
            }
        }

        return found;
    }

    // Warnings may stand before it.
    private static string Cause(string error)
    {
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.FirstOrDefault(l => l.Contains("fatal:", StringComparison.OrdinalIgnoreCase)) ?? lines.LastOrDefault() ?? "it says nothing";
    }

    private static async Task<IReadOnlyList<byte[]>?> SystemRootsAsync(IHost host, CancellationToken cancellation)
    {
        var files = new ObservedFiles(host);
        foreach (var path in TrustAnchors.System)
        {
            if ((await files.ResolveAsync(path, cancellation).ConfigureAwait(false)).Text is { } text)
            {
                return TrustAnchors.Read(text);
            }
        }

        return null;
    }

    private static string Policy(HostObservation observed, IReadOnlyList<FoundEndpoint> endpoints)
    {
        // PSD is the article's own typo, and no other source has its Dovecot list.
        if (Answers(observed).Any(a => a.Contains("PSD", StringComparison.Ordinal) || a.Contains("EECDH+ECDSA+AESGCM:EECDH+aRSA+AESGCM", StringComparison.Ordinal)))
        {
            return "article";
        }

        return endpoints.All(e => e.Tls13Only) ? "modern" : ManifestSchema.DefaultPolicy;
    }

    // A manifest has one policy for all.
    private static IEnumerable<Diagnostic> Stricter(IReadOnlyList<FoundEndpoint> endpoints, string policy) =>
        policy != "modern" && endpoints.SelectMany(e => e.Listeners.Where(l => l.Tls13Only).Select(l => l.Name == e.Definition.Word ? l.Name : $"{e.Definition.Word} ({l.Name})")).Distinct().ToList() is { Count: > 0 } strict
            ? [InitFindings.Stricter(strict, policy)]
            : [];

    private static IEnumerable<string> Answers(HostObservation observed) => observed.Services.Values.SelectMany(s => s.Answers.Values).Select(a => "\n" + a + "\n");

    private static bool IsName(string name) => name.Contains('.', StringComparison.Ordinal) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '*');

    /// <summary>The file that the manifest takes the passphrase from; the person writes it.</summary>
    internal static string Passphrase => PlaceholderPassphrase;
}
