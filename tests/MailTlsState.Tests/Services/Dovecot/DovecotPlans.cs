using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Services.Dovecot;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot;

/// <summary>Plans for a Dovecot with these files, and what the files become.</summary>
internal static class DovecotPlans
{
    public const string V23 = "2.3.19";
    public const string V24 = "2.4.1";
    public const string Early = "/etc/dovecot/conf.d/10-site.conf";
    public const string Late = "/etc/dovecot/local.conf";
    public const string Own = "/etc/dovecot/conf.d/99-mailtlsstate.conf";
    public const string Endpoints = "imap: { security: required }, imaps: { security: implicit }";

    private const string Main = "!include conf.d/*.conf\n!include_try local.conf\n";
    private const string Versions24 = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n";

    internal sealed record Made(ServiceChanges Changes, IReadOnlyDictionary<string, string> Texts)
    {
        public IReadOnlyList<Diagnostic> Of(string code) => [.. Changes.Diagnostics.Where(d => d.Code.Id == code)];

        public IReadOnlyList<AttributeChange> Attributes(string path) => [.. Changes.Changes.Where(c => c.Name == path).SelectMany(c => c.Attributes)];
    }

    /// <summary>Plans.</summary>
    /// <param name="version">Dovecot's version.</param>
    /// <param name="early">A file that is read before our own.</param>
    /// <param name="late">A file that is read after it.</param>
    /// <param name="endpoints">What the manifest names.</param>
    /// <param name="names">The certificate's names.</param>
    /// <param name="told">What <c>doveconf -n</c> prints.</param>
    /// <param name="error">What it says when it cannot read the files.</param>
    /// <param name="main">The main file, or null where it is missing.</param>
    public static Made Plan(
        string version, string early = "", string late = "", string endpoints = Endpoints, string names = "mail.example.com", string told = "", string? error = null, string? main = Main)
    {
        var files = new Dictionary<string, string> { [Early] = early, [Late] = late };
        if (main is not null)
        {
            files[DovecotService.MainFile] = (version == V24 ? Versions24 : "") + main;
        }

        var first = Plan(version, files, endpoints, names, told, error);

        // Whatever is planned, doing it leaves nothing to do.
        if (!first.Changes.Diagnostics.Any(d => d.Severity == Severity.Error))
        {
            Assert.NotEmpty(first.Changes.Changes);
            Assert.Empty(Plan(version, first.Texts, endpoints, names, told, error).Changes.Changes);
        }

        return first;
    }

    private static Made Plan(string version, IReadOnlyDictionary<string, string> files, string endpoints, string names, string told, string? error)
    {
        var text = Samples.Minimal.Replace("endpoints: { imaps: { security: implicit } }", $"endpoints: {{ {endpoints} }}", StringComparison.Ordinal)
            .Replace("certificate:\n", $"certificate:\n  names: [{names}]\n", StringComparison.Ordinal);
        var read = Samples.Read(text);
        Assert.Empty(read.Diagnostics);
        var manifest = read.Manifest!;
        var answers = DovecotAnswers.Filters(manifest).ToDictionary(f => f.Question, _ => "protocols = imap pop3\n");
        answers[DovecotAnswers.Explicit] = told;
        var observed = new HostObservation(
            DateTimeOffset.UnixEpoch,
            new HostFacts("mail.example.com", 0, Systemd: false, SeLinux: false),
            files.ToDictionary(f => f.Key, f => new FileObservation(f.Key, FileKind.Regular) { Mode = 0b110_100_100, Owner = 0, Text = f.Value, Digest = "sha256:0" }),
            [],
            new Dictionary<ServiceKind, ServiceObservation> { [ServiceKind.Dovecot] = new(ServiceKind.Dovecot, true, version, true, error, [.. files.Keys.Order(StringComparer.Ordinal)], answers) },
            [],
            []);
        var changes = new DovecotPlanner(new ServicePlanRequest(manifest, manifest.Dovecot!, PolicyCatalogue.Resolve(manifest.Policy), [CertificatePaths.Of(manifest, KeyKind.EcdsaP256, 1)], observed)).Plan();
        var after = new Dictionary<string, string>(files);
        foreach (var edit in changes.Changes.Select(c => c.Work).OfType<EditText>())
        {
            after[edit.Path] = edit.Edit(after.GetValueOrDefault(edit.Path, ""));
        }

        return new Made(changes, after);
    }
}
