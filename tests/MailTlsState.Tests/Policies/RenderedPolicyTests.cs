using System.Runtime.CompilerServices;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Policies;
using MailTlsState.Services;
using MailTlsState.Services.Dovecot;
using MailTlsState.Services.Postfix;
using Xunit;

namespace MailTlsState.Tests.Policies;

/// <summary>What each policy becomes on each version of the daemons. Set MAILTLS_UPDATE_GOLDEN=1 to write the files anew, then read the difference.</summary>
public class RenderedPolicyTests
{
    // One of each range with its own spelling: what Debian 11, 12, 13 and testing, Ubuntu 24.04 and Red Hat 9 bring.
    private static readonly string[] PostfixVersions = ["3.5.25", "3.7.11", "3.8.6", "3.10.5", "3.11.2"];
    private static readonly string[] DovecotVersions = ["2.3.13", "2.3.19", "2.3.21", "2.4.1 on OpenSSL 3.0.19", "2.4.1 on OpenSSL 3.5.4", "2.4.1"];

    public static TheoryData<string> Policies() => [.. PolicyCatalogue.Names];

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_policy_is_rendered_for_every_version_as_the_golden_file_says(string name)
    {
        var policy = PolicyCatalogue.Find(name)!;
        var text = new StringBuilder($"{policy.Name}: {policy.Source}\n");
        foreach (var version in PostfixVersions)
        {
            Postfix(text, policy, version);
        }

        foreach (var version in DovecotVersions)
        {
            Dovecot(text, policy, version);
        }

        var file = Path.Combine(Folder(), "Golden", name + ".txt");
        if (Environment.GetEnvironmentVariable("MAILTLS_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text.ToString());
        }

        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "", text.ToString());
    }

    private static void Postfix(StringBuilder text, TlsPolicy policy, string version)
    {
        var parsed = Version.Parse(version);
        var dialect = PostfixDialect.All.FirstOrDefault(d => parsed >= d.From && parsed < d.Below);
        text.Append($"\n[Postfix {version}]\n");
        if (dialect is null)
        {
            text.Append("outside the supported range\n");
            return;
        }

        foreach (var setting in PostfixSettings.Render([Files], policy, dialect, null).Where(s => s.Value is not null))
        {
            text.Append($"{setting.Name} = {setting.Value}\n");
        }

        foreach (var (setting, value) in PostfixPolicy.Listener(policy, dialect))
        {
            Assert.DoesNotContain(' ', value);
            text.Append($"-o {setting}={value}\n");
        }

        Say(text, PostfixPolicy.Inexpressible(policy, dialect));
    }

    private static void Dovecot(StringBuilder text, TlsPolicy policy, string version)
    {
        var parsed = Version.Parse(version.Split(' ')[0]);
        bool? hybrids = version.Contains("3.5", StringComparison.Ordinal) ? true : version.Contains("3.0", StringComparison.Ordinal) ? false : null;
        var dialect = DovecotDialect.All.FirstOrDefault(d => parsed >= d.From && parsed < d.Below);
        text.Append($"\n[Dovecot {version}]\n");
        if (dialect is null)
        {
            text.Append("outside the supported range\n");
            return;
        }

        foreach (var setting in dialect.Render([Files], policy, hybrids))
        {
            text.Append($"{setting.Name} = {setting.Value}\n");
        }

        Say(text, dialect.Inexpressible(policy, hybrids));
    }

    private static void Say(StringBuilder text, IEnumerable<PolicyLoss> losses)
    {
        foreach (var (acceptsMore, line) in losses)
        {
            text.Append($"{(acceptsMore ? "warning" : "note")}: {line}\n");
        }
    }

    private static CertificateFiles Files { get; } = new("/etc/pki/mailtls/mail.mydomain.com.pem", "/etc/pki/mailtls/mail.mydomain.com.pem");

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
