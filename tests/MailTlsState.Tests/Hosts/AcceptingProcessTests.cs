using MailTlsState.Hosts;
using Xunit;

namespace MailTlsState.Tests.Hosts;

/// <summary>Whether a process of before still takes connections is asked by comparing.</summary>
public sealed class AcceptingProcessTests
{
    [Fact]
    public void A_child_is_the_same_process_before_and_after_it_begins_its_program()
    {
        var child = new AcceptingProcess(25, 175, 1107327, "master");
        Assert.Equal(child, child with { Program = "smtpd" });
        Assert.Contains(child with { Program = "smtpd" }, new HashSet<AcceptingProcess> { child });
        Assert.NotEqual(child, child with { Started = 1107328 });
        Assert.NotEqual(child, child with { Port = 587 });
        Assert.NotEqual(child, child with { Id = 176 });
    }
}
