using MailTlsState.Certificates;
using MailTlsState.Verification;
using Xunit;

namespace MailTlsState.Tests.Verification;

public class HostNameMatchTests
{
    [Theory]
    [InlineData("mail.example.com", "mail.example.com", true)]
    [InlineData("MAIL.example.com", "mail.EXAMPLE.com.", true)]
    [InlineData("*.example.com", "mail.example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.example.com", "a.mail.example.com", false)]
    [InlineData("*.com", "example.com", false)]
    [InlineData("*", "localhost", false)]
    [InlineData("m*.example.com", "mail.example.com", false)]
    [InlineData("*.*.example.com", "a.b.example.com", false)]
    [InlineData("mail.*.com", "mail.example.com", false)]
    [InlineData("example.com", "mail.example.com", false)]
    [InlineData("*.example.com", ".example.com", false)]
    public void A_wildcard_is_one_leftmost_label(string pattern, string name, bool matches) => Assert.Equal(matches, HostNameMatch.Matches(pattern, name));

    [Fact]
    public void An_address_matches_only_an_address_and_the_common_name_matches_nothing()
    {
        var root = TestCertificate.Root();
        var address = CertificateFacts.Read(root.Leaf("192.0.2.7", "2001:db8::1").Der);
        var nameless = CertificateFacts.Read(root.Issue("CN=mail.example.com").Der);

        Assert.True(HostNameMatch.Matches(address, "192.0.2.7"));
        Assert.True(HostNameMatch.Matches(address, "2001:DB8:0::1"));
        Assert.False(HostNameMatch.Matches(address, "192.0.2.8"));
        Assert.False(HostNameMatch.Matches(nameless, "mail.example.com"));
    }
}
