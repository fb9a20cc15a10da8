using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>A second instance of Postfix beside the primary one.</summary>
public sealed class PostfixInstancesTests
{
    private const int Primary = 100;
    private const int Second = 200;
    private const string Smtp = "smtp inet n - y - - smtpd\n";

    [Fact]
    public void A_named_port_of_another_instance_is_an_error_that_names_its_master()
    {
        var error = Assert.Single(Instances(Smtp, At(Primary, "0.0.0.0", 25), At(Second, "0.0.0.0", 587)).Changes.Diagnostics, d => d.Severity == Severity.Error);
        Assert.Equal("MTS0305", error.Code.Id);
        Assert.Contains("port 587 for postfix submission is held by another instance of Postfix (master process 200)", error.Fact, StringComparison.Ordinal);

        // A primary that only sends mail holds no socket.
        Assert.Contains("MTS0305", Plan("3.7.11", "", Smtp, listeners: [At(Second, "0.0.0.0", 587)], process: Primary).Codes);

        // Down itself, it could not start either.
        Assert.Contains("MTS0305", Plan("3.7.11", "", Smtp, listeners: [At(Second, "::", 587)]).Codes);
    }

    [Fact]
    public void Another_instance_without_a_named_port_is_a_warning()
    {
        var made = Plan("3.7.11", "multi_instance_directories = /etc/postfix-out\n", Smtp, listeners: [At(Primary, "0.0.0.0", 25), At(Second, "0.0.0.0", 2525)], process: Primary);
        Assert.Contains("MTS0312", made.Codes);
        Assert.DoesNotContain(made.Changes.Diagnostics, d => d.Severity == Severity.Error);
    }

    [Theory]
    [InlineData("submission inet n - y - - smtpd\n", "192.0.2.2", "", false)]
    [InlineData("submission inet n - y - - smtpd\n", "192.0.2.1", "", true)]
    [InlineData("192.0.2.3:587 inet n - y - - smtpd\n", "192.0.2.2", "", false)]
    [InlineData("192.0.2.3:587 inet n - y - - smtpd\n", "192.0.2.3", "", true)]
    [InlineData("", "192.0.2.2", ", addresses: [192.0.2.1]", false)]
    [InlineData("", "192.0.2.2", ", addresses: [192.0.2.1, 192.0.2.2]", true)]
    public void Instances_share_a_port_by_their_addresses(string entry, string held, string addresses, bool clash)
    {
        var made = Plan(
            "3.7.11", "", Smtp + entry, endpoints: $"submission: {{ security: required{addresses} }}", listeners: [At(Primary, "192.0.2.1", 25), At(Second, held, 587)], process: Primary);
        Assert.Equal(clash, made.Codes.Contains("MTS0305"));
    }

    [Fact]
    public void The_primarys_own_sockets_are_no_error() =>
        Assert.DoesNotContain("MTS0305", Instances(Master, At(Primary, "0.0.0.0", 25), At(Primary, "0.0.0.0", 587), At(Primary, "::", 587)).Codes);

    private static Made Instances(string master, params Listener[] listeners) => Plan("3.7.11", "", master, listeners: listeners, process: Primary);

    private static Listener At(int process, string address, int port) => new(address, port, process, "master", "/usr/lib/postfix/sbin/master");
}
