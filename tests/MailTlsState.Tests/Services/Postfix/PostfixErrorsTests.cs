using MailTlsState.Services.Postfix;
using Xunit;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>What is said of a configuration that postconf cannot read.</summary>
public sealed class PostfixErrorsTests
{
    private const string Repeated = "/usr/sbin/postconf: warning: /etc/postfix/main.cf, line 48: overriding earlier entry: smtpd_tls_security_level=may\n";

    [Theory]
    [InlineData("postconf: warning: truncated macro reference: \"${x?{may}:{encrypt}\"\npostconf: warning: truncated macro reference: \"${x?{may}:{encrypt}\"\npostconf: fatal: macro processing error", "postconf: warning: truncated macro reference: \"${x?{may}:{encrypt}\"")]
    [InlineData("postconf: warning: unreasonable macro call nesting: \"b\"\npostconf: fatal: macro processing error", "postconf: warning: unreasonable macro call nesting: \"b\"")]
    [InlineData("postconf: fatal: /etc/postfix/main.cf, line 49: missing '='\nmore", "postconf: fatal: /etc/postfix/main.cf, line 49: missing '='")]
    [InlineData("postconf: warning: first\npostconf: warning: last", "postconf: warning: last")]
    public void The_cause_is_quoted_and_not_the_first_warning(string words, string cause)
    {
        Assert.Equal(cause, PostfixErrors.Cause(words));
        Assert.Equal(cause, PostfixErrors.Cause(Repeated + words));
    }

    [Fact]
    public void Where_nothing_else_is_said_all_of_it_is_quoted() => Assert.Equal(Repeated, PostfixErrors.Cause(Repeated));

    [Theory]
    [InlineData("warning: truncated macro reference: \"${x?{may}:{encrypt}\"", "a = b\nsmtpd_tls_security_level = ${x?{may}:{encrypt}\n", "", "/etc/postfix/main.cf", 2)]
    [InlineData("warning: truncated macro reference: \"${x?{\"}\"", "a = ${x?{\"}\n", "", "/etc/postfix/main.cf", 1)]
    [InlineData("warning: truncated macro reference: \"${x\"", "a = b\n", "smtp inet n - y - - smtpd\n  -o a=${x\n", "/etc/postfix/master.cf", 2)]
    [InlineData("warning: truncated macro reference: \"${x\"", "a = ${x\nb = ${x\n", "", null, 0)]
    [InlineData("warning: truncated macro reference: \"${x\"", "a = ${x\na = fine\n", "", null, 0)]
    [InlineData("warning: unreasonable macro call nesting: \"b\"", "a = $b\nb = $a\n", "", "/etc/postfix/main.cf", 2)]
    public void A_parameter_that_cannot_be_worked_out_is_found_where_it_is_the_only_one(string cause, string main, string master, string? file, int line)
    {
        var place = PostfixErrors.Place(cause, main, master);
        Assert.Equal((file, line), (place?.File, place?.Line ?? 0));
    }

    [Theory]
    [InlineData("/usr/sbin/postconf: fatal: /etc/postfix/main.cf, line 49: missing '=' after attribute name: \"x y\"", "/etc/postfix/main.cf", 49)]
    [InlineData("/usr/sbin/postconf: fatal: file /etc/postfix/master.cf: line 7: bad transport type: x", "/etc/postfix/master.cf", 7)]
    [InlineData("/usr/sbin/postconf: fatal: invalid type field \"inetd\" in \"smtp inetd n - y - - smtpd\"", "/etc/postfix/master.cf", 3)]
    [InlineData("/usr/sbin/postconf: fatal: something else", null, 0)]
    public void An_error_of_postconf_keeps_its_place(string error, string? file, int line)
    {
        var place = PostfixErrors.Place(error, "", "# a\nsmtp inet n - y - - smtpd\nsmtp  inetd n - y - - smtpd\n");
        Assert.Equal((file, line), (place?.File, place?.Line ?? 0));
    }
}
