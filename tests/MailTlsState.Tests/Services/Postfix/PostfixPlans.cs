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
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>Plans for a Postfix with these files, and what the files become.</summary>
internal static class PostfixPlans
{
    public const string Master = "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n  -o smtpd_tls_security_level=encrypt\n  -o smtpd_tls_auth_only=yes\n";
    public const string Endpoints = "smtp: { security: opportunistic }, submission: { security: required }";

    internal sealed record Made(ServiceChanges Changes, MainCf Main, MasterCf Master)
    {
        public IReadOnlyList<string> Codes => [.. Changes.Diagnostics.Where(d => d.Code.Id != "MTS0311").Select(d => d.Code.Id)];

        public IReadOnlyList<AttributeChange> Attributes => [.. Changes.Changes.SelectMany(c => c.Attributes)];
    }

    public static Made Plan(
        string version,
        string main,
        string master,
        string endpoints = Endpoints,
        string policy = "intermediate",
        string more = "",
        string warnings = "",
        IReadOnlyList<Listener>? listeners = null,
        int? process = null,
        string effective = "",
        Func<FileObservation, FileObservation>? file = null,
        IReadOnlyDictionary<string, string>? tables = null,
        IReadOnlyList<CertificateFiles>? pairs = null,
        string overrides = "",
        string user = "",
        CertificatePlace? place = null)
    {
        var services = $"  postfix: {{ {more}endpoints: {{ {endpoints} }} }}\n";
        var text = Samples.Minimal.Replace("  dovecot: { endpoints: { imaps: { security: implicit } } }\n", services, StringComparison.Ordinal) + $"policy: {{ base: {policy} }}\n";
        var read = Samples.Read(text);
        Assert.Empty(read.Diagnostics);
        var manifest = read.Manifest!;
        var written = string.Concat(MainCf.Parse(main).Entries.Select(e => $"{e.Name} = {e.Value}\n"));
        var answers = new Dictionary<string, string>
        {
            [PostfixAnswers.Parameters] = $"mail_version = {version}\nqueue_directory = /var/spool/postfix\nsmtpd_tls_security_level =\nsmtpd_tls_wrappermode = no\nsmtpd_tls_auth_only = no\ntls_preempt_cipherlist = no\n{written}{effective}",
            [PostfixAnswers.Explicit] = written,
            [PostfixAnswers.MasterServices] = master,
            [PostfixAnswers.MasterOverrides] = overrides,
            [PostfixAnswers.UserParameters] = user,
            [PostfixAnswers.Warnings] = warnings,
        };
        foreach (var (table, entries) in tables ?? new Dictionary<string, string>())
        {
            answers[PostfixAnswers.TableEntries + table] = entries;
        }

        var files = new[] { (PostfixService.MainCf, main), (PostfixService.MasterCf, master) }
            .Select(f => new FileObservation(f.Item1, FileKind.Regular) { Mode = 0b110_100_100, Text = f.Item2, Digest = "sha256:0" })
            .Select(f => file is null ? f : file(f)).ToDictionary(f => f.Path);
        var observed = new HostObservation(
            DateTimeOffset.UnixEpoch,
            new HostFacts("mail.example.com", 0, Systemd: false, SeLinux: false),
            files,
            listeners ?? [],
            new Dictionary<ServiceKind, ServiceObservation> { [ServiceKind.Postfix] = new(ServiceKind.Postfix, true, version, true, null, [], answers) { MasterProcess = process } },
            [],
            [])
        {
            Certificates = place is null ? [] : [place],
        };
        var changes = new PostfixPlanner(new ServicePlanRequest(manifest, manifest.Postfix!, PolicyCatalogue.Resolve(manifest.Policy), pairs ?? [CertificatePaths.Of(manifest, KeyKind.EcdsaP256, 1)], observed)).Plan();
        string After(string path, string before) => changes.Changes.Select(c => c.Work).OfType<EditText>().Where(w => w.Path == path).Aggregate(before, (t, w) => w.Edit(t));
        return new Made(changes, MainCf.Parse(After(PostfixService.MainCf, main)), MasterCf.Parse(After(PostfixService.MasterCf, master)));
    }
}
