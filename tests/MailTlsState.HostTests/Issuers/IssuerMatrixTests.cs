using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>
/// Issuer × kind of key × layout × server. What mailtls writes is read, and what is served is taken, by OpenSSL, GnuTLS, Python, Go and curl
/// (tests/lab/judge.sh). A sample in the normal run, everything under --long; the table is in the output.
/// </summary>
public sealed class IssuerMatrixTests
{
    [Fact]
    public async Task Other_peoples_programs_accept_what_is_written_and_served()
    {
        await using var lab = await MailLab.StartAsync("intermediate", release: LabEnvironment.Acme);
        await lab.RunAsync(PublicCa.Make);
        var table = new List<string> { "| issuer | key | layout | server | handshake |", "|---|---|---|---|---|" };
        foreach (var cell in LabEnvironment.Long ? IssuerCell.All : IssuerCell.Sample)
        {
            table.AddRange(cell.Rows(await cell.TryAsync(lab)));
        }

        await Console.Out.WriteLineAsync(string.Join('\n', table));
    }
}
