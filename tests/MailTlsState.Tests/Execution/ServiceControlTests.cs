using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Execution;

public class ServiceControlTests
{
    private static readonly ProcessResult InUse = new(89, "", "Fatal: listen(*, 993) failed: Address already in use\n");

    [Fact]
    public async Task A_start_is_repeated_while_old_processes_hold_the_ports()
    {
        var starts = 0;
        var host = new InMemoryHost(new LeapingClock());
        host.Programs = _ => ++starts < 3 ? InUse : new ProcessResult(0, "", "");
        Assert.Null(await new ServiceControl(host, host, systemd: false).StartAgainAsync(ServiceKind.Dovecot));
        Assert.Equal(3, starts);
    }

    [Fact]
    public async Task A_start_that_never_succeeds_ends_with_the_words_of_the_last_try_and_spares_the_limit_of_systemd()
    {
        var starts = 0;
        var clock = new LeapingClock();
        var host = new InMemoryHost(clock);
        host.Programs = _ =>
        {
            starts++;
            return InUse;
        };
        var failure = await new ServiceControl(host, host, systemd: true).StartAgainAsync(ServiceKind.Dovecot);
        Assert.Contains("Address already in use", failure!.Words, StringComparison.Ordinal);
        Assert.Equal("systemctl start dovecot.service", failure.Call.ToString().Split('/')[^1]);

        // DefaultStartLimitBurst=5 in systemd's own settings.
        Assert.InRange(starts, 2, 5);
        Assert.InRange(clock.Passed, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
    }

    // Whoever waits goes on at once, that much later.
    private sealed class LeapingClock : TimeProvider
    {
        public TimeSpan Passed { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Passed += dueTime;
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
