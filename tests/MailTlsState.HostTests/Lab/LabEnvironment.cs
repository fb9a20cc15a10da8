using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MailTlsState.HostTests.Lab;

/// <summary>What tests/run.sh prepares for the host tests.</summary>
internal static class LabEnvironment
{
    /// <summary>The repository's folder.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    /// <summary>The stock Debian root, as tests/lab/make-root.sh printed it.</summary>
    public static string Root => Required("MAILTLS_TEST_ROOT", Directory.Exists);

    /// <summary>Debian 12 with what other people use beside it (tests/lab/make-acme-root.sh), in the place of a release.</summary>
    public const string Acme = "bookworm-acme";

    /// <summary>The stock root of a release: Debian 12's is <see cref="Root"/>, another one is made where the cache has none.</summary>
    /// <param name="release">Debian's code name or <see cref="Acme"/>; null for the usual one.</param>
    /// <exception cref="InvalidOperationException">It could not be made.</exception>
    public static string RootOf(string? release) => release is null or "bookworm" ? Root : Roots.GetOrAdd(release, static r => new(() => MakeRoot(r))).Value;

    /// <summary>The file of a Debian package for <c>dpkg -i</c> in a host of a release.</summary>
    /// <exception cref="InvalidOperationException">It could not be fetched.</exception>
    public static string PackageFor(string release, string package) => Make("make-package.sh", release, package);

    /// <summary>The native binary under test.</summary>
    public static string Binary => Required("MAILTLS_BINARY", File.Exists);

    /// <summary>True under <c>tests/run.sh --long</c>: sweeps try every point, and releases that move are tried too.</summary>
    public static bool Long => Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1";

    /// <summary>The script that starts a throwaway host.</summary>
    public static string RunInRoot => Path.Combine(Repository, "tests", "lab", "run-in-root.sh");

    private static readonly ConcurrentDictionary<string, Lazy<string>> Roots = new();

    private static string MakeRoot(string release) => release == Acme ? Make("make-acme-root.sh") : Make("make-root.sh", release);

    /// <summary>Runs a script of tests/lab that prints the path of what it made.</summary>
    private static string Make(string script, params string[] arguments)
    {
        using var make = Process.Start(new ProcessStartInfo("sh", [Path.Combine(Repository, "tests", "lab", script), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException("sh could not be started");
        var error = make.StandardError.ReadToEndAsync();
        var path = make.StandardOutput.ReadToEnd().Trim();
        make.WaitForExit();
        return make.ExitCode == 0 && Path.Exists(path) ? path : throw new InvalidOperationException($"{script} {string.Join(' ', arguments)}: {error.Result.Trim()}");
    }

    /// <summary>Decides between the value and a message that says what to do.</summary>
    /// <exception cref="InvalidOperationException">The variable is not set, or names nothing.</exception>
    private static string Required(string variable, Func<string, bool> exists)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(value))
        {
            throw new InvalidOperationException($"{variable} is not set: run the host tests by tests/run.sh, or see tests/lab/README.md");
        }

        return exists(value) ? Path.GetFullPath(value) : throw new InvalidOperationException($"{variable} names {value}, which does not exist");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
