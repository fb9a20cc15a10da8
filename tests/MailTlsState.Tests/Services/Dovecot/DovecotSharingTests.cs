using Xunit;

namespace MailTlsState.Tests.Services.Dovecot;

/// <summary>Blocks that are for the manifest's name and for others.</summary>
public sealed class DovecotSharingTests
{
    private const string Pair = "  ssl_cert = </le/other.pem\n  ssl_key = </le/other.key\n";

    [Theory]
    [InlineData("local_name \"mail.example.com mail.other.org\" { # theirs\n", "local_name mail.other.org { # theirs\n")]
    [InlineData("local_name \"a.other.org Mail.Example.Com b.other.org\" {\n", "local_name \"a.other.org b.other.org\" {\n")]
    public void Our_name_goes_out_of_a_block_that_is_for_others_too(string before, string after)
    {
        var made = DovecotPlans.Plan(DovecotPlans.V23, early: before + Pair + "}\n");
        Assert.Equal(after + Pair + "}\n", made.Texts[DovecotPlans.Early]);
        Assert.Equal("names of a block", Assert.Single(made.Attributes(DovecotPlans.Early)).Name);
        Assert.Empty(made.Of("MTS0412"));
        Assert.NotEmpty(made.Of("MTS0306"));
    }

    [Fact]
    public void A_block_for_our_names_alone_goes() =>
        Assert.Equal("# x\n", DovecotPlans.Plan(DovecotPlans.V23, early: "# x\nlocal_name \"mail.example.com imap.example.com\" {\n" + Pair + "}\n", names: "mail.example.com, imap.example.com").Texts[DovecotPlans.Early]);

    [Theory]
    [InlineData("local_name *.example.com {\n", "", "*.example.com")]
    [InlineData("local_name \"mail.example.com *.example.com\" {\n", "", "*.example.com")]
    [InlineData("local_name \"mail.example.com mail.other.org\" {\n", "  login_greeting = hello\n", "mail.other.org")]
    public void Where_other_names_lose_a_block_s_lines_they_are_named(string head, string more, string others)
    {
        var made = DovecotPlans.Plan(DovecotPlans.V23, early: head + Pair + more + "}\n");
        Assert.DoesNotContain("ssl_cert", made.Texts[DovecotPlans.Early], StringComparison.Ordinal);
        var told = Assert.Single(made.Of("MTS0412"));
        Assert.EndsWith($"for {others} as well", told.Fact, StringComparison.Ordinal);
        Assert.Equal((DovecotPlans.Early, 2), (told.Location!.File, told.Location.Line));
    }

    private const string Group = "group @cert other {\n  ssl_server_cert_file = /le/other.pem\n  ssl_server_key_file = /le/other.key\n}\n";
    private const string Others = "local_name mail.other.org {\n  @cert = other\n}\n";

    [Fact]
    public void Our_block_no_longer_uses_a_group_that_others_use()
    {
        var made = DovecotPlans.Plan(DovecotPlans.V24, late: Group + "local_name mail.example.com {\n  @cert = other\n}\n" + Others);
        Assert.Equal(Group + Others, made.Texts[DovecotPlans.Late]);
        var attribute = Assert.Single(made.Attributes(DovecotPlans.Late));
        Assert.Equal(("@cert in local_name mail.example.com", $"other ({DovecotPlans.Late}:6)"), (attribute.Name, attribute.Before));
        Assert.Empty(made.Of("MTS0412"));
        Assert.Equal(2, made.Of("MTS0306").Count);
    }

    [Fact]
    public void A_group_that_says_more_loses_its_lines_and_its_users_are_named()
    {
        var group = Group.Replace("}", "  login_greeting = hello\n}", StringComparison.Ordinal);
        var made = DovecotPlans.Plan(DovecotPlans.V24, late: group + "local_name mail.example.com {\n  @cert = other\n}\n" + Others);
        Assert.StartsWith("group @cert other {\n  login_greeting = hello\n}\n", made.Texts[DovecotPlans.Late], StringComparison.Ordinal);
        Assert.EndsWith("for mail.other.org as well", Assert.Single(made.Of("MTS0412")).Fact, StringComparison.Ordinal);
        Assert.Contains(made.Attributes(DovecotPlans.Late), a => a.Name == "ssl_server_cert_file in group @cert other");
    }
}
