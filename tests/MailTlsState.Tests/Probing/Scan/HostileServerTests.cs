using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Tests.Verification;
using Xunit;

namespace MailTlsState.Tests.Probing.Scan;

/// <summary>Servers that break every rule: an outcome, soon, and in little memory.</summary>
public class HostileServerTests
{
    private static readonly TestCertificate Leaf = TestCertificate.Root().Leaf("mail.example.test");
    private static readonly ProbeRequest Implicit = new(MailProtocol.Smtp, true, "127.0.0.1", 465, "mail.example.test", "127.0.0.2", [TlsVersion.Tls10]);
    private static readonly int Count = Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1" ? 1_000_000 : 20_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Kinds => new(Scripts.Keys);

    private static Dictionary<string, Func<FakeConnection, Task>> Scripts { get; } = new()
    {
        ["garbage"] = c => c.SendBytesAsync([.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7919 >> 3))]),
        ["a reset after the hello"] = async c => await c.ReadHelloAsync(),
        ["an endless banner"] = c => ForeverAsync(c, "220-still talking\r\n"u8.ToArray()),
        ["a line without an end"] = c => ForeverAsync(c, "220 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"u8.ToArray()),
        ["a flood of warnings"] = c => ForeverAsync(c, [21, 3, 3, 0, 2, 1, 112]),
        ["records of no content"] = c => ForeverAsync(c, [22, 3, 3, 0, 0]),
        ["a record of 64 KB"] = c => ForeverAsync(c, [22, 3, 3, 0xFF, 0xFF, .. new byte[60000]]),
        ["a hello of 16 MB"] = c => ForeverAsync(c, [22, 3, 3, 0x40, 0x00, 2, 0xFF, 0xFF, 0xFF, .. new byte[16380]]),
        ["a chain without an end"] = async c =>
        {
            var hello = new HelloServer(new HelloRules([WireVersion.Tls12], [0xC02B], [0x17], [0x0403]), Leaf).Answer(await c.ReadHelloAsync());
            await c.SendBytesAsync(hello[..(5 + 4 + ((hello[7] << 8) | hello[8]))]);
            await ForeverAsync(c, [22, 3, 3, 0x40, 0x00, .. new byte[16384]]);
        },
        ["a wrong record length"] = async c =>
        {
            await c.ReadHelloAsync();
            await c.SendBytesAsync([22, 3, 3, 0, 3, 2, 0, 0]);
        },
        ["silence"] = _ => Task.Delay(Timeout.Infinite),
        ["a byte now and then"] = async c =>
        {
            foreach (var one in "220 slow slow slow slow slow slow slow slow"u8.ToArray())
            {
                await c.SendBytesAsync([one]);
                await Task.Delay(20);
            }

            await Task.Delay(Timeout.Infinite);
        },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_hostile_server_ends_in_an_outcome(string kind)
    {
        var limits = new ProbeLimits(TimeSpan.FromMilliseconds(400), TimeProvider.System);
        foreach (var request in new[] { Implicit, Implicit with { Implicit = false, Port = 25 } })
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
            deadline.CancelAfter(TimeSpan.FromSeconds(3));
            var server = new FakeServer(Scripts[kind]);
            ProbedScan? scan = null;
            try
            {
                scan = await ProbedScan.RunAsync(request, server, deadline.Token, limits);
            }
            catch (OperationCanceledException) when (!Token.IsCancellationRequested)
            {
                Assert.Fail("the probe itself has its own limits and needs no deadline");
            }

            Assert.NotEqual(ProbeOutcome.Completed, scan.Probe.Outcome);
            Assert.NotNull(scan.Probe.Failure);
            Assert.All(scan.Scan?.Versions ?? [], v => Assert.NotEqual(OfferOutcome.Accepted, v.Version == WireVersion.Tls12 && kind.StartsWith("a chain", StringComparison.Ordinal) ? OfferOutcome.Refused : v.Outcome));

            // No connection is read further than a flight may be long, and what cannot be told is not asked for ever.
            Assert.InRange(server.Taken, 0, server.Connections * 160_000L);
            Assert.InRange(server.Connections, 1, 80);
        }
    }

    [Fact]
    public async Task Damaged_flights_are_an_answer_or_a_failure_and_never_an_exception()
    {
        var random = new Random(20261128);
        var server = new HelloServer(new HelloRules([WireVersion.Tls12, WireVersion.Tls13], [0x1301, 0xC02B, 0x009E], [0x1D, 0x17], [0x0403, 0x0401]), Leaf);
        var offers = new[]
        {
            new HelloOffer("mail.example.test", WireVersion.Tls13, CipherSuites.Tls13, NamedGroups.All),
            new HelloOffer("mail.example.test", WireVersion.Tls12, [0xC02B], NamedGroups.All),
            new HelloOffer("mail.example.test", WireVersion.Tls12, [0x009E], NamedGroups.All),
        };
        var flights = offers.Select(o => server.Answer(ClientHelloWriter.Write(o)[5..])).ToList();
        Assert.All(flights, f => Assert.Equal(22, f[0]));
        for (var i = 0; i < Count; i++)
        {
            var at = random.Next(offers.Length);
            var bytes = Mutate([.. flights[at]], random);
            var answer = await HelloProbe.OfferAsync(new Replay(bytes), offers[at], readOn: true, Token);
            Assert.True(answer.Version is not null ^ answer.Alert is not null ^ answer.Failure is not null, Convert.ToHexString(bytes));
        }
    }

    private static byte[] Mutate(List<byte> bytes, Random random)
    {
        for (var n = random.Next(1, 5); n > 0 && bytes.Count > 0; n--)
        {
            var at = random.Next(random.Next(4) == 0 ? bytes.Count : Math.Min(bytes.Count, 120));
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, random.Next(Math.Min(40, bytes.Count - at)));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes[at..Math.Min(bytes.Count, at + random.Next(40))]);
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    private static async Task ForeverAsync(FakeConnection connection, byte[] bytes)
    {
        while (true)
        {
            await connection.SendBytesAsync(bytes);
        }
    }

    /// <summary>A server's bytes, then its end.</summary>
    private sealed class Replay(byte[] bytes) : IDuplex
    {
        private int _at;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            var count = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(buffer.Span);
            _at += count;
            return ValueTask.FromResult(count);
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> ignored, CancellationToken cancellation) => ValueTask.CompletedTask;
    }
}
