using MailTlsState.Services.Postfix;
using Xunit;

namespace MailTlsState.Tests.Services.Postfix;

public sealed class PostconfOutputTests
{
    [Fact]
    public void Settings_are_read_with_empty_and_folded_values()
    {
        var found = PostconfOutput.ParseSettings("relayhost =\nmydestination = $myhostname, a,\n    b\nsmtpd_banner = x = y\n");
        Assert.Equal("", found["relayhost"]);
        Assert.Equal("$myhostname, a,    b", found["mydestination"]);
        Assert.Equal("x = y", found["smtpd_banner"]);
    }

    [Fact]
    public void Overrides_are_read_by_service_type_and_name()
    {
        var found = PostconfOutput.ParseOverrides("[::]:465/inet/smtpd_tls_wrappermode = yes\nprivate/x/unix/a =\n");
        Assert.Equal("yes", found[("[::]:465", "inet", "smtpd_tls_wrappermode")]);
        Assert.Equal("", found[("private/x", "unix", "a")]);
    }

    [Fact]
    public void Services_are_read_with_braces_around_values_with_blanks() =>
        Assert.Equal(
            "x y",
            Assert.Single(PostconfOutput.ParseServices("smtp       inet  n       -       y       -       -       smtpd -o {a=x y} -o b=\n")).Override("a"));
}
