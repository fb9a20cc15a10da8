using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MailTlsState.HostTests.Lab;
using Xunit;
using Xunit.Sdk;

namespace MailTlsState.HostTests.Systemd;

/// <summary>
/// A Debian mail host with systemd in an emulator, the binary under test in /usr/local/sbin. Its disk outlives a power cut. It takes
/// many times as long as the machine itself, but by the guest's own clock it is fast (lab/run-guest.sh).
/// </summary>
internal sealed class Guest : IAsyncDisposable
{
    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(15);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("mailtls-guest-");
    private readonly string image;
    private Process? emulator;
    private Task<string> console = Task.FromResult("");
    private Socket? socket;
    private StreamReader? answers;
    private DateTime clock = DateTime.UtcNow;
    private int number;

    private Guest(string image) => this.image = image;

    /// <summary>Makes the guest where the cache has none, and boots it.</summary>
    /// <param name="selinux">True for one whose kernel enforces Debian's SELinux policy.</param>
    public static async Task<Guest> StartAsync(bool selinux = false)
    {
        var guest = new Guest((await OutsideAsync("sh", [Script("make-guest.sh"), .. selinux ? ["--selinux"] : Array.Empty<string>()])).Trim());
        try
        {
            await OutsideAsync("cp", "--sparse=always", Path.Combine(guest.image, "disk.img"), guest.In("disk.img"));
            var job = Directory.CreateDirectory(guest.In("job")).FullName;
            File.Copy(LabEnvironment.Binary, Path.Combine(job, "mailtls"));
            File.Copy(Path.Combine(LabEnvironment.Repository, "examples", "article", "manifest.yaml"), Path.Combine(job, "manifest.yaml"));

            // A block device has whole sectors, so the archive is padded.
            await OutsideAsync("sh", "-c", $"tar -C {job} --owner=0 --group=0 -cf {guest.In("job.tar")} . && truncate -s %64K {guest.In("job.tar")}");
            await guest.BootAsync();
            await guest.ExpectAsync(
                "install -m 755 /run/job/mailtls /usr/local/sbin/mailtls; cp /run/job/manifest.yaml /root/; umask 077; echo correct horse battery staple >/root/mail-ca.pass; sync");
            return guest;
        }
        catch
        {
            await guest.DisposeAsync();
            throw;
        }
    }

    /// <summary>Boots the disk as it is and waits for the agent, which starts beside the mail daemons.</summary>
    public async Task BootAsync()
    {
        File.Delete(In("agent"));
        emulator = Process.Start(new ProcessStartInfo("sh", [Script("run-guest.sh"), image, In("disk.img"), In("agent"), In("job.tar")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // The guest's clock runs ahead of ours, and must not go back from boot to boot.
            Environment = { ["START"] = clock.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) },
        }) ?? throw new InvalidOperationException("sh could not be started");
        clock += TimeSpan.FromDays(1);
        console = emulator.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(BootLimit);
        socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        while (!socket.Connected)
        {
            if (emulator.HasExited)
            {
                throw new XunitException($"the emulator ended: {await emulator.StandardError.ReadToEndAsync(limit.Token)}");
            }

            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(In("agent")), limit.Token);
            }
            catch (SocketException)
            {
                await Task.Delay(50, limit.Token);
            }
        }

        answers = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
        Assert.Equal("ready 0 - -", await AnswerAsync(limit.Token));
    }

    /// <summary>Kills the emulator: what the guest has not written to its disk by now is gone.</summary>
    public async Task CutPowerAsync()
    {
        emulator!.Kill();
        await emulator.WaitForExitAsync();
        answers!.Dispose();
        socket!.Dispose();
        emulator.Dispose();
        emulator = null;
    }

    /// <summary>Runs a shell command as the guest's root.</summary>
    public async Task<CommandResult> RunAsync(string command, TimeSpan? timeLimit = null)
    {
        using var limit = new CancellationTokenSource(timeLimit ?? TimeSpan.FromMinutes(15));
        var id = (++number).ToString(CultureInfo.InvariantCulture);
        await socket!.SendAsync(Encoding.ASCII.GetBytes($"{id} {Convert.ToBase64String(Encoding.UTF8.GetBytes(command))}\n"), limit.Token);
        try
        {
            var fields = (await AnswerAsync(limit.Token)).Split(' ');
            Assert.Equal(id, fields[0]);
            return new CommandResult(command, int.Parse(fields[1], CultureInfo.InvariantCulture), Decode(fields[2]), Decode(fields[3]));
        }
        catch (OperationCanceledException)
        {
            throw new XunitException($"the guest did not end in time: {command}");
        }
    }

    /// <summary>The output of a command that must end with 0.</summary>
    public async Task<string> ExpectAsync(string command, int exitCode = 0) => (await RunAsync(command)).Expect(exitCode).Output;

    /// <summary>Waits until a shell command succeeds, for so many seconds of the guest's.</summary>
    public async Task WaitAsync(string condition, int seconds = 120) =>
        (await RunAsync($"i=0; until {condition}; do i=$((i + 1)); [ $i -lt {seconds * 50} ] || exit 99; sleep 0.02; done")).Expect(0);

    public async ValueTask DisposeAsync()
    {
        if (emulator is not null)
        {
            emulator.Kill();
            await emulator.WaitForExitAsync();
            emulator.Dispose();
        }

        answers?.Dispose();
        socket?.Dispose();
        folder.Delete(recursive: true);
    }

    private async Task<string> AnswerAsync(CancellationToken cancellation)
    {
        var line = await answers!.ReadLineAsync(cancellation);
        return line ?? throw new XunitException($"the guest went down: {await console}");
    }

    private string In(string name) => Path.Combine(folder.FullName, name);

    private static string Decode(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    private static string Script(string name) => Path.Combine(LabEnvironment.Repository, "tests", "lab", name);

    private static async Task<string> OutsideAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} could not be started");
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new XunitException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await error}");
    }
}
