using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Planning.SeLinux;
using MailTlsState.Tests.Execution;
using MailTlsState.Tests.Hosts.SeLinux;

namespace MailTlsState.Tests.Planning.SeLinux;

/// <summary>A <see cref="ServingMachine"/> whose kernel has SELinux with the rules of Debian's policy.</summary>
internal sealed class LabelledMachine
{
    public const string LocalRules = "/etc/selinux/default/contexts/files/file_contexts.local";

    // Seen on an enforcing kernel (test-hosts.md): what smtpd and what Dovecot may read.
    private static readonly string[] LookedInto = ["var_t", "root_t"];
    private static readonly string[] ReadByPostfix = ["cert_t", "tls_privkey_t", "etc_t", "usr_t", "postfix_etc_t"];
    private static readonly string[] ReadByDovecot = ["cert_t", "tls_privkey_t", "etc_t", "usr_t", "dovecot_etc_t", "dovecot_cert_t"];

    private readonly string _rules;

    /// <summary>Starts it.</summary>
    /// <param name="semanage">True where the program that keeps local rules is installed.</param>
    /// <param name="rules">Further rules of the policy's own.</param>
    public LabelledMachine(bool semanage = true, string rules = "")
    {
        _rules = rules;
        Host.Facts = Host.Facts with { SeLinux = true, Enforcing = true, SeLinuxPolicy = "default" };
        Host.LabelRules = Observe;
        if (semanage)
        {
            Host.AddDirectory("/etc/selinux/default/contexts/files").AddFile(SecurityContext.SeManage, "", mode: 0x1ED);
            var programs = Host.Programs;
            Host.Programs = call => call.Program == SecurityContext.SeManage ? SeManage(call) : programs(call);
        }
    }

    public ServingMachine Machine { get; } = new();

    public InMemoryHost Host => Machine.Host;

    public void AddRule(string line) => Host.AddFile(LocalRules, (Host.ReadBytes(LocalRules) is { } old ? Encoding.ASCII.GetString(old) : "") + line + "\n");

    public void Label(string path, string type) => Host.SetLabel(path, $"unconfined_u:object_r:{type}:s0");

    public string? TypeOf(string path) => Host.LabelOf(path) is { } label ? SecurityContext.TypeOf(label) : null;

    private LabelObservation Observe(LabelQuestion question)
    {
        FileContextSource[] sources = [new("file_contexts", FileContextsTests.Debian + "\n" + _rules), new(LocalRules, Host.ReadBytes(LocalRules) is { } local ? Encoding.ASCII.GetString(local) : "", IsLocal: true)];
        var rules = new FileContexts(sources);
        var match = rules.Find(question.Path, question.Directory ? FileKind.Directory : FileKind.Regular);
        var fallback = SecurityContext.WithType(match?.Context ?? "system_u:object_r:x:s0", question.Fallback);
        return new LabelObservation(question.Path, question.Directory)
        {
            Policy = match?.Context,
            Rule = match?.Rule,
            IsLocalRule = match?.IsLocal ?? false,
            Fallback = fallback,
            FallbackUnknown = question.Fallback.StartsWith("unknown", StringComparison.Ordinal),
            Refused = new[] { Host.LabelOf(question.Path), match?.Context, fallback }.OfType<string>().Distinct()
                .ToDictionary(c => c, c => (IReadOnlyList<string>)[.. question.Domains.Where(d => !May(d, SecurityContext.TypeOf(c)) && !(question.Directory && LookedInto.Contains(SecurityContext.TypeOf(c))))]),
            Problems = [.. rules.Problems],
        };
    }

    private static bool May(string domain, string type) => (domain == "dovecot_t" ? ReadByDovecot : ReadByPostfix).Contains(type);

    private ProcessResult SeManage(ProcessCall call)
    {
        var pattern = call.Arguments[^1];
        if (call.Arguments is ["fcontext", "-a", "-t", var type, _])
        {
            AddRule($"{pattern}    system_u:object_r:{type}:s0");
        }
        else
        {
            Host.AddFile(LocalRules, string.Concat(Encoding.ASCII.GetString(Host.ReadBytes(LocalRules)!).Split('\n').Where(l => l.Length > 0 && !l.StartsWith(pattern + " ", StringComparison.Ordinal)).Select(l => l + "\n")));
        }

        return new ProcessResult(0, "", "");
    }
}
