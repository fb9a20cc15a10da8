using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Planning.SeLinux;
using MailTlsState.Tests.Execution;
using MailTlsState.Tests.Hosts.SeLinux;
using Xunit;

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

    // The rules that semanage keeps, in their order; what is in its store and not yet in LocalRules was cut off in between.
    private readonly List<(string Pattern, string Context)> _store = [];

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
            Host.AddDirectory("/etc/selinux/default/contexts/files").AddFile(SecurityContext.SeManage, "", mode: 0x1ED).AddFile(SecurityContext.Flock, "", mode: 0x1ED);
            var programs = Host.Programs;
            Host.Programs = call => call.Program == SecurityContext.Flock && call.Arguments[2] == SecurityContext.SeManage ? SeManage(call.Arguments[3], call.Arguments.Skip(4).ToArray()) : programs(call);
        }
    }

    public ServingMachine Machine { get; } = new();

    public InMemoryHost Host => Machine.Host;

    /// <summary>Patterns and types of the rules that semanage lists.</summary>
    public IEnumerable<string> Kept => _store.Select(r => $"{r.Pattern} {SecurityContext.TypeOf(r.Context)}");

    /// <summary>Called when semanage has written its store, and before it installs that.</summary>
    public Action BeforeInstall { get; set; } = () => { };

    /// <summary>Has the manifest name a type.</summary>
    public void Choose(string type) => Machine.Edit("keys: [ecdsa-p256]", $"keys: [ecdsa-p256]\n  selinuxType: {type}");

    public async Task NothingToDoAsync()
    {
        var (status, output, error) = await Machine.RunAsync("plan", ServingMachine.Manifest, "--detailed-exitcode");
        Assert.True(status == 0, output + error);
    }

    /// <summary>A rule that semanage keeps, as an administrator adds it.</summary>
    public void AddRule(string pattern, string context)
    {
        _store.Add((pattern, context));
        Install();
    }

    /// <summary>A line that was written by hand.</summary>
    public void WriteRule(string line) => Host.AddFile(LocalRules, (Host.ReadBytes(LocalRules) is { } old ? Encoding.ASCII.GetString(old) : "") + line + "\n");

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
            RulePattern = match?.Pattern,
            IsLocalRule = match?.IsLocal ?? false,
            Fallback = fallback,
            FallbackUnknown = question.Fallback.StartsWith("unknown", StringComparison.Ordinal),
            Refused = new[] { Host.LabelOf(question.Path), match?.Context, fallback }.OfType<string>().Distinct()
                .ToDictionary(c => c, c => (IReadOnlyList<string>)[.. question.Domains.Where(d => !May(d, SecurityContext.TypeOf(c)) && !(question.Directory && LookedInto.Contains(SecurityContext.TypeOf(c))))]),
            Problems = [.. rules.Problems],
        };
    }

    private static bool May(string domain, string type) => (domain == "dovecot_t" ? ReadByDovecot : ReadByPostfix).Contains(type);

    // As semanage of Debian 12 does it (seobject.py, libsemanage): it refuses what is there already, also in the policy itself, and what is not there.
    private ProcessResult SeManage(string command, string[] arguments)
    {
        var pattern = arguments[^1];
        var known = (FileContextsTests.Debian + "\n" + _rules).Split('\n').Select(l => l.Split(' ', '\t')).FirstOrDefault(f => f[0] == pattern)?[^1];
        var at = _store.FindIndex(r => r.Pattern == pattern);
        switch (command, arguments)
        {
            case ("fcontext", ["--list", "--locallist", "--noheading"]):
                return new ProcessResult(0, string.Concat(_store.Select(r => $"{r.Pattern,-50} {"all files",-18} {r.Context} \n")), "");
            case ("fcontext", ["-a", "-t", var type, _]) when at < 0 && known is null:
                _store.Add((pattern, $"system_u:object_r:{type}:s0"));
                break;
            case ("fcontext", ["-a", "-t", _, _]):
                return new ProcessResult(1, "", $"ValueError: File context for {pattern} already defined\n");
            case ("fcontext", ["-m", "-t", var type, _]) when at >= 0:
                _store[at] = (pattern, SecurityContext.WithType(_store[at].Context, type));
                break;
            case ("fcontext", ["-m", "-t", var type, _]) when known is not null:
                _store.Add((pattern, SecurityContext.WithType(known, type)));
                break;
            case ("fcontext", ["-d", _]) when at >= 0:
                _store.RemoveAt(at);
                break;
            default:
                return new ProcessResult(1, "", $"ValueError: File context for {pattern} is not defined\n");
        }

        BeforeInstall();
        Install();
        return new ProcessResult(0, "", "");
    }

    private void Install() => Host.AddFile(LocalRules, string.Concat(_store.Select(r => $"{r.Pattern}    {r.Context}\n")));
}
