using MailTlsState.Hosts.Rehearsals;
using Xunit;

namespace MailTlsState.Tests.Hosts;

public sealed class RehearsalScriptTests
{
    [Fact]
    public void File_systems_are_laid_over_from_the_top_down_and_the_kernels_own_are_left_out()
    {
        string[] lines =
        [
            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "30 22 0:5 / /var/spool rw,relatime shared:7 - xfs /dev/sdb1 rw",
            "31 22 0:6 / /var rw,relatime - ext4 /dev/sdc1 rw",
            "32 22 0:7 / /proc rw,relatime - proc proc rw",
            "33 22 0:8 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup rw",
            "34 22 0:9 / /run/lock rw,relatime - tmpfs tmpfs rw",
            "35 22 0:10 / /running rw,relatime - nfs4 server:/x rw",
            "36 22 0:11 / /with\\040space rw,relatime - tmpfs tmpfs rw",
        ];

        Assert.Equal(
            [("/running", "nfs4"), ("/var", "ext4"), ("/var/spool", "xfs"), ("/with space", "tmpfs")],
            RehearsalScript.Mounts(lines));
    }

    [Theory]
    [InlineData("<22>Nov 24 21:00:00 postfix/master[7]: daemon started", "postfix/master[7]: daemon started")]
    [InlineData("<22>Nov  4 21:00:00 dovecot: x", "dovecot: x")]
    [InlineData("no head at all", "no head at all")]
    public void Priority_and_time_are_taken_off_a_log_line(string message, string expected) => Assert.Equal(expected, RehearsalLog.WithoutHead(message));

    [Fact]
    public void The_script_is_part_of_the_library() => Assert.Contains("pivot_root", RehearsalScript.Text, StringComparison.Ordinal);
}
