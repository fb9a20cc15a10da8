using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Cli;
using MailTlsState.Cli.Rendering;
using MailTlsState.Hosts;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Tests.Planning;

namespace MailTlsState.Tests.Execution;

/// <summary>
/// A recorded host whose daemons serve what lies on its disk: the bundle or another tool's pair once the configuration names it,
/// else what the recording has. Commands run on it in process.
/// </summary>
internal sealed class ServingMachine
{
    public const string Bundle = "/etc/pki/mailtls/mail.mydomain.com.pem";
    public const string Previous = "/etc/pki/mailtls/.mail.mydomain.com.previous.pem";
    public const string LiveChain = "/etc/letsencrypt/live/fullchain.pem";
    public const string LiveKey = "/etc/letsencrypt/live/privkey.pem";
    public const string MainCf = "/etc/postfix/main.cf";
    public const string MasterCf = "/etc/postfix/master.cf";
    public const string Own = "/etc/dovecot/conf.d/99-mailtlsstate.conf";
    public const string Archive = "/var/lib/mailtlsstate/applied";
    public const string Manifest = "/root/manifest.yaml";

    private readonly Func<ProbeRequest, ProbeResult> _recorded;
    private readonly IReadOnlyList<Listener> _listeners;

    public ServingMachine(string name = "stock")
    {
        Host = RecordedMachine.Start(name);
        _recorded = Host.Probes;
        _listeners = Host.Listeners;
        Host.Probes = Serve;

        // A root key that is quickly made.
        Write(Encoding.UTF8.GetString(new GoldenCase(name).ManifestBytes)
            .Replace("kind: privateCa\n", "kind: privateCa\n    key: ecdsa-p256\n", StringComparison.Ordinal)
            .Replace("rsa-2048", name == "stock" ? "ecdsa-p256" : "rsa-2048", StringComparison.Ordinal));
        var programs = Host.Programs;
        Host.Programs = call => call.Program.EndsWith("/doveconf", StringComparison.Ordinal) ? Effective(programs(call)!)
            : call.Arguments is [.., "-h", "queue_directory"] ? new ProcessResult(0, "/var/spool/postfix\n", "")
            : programs(call);
    }

    public InMemoryHost Host { get; }

    /// <summary>False makes the daemons serve what they served at first, whatever is on disk.</summary>
    public bool Loads { get; set; } = true;

    public string ManifestText => Text(Manifest);

    public void Write(string manifest) => Host.AddFile(Manifest, manifest);

    public void Edit(string from, string to) => Write(ManifestText.Replace(from, to, StringComparison.Ordinal));

    public string Text(string path) => Encoding.Latin1.GetString(Host.ReadBytes(path)!);

    public void SetText(string path, string text)
    {
        var at = Host.Stat(path)!;
        Host.AddFile(path, text, at.Owner, at.Group, at.Mode);
    }

    /// <summary>Lets time go by.</summary>
    public void Wait(TimeSpan time) => ((RecordedMachine.StoppedClock)Host.Clock).Now += time;

    /// <summary>All that is on disk but the program's own folder.</summary>
    public IReadOnlyList<string> Files() => [.. StepTests.Snapshot(Host).Where(l => !l.StartsWith("/var/lib/mailtlsstate", StringComparison.Ordinal) && !l.StartsWith("/root/", StringComparison.Ordinal))];

    public async Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        Host.Listeners = Listening();
        var status = await Program.RunAsync(arguments, _ => new Terminal(output, error, new StringReader(""), false, new Palette(false), new Palette(false)), Host, Host);
        return (status, output.ToString(), error.ToString());
    }

    public async Task<string> ApplyAsync()
    {
        var (status, output, error) = await RunAsync("apply", Manifest, "--auto-approve");
        Xunit.Assert.True(status == 0, output + error);
        return Host.List(Archive).Order(StringComparer.Ordinal).Last();
    }

    // A master listens for each service of master.cf, also for those that were not there when the host was recorded.
    private IReadOnlyList<Listener> Listening()
    {
        var lines = Text(MasterCf).Split('\n');
        var master = _listeners.First(l => l.Port == 25);
        return [.. _listeners.Concat(new[] { ("submission", 587), ("smtps", 465), ("submissions", 465) }
            .Where(s => lines.Any(l => l.StartsWith(s.Item1 + " ", StringComparison.Ordinal)) && !_listeners.Any(l => l.Port == s.Item2))
            .Select(s => master with { Port = s.Item2 }).DistinctBy(l => l.Port))];
    }

    // What our own file sets counts for every connection.
    private ProcessResult Effective(ProcessResult recorded)
    {
        if (Host.Stat(Own) is null)
        {
            return recorded;
        }

        var own = Text(Own).Split('\n').Where(l => l.Length > 0 && char.IsAsciiLetter(l[0]) && l.Contains(" = ", StringComparison.Ordinal)).ToDictionary(l => l.Split(" = ")[0]);
        return recorded with { Output = string.Join('\n', recorded.Output.Split('\n').Select(l => own.GetValueOrDefault(l.Split(" = ")[0], l))) };
    }

    private string Behind(string link) => Text(Host.ObserveFileAsync(link, CancellationToken.None).Result.LinkTarget!);

    private ProbeResult Serve(ProbeRequest request)
    {
        var was = _recorded(request);
        var pair = !Loads ? null
            : Text(MainCf).Contains(Bundle, StringComparison.Ordinal) && Host.Stat(Bundle) is not null ? KeyedPair.Find(Text(Bundle))
            : Text(MainCf).Contains(LiveChain, StringComparison.Ordinal) ? KeyedPair.Find(Behind(LiveChain), Behind(LiveKey)) : null;
        var uses = pair is not null;
        if (was.Outcome == ProbeOutcome.NotConnected && !uses)
        {
            return was;
        }

        return new ProbeResult(
            request,
            ProbeOutcome.Completed,
            null,
            "hello",
            request.Implicit ? [] : ["STARTTLS", "LOGINDISABLED"],
            ["AUTH=PLAIN", "AUTH PLAIN", "SASL PLAIN"],
            TlsVersion.Tls13,
            "TLS_AES_128_GCM_SHA256",
            uses ? [Convert.ToBase64String(pair!.Chain[0])] : was.Chain,
            request.Offers.ToDictionary(o => o, _ => OfferOutcome.Refused));
    }
}
