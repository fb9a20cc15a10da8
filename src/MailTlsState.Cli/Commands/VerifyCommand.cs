using System.CommandLine;
using System.Net;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
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
        var connect = new Option<string?>("--connect") { Description = "verify over the network, reaching the manifest's host at this address", HelpName = "HOST=ADDRESS" };
        var root = new Option<string?>("--root") { Description = "trust this root certificate (PEM); default is what the manifest trusts: the private CA's on this host, or the system's roots", HelpName = "FILE" };
        var command = new Command("verify", "Shake hands with every endpoint and compare what it serves with the manifest; exit 2 when something fails.") { GlobalOptions.Manifest, connect, root };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var expectations = parse.GetValue(connect) is { } value
                ? Remote(context, manifest, Address(value, manifest), parse.GetValue(root))
                : await LocalAsync(context, manifest, parse.GetValue(root), cancellation).ConfigureAwait(false);
            if (parse.GetValue(connect) is null && PendingJournal.Look(context.Writer, Journal.DefaultDirectory) is { } pending)
            {
                context.Terminal.Report(pending);
            }

            var denials = new DenialLog(context.Host, context.Writer, await context.Host.ObserveHostAsync(cancellation).ConfigureAwait(false));
            denials.Mark();
            var report = await Verifier.VerifyAsync(context.Host, expectations, cancellation).ConfigureAwait(false);
            context.Terminal.Output.Write(context.Format == OutputFormat.Json
                ? FindingsDocument.Write(report) + "\n"
                : FindingsText.Render(report, context.Terminal.Palette));
            if (report.HasFailures && parse.GetValue(connect) is null)
            {
                foreach (var denial in await denials.SinceAsync().ConfigureAwait(false))
                {
                    context.Terminal.Report(ExecutionDiagnostics.Denied(denial));
                }
            }

            return report.HasFailures ? ExitCodes.Changes : ExitCodes.Done;
        }));
        return command;
    }

    private static async Task<IReadOnlyList<EndpointExpectation>> LocalAsync(CommandContext context, Manifest manifest, string? root, CancellationToken cancellation)
    {
        var files = new ObservedFiles(context.Host);
        var listeners = context.Host.ObserveListenersAsync(cancellation);
        var places = await CertificateIssuers.Of(manifest).ObserveAsync(context.Host, files, manifest, cancellation).ConfigureAwait(false);
        var chains = await Task.WhenAll(places.Select(p => files.ResolveAsync(p.Files.Chain, cancellation))).ConfigureAwait(false);
        var leaves = chains.Select(c => PemFile.Parse(c.Text ?? "").Certificates.FirstOrDefault()?.Facts).OfType<CertificateFacts>().ToList();
        return Expectations.Of(
            manifest,
            PolicyCatalogue.Resolve(manifest.Policy),
            EndpointTarget.Of(manifest, await listeners.ConfigureAwait(false)),
            leaves,
            Anchors(context, manifest, root));
    }

    private static IReadOnlyList<EndpointExpectation> Remote(CommandContext context, Manifest manifest, string address, string? root) =>
        [.. Expectations.Of(manifest, PolicyCatalogue.Resolve(manifest.Policy), EndpointTarget.Of(manifest, []), null, Anchors(context, manifest, root))
            .Select(e => e with { Address = address })];

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

    private static string Address(string value, Manifest manifest)
    {
        var cut = value.IndexOf('=', StringComparison.Ordinal);
        return cut > 0 && string.Equals(value[..cut], manifest.Host, StringComparison.OrdinalIgnoreCase) && IPAddress.TryParse(value[(cut + 1)..], out var address)
            ? address.ToString()
            : throw new MailTlsException(CommandDiagnostics.BadConnect(value, manifest.Host));
    }
}
