using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>Parameters of the administrator's own that only what goes referred to.</summary>
public sealed class PostfixOrphansTests
{
    private const string Option = "submission inet n - y - - smtpd\n  -o smtpd_tls_mandatory_protocols=$submission_protocols\n";

    [Fact]
    public void What_only_a_removed_option_referred_to_goes_with_it_and_the_plan_shows_the_line()
    {
        var made = Plan("3.7.11", "a = b\nsubmission_protocols = >=TLSv1\n", "smtp inet n - y - - smtpd\n" + Option, user: "submission_protocols = >=TLSv1\n");
        Assert.Null(made.Master.Find("submission", "inet")!.Override("smtpd_tls_mandatory_protocols"));
        Assert.Null(made.Main.Get("submission_protocols"));
        Assert.Contains(made.Attributes, a => a is { Name: "submission_protocols", Before: ">=TLSv1 (/etc/postfix/main.cf:2)", After: null });
        Assert.Equal("b", made.Main.Get("a"));
    }

    [Fact]
    public void What_main_cf_referred_to_goes_too_and_so_does_what_that_referred_to()
    {
        const string main = "first = $second\nsecond = medium\nthird = may\nsmtpd_tls_ciphers = $first\nsmtpd_tls_mandatory_ciphers = $second\n";
        var made = Plan("3.7.11", main, Master, user: "first = $second\nsecond = medium\nthird = may\n");
        Assert.Equal((null, null, "may"), (made.Main.Get("first"), made.Main.Get("second"), made.Main.Get("third")));
    }

    [Theory]
    [InlineData("submission_protocols = >=TLSv1\nsmtpd_tls_protocols = $smtpd_tls_loglevel\nsmtpd_tls_loglevel = 1\n", "", "smtpd_tls_loglevel")]
    [InlineData("submission_protocols = >=TLSv1\nother = $submission_protocols\n", "", "submission_protocols")]
    [InlineData("submission_protocols = >=TLSv1\n", "2525 inet n - y - - smtpd\n  -o smtpd_tls_protocols=${submission_protocols}\n", "submission_protocols")]
    [InlineData("submission_protocols = >=TLSv1\n", "p unix - n n - - pipe\n  flags=R argv=/bin/p $submission_protocols\n", "submission_protocols")]
    [InlineData("submission_protocols = >=TLSv1\n", "#smtps inet n - y - - smtpd\n#  -o smtpd_tls_protocols=$submission_protocols\n", "submission_protocols")]
    public void What_something_else_refers_to_and_what_Postfix_knows_stays(string main, string master, string name)
    {
        var made = Plan("3.7.11", main, "smtp inet n - y - - smtpd\n" + Option + master, user: "submission_protocols = >=TLSv1\n");
        Assert.NotNull(made.Main.Get(name));
        Assert.DoesNotContain(made.Attributes, a => a.Name == name);
    }

    [Fact]
    public void What_nothing_referred_to_before_is_not_the_plans_affair() =>
        Assert.NotNull(Plan("3.7.11", "smtpd_tls_protcols = TLSv1.2\n", Master, user: "smtpd_tls_protcols = TLSv1.2\n").Main.Get("smtpd_tls_protcols"));
}
