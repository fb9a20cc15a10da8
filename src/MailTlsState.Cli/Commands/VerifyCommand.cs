using System.CommandLine;
using System.Net;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Cli.Rendering;
using MailTlsState.Cli.Rendering.Reports;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Commands;

/// <summary><c>verify MANIFEST</c>: a handshake with every listener, measured by the manifest.</summary>
internal static class VerifyCommand
{
    public static Command Create(CommandRunner run)
    {
        var connect = new Option<string?>("--connect") { Description = "verify over the network, reaching the manifest's host by its name, or at another address", HelpName = "HOST[=ADDRESS]" };
        var root = new Option<string?>("--root") { Description = "trust this root certificate (PEM); default is what the manifest trusts: the private CA's on this host, or the system's roots", HelpName = "FILE" };
        var against = new Option<string?>("--against") { Description = "measure by another policy than the manifest's", HelpName = "POLICY" };
        against.AcceptOnlyFromAmong([.. PolicyCatalogue.Names]);
        var quick = new Option<bool>("--quick") { Description = "certificate, name, chain, floor and logins alone, as after an apply; not everything that each port accepts" };
        var time = new Option<TimeSpan>("--timeout")
        {
            Description = "report what is known after this time (30s, 5m)",
            HelpName = "DURATION",
            CustomParser = result => LockTimeout.Parse(result, "--timeout"),
            DefaultValueFactory = _ => TimeSpan.FromMinutes(1),
        };
        var reports = ReportFiles.Option();
        var command = new Command("verify", "Shake hands with every endpoint and compare what it serves and accepts with the manifest; exit 2 when something fails.") { GlobalOptions.Manifest, connect, root, against, quick, time, reports };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            using var deadline = new CancellationTokenSource(parse.GetValue(time), context.Host.Clock);
            var policy = parse.GetValue(against) is { } name ? PolicyCatalogue.Find(name)! : PolicyCatalogue.Resolve(manifest.Policy);
            var (expectations, leaves, former) = parse.GetValue(connect) is { } value
                ? (Remote(context, manifest, policy, await AddressesAsync(context, value, manifest, cancellation).ConfigureAwait(false), parse.GetValue(root)), [], Task.FromResult<IReadOnlyList<FormerProcessCheck.Former>>([]))
                : await LocalAsync(context, manifest, policy, parse.GetValue(root), cancellation).ConfigureAwait(false);
            if (parse.GetValue(connect) is null && PendingJournal.Look(context.Writer, Journal.DefaultDirectory) is { } pending)
            {
                context.Terminal.Report(pending);
            }

            expectations = [.. FurtherNames(manifest, expectations)];
            var denials = parse.GetValue(connect) is null ? new DenialLog(context.Host, context.Writer, await context.Host.ObserveHostAsync(cancellation).ConfigureAwait(false)) : null;
            denials?.Mark();
            var report = await Verifier.ScanAsync(context.Host, expectations, everything: !parse.GetValue(quick), deadline.Token, cancellation).ConfigureAwait(false);
            report = FormerProcessCheck.Add(report, await former.ConfigureAwait(false));
            if (report.HasFailures && denials is not null)
            {
                report = report with { Denials = await denials.SinceAsync().ConfigureAwait(false) };
            }

            context.Terminal.Output.Write(context.Format == OutputFormat.Json
                ? FindingsDocument.Write(report) + "\n"
                : FindingsText.Render(report, context.Terminal.Palette));

            // After the result: a file that cannot be written must not keep it back.
            var unwritten = ReportFiles.Write(context, parse.GetValue(reports) ?? [], report, new ReportFacts(manifest.Host, policy.Name, context.Host.Clock.GetUtcNow(), leaves ?? []));
            foreach (var diagnostic in report.Denials.Select(ExecutionDiagnostics.Denied).Concat(unwritten))
            {
                context.Terminal.Report(diagnostic);
            }

            return report.HasFailures ? ExitCodes.Changes : unwritten.Count > 0 ? ExitCodes.Error : ExitCodes.Done;
        }));
        return command;
    }

    private static async Task<(IReadOnlyList<EndpointExpectation> Expectations, IReadOnlyList<CertificateFacts>? Leaves, Task<IReadOnlyList<FormerProcessCheck.Former>> Former)> LocalAsync(
        CommandContext context, Manifest manifest, TlsPolicy policy, string? root, CancellationToken cancellation)
    {
        var files = new ObservedFiles(context.Host);
        var listeners = context.Host.ObserveListenersAsync(cancellation);
        var known = KnownListeners.LookAsync(context.Host, files, manifest, listeners, cancellation);
        var places = await CertificateIssuers.Of(manifest).ObserveAsync(context.Host, files, manifest, cancellation).ConfigureAwait(false);
        var chains = await Task.WhenAll(places.Select(p => files.ResolveAsync(p.Files.Chain, cancellation))).ConfigureAwait(false);
        foreach (var unreadable in chains.Where(c => c.Problem is not null))
        {
            // What should be served is not known then; everything else is still judged.
            context.Terminal.Report(CommandDiagnostics.CertificateUnreadable(unreadable.Path, unreadable.Problem!));
        }

        var leaves = chains.Any(c => c.Problem is not null) ? null : chains.Select(c => PemFile.Parse(c.Text ?? "").Certificates.FirstOrDefault()?.Facts).OfType<CertificateFacts>().ToList();
        var (sockets, told) = (await listeners.ConfigureAwait(false), await known.ConfigureAwait(false));
        var former = FormerProcessCheck.LookAsync(context.Host, files, manifest, places, sockets, told, cancellation);
        return (Expectations.Of(manifest, policy, Targets(manifest, sockets, told), leaves, Anchors(context, manifest, root)), leaves, former);
    }

    private static IReadOnlyList<EndpointExpectation> Remote(CommandContext context, Manifest manifest, TlsPolicy policy, IReadOnlyList<string> addresses, string? root) =>
        Expectations.Of(
            manifest,
            policy,
            [.. Targets(manifest, [], KnownListeners.None).SelectMany(t => addresses.Select(a => t with { Address = a, Elsewhere = !context.Host.IsOwnAddress(a) })).DistinctBy(t => (t.Service, t.Endpoint, t.Address, t.Port))],
            null,
            Anchors(context, manifest, root));

    private static IReadOnlyList<EndpointTarget> Targets(Manifest manifest, IReadOnlyList<Listener> listeners, KnownListeners known) =>
        [.. EndpointTarget.Of(manifest, listeners, known), .. EndpointTarget.Apart(manifest, listeners, known)];

    // Each name of the certificate is one that clients connect to; a block for it (local_name, an SNI map) may serve something else.
    private static IEnumerable<EndpointExpectation> FurtherNames(Manifest manifest, IEnumerable<EndpointExpectation> expectations)
    {
        var names = manifest.Certificate.Names.Where(n => n != manifest.Host && !n.StartsWith("*.", StringComparison.Ordinal) && !IPAddress.TryParse(n, out _)).ToList();
        return expectations.SelectMany(e => e.Security == EndpointSecurity.Disabled || e.ProxyProtocol ? [e] : names.Select(n => e with { ServerName = n, FurtherName = true }).Prepend(e));
    }

    private static IReadOnlyList<byte[]> Anchors(CommandContext context, Manifest manifest, string? root)
    {
        var paths = root is null ? CertificateIssuers.Of(manifest).TrustFiles(manifest) : [root];
        foreach (var path in paths)
        {
            try
            {
                var anchors = TrustAnchors.Read(Encoding.Latin1.GetString(context.ReadFile(path)));
                return anchors.Count > 0 ? anchors : throw new MailTlsException(CommandDiagnostics.NoTrustAnchor(path));
            }
            catch (MailTlsException unread) when (root is null && unread.Diagnostics[0].Code != CommandDiagnostics.NoTrustAnchorCode)
            {
                // The next place may have it.
                continue;
            }
        }

        throw new MailTlsException(CommandDiagnostics.NoTrustAnchor(paths[0]));
    }

    private static async Task<IReadOnlyList<string>> AddressesAsync(CommandContext context, string value, Manifest manifest, CancellationToken cancellation)
    {
        var cut = value.IndexOf('=', StringComparison.Ordinal);
        var (host, target) = cut < 0 ? (value, value) : (value[..cut], value[(cut + 1)..]);
        if (target.Length == 0 || !string.Equals(host, manifest.Host, StringComparison.OrdinalIgnoreCase) || Uri.CheckHostName(target) == UriHostNameType.Unknown)
        {
            throw new MailTlsException(CommandDiagnostics.BadConnect(value, manifest.Host));
        }

        IReadOnlyList<string> addresses = IPAddress.TryParse(target, out var address) ? [address.ToString()] : await context.Host.ResolveAsync(target, cancellation).ConfigureAwait(false);
        return addresses.Count > 0 ? addresses : throw new MailTlsException(CommandDiagnostics.NameNotResolved(target, manifest.Host));
    }
}
