using MailTlsState.Execution;
using Xunit;

namespace MailTlsState.Tests.Execution;

public class DaemonLogTests
{
    private const string Tail = "warning: cannot get RSA certificate from file \"/etc/pki/mailtls/mail.pem\": disabling TLS support";

    [Fact]
    public void What_the_probes_themselves_make_daemons_log_is_not_told_among_the_reasons()
    {
        Assert.Equal(
            [$"Nov 29 06:00:01 mail postfix/smtpd[7]: {Tail}"],
            DaemonLog.Telling([
                "Nov 29 06:00:00 mail postfix/smtpd[7]: connect from localhost[127.0.0.1]",
                "Nov 29 06:00:00 mail postfix/smtpd[7]: warning: TLS library problem: error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1657:",
                "Nov 29 06:00:00 mail dovecot: imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A000102:SSL routines::unsupported protocol",
                $"Nov 29 06:00:01 mail postfix/smtpd[7]: {Tail}"]));
    }

    // As Dovecot writes to its stderr in the rehearsal: an error of OpenSSL's in a client that went away is information there.
    [Fact]
    public void What_a_daemon_calls_information_is_not_told_among_the_reasons() =>
        Assert.Equal(
            ["dovecot: master: Error: service(imap-login): listen(*, 993) failed: Address already in use"],
            DaemonLog.Telling([
                "dovecot: imap-login: Info: Disconnected: Connection closed: SSL_accept() failed: error:0A000102:SSL routines::unsupported protocol (no auth attempts in 0 secs)",
                "dovecot: imap-login: Debug: SSL error: SSL_accept() failed",
                "dovecot: master: Error: service(imap-login): listen(*, 993) failed: Address already in use"]));

    [Fact]
    public void A_daemon_that_says_the_same_to_each_probe_is_told_once() =>
        Assert.Equal(
            [$"Nov 29 06:00:01 mail postfix/smtpd[7]: {Tail}"],
            DaemonLog.Telling([$"Nov 29 06:00:01 mail postfix/smtpd[7]: {Tail}", $"Nov 29 06:00:02 mail postfix/smtpd[8]: {Tail}"]));

    [Fact]
    public void Where_nothing_was_warned_of_all_lines_are_told() =>
        Assert.Equal(["Nov 29 06:00:00 mail postfix/master[1]: reload"], DaemonLog.Telling(["Nov 29 06:00:00 mail postfix/master[1]: reload"]));
}
