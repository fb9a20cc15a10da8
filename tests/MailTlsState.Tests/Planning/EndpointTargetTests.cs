using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Planning;

/// <summary>Which addresses and ports are asked.</summary>
public class EndpointTargetTests
{
    [Theory]
    [InlineData("security: implicit, addresses: [192.0.2.1, 192.0.2.2]", "192.0.2.1:993 192.0.2.2:993", "")]
    [InlineData("security: implicit, addresses: [0.0.0.0, 127.0.0.1]", "127.0.0.1:993", "")]
    [InlineData("security: implicit", "127.0.0.1:993", "")]
    [InlineData("security: disabled, addresses: [192.0.2.1, 192.0.2.2]", "", "192.0.2.1:993 192.0.2.2:993")]
    [InlineData("security: implicit, proxyProtocol: true, addresses: [192.0.2.1], port: 10993", "", "192.0.2.1:10993")]
    public void Where_nothing_listens_the_addresses_that_the_manifest_names_are_asked(string imaps, string asked, string apart)
    {
        var manifest = Manifest(imaps);
        Assert.Equal(asked, Show(EndpointTarget.Of(manifest, [], KnownListeners.None)));
        Assert.Equal(apart, Show(EndpointTarget.Apart(manifest, [], KnownListeners.None)));
    }

    [Fact]
    public void What_is_bound_is_asked_whatever_the_manifest_names()
    {
        Listener[] bound = [new("0.0.0.0", 993, 7, "dovecot", "/usr/sbin/dovecot"), new("::", 993, 7, "dovecot", "/usr/sbin/dovecot")];
        Assert.Equal("127.0.0.1:993 ::1:993", Show(EndpointTarget.Of(Manifest("security: implicit, addresses: [192.0.2.1]"), bound, KnownListeners.None)));
        Assert.Equal("127.0.0.1:993 ::1:993", Show(EndpointTarget.Apart(Manifest("security: disabled, addresses: [192.0.2.1]"), bound, KnownListeners.None)));
    }

    private static Manifest Manifest(string imaps) => ManifestReader.Read(
        "m.yaml",
        Encoding.UTF8.GetBytes($"{Samples.Minimal[..Samples.Minimal.IndexOf("services:", StringComparison.Ordinal)]}services:\n  dovecot: {{ endpoints: {{ imaps: {{ {imaps} }} }} }}\n")).Manifest!;

    private static string Show(IEnumerable<EndpointTarget> targets) => string.Join(' ', targets.Select(t => $"{t.Address}:{t.Port}"));
}
