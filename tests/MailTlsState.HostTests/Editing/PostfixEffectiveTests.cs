using System.Globalization;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Services.Postfix;
using MailTlsState.Services.Postfix.Editing;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>
/// Whole plans for generated main.cf and master.cf whose values refer to one another: what <c>postconf -x</c> and <c>-Px</c> say afterwards is what the
/// manifest wants, all else is as it was, and a second plan from their answers has nothing to do.
/// </summary>
public sealed class PostfixEffectiveTests
{
    private const string Manifests = "apiVersion: mailtlsstate/v1\nhost: mail.mydomain.com\ncertificate:\n  issuer:\n    kind: privateCa\n    subject: { commonName: CA }\n    passphrase: { file: /root/p }\n";

    private const string Base = "compatibility_level = 3.6\nmynetworks = 127.0.0.0/8\nmydomain = mydomain.com\n";

    private static readonly (string Endpoints, string Policy)[] Wanted =
    [
        ("smtp: { security: opportunistic }, submission: { security: required }", "article"),
        ("smtp: { security: opportunistic }, submissions: { security: implicit }", "intermediate"),
        ("submission: { security: required }, submissions: { security: implicit }", "modern"),
        ("smtp: { security: required }", "article"),
    ];

    private static readonly string[] MainPieces =
    [
        "smtpd_tls_security_level = may\n", "smtpd_tls_security_level = $my_level\n", "smtpd_tls_security_level = ${my_level?{encrypt}:{may}}\n", "smtpd_tls_security_level = ${my_none:may}\n",
        "smtpd_tls_security_level =\n# between\n\n  $(my_level)\r\n", "smtpd_tls_security_level = ${{$my_level} == {encrypt} ? {encrypt} : {none}}\n", "smtpd_use_tls = ${my_yes?yes}\n",
        "my_level = encrypt\n", "my_level = none\n", "my_level =\n", "my_level = $my_other\nmy_other = may\n", "my_yes = 1\n", "my_high = high\n", "my_protocols = >=TLSv1.2\n", "my_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1\n",
        "smtpd_tls_protocols = $smtpd_tls_mandatory_protocols\n", "smtpd_tls_mandatory_protocols = $my_protocols\n", "smtpd_tls_mandatory_protocols=${my_protocols?$my_protocols}${my_protocols:TLSv1}\n",
        "smtpd_tls_ciphers = ${my_high:high}\n", "smtpd_tls_mandatory_ciphers = $smtpd_tls_ciphers\n", "tls_preempt_cipherlist = ${my_yes?yes}${my_yes:no}\n", "smtpd_tls_auth_only = ${my_yes?yes}${my_yes:no}\n",
        "smtpd_tls_cert_file = /etc/ssl/$myhostname.pem\n", "smtpd_tls_chain_files = /etc/pki/mailtls/$myhostname.pem\n", "mydestination = $my_level,\n  $myhostname \xe4\n", "virtual_alias_maps = static:${my_yes?a}b\n",
        "smtp_tls_security_level = $my_level\n", "smtpd_banner = $$my_level ${my_yes?{x y}}", "\n", "# comment\n",
    ];

    private static readonly string[] Options =
    [
        "\n  -o smtpd_tls_security_level=$my_level", "\n  -o { smtpd_tls_security_level = ${my_yes?{encrypt}:{may}} }", "\n  -o smtpd_tls_security_level=none", "\n  -o my_level=none", "\n  -o my_level=encrypt",
        "\n  -o smtpd_tls_protocols=$smtpd_tls_mandatory_protocols", "\n  -o smtpd_tls_wrappermode=${my_yes?yes}", "\n  -o my_protocols=TLSv1", "\n  -o smtpd_tls_auth_only=$smtpd_tls_ask_ccert", "\n  -o smtpd_tls_wrappermode=yes",
        "\n  -o syslog_name=postfix/$service_name", "\n  -o smtpd_tls_ciphers=${my_high}", "\n# between\n  -o my_yes=", "\n  -o { smtpd_banner = $myhostname $my_level }",
    ];

    private static readonly string[] Others =
    [
        "mydestination", "virtual_alias_maps", "smtp_tls_security_level", "smtpd_banner", "proxy_read_maps", "smtp_tls_ciphers", "lmtp_tls_security_level", "relay_domains", "tls_high_cipherlist",
    ];

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task After_an_edit_postconf_expands_managed_values_to_the_manifest_s_and_all_others_to_what_they_were_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        var random = new Random(50 + DebianReleases.Stable.ToList().IndexOf(release));
        var used = new HashSet<string>();
        var cases = Enumerable.Range(0, LabEnvironment.Long ? 2000 : 20).Select(i => Generate(i, random, used)).Concat(Special).ToList();
        Assert.Empty(MainPieces.Concat(Options).Except(used));

        var before = await AskAsync(cases, release);
        var planned = cases.Select((c, i) => (Case: c, Answers: before[i])).Where(c => c.Answers is not null).Select(c => (c.Case, Before: c.Answers!, Plan: Plan(c.Case, c.Answers!))).ToList();
        var edited = planned.Select(p => p.Case with { Main = p.Plan.Main, Master = p.Plan.Master }).ToList();
        var after = await AskAsync(edited, release);

        var values = 0;
        for (var i = 0; i < edited.Count; i++)
        {
            values += Compare(planned[i].Case, planned[i].Before, planned[i].Plan, edited[i], after[i]);
        }

        Assert.True(planned.Count > cases.Count / 2 && values > 20 * planned.Count, $"{planned.Count} files, {values} values");
        Console.WriteLine($"oracle: {planned.Count} plans for main.cf and master.cf, {values} expanded values compared with postconf -x and -Px on {release}, 0 disagreements");
    });

    // A switch older than the levels counts where the level is empty, which each listener decides for itself; the level of port 25 is not to take away another listener's.
    private static readonly Files[] Special =
    [
        new($"{Base}smtpd_tls_security_level = encrypt\n", "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n2525 inet n - y - - smtpd\n  -o smtpd_tls_security_level=may\n", 0),
        new($"{Base}smtpd_use_tls = yes\nsmtpd_tls_security_level = $my_level\nmy_level =\n", "smtp inet n - y - - smtpd\n2525 inet n - y - - smtpd\n  -o my_level=none\n2526 inet n - y - - smtpd\n  -o my_level=\n2527 inet n - y - - smtpd\n", 0),
        new($"{Base}smtpd_use_tls = yes\nsmtpd_tls_security_level = ${{my_yes?{{$my_level}}}}\n", "smtp inet n - y - - smtpd\n2525 inet n - y - - smtpd\n  -o my_yes=1 -o my_level=encrypt\n2526 inet n - y - - smtpd\n  -o my_yes=1\n", 2),
        new($"{Base}smtpd_use_tls = ${{my_yes?yes}}\nmy_yes = 1\n", "smtp inet n - y - - smtpd\n2525 inet n - y - - smtpd\n  -o my_yes=\n2526 inet n - y - - smtpd\n", 0),
        new($"{Base}smtpd_use_tls = ${{my_yes?yes}}\nsmtpd_enforce_tls = ${{my_level?yes}}\n", "smtp inet n - y - - smtpd\n2525 inet n - y - - smtpd\n  -o my_yes=1\n2526 inet n - y - - smtpd\n  -o smtpd_tls_security_level=\n  -o my_yes=1\n", 0),
    ];

    private sealed record Files(string Main, string Master, int Wanted);

    /// <summary>What postconf says of one case.</summary>
    private sealed record Answers(Dictionary<string, string> Raw, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Listeners)
    {
        public IReadOnlyDictionary<string, string> Expanded { get; } = PostconfOutput.ParseSettings(Raw[PostfixAnswers.Parameters]);

        public IReadOnlyDictionary<string, string> Written { get; } = PostconfOutput.ParseSettings(Raw[PostfixAnswers.Explicit]);

        public IReadOnlyDictionary<(string Service, string Type, string Name), string> Overrides { get; } = PostconfOutput.ParseOverrides(Raw[PostfixAnswers.MasterOverrides]);
    }

    private sealed record Planned(string Main, string Master, IReadOnlyList<PostfixSetting> Settings, IReadOnlyList<string> Own, Manifest Manifest, int Changes);

    private static Files Generate(int number, Random random, HashSet<string> used)
    {
        // Two pieces by turns, so that few cases reach all of them, and others by chance.
        string Some(string[] pieces, int most)
        {
            var some = Enumerable.Range(0, random.Next(most)).Select(_ => pieces[random.Next(pieces.Length)]).Concat([pieces[2 * number % pieces.Length], pieces[((2 * number) + 1) % pieces.Length]]).ToList();
            used.UnionWith(some);
            return string.Concat(some.Select(s => s.EndsWith('}') && pieces == MainPieces ? s + "\n" : s));
        }

        var master = new StringBuilder("smtp inet n - y - - smtpd").Append(Some(Options, 5));
        foreach (var more in new[] { "submission", "465", "127.0.0.1:10025", "2525" })
        {
            if (random.Next(3) > 0)
            {
                master.Append(CultureInfo.InvariantCulture, $"\n{more} inet n - y - - smtpd").Append(Some(Options, 4));
            }
        }

        return new Files(Base + Some(MainPieces, 14), master.Append("\npickup unix n - y 60 1 pickup\n").ToString(), random.Next(Wanted.Length));
    }

    /// <summary>Asks about each case as the observer does, and for each smtpd what it sees itself (postconf -o); null where Postfix refuses it.</summary>
    private static async Task<List<Answers?>> AskAsync(IReadOnlyList<Files> cases, string release)
    {
        var files = new List<(string, string)>();
        for (var i = 0; i < cases.Count; i++)
        {
            files.Add(($"{i}/main.cf", cases[i].Main));
            files.Add(($"{i}/master.cf", cases[i].Master));
            var ask = new StringBuilder($"postconf -c . -x {string.Join(' ', PostfixSettings.Asked.Union(Others))} >../out/{i}.x && postconf -c . -n >../out/{i}.n && postconf -c . -Px >../out/{i}.P\n");
            foreach (var (service, n) in Listeners(cases[i]).Select((s, n) => (s, n)))
            {
                var options = string.Concat(service.Overrides.Select(o => $" -o '{o.Name}={o.Value}'"));
                ask.Append(CultureInfo.InvariantCulture, $"postconf -c .{options} -x {string.Join(' ', PostfixSettings.Asked.Union(Others))} >../out/{i}.s{n}\n");
            }

            files.Add(($"{i}/ask", ask.ToString()));
        }

        var told = await Oracle.AskAsync(files, "ls | grep -v out | xargs -P 3 -I '<>' sh -c 'cd <> && sh -e ./ask >../out/<>.err 2>&1 || : >../out/<>.failed'", release);
        return [.. cases.Select((c, i) => told.ContainsKey($"{i}.failed") ? null : new Answers(
            new Dictionary<string, string>
            {
                [PostfixAnswers.Parameters] = told[$"{i}.x"], [PostfixAnswers.Explicit] = told[$"{i}.n"], [PostfixAnswers.MasterOverrides] = told[$"{i}.P"],
            },
            Listeners(c).Select((s, n) => (s.Name, Told: PostconfOutput.ParseSettings(told[$"{i}.s{n}"]))).ToDictionary(s => s.Name, s => s.Told)))];
    }

    private static IEnumerable<MasterService> Listeners(Files files) => MasterCf.Parse(files.Master).Services.Where(s => s.Command == "smtpd");

    private static Planned Plan(Files files, Answers answers)
    {
        var (endpoints, policyName) = Wanted[files.Wanted];
        var read = ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes($"{Manifests}services:\n  postfix: {{ endpoints: {{ {endpoints} }} }}\npolicy: {{ base: {policyName} }}\n"));
        Assert.Empty(read.Diagnostics);
        var manifest = read.Manifest!;
        var version = answers.Expanded["mail_version"];
        var looked = new[] { (PostfixService.MainCf, files.Main), (PostfixService.MasterCf, files.Master) }
            .Select(f => new FileObservation(f.Item1, FileKind.Regular) { Mode = 0b110_100_100, Text = f.Item2, Digest = "sha256:0" }).ToDictionary(f => f.Path);
        var observed = new HostObservation(
            DateTimeOffset.UnixEpoch,
            new HostFacts(manifest.Host, 0, Systemd: false, SeLinux: false),
            looked,
            [],
            new Dictionary<ServiceKind, ServiceObservation> { [ServiceKind.Postfix] = new(ServiceKind.Postfix, true, version, true, null, [], answers.Raw) },
            [],
            []);
        var policy = PolicyCatalogue.Resolve(manifest.Policy);
        CertificateFiles[] paths = [CertificatePaths.Of(manifest, KeyKind.EcdsaP256, 1)];
        var changes = new PostfixPlanner(new ServicePlanRequest(manifest, manifest.Postfix!, policy, paths, observed)).Plan();
        Assert.DoesNotContain(changes.Diagnostics, d => d.Severity == Severity.Error);
        string After(string path, string text) => changes.Changes.Select(c => c.Work).OfType<EditText>().Where(w => w.Path == path).Aggregate(text, (t, w) => w.Edit(t));
        var dialect = PostfixDialect.All.Last(d => d.From <= Version.Parse(version));
        return new Planned(
            After(PostfixService.MainCf, files.Main),
            After(PostfixService.MasterCf, files.Master),
            PostfixSettings.Render(paths, policy, dialect, null),
            [.. PostfixPolicy.Listener(policy, dialect).Select(p => p.Name).Union(PostfixPolicy.Owned)],
            manifest,
            changes.Changes.Count);
    }

    private static int Compare(Files was, Answers before, Planned plan, Files edited, Answers? after)
    {
        var context = $"{Wanted[was.Wanted]}\n{was.Main}\n-----\n{was.Master}\n=====\n{edited.Main}\n-----\n{edited.Master}";
        Assert.True(after is not null, $"refused after the edit\n{context}");
        var compared = 0;
        void Same(string? wanted, string? told, string what)
        {
            compared++;
            Assert.True(Spaces(wanted) == Spaces(told), $"{what}: '{wanted}' here, '{told}' for postconf\n{context}\n=====\n{after.Raw[PostfixAnswers.MasterOverrides]}");
        }

        var managed = plan.Settings.Select(s => s.Name).Append("smtpd_tls_security_level").ToHashSet();
        foreach (var setting in plan.Settings)
        {
            Same(setting.Value, setting.Value is null ? after.Written.GetValueOrDefault(setting.Name) : after.Expanded[setting.Name], setting.Name);
        }

        foreach (var name in Others)
        {
            Same(before.Expanded[name], after.Expanded[name], name);
        }

        // A name of the user's own is in postconf -n only while something refers to it.
        foreach (var name in before.Written.Keys.Union(after.Written.Keys).Where(n => !managed.Contains(n) && n != "config_directory" && !n.StartsWith("my_", StringComparison.Ordinal)))
        {
            Same(before.Written.GetValueOrDefault(name), after.Written.GetValueOrDefault(name), name);
        }

        foreach (var service in Listeners(edited))
        {
            var sees = after.Listeners[service.Name];
            if (plan.Manifest.Postfix!.Endpoints.FirstOrDefault(e => e.Port == service.Port) is not { } endpoint)
            {
                // Nobody named it: it keeps what it has of its own, but for the policy.
                foreach (var (name, value) in before.Listeners[service.Name].Where(s => !managed.Contains(s.Key) && !plan.Own.Contains(s.Key)))
                {
                    Same(value, sees[name], $"{service.Name} {name}");
                }

                Same(Level(before.Listeners[service.Name], before.Written), Level(sees, after.Written), $"{service.Name} smtpd_tls_security_level");
                continue;
            }

            foreach (var setting in plan.Settings.Where(s => s.Value is not null))
            {
                Same(setting.Value, sees[setting.Name], $"{service.Name} {setting.Name}");
            }

            Same(endpoint.Security == EndpointSecurity.Implicit ? "yes" : "no", sees["smtpd_tls_wrappermode"], $"{service.Name} wrapper mode");
            Same(endpoint.Security switch { EndpointSecurity.Opportunistic => "may", EndpointSecurity.Required => "encrypt", _ => sees["smtpd_tls_security_level"] }, sees["smtpd_tls_security_level"], $"{service.Name} level");
            Same(endpoint.Security == EndpointSecurity.Required ? "yes" : sees["smtpd_tls_auth_only"], sees["smtpd_tls_auth_only"], $"{service.Name} auth only");
        }

        var again = Plan(edited, after);
        Assert.True(again.Changes == 0, $"a second plan has {again.Changes} changes\n{context}\n=====\n{again.Main}\n-----\n{again.Master}");
        return compared;
    }

    /// <summary>The level with what smtpd_use_tls means where there is none (the older switch is translated).</summary>
    private static string? Level(IReadOnlyDictionary<string, string> sees, IReadOnlyDictionary<string, string> written) =>
        sees["smtpd_tls_security_level"] is { Length: > 0 } level ? level : written.ContainsKey("smtpd_use_tls") && sees["smtpd_use_tls"] == "yes" ? "may" : "";

    private static string? Spaces(string? value) => value is null ? null : string.Join(' ', value.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries));
}
