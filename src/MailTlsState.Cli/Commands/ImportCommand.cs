using System.CommandLine;
using System.Security.Cryptography;
using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Commands;

/// <summary><c>import MANIFEST FILE…</c>: puts a purchased certificate into place, by the same path as <c>apply</c>.</summary>
internal static class ImportCommand
{
    private const int LargestFile = 1024 * 1024;

    public static Command Create(CommandRunner run)
    {
        var files = new Argument<string[]>("FILE") { Description = "what the CA sent: PEM, DER, PKCS#7 or PKCS#12, in any order", Arity = ArgumentArity.OneOrMore };
        var approve = new Option<bool>("--auto-approve") { Description = "do not ask for the word yes" };
        var passwordFile = new Option<string?>("--password-file") { Description = "the password of a PKCS#12 file or an encrypted key, in a file that root alone may read", HelpName = "FILE" };
        var passwordVariable = new Option<string?>("--password-env") { Description = "the environment variable with that password", HelpName = "NAME" };
        var timeout = LockTimeout.Option();
        var command = new Command("import", "Put a purchased certificate with its chain into place, all or nothing, and see it served on every endpoint.")
        {
            GlobalOptions.Manifest, files, approve, passwordFile, passwordVariable, timeout,
        };
        command.SetAction((parse, cancellation) => run(parse, context => ImportAsync(
            context,
            parse.GetRequiredValue(GlobalOptions.Manifest),
            parse.GetRequiredValue(files),
            Password(parse.GetValue(passwordFile), parse.GetValue(passwordVariable)),
            parse.GetValue(approve),
            parse.GetValue(timeout),
            cancellation)));
        return command;
    }

    private static SecretReference? Password(string? file, string? variable) =>
        file is not null ? new SecretReference(CommandContext.FullPath(file), null) : variable is not null ? new SecretReference(null, variable) : null;

    private static async Task<int> ImportAsync(
        CommandContext context, string path, string[] files, SecretReference? password, bool approved, TimeSpan lockTimeout, CancellationToken cancellation)
    {
        await context.RequireRootAsync(cancellation).ConfigureAwait(false);
        var manifest = context.ReadManifest(path);
        if (manifest.Certificate.Issuer.Kind != IssuerKind.Purchased)
        {
            throw new MailTlsException(ImportDiagnostics.IssuerIsAnother(Vocabularies.Issuers.WordOf(manifest.Certificate.Issuer.Kind)));
        }

        var secret = password is null ? null : context.Writer.ReadSecret(password);
        var imported = new List<VendorFile>();
        try
        {
            foreach (var file in files)
            {
                imported.Add(await ReadAsync(context, file, secret, cancellation).ConfigureAwait(false));
                context.Terminal.Progress($"{file}: {Found(imported[^1])}");
            }

            if (!await ApplyFlow.RecoverFirstAsync(context, lockTimeout, cancellation).ConfigureAwait(false))
            {
                return ExitCodes.Incomplete;
            }

            context.Terminal.Progress("observing the host");
            var made = await PlanMaker.MakeAsync(context.Host, manifest, null, cancellation, imported: imported).ConfigureAwait(false);
            var plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
            return await ApplyFlow.RunAsync(
                context, new ManifestPlanSource(manifest, imported: imported), plan, approved, ApplyLimits.Default, lockTimeout, "Import complete", "what the manifest says", cancellation).ConfigureAwait(false);
        }
        finally
        {
            imported.ForEach(f => f.Dispose());
        }
    }

    private static async Task<VendorFile> ReadAsync(CommandContext context, string file, string? secret, CancellationToken cancellation)
    {
        if (context.Writer.Stat(CommandContext.FullPath(file)) is { Size: > LargestFile and var size })
        {
            throw new MailTlsException(ImportDiagnostics.FileTooLarge(file, $"has {size} bytes, more than {LargestFile}"));
        }

        var content = context.ReadFile(file);
        try
        {
            return VendorFile.Read(file, content, secret);
        }
        catch (MailTlsException closed) when (secret is null && closed.Diagnostics[0].Code == ImportDiagnostics.PasswordMissing)
        {
            var typed = await context.Terminal.AskSecretAsync($"Password of {file}: ", cancellation).ConfigureAwait(false);
            if (typed is null)
            {
                throw;
            }

            return VendorFile.Read(file, content, typed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private static string Found(VendorFile file)
    {
        var keys = file.Keys.Count switch { 0 => "", 1 => " and a private key", var many => $" and {many} private keys" };
        return $"{file.Format}, {file.Certificates.Count} {(file.Certificates.Count == 1 ? "certificate" : "certificates")}{keys}";
    }
}
