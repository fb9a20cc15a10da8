using System.Diagnostics;
using System.Runtime.CompilerServices;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Hosts;

/// <summary>
/// Runs a test's body as root of a throwaway host: the test starts this test program once more in there, for itself alone, and the
/// second run finds itself inside and does the work.
/// </summary>
internal static class InsideHost
{
    private const string Marker = "MAILTLS_INSIDE_HOST";
    private const string RuntimeAt = "/opt/dotnet";
    private const string TestsAt = "/opt/tests";

    /// <summary>What a further run of the same test is to do, see <see cref="StartRole"/>; empty in the test itself.</summary>
    public static string Role => Environment.GetEnvironmentVariable(Marker + "_ROLE") ?? "";

    private static bool IsInside => Environment.GetEnvironmentVariable(Marker) is not null;

    /// <summary>Runs the body inside; fails with everything that was said unless it passes.</summary>
    public static async Task RunAsync(Func<Task> body, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        if (IsInside)
        {
            await body();
            return;
        }

        var method = $"MailTlsState.HostTests.Hosts.{Path.GetFileNameWithoutExtension(file)}.{test}";
        var start = new ProcessStartInfo("sh", [LabEnvironment.RunInRoot, LabEnvironment.Root, .. Command(method)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var runtime = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        start.Environment["BIND"] = $"{runtime}:{RuntimeAt[1..]}:{AppContext.BaseDirectory.TrimEnd('/')}:{TestsAt[1..]}";
        start.Environment[Marker] = method;
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, await output + await error);
    }

    /// <summary>Starts this test once more, inside, as another process with a role; the caller ends it.</summary>
    /// <param name="role">What <see cref="Role"/> says there.</param>
    /// <param name="wrapper">A program and its arguments that starts it, for example with fewer rights.</param>
    public static Process StartRole(string role, params string[] wrapper)
    {
        string[] command = [.. wrapper, .. Command(Environment.GetEnvironmentVariable(Marker)!)];
        var start = new ProcessStartInfo(command[0], command[1..]);
        start.Environment[Marker + "_ROLE"] = role;
        return Process.Start(start)!;
    }

    /// <summary>Waits until a condition holds; fails after 20 seconds.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var waited = Stopwatch.StartNew(); !condition(); await Task.Delay(10))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"not in 20 s: {what}");
        }
    }

    private static string[] Command(string method) =>
        [RuntimeAt + "/dotnet", $"{TestsAt}/{typeof(InsideHost).Assembly.GetName().Name}.dll", "-noLogo", "-noColor", "-method", method];
}
