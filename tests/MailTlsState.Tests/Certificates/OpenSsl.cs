using System.Diagnostics;

namespace MailTlsState.Tests.Certificates;

/// <summary>Runs the machine's openssl, the judge of what MailTlsState makes.</summary>
internal static class OpenSsl
{
    public static (int ExitCode, string Output) Run(byte[]? input, params string[] arguments)
    {
        var start = new ProcessStartInfo("openssl", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.BaseStream.Write(input ?? []);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    /// <summary>Runs a command that must succeed.</summary>
    public static string Must(byte[]? input, params string[] arguments)
    {
        var (code, output) = Run(input, arguments);
        Xunit.Assert.True(code == 0, $"openssl {string.Join(' ', arguments)}: {code}\n{output}");
        return output;
    }
}

/// <summary>A directory of a test's own, removed at its end.</summary>
internal sealed class TemporaryFiles : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mailtls-test-");

    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
