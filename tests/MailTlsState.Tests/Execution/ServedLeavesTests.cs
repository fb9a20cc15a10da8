using MailTlsState.Execution;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.Tests.Execution;

public class ServedLeavesTests
{
    private const string Both = "Rsa sha256:1, Ecdsa sha256:2";

    [Fact]
    public void The_kinds_that_were_asked_for_are_asked_for_again()
    {
        Assert.Equal([KeyFamily.Rsa, KeyFamily.Ecdsa], ServedLeaves.Families(Both));
        Assert.Empty(ServedLeaves.Families("sha256:1"));
        Assert.Empty(ServedLeaves.Families(null));
    }

    [Fact]
    public void Each_leaf_is_as_before_or_the_one_that_was_on_disk()
    {
        Assert.True(ServedLeaves.Fit(Both, Both, []));
        Assert.True(ServedLeaves.Fit("Rsa sha256:3, Ecdsa sha256:2", Both, ["sha256:3"]));
        Assert.False(ServedLeaves.Fit("Rsa sha256:3, Ecdsa sha256:2", Both, []));
        Assert.False(ServedLeaves.Fit("Rsa none, Ecdsa sha256:2", Both, ["sha256:3"]));
        Assert.False(ServedLeaves.Fit("Rsa sha256:2, Ecdsa sha256:1", Both, []));
        Assert.True(ServedLeaves.Fit("sha256:3", "sha256:1", ["sha256:3"]));
        Assert.False(ServedLeaves.Fit(null, "sha256:1", ["sha256:3"]));
        Assert.True(ServedLeaves.Fit(null, null, []));
    }

    [Fact]
    public void Other_digests_take_the_place_of_each()
    {
        Assert.Equal("Rsa none, Ecdsa sha256:9", ServedLeaves.Map(Both, d => d == "sha256:2" ? "sha256:9" : null));
        Assert.Equal("sha256:9", ServedLeaves.Map("sha256:1", _ => "sha256:9"));
        Assert.Null(ServedLeaves.Map("sha256:1", _ => null));
        Assert.Null(ServedLeaves.Map(null, d => d));
    }
}
