using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>How many rounds of handshakes an apply makes until it holds the new state for proven.</summary>
public class ProofTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task An_apply_makes_as_many_rounds_of_handshakes_as_it_was_told(int rounds)
    {
        // One in the rehearsal, and whatever observing takes, is the same in both.
        var machine = new ServingMachine();
        var asked = Counted(machine);

        var (status, output, error) = await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve", "--handshakes", $"{rounds}");

        Assert.True(status == 0, output + error);
        Assert.Equal(await OfOneRoundAsync() + rounds - 1, asked());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("51")]
    [InlineData("three")]
    [InlineData("-1")]
    public async Task A_number_of_rounds_that_makes_no_sense_is_refused(string number)
    {
        var (status, _, error) = await new ServingMachine().RunAsync("apply", ServingMachine.Manifest, "--auto-approve", $"--handshakes={number}");

        Assert.Equal(64, status);
        Assert.Contains($"--handshakes {number} is no whole number from 1 to 50", error, StringComparison.Ordinal);
    }

    private static async Task<int> OfOneRoundAsync()
    {
        var machine = new ServingMachine();
        var asked = Counted(machine);
        await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve", "--handshakes", "1");
        return asked();
    }

    private static Func<int> Counted(ServingMachine machine)
    {
        var serve = machine.Host.Probes;
        var asked = 0;
        machine.Host.Probes = request =>
        {
            if (request.Port == 993 && request.Address == "127.0.0.1")
            {
                Interlocked.Increment(ref asked);
            }

            return serve(request);
        };
        return () => asked;
    }
}
