using System.CommandLine;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Cli.Commands;

/// <summary>
/// <c>ca create|sign|export|encrypt</c>: a root CA that is kept away from the mail host. There, <c>csr</c> makes the request and
/// <c>import</c> brings the signed certificate in; here, the key never leaves the machine.
/// </summary>
internal static class CaCommand
{
    private const int PrivateDirectory = 0x1C0; // 0700
    private const int PrivateFile = 0x180; // 0600

    private static readonly Dictionary<string, string?> Nothing = [];

    private static Option<bool> Successor { get; } = new("--successor") { Description = "the next root, which the manifest names under successor" };

    public static Command Create(CommandRunner run) => new("ca", "Keep a private CA apart from the mail host: create it, sign a host's request, export its root certificate, encrypt its key strongly.")
    {
        Make(run),
        Sign(run),
        Export(run),
        Encrypt(run),
    };

    private static Command Make(CommandRunner run)
    {
        var command = new Command("create", "Make the root CA that the manifest describes on this machine: its key, encrypted under the passphrase, and its certificate.") { GlobalOptions.Manifest, Successor };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            await context.RequireRootAsync(cancellation).ConfigureAwait(false);
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var ca = Ca(manifest, parse.GetValue(Successor));
            var (key, certificate) = (CertificatePaths.RootKey(ca), CertificatePaths.Root(ca));
            foreach (var file in new[] { key, certificate }.Where(f => context.Writer.Stat(f) is not null))
            {
                throw new MailTlsException(CaDiagnostics.AlreadyExists(file));
            }

            var files = (parse.GetValue(Successor) ? new CreateSuccessor(Ca(manifest), Ca(manifest).Successor!, Nothing) : (MakeCertificates)new CreateRoot(ca, Nothing)).Make(Inputs(context)).Files;
            Write(context.Writer, ca.Directory, files);
            var facts = CertificateFacts.Read(PrivateCaIssuer.ReadRoot(files[^1].Value));
            context.Terminal.Output.WriteLine($"Created {certificate}: {facts.Subject}, until {facts.NotAfter:yyyy-MM-dd}, SHA-256 {facts.Fingerprint}");
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command Sign(CommandRunner run)
    {
        var request = new Argument<string>("REQUEST") { Description = "the request (PKCS#10, PEM or DER), as mailtls csr printed it on the mail host" };
        var output = new Option<string?>("--output", "-o") { Description = "write the certificate to this new file instead", HelpName = "FILE" };
        var command = new Command("sign", "Sign a mail host's request for the names of the manifest, and print the certificate; mailtls import takes it there.") { GlobalOptions.Manifest, request, output };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            await context.RequireRootAsync(cancellation).ConfigureAwait(false);
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var ca = Ca(manifest).Signing;
            var path = parse.GetRequiredValue(request);
            var key = RequestSigner.Judge(context.ReadFile(path), path, manifest.Certificate);
            using var root = Inputs(context).ReadKey(
                CertificatePaths.RootKey(ca), bytes => PrivateCaIssuer.OpenRoot(bytes, context.ReadFile(CertificatePaths.Root(ca)), context.Writer.ReadSecret(ca.Passphrase)));
            PrivateCaIssuer.ThrowIfUnfit(root, manifest.Certificate.Names);
            var leaf = PrivateCaIssuer.SignLeaf(root, manifest.Certificate.Names, key, ca.LeafLifetime, context.Host.Clock.GetUtcNow());
            context.SaveOrPrint(parse.GetValue(output), BundleWriter.Certificate(leaf));
            return ExitCodes.Done;
        }));
        return command;
    }

    private static Command Export(CommandRunner run)
    {
        var der = new Option<bool>("--der") { Description = "as DER, which telephones and Windows take; only into a file" };
        var output = new Option<string?>("--output", "-o") { Description = "write it to this new file instead", HelpName = "FILE" };
        var command = new Command("export", "Print the root certificate, for people's devices to trust. The key stays where it is.") { GlobalOptions.Manifest, Successor, der, output };
        command.Validators.Add(result =>
        {
            if (result.GetValue(der) && result.GetValue(output) is null)
            {
                result.AddError("--der needs --output FILE: it is binary");
            }
        });
        command.SetAction(parse => run(parse, context =>
        {
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var ca = parse.GetValue(Successor) ? Ca(manifest, successor: true) : Ca(manifest).Signing;
            var certificate = PrivateCaIssuer.ReadRoot(context.ReadFile(CertificatePaths.Root(ca)));
            context.SaveOrPrint(parse.GetValue(output), parse.GetValue(der) ? certificate : BundleWriter.Certificate(certificate));
            return Task.FromResult(ExitCodes.Done);
        }));
        return command;
    }

    private static Command Encrypt(CommandRunner run)
    {
        var timeout = LockTimeout.Option();
        var command = new Command("encrypt", "Write the root's key file anew under the same passphrase: PKCS#8, AES-256, PBKDF2-HMAC-SHA256 with 600,000 rounds.") { GlobalOptions.Manifest, timeout };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            await context.RequireRootAsync(cancellation).ConfigureAwait(false);
            var ca = Ca(context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest)));
            using var held = await RunLock.TakeAsync(context.Host, context.Writer, context.CommandLine, parse.GetValue(timeout), new TerminalProgress(context.Terminal), cancellation).ConfigureAwait(false);

            // The key may be a file of the run that has not ended, which goes forward or back with its other files.
            if (PendingJournal.Look(context.Writer, Journal.DefaultDirectory) is { } pending)
            {
                throw new MailTlsException(pending with { Severity = Severity.Error });
            }

            var present = await context.Host.ObserveFileAsync(CertificatePaths.RootKey(ca), cancellation).ConfigureAwait(false);
            var file = new EncryptRootKey(ca, IsOpen: PemFile.Parse(present.Text ?? "").Keys.Any(), Nothing).Make(Inputs(context)).Files[0];
            Replace(context.Writer, context.Writer.Resolve(file.Key), file.Value);
            context.Terminal.Output.WriteLine($"Encrypted {file.Key} anew: PBKDF2-HMAC-SHA256 {KeyFileScheme.EnoughRounds} AES-256-CBC, under the passphrase from {ca.Passphrase}");
            return ExitCodes.Done;
        }));
        return command;
    }

    // Under the lock the staged name is this run's alone: what lies there is left of one that was killed.
    private static void Replace(IHostWriter writer, string target, byte[] content)
    {
        var directory = Step.Parent(target);
        var staged = $"{directory}/{TemporaryNames.Staged(Step.Name(target), "encrypt", 1)}";
        try
        {
            writer.Unlink(staged);
            writer.CreateFile(staged, content, 0, 0, PrivateFile, like: target);
            try
            {
                writer.Rename(staged, target, replace: true);
            }
            catch (HostWriteException)
            {
                writer.Unlink(staged);
                throw;
            }

            writer.SyncDirectory(directory);
        }
        catch (HostWriteException e)
        {
            throw new MailTlsException(ExecutionDiagnostics.WriteFailed(e));
        }
    }

    private static CertificateInputs Inputs(CommandContext context) => new(context.ReadFile, context.Writer.ReadSecret, context.Host.Clock.GetUtcNow());

    private static PrivateCaManifest Ca(Manifest manifest, bool successor)
    {
        var ca = Ca(manifest);
        return !successor ? ca : ca.Successor?.Ca ?? throw new MailTlsException(CaDiagnostics.HasNoSuccessor(manifest.Source.Locate("/certificate/issuer")));
    }

    private static PrivateCaManifest Ca(Manifest manifest) => manifest.Certificate.Issuer as PrivateCaManifest
        ?? throw new MailTlsException(CaDiagnostics.HasNoCa(manifest.Source.Locate("/certificate/issuer/kind"), Vocabularies.Issuers.WordOf(manifest.Certificate.Issuer.Kind)));

    // A key without its certificate would be of no use, and in the way of the next try.
    private static void Write(IHostWriter writer, string directory, IReadOnlyList<KeyValuePair<string, byte[]>> files)
    {
        var missing = new Stack<string>();
        for (var path = directory; writer.Stat(path) is null; path = Path.GetDirectoryName(path)!)
        {
            missing.Push(path);
        }

        foreach (var path in missing)
        {
            writer.CreateDirectory(writer.Resolve(path), 0, 0, PrivateDirectory);
        }

        var written = new List<string>();
        try
        {
            foreach (var (path, content) in files)
            {
                var target = writer.Resolve(path);
                writer.CreateFile(target, content, 0, 0, PrivateFile);
                written.Add(target);
            }

            writer.SyncDirectory(writer.Resolve(directory));
        }
        catch (HostWriteException e)
        {
            written.ForEach(writer.Unlink);
            throw new MailTlsException(ExecutionDiagnostics.WriteFailed(e));
        }
    }
}
