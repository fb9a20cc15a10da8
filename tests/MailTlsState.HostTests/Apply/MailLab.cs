using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>A stock mail host with a manifest in /root/manifest.yaml and the CA's passphrase beside it.</summary>
internal sealed class MailLab : IAsyncDisposable
{
    public const string Manifest = "/root/manifest.yaml";
    public const string Bundle = "/etc/pki/mailtls/mail.mydomain.com.pem";
    public const string Root = "/etc/pki/mailtls/ca/ca.pem";
    public const string Strict = $"-CAfile {Root} -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null";

    /// <summary>Connects to 587 and stays until /run/quit is there.</summary>
    public const string StayingClient = "setsid bash -c 'exec 3<>/dev/tcp/127.0.0.1/587; read -r line <&3; touch /run/here; until [ -e /run/quit ]; do sleep 0.1; done; printf \"QUIT\\r\\n\" >&3; cat <&3'"
        + " >/dev/null 2>&1 & until [ -e /run/here ]; do sleep 0.1; done";

    // An apply takes two seconds; tests run side by side, and beside builds.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private MailLab(ThrowawayHost host) => Host = host;

    public ThrowawayHost Host { get; }

    /// <summary>Starts a host with both daemons up.</summary>
    /// <param name="example">The folder below examples that has the manifest.</param>
    /// <param name="edit">Changes its text.</param>
    /// <param name="release">Debian's code name; null for Debian 12.</param>
    /// <param name="options">Other settings of the host.</param>
    public static async Task<MailLab> StartAsync(string example = "article", Func<string, string>? edit = null, string? release = null, ThrowawayHostOptions? options = null)
    {
        var lab = new MailLab(await ThrowawayHost.StartMailHostAsync((options ?? new ThrowawayHostOptions()) with { Release = release }));
        try
        {
            await lab.WriteManifestAsync(example, edit);
            await lab.Host.WriteFileAsync("/root/mail-ca.pass", "correct horse battery staple\n", "600");
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same, after a first apply.</summary>
    public static async Task<MailLab> AppliedAsync(string example = "article", Func<string, string>? edit = null, string? release = null, ThrowawayHostOptions? options = null)
    {
        var lab = await StartAsync(example, edit, release, options);
        try
        {
            await lab.ApplyAsync(0);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public async Task WriteManifestAsync(string example, Func<string, string>? edit = null)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(LabEnvironment.Repository, "examples", example, "manifest.yaml"));
        await Host.WriteFileAsync(Manifest, edit is null ? text : edit(text));
    }

    public async Task<CommandResult> RunAsync(string command, int exitCode = 0) => (await Host.RunAsync(command, timeLimit: Patience)).Expect(exitCode);

    /// <summary>Puts a script in the place of a program; the program is <c>NAME.real</c> then.</summary>
    public Task ReplaceAsync(string program, string script) => RunAsync(
        $"mv {program} {program}.real && cat >{program} <<'END'\n#!/bin/sh\n{script}\nEND\nchmod 755 {program}");

    /// <summary>Brings the program back.</summary>
    public Task RestoreAsync(string program) => RunAsync($"mv -f {program}.real {program}");

    public Task<CommandResult> PlanAsync(int exitCode) => RunAsync($"mailtls plan {Manifest} --detailed-exitcode", exitCode);

    public Task<CommandResult> ApplyAsync(int exitCode, string source = Manifest) => RunAsync($"mailtls apply {source} --auto-approve", exitCode);

    public Task<CommandResult> VerifyAsync(int exitCode) => RunAsync($"mailtls verify {Manifest}", exitCode);

    /// <summary>Runs apply, which must end with <paramref name="exitCode"/>, say all of <paramref name="said"/> on stderr and leave the host as it was.</summary>
    public async Task<string> RefusesAsync(int exitCode, string[] said, string source = Manifest)
    {
        var before = await Host.SnapshotAsync();
        var served = await ServedAsync();
        var result = await ApplyAsync(exitCode, source);
        Assert.All(said, words => Assert.Contains(words, result.Error, StringComparison.Ordinal));
        Assert.Empty(before.ChangesTo(await Host.SnapshotAsync()));
        Assert.Equal(served, await ServedAsync());
        await NothingLeftAsync();
        return result.Error;
    }

    /// <summary>Plan and verify see the fault, apply mends it, and all three then agree that nothing is left to do.</summary>
    /// <param name="seen">What verify's report says about it.</param>
    public async Task RepairsAsync(string seen)
    {
        await PlanAsync(2);
        Assert.Contains(seen, (await VerifyAsync(2)).Output, StringComparison.Ordinal);
        await ApplyAsync(0);
        await VerifyAsync(0);
        await ConvergedAsync();
    }

    /// <summary>A further apply and a further plan have nothing to do.</summary>
    public async Task ConvergedAsync()
    {
        Assert.Contains("No changes", (await ApplyAsync(0)).Output, StringComparison.Ordinal);
        await PlanAsync(0);
        await NothingLeftAsync();
    }

    /// <summary>No staged file, no before-image, no open journal.</summary>
    public async Task NothingLeftAsync() => Assert.Empty((await RunAsync(
        "find / -xdev -name '*.mtls-*' -print; if [ -d /var/lib/mailtlsstate ]; then find /var/lib/mailtlsstate -type f -not -path '*/applied/*' -not -path '*/rolled-back/*'; fi")).Output);

    /// <summary>The suites of TLS 1.2 and older that a port completes a handshake with; OpenSSL's names in ordinal order.</summary>
    public async Task<IReadOnlyList<string>> SuitesAsync(int port, string? startTls = null) => (await SslScan.RunAsync(Host, port, startTls, groups: false)).Suites;

    // Empty where there is no TLS to be had.
    private async Task<string> ServedAsync() =>
        (await Host.RunAsync($"{ThrowawayHost.ShownBy("-connect 10.77.0.1:993")} | openssl x509 -noout -fingerprint -sha256 2>/dev/null")).Output;

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
