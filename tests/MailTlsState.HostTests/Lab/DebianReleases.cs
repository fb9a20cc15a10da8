using Xunit;

namespace MailTlsState.HostTests.Lab;

/// <summary>
/// The Debian releases that a test runs on: <c>[Theory, MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]</c>, with the
/// test's body in <see cref="RunAsync"/>.
/// </summary>
public static class DebianReleases
{
    /// <summary>Debian 11, 12 and 13 (Postfix 3.5, 3.7, 3.10; Dovecot 2.3.13, 2.3.19, 2.4.1; OpenSSL 1.1.1, 3.0, 3.5).</summary>
    public static IReadOnlyList<string> Stable { get; } = ["bullseye", "bookworm", "trixie"];

    /// <summary>Code names: the stable ones, and testing under <c>tests/run.sh --long</c>; only those of <c>MAILTLS_RELEASES</c> where that is set, so that long runs can go side by side.</summary>
    public static TheoryData<string> All => [.. Environment.GetEnvironmentVariable("MAILTLS_RELEASES") is { Length: > 0 } some ? some.Split(' ') : LabEnvironment.Long ? Stable.Append(Testing) : Stable];

    /// <summary>Debian 11 in the normal run, all under --long: for what the oldest versions lack.</summary>
    public static TheoryData<string> Oldest => LabEnvironment.Long ? All : ["bullseye"];

    /// <summary>Debian 13 in the normal run, all under --long: for what is the same on each.</summary>
    public static TheoryData<string> Newest => LabEnvironment.Long ? All : ["trixie"];

    /// <summary>Debian 12 in the normal run, all under --long: for what takes long on each.</summary>
    public static TheoryData<string> Usual => LabEnvironment.Long ? All : ["bookworm"];

    private const string Testing = "forky";

    /// <summary>Runs a test on a release. Debian testing moves, so what fails there is said in the test's output and is no failure.</summary>
    /// <param name="release">Debian's code name.</param>
    /// <param name="test">The test.</param>
    public static async Task RunAsync(string release, Func<Task> test)
    {
        ArgumentNullException.ThrowIfNull(test);
        try
        {
            await test();
        }
        catch (Exception e) when (release == Testing)
        {
            TestContext.Current.AddWarning($"on Debian testing: {e.Message}");
            await Console.Out.WriteLineAsync($"reported, not fatal: {TestContext.Current.Test?.TestDisplayName}: {e.Message}");
        }
    }
}
