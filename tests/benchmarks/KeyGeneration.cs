using System.Diagnostics;
using System.Globalization;
using MailTlsState.Certificates;
using MailTlsState.Manifests;

namespace MailTlsState.Benchmarks;

/// <summary>Makes keys of every kind, and has <c>openssl genpkey</c> make as many, turn by turn.</summary>
internal static class KeyGeneration
{
    /// <summary>A row a kind. How long an RSA key takes is chance, so that means count, over many keys.</summary>
    /// <param name="seconds">About how long each kind may take.</param>
    public static void Run(double seconds)
    {
        foreach (var kind in Enum.GetValues<KeyKind>())
        {
            Make(kind);
            OpenSsl(kind);
            var (ours, theirs, count) = (TimeSpan.Zero, TimeSpan.Zero, 0);
            for (; (ours + theirs).TotalSeconds < seconds; count++)
            {
                ours += Time(() => Make(kind));
                theirs += Time(() => OpenSsl(kind));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{KeyKinds.Text(kind),-11} {ours.TotalMilliseconds / count,8:0.00} ms   openssl genpkey {theirs.TotalMilliseconds / count,8:0.00} ms   ratio {ours / theirs:0.00}   ({count} keys each)"));
        }
    }

    private static void Make(KeyKind kind)
    {
        using var key = KeyPair.Generate(kind);
        key.ExportPem().AsSpan().Clear();
    }

    // With the start of its process, which is most of what an EC key takes.
    private static void OpenSsl(KeyKind kind)
    {
        var text = KeyKinds.Text(kind);
        string[] how = text.StartsWith("rsa", StringComparison.Ordinal) ? ["RSA", "-pkeyopt", $"rsa_keygen_bits:{text[4..]}"] : ["EC", "-pkeyopt", $"ec_paramgen_curve:P-{text[^3..]}"];
        using var process = Process.Start(new ProcessStartInfo("openssl", ["genpkey", "-quiet", "-algorithm", .. how, "-out", "/dev/null"]))!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"openssl genpkey ended with {process.ExitCode}");
        }
    }

    private static TimeSpan Time(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed;
    }
}
