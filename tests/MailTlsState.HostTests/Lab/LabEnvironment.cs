using System.Runtime.CompilerServices;

namespace MailTlsState.HostTests.Lab;

/// <summary>What tests/run.sh prepares for the host tests.</summary>
internal static class LabEnvironment
{
    /// <summary>The repository's folder.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    /// <summary>The stock Debian root, as tests/lab/make-root.sh printed it.</summary>
    public static string Root => Required("MAILTLS_TEST_ROOT", Directory.Exists);

    /// <summary>The native binary under test.</summary>
    public static string Binary => Required("MAILTLS_BINARY", File.Exists);

    /// <summary>True under <c>tests/run.sh --long</c>: sweeps try every point, and releases that move are tried too.</summary>
    public static bool Long => Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1";

    /// <summary>The script that starts a throwaway host.</summary>
    public static string RunInRoot => Path.Combine(Repository, "tests", "lab", "run-in-root.sh");

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
