using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning.Init;
using MailTlsState.Probing;
using MailTlsState.Services.Postfix;
using MailTlsState.Tests.Verification;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace MailTlsState.Tests.Planning.Init;

/// <summary>A simulated mail host for <c>init</c>: what its programs say, what its files hold, and what each port serves.</summary>
internal sealed class InitHost
{
    public const string Name = "mail.example.com";
    public const string Main = "smtpd_tls_security_level = may\n";

    private readonly InMemoryHost _host = new(new FakeTimeProvider(TestCertificate.Now));

    /// <summary>main.cf; its lines are also what smtpd sees.</summary>
    public string MainCf { get; init; } = Main;

    public string MasterCf { get; init; } = "smtp inet n - y - - smtpd\n";

    /// <summary>What doveconf says of connections of each protocol.</summary>
    public Func<string, string> Dovecot { get; init; } = _ => "ssl = yes\nssl_min_protocol = TLSv1.2\ndisable_plaintext_auth = yes\n";

    /// <summary>dovecot.conf, and what "doveconf -n" says.</summary>
    public string DovecotConf { get; init; } = "";

    /// <summary>Why doveconf refuses the configuration, or null.</summary>
    public string? DovecotError { get; init; }

    public bool IsDovecotStopped { get; init; }

    /// <summary>The sockets: address and port.</summary>
    public IReadOnlyList<(string Address, int Port)> Sockets { get; init; } = [("0.0.0.0", 25), ("0.0.0.0", 993)];

    /// <summary>The chain that a port serves.</summary>
    public Func<string, int, IReadOnlyList<TestCertificate>> Serves { get; init; } = (_, _) => [];

    public InitHost With(string path, params IReadOnlyList<TestCertificate> certificates)
    {
        _host.AddFile(path, string.Concat(certificates.Select(Pem)));
        return this;
    }

    public InitHost WithKey(string path, TestCertificate certificate, string before = "", string behind = "")
    {
        _host.AddFile(path, before + Redaction.KeyBlock("PRIVATE KEY", "ecdsa-p256", CertificateFacts.Read(certificate.Der).PublicKeyFingerprint) + behind, mode: 0b110_000_000);
        return this;
    }

    public InitHost WithLink(string path, string target)
    {
        _host.AddLink(path, target);
        return this;
    }

    public static string Pem(TestCertificate certificate) =>
        $"-----BEGIN CERTIFICATE-----\n{Convert.ToBase64String(certificate.Der, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n")}\n-----END CERTIFICATE-----\n";

    public async Task<InitResult> MakeAsync()
    {
        _host.AddFile(PostfixService.MainCf, MainCf).AddFile(PostfixService.MasterCf, MasterCf).AddFile("/etc/dovecot/dovecot.conf", DovecotConf);
        if (!IsDovecotStopped)
        {
            _host.AddFile("/run/dovecot/master.pid", "7\n").AddFile("/proc/7/comm", "dovecot\n");
        }

        _host.Listeners = [.. Sockets.Select(s => new Listener(s.Address, s.Port, 1, "smtpd", s.Port is 25 or 465 or 587 ? "/usr/lib/postfix/sbin/master" : "/usr/lib/dovecot/imap-login"))];
        _host.Programs = call => Answer(call);
        _host.Probes = request => InMemoryHost.NotConnected(request) with { Outcome = ProbeOutcome.Completed, Chain = [.. Serves(request.Address, request.Port).Select(c => Convert.ToBase64String(c.Der))] };
        return await HostInit.MakeAsync(_host, Name, CancellationToken.None);
    }

    /// <summary>The manifest that <c>init</c> makes, and the findings with the codes that start like this.</summary>
    public async Task<(Manifest Manifest, IReadOnlyList<string> Findings)> ReadAsync()
    {
        var made = await MakeAsync();
        var read = ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(made.Text));
        Assert.Empty(read.Diagnostics);
        Assert.All(made.Findings, f => Assert.Contains($"{f.Code.Id} ", made.Text, StringComparison.Ordinal));
        return (read.Manifest!, [.. made.Findings.Where(f => f.Code.Id.StartsWith("MTS065", StringComparison.Ordinal) || f.Code.Id is "MTS0642" or "MTS0631").Select(f => f.ToString())]);
    }

    private ProcessResult? Answer(ProcessCall call) => (call.Program.Split('/')[^1], call.Arguments[^1]) switch
    {
        ("postconf", "-n") => Said(MainCf),
        ("postconf", "-M") => Said(MasterCf),
        ("postconf", "-Px") => Said(""),
        ("postconf", "queue_directory") => Said("/var/spool/postfix\n"),
        ("postconf", _) => Said($"mail_version = 3.7.11\nqueue_directory = /var/spool/postfix\nsmtpd_tls_wrappermode = no\nsmtpd_tls_auth_only = no\nsmtpd_tls_mandatory_protocols = >=TLSv1.2\nsmtpd_tls_protocols = >=TLSv1.2\n{MainCf}"),
        ("dovecot", _) => Said("2.3.19.1 (9b53102964)\n"),
        ("doveconf", _) when DovecotError is not null => new ProcessResult(89, "", DovecotError),
        ("doveconf", "-n") => Said(DovecotConf),
        ("doveconf", "base_dir") => Said("/run/dovecot\n"),
        ("doveconf", _) => Said(Dovecot(call.Arguments.First(a => a.StartsWith("service=", StringComparison.Ordinal))["service=".Length..])),
        _ => null,
    };

    private static ProcessResult Said(string output) => new(0, output, "");
}
