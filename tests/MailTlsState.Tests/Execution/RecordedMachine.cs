using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Probing;
using MailTlsState.Tests.Planning;

namespace MailTlsState.Tests.Execution;

/// <summary>A recorded host that can be written on: its files are those of the recording, its programs and listeners answer as recorded.</summary>
internal static class RecordedMachine
{
    public static InMemoryHost Start(string name)
    {
        var recording = new GoldenCase(name).Recording;
        var host = new InMemoryHost(new StoppedClock(recording.Time))
        {
            Facts = recording.Host!,
            Listeners = recording.Listeners!,
            Programs = call => recording.Runs.GetValueOrDefault(Recording.KeyOf(call))?.Result ?? new ProcessResult(0, "", ""),
            Probes = Answer,
        };
        host.AddDirectory("/var/lib").AddDirectory("/root");
        foreach (var file in recording.Files.Values.Where(f => f.Kind == FileKind.Directory))
        {
            host.AddDirectory(file.Path, file.Owner, file.Group, file.Mode);
        }

        foreach (var file in recording.Files.Values.Where(f => f.Text is not null))
        {
            host.AddFile(file.Path, file.Text!, file.Owner, file.Group, file.Mode);
        }

        host.AddFile("/root/mail-ca.pass", GoldenCase.Passphrase + "\n", mode: 0x180);
        host.AddFile("/root/manifest.yaml", Encoding.UTF8.GetString(new GoldenCase(name).ManifestBytes));
        return host;

        // A roll-back asks without offers: whatever was recorded of the same place is the answer.
        ProbeResult Answer(ProbeRequest request) => recording.Probes.Values
            .Where(p => p.Request.Address == request.Address && p.Request.Port == request.Port)
            .Select(p => p with { Request = request }).FirstOrDefault() ?? InMemoryHost.NotConnected(request);
    }

    /// <summary>A clock that a test alone moves.</summary>
    internal sealed class StoppedClock(DateTimeOffset time) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = time;

        private long _ticks = time.UtcTicks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        // Each look at the stopwatch is a second later, so that waiting ends.
        public override long GetTimestamp() => _ticks += TimeSpan.TicksPerSecond;
    }
}
