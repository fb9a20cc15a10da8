using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Hosts;

/// <summary>The host in memory must answer like the real one: each case runs on both.</summary>
public sealed class InMemoryHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailtlsstate-").FullName;

    public static TheoryData<string> Hosts => ["memory", "linux"];

    private int User => new LinuxHost().Stat(_folder)!.Owner;

    private int Group => new LinuxHost().Stat(_folder)!.Group;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Hard_links_share_content_and_a_rename_parts_them(string kind)
    {
        var host = Make(kind);
        host.CreateFile(_folder + "/a", "old"u8, User, Group, 0b110_000_000);
        host.Link(_folder + "/a", _folder + "/before");
        host.CreateFile(_folder + "/new", "new"u8, User, Group, 0b110_100_000);
        Assert.Equal(2, host.Stat(_folder + "/a")!.HardLinks);

        host.Rename(_folder + "/new", _folder + "/a", replace: true);

        Assert.Equal("new"u8, host.ReadBytes(_folder + "/a")!);
        Assert.Equal("old"u8, host.ReadBytes(_folder + "/before")!);
        Assert.Equal((1, 0b110_100_000), (host.Stat(_folder + "/a")!.HardLinks, host.Stat(_folder + "/a")!.Mode));
        Assert.Equal(["a", "before"], host.List(_folder));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_rename_onto_another_name_of_the_same_file_changes_nothing(string kind)
    {
        var host = Make(kind);
        host.CreateFile(_folder + "/a", "x"u8, User, Group, 0b110_000_000);
        host.Link(_folder + "/a", _folder + "/b");

        host.Rename(_folder + "/a", _folder + "/b", replace: true);

        Assert.Equal(["a", "b"], host.List(_folder));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Errors_carry_the_same_numbers(string kind)
    {
        var host = Make(kind);
        host.CreateFile(_folder + "/a", "x"u8, User, Group, 0b110_000_000);
        host.CreateDirectory(_folder + "/d", User, Group, 0b111_000_000);
        host.CreateFile(_folder + "/d/a", "x"u8, User, Group, 0b110_000_000);

        Assert.Equal(17, ErrorOf(() => host.CreateFile(_folder + "/a", "x"u8, User, Group, 0b110_000_000)));
        Assert.Equal(2, ErrorOf(() => host.CreateFile(_folder + "/none/a", "x"u8, User, Group, 0b110_000_000)));
        Assert.Equal(20, ErrorOf(() => host.CreateFile(_folder + "/a/b", "x"u8, User, Group, 0b110_000_000)));
        Assert.Equal(17, ErrorOf(() => host.CreateDirectory(_folder + "/a", User, Group, 0b111_000_000)));
        Assert.Equal(17, ErrorOf(() => host.Link(_folder + "/a", _folder + "/d/a")));
        Assert.Equal(17, ErrorOf(() => host.Rename(_folder + "/a", _folder + "/d/a", replace: false)));
        Assert.Equal(2, ErrorOf(() => host.Rename(_folder + "/none", _folder + "/x", replace: true)));
        Assert.Equal(39, ErrorOf(() => host.RemoveDirectory(_folder + "/d")));
        Assert.Equal(20, ErrorOf(() => host.RemoveDirectory(_folder + "/a")));
        Assert.Equal(21, ErrorOf(() => host.Unlink(_folder + "/d")));
        Assert.Equal(2, ErrorOf(() => host.AppendFile(_folder + "/none", "x"u8)));
        Assert.Equal(2, ErrorOf(() => host.SyncDirectory(_folder + "/none")));
        Assert.Equal(22, ErrorOf(() => host.ReadBytes(_folder + "/d")));
        Assert.Null(host.ReadBytes(_folder + "/none/at/all"));
        Assert.Null(host.Stat(_folder + "/none/at/all"));
        host.Unlink(_folder + "/none/at/all");
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Secrets_follow_the_same_rules(string kind)
    {
        var host = Make(kind);
        host.CreateFile(_folder + "/good", "correct horse\n"u8, User, Group, 0b110_000_000);
        host.CreateFile(_folder + "/open", "correct horse\n"u8, User, Group, 0b110_100_000);

        Assert.Equal("correct horse", host.ReadSecret(new SecretReference(_folder + "/good", null)));
        Assert.Equal("MTS0202", CodeOf(() => host.ReadSecret(new SecretReference(_folder + "/open", null))));
        Assert.Equal("MTS0201", CodeOf(() => host.ReadSecret(new SecretReference(_folder + "/none", null))));
    }

    [Fact]
    public void A_fault_before_a_change_reaches_the_caller_and_nothing_changes()
    {
        var host = new InMemoryHost { BeforeChange = (operation, path) => throw new HostWriteException(operation, path, 28, "no space left on device") };

        Assert.Equal(28, ErrorOf(() => host.CreateFile("/a", "x"u8, 0, 0, 0b110_000_000)));
        Assert.Null(host.Stat("/a"));
    }

    private static int ErrorOf(Action change) => Assert.Throws<HostWriteException>(change).Error;

    private static string CodeOf(Action change) => Assert.Throws<MailTlsException>(change).Diagnostics[0].Code.Id;

    private IHostWriter Make(string kind) => kind == "linux" ? new LinuxHost() : new InMemoryHost().AddDirectory(_folder);
}
