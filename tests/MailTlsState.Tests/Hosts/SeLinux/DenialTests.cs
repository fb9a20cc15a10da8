using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using Xunit;

namespace MailTlsState.Tests.Hosts.SeLinux;

/// <summary>Lines as auditd, the kernel's log and the journal have them, from an enforcing Debian 12.</summary>
public class DenialTests
{
    private const string Smtpd = "type=AVC msg=audit(1795903535.160:44): avc:  denied  { read } for  pid=518 comm=\"smtpd\" name=\"mail.mydomain.com.pem\" dev=\"vda\" ino=1234 scontext=system_u:system_r:postfix_smtpd_t:s0 tcontext=unconfined_u:object_r:user_home_t:s0 tclass=file permissive=0";
    private const string Dovecot = "Nov 29 01:29:42 mail.mydomain.com audit[514]: AVC avc:  denied  { read open } for  pid=514 comm=\"config\" path=\"/etc/pki/mailtls/mail.pem\" dev=\"vda\" ino=518 scontext=system_u:system_r:dovecot_t:s0 tcontext=system_u:object_r:default_t:s0 tclass=file permissive=0";
    private const string Bind = "kernel: audit: type=1400 audit(1.2:3): avc:  denied  { name_bind } for  pid=9 comm=\"master\" src=2525 scontext=system_u:system_r:postfix_master_t:s0 tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket permissive=0";

    [Theory]
    [InlineData(Smtpd, "smtpd", "read", "postfix_smtpd_t", "user_home_t", "file", "mail.mydomain.com.pem")]
    [InlineData(Dovecot, "config", "read open", "dovecot_t", "default_t", "file", "/etc/pki/mailtls/mail.pem")]
    [InlineData(Bind, "master", "name_bind", "postfix_master_t", "unreserved_port_t", "tcp_socket", "2525")]
    public void A_refusal_is_read(string line, string program, string permission, string domain, string type, string group, string name) =>
        Assert.Equal(new Denial(line, program, permission, domain, type, group, name), Denial.Parse(line));

    [Theory]
    [InlineData("")]
    [InlineData("avc:  granted  { load_policy } for  pid=1 scontext=a:b:c tcontext=d:e:f tclass=security")]
    [InlineData("avc:  denied  { read")]
    [InlineData("avc:  denied  { read } for  pid=1 comm=\"x")]
    [InlineData("avc:  denied  { read } for  pid=1 comm=\"smtpd\" scontext=a:b:c:s0 tcontext=d:e:f:s0 tclass=file permissive=1")]
    public void Other_lines_tell_of_none(string line) => Assert.Null(Denial.Parse(line));

    [Fact]
    public void Only_the_mail_daemons_count_and_each_kind_once()
    {
        var other = Smtpd.Replace("postfix_smtpd_t", "httpd_t", StringComparison.Ordinal);
        Assert.Equal(["postfix_smtpd_t", "dovecot_t", "postfix_master_t"], DenialLog.Of([Smtpd, other, Smtpd.Replace("518", "519", StringComparison.Ordinal), Dovecot, Bind, "noise"]).Select(d => d.Domain));
    }

    [Fact]
    public async Task A_log_file_that_nobody_writes_any_more_does_not_hide_the_journal()
    {
        var facts = new InMemoryHost().Facts with { SeLinux = true, Systemd = true };
        var host = new InMemoryHost { Programs = call => call.Program.EndsWith("journalctl", StringComparison.Ordinal) ? new ProcessResult(0, Dovecot + "\n", "") : null };
        host.AddFile("/var/log/kern.log", "old words\n");
        var log = new DenialLog(host, host, facts);
        log.Mark();
        Assert.Equal(["dovecot_t"], (await log.SinceAsync()).Select(d => d.Domain));
    }

    [Fact]
    public void The_remedy_fits_what_was_refused()
    {
        Assert.Equal("semanage port -a -t smtp_port_t -p tcp 2525", ExecutionDiagnostics.Denied(Denial.Parse(Bind)!).Remedy);
        Assert.Contains("smtpd (postfix_smtpd_t) { read } of mail.mydomain.com.pem, a file of type user_home_t: type=AVC", ExecutionDiagnostics.Denied(Denial.Parse(Smtpd)!).Fact, StringComparison.Ordinal);
    }
}
