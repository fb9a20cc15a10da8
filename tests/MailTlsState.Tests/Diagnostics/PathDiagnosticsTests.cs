using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using Xunit;

namespace MailTlsState.Tests.Diagnostics;

public class PathDiagnosticsTests
{
    private static readonly SourceLocation At = new("manifest.yaml", 1, 1);
    private static readonly FileObservation Good = new("/etc/postfix/main.cf", FileKind.Regular) { Mode = 0x1A4 };

    public static TheoryData<string, FileObservation> Obstacles() => new()
    {
        { "MTS0220", Good with { Kind = FileKind.SymbolicLink, LinkTarget = "/srv/main.cf" } },
        { "MTS0221", Good with { HardLinks = 2 } },
        { "MTS0222", Good with { MountPoint = true } },
        { "MTS0223", Good with { Immutable = "/etc/postfix" } },
        { "MTS0224", Good with { ReadOnlyFileSystem = true } },
        { "MTS0225", Good with { ChangeableBy = "/etc" } },
        { "MTS0226", Good with { Owner = 1000 } },
        { "MTS0226", Good with { Mode = 0x1B4 } },
        { "MTS0225", new FileObservation("/etc/new", FileKind.Absent) { ChangeableBy = "/etc" } },
    };

    [Theory]
    [MemberData(nameof(Obstacles))]
    public void Each_obstacle_has_its_code_and_a_remedy(string code, FileObservation file)
    {
        var obstacle = PathDiagnostics.Obstacle(file, At)!;
        Assert.Equal(code, obstacle.Code.Id);
        Assert.NotEmpty(obstacle.Remedy);
    }

    [Fact]
    public void A_plain_file_of_roots_is_no_obstacle()
    {
        Assert.Null(PathDiagnostics.Obstacle(Good, At));
        Assert.Null(PathDiagnostics.Obstacle(new FileObservation("/etc/new", FileKind.Absent), At));

        // The plan sets owner and mode of a key right by itself.
        Assert.Null(PathDiagnostics.Obstacle(Good with { Owner = 1000, Mode = 0x1B6 }, At, mend: true));
    }

    [Theory]
    [InlineData(28, "MTS0227")]
    [InlineData(122, "MTS0228")]
    [InlineData(18, "MTS0229")]
    [InlineData(40, "MTS0230")]
    [InlineData(30, "MTS0224")]
    [InlineData(16, "MTS0222")]
    public void A_failed_write_says_what_to_do(int error, string code)
    {
        var found = PathDiagnostics.OfFailure(new HostWriteException("create", "/etc/a", error, "words"))!;
        Assert.Equal(code, found.Code.Id);
        Assert.Contains("nothing was changed", found.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_failure_has_no_code_of_its_own() => Assert.Null(PathDiagnostics.OfFailure(new HostWriteException("create", "/etc/a", 5, "input/output error")));
}
