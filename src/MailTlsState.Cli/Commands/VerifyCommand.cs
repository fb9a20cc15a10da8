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
        var root = new Option<string?>("--root") { Description = "trust this root certificate (PEM); default is the private CA's on this host", HelpName = "FILE" };
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

            var report = await Verifier.VerifyAsync(context.Host, expectations, cancellation).ConfigureAwait(false);
            context.Terminal.Output.Write(context.Format == OutputFormat.Json
                ? FindingsDocument.Write(report) + "\n"
                : FindingsText.Render(report, context.Terminal.Palette));
            return report.HasFailures ? ExitCodes.Changes : ExitCodes.Done;
        }));
        return command;
    }

    private static async Task<IReadOnlyList<EndpointExpectation>> LocalAsync(CommandContext context, Manifest manifest, string? root, CancellationToken cancellation)
    {
        var place = await CertificatePaths.LocateAsync(context.Host, manifest, cancellation).ConfigureAwait(false);
        var files = CertificatePaths.Of(manifest, place.Generation);
        var listeners = context.Host.ObserveListenersAsync(cancellation);
        var chain = await context.Host.ObserveFileAsync(files.Chain, cancellation).ConfigureAwait(false);
        var leaf = PemFile.Parse(chain.Text ?? "").Certificates.FirstOrDefault()?.Facts?.Fingerprint;
        return Expectations.Of(
            manifest,
            PolicyCatalogue.Resolve(manifest.Policy),
            EndpointTarget.Of(manifest, await listeners.ConfigureAwait(false)),

            // Nothing on disk can be served, so whatever is served is another leaf.
            leaf ?? "none",
            Anchors(context, manifest, root));
    }

    private static IReadOnlyList<EndpointExpectation> Remote(CommandContext context, Manifest manifest, string address, string? root) =>
        [.. Expectations.Of(manifest, PolicyCatalogue.Resolve(manifest.Policy), EndpointTarget.Of(manifest, []), null, Anchors(context, manifest, root))
            .Select(e => e with { Address = address })];

    private static IReadOnlyList<byte[]> Anchors(CommandContext context, Manifest manifest, string? root)
    {
        var path = root ?? CertificatePaths.Root((PrivateCaManifest)manifest.Certificate.Issuer);
        byte[] bytes;
        try
        {
            bytes = context.ReadFile(path);
        }
        catch (MailTlsException) when (root is null)
        {
            throw new MailTlsException(CommandDiagnostics.NoTrustAnchor(path));
        }

        var anchors = PemFile.Parse(Encoding.Latin1.GetString(bytes)).Certificates.Select(c => c.Der!).ToList();
        return anchors.Count > 0 ? anchors : throw new MailTlsException(CommandDiagnostics.NoTrustAnchor(path));
    }

    private static string Address(string value, Manifest manifest)
    {
        var cut = value.IndexOf('=', StringComparison.Ordinal);
        return cut > 0 && string.Equals(value[..cut], manifest.Host, StringComparison.OrdinalIgnoreCase) && IPAddress.TryParse(value[(cut + 1)..], out var address)
            ? address.ToString()
            : throw new MailTlsException(CommandDiagnostics.BadConnect(value, manifest.Host));
    }
}
