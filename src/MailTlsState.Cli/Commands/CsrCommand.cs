using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Commands;

/// <summary><c>csr MANIFEST</c>: prints the request that a CA signs. Nothing is changed.</summary>
internal static class CsrCommand
{
    public static Command Create(CommandRunner run)
    {
        var output = new Option<string?>("--output", "-o") { Description = "write it to this new file instead", HelpName = "FILE" };
        var command = new Command("csr", "Print the certificate request (PKCS#10) of the host, for the CA to sign; nothing is changed.") { GlobalOptions.Manifest, output };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            await context.RequireRootAsync(cancellation).ConfigureAwait(false);
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var text = new List<byte>();
            foreach (var source in await HostRequests.FindAsync(context.Host, manifest, cancellation).ConfigureAwait(false))
            {
                text.AddRange(source.Text is { } waiting ? Encoding.ASCII.GetBytes(waiting) : Make(context, source, manifest));
            }

            context.SaveOrPrint(parse.GetValue(output), [.. text]);
            return ExitCodes.Done;
        }));
        return command;
    }

    private static byte[] Make(CommandContext context, HostRequest source, Manifest manifest)
    {
        var raw = context.ReadFile(source.KeyFile);
        try
        {
            return source.Make(manifest, raw);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(raw);
        }
    }
}
