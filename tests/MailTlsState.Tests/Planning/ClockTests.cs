using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.Tests.Planning;

public class ClockTests
{
    [Theory]
    [InlineData(1970)]
    [InlineData(2025)]
    [InlineData(2106)]
    public void A_clock_that_cannot_be_right_ends_the_plan(int year)
    {
        var bytes = """
            apiVersion: mailtlsstate/v1
            host: mail.mydomain.com
            certificate:
              issuer:
                kind: privateCa
                subject: { commonName: My Mail CA }
                passphrase: { file: /root/mail-ca.pass }
            services:
              postfix: { endpoints: { smtp: { security: opportunistic } } }
            """u8;
        var manifest = ManifestReader.Read("manifest.yaml", bytes).Manifest!;
        var now = new DateTimeOffset(year, 1, 2, 0, 0, 0, TimeSpan.Zero);
        var observed = new HostObservation(
            now, new HostFacts("mail", 0, false, false), new Dictionary<string, FileObservation>(), [], new Dictionary<ServiceKind, ServiceObservation>(), [], []);

        var result = Planner.Plan(manifest, PolicyCatalogue.Resolve(manifest.Policy), observed, now);

        Assert.Null(result.Plan);
        Assert.Equal("MTS0603", Assert.Single(result.Diagnostics).Code.Id);
    }
}
