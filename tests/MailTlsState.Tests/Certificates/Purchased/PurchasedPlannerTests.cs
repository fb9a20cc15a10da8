using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.Import;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Certificates.Purchased;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates.Purchased;

/// <summary>A request is written and waited for; what is served is left alone until there is an answer.</summary>
public sealed class PurchasedPlannerTests
{
    private static readonly Dictionary<string, byte[]> Nothing = [];

    private const string Directory = "/etc/pki/mailtls";
    private const string KeyPath = Directory + "/mail.example.com.next.key";
    private const string Request = Directory + "/mail.example.com.csr";
    private const string Bundle = Directory + "/mail.example.com.pem";
    private const string Trust = "/etc/ssl/test-root.pem";
    private static readonly Manifest Manifest = Read();

    [Fact]
    public void Key_and_request_are_made_and_nothing_is_to_be_served()
    {
        var plan = Plan(Nothing);
        Assert.Equal(["directory /etc/pki/mailtls", $"key {KeyPath}", $"request {Request}"], plan.Changes.Select(c => c.Address).Where(a => a.Contains("mail", StringComparison.Ordinal)));
        Assert.Empty(plan.Pairs);
        Assert.Equal([(CertificateDiagnostics.CertificateAwaited, Severity.Note)], plan.Diagnostics.Select(d => (d.Code, d.Severity)));
    }

    [Fact]
    public void The_request_is_for_the_key_and_the_names()
    {
        var made = Make(Plan(Nothing));
        var request = CertificateRequest.LoadSigningRequestPem(Encoding.ASCII.GetString(made[Request]), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        using var key = KeyPair.Import(made[KeyPath]);
        Assert.Equal(key.SubjectPublicKeyInfo, request.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Equal(["mail.example.com"], request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
    }

    [Fact]
    public void A_request_that_waits_is_no_change()
    {
        var plan = Plan(Make(Plan(Nothing)));
        Assert.Empty(plan.Changes.Where(c => c.Kind != "directory"));
        Assert.Equal([CertificateDiagnostics.CertificateAwaited], plan.Diagnostics.Select(d => d.Code));
    }

    [Fact]
    public void A_lost_request_is_made_anew_with_the_same_key()
    {
        var made = Make(Plan(Nothing));
        var files = made.Where(f => f.Key == KeyPath).ToDictionary();
        var plan = Plan(files);
        Assert.Equal(["request"], plan.Changes.Select(c => c.Kind).Where(k => k != "directory"));
        Assert.Equal([Request], Make(plan, files).Keys);
    }

    [Fact]
    public void A_pair_that_is_there_is_served()
    {
        var key = Sample.Key(KeyKind.EcdsaP256);
        var leaf = Sample.Leaf(key, "mail.example.com");
        var plan = Plan(new Dictionary<string, byte[]> { [Directory + "/mail.example.com.pem"] = BundleWriter.Bundle(key, leaf, []) });
        Assert.Equal([Directory + "/mail.example.com.pem"], plan.Pairs.Select(p => p.Chain));
        Assert.Empty(plan.Diagnostics);
    }

    [Theory]
    [InlineData("bundle", "mail.example.com.pem")]
    [InlineData("split", "mail.example.com.key, mail.example.com.pem")]
    public void An_answer_goes_into_place_with_the_key_that_waited(string layout, string files)
    {
        var manifest = Read($"layout: {layout}");
        var waiting = Waiting(manifest);
        var (plan, imported) = Import(manifest, waiting, Answer(waiting));
        Assert.Empty(plan.Diagnostics);
        Assert.Equal([$"file {KeyPath}", $"file {Request}"], plan.Changes.Where(c => c.Action == ChangeAction.Delete).Select(c => c.Address).Order(StringComparer.Ordinal).Reverse());
        Assert.Equal([Bundle], plan.Pairs.Select(p => p.Chain));
        var made = Make(plan, waiting);
        Assert.Equal(files, string.Join(", ", made.Keys.Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)));
        using var waited = KeyPair.Import(waiting[KeyPath]);
        using var served = KeyPair.Import(made[layout == "split" ? Directory + "/mail.example.com.key" : Bundle]);
        Assert.Equal(waited.PublicKeyDigest, served.PublicKeyDigest);
        Assert.Equal(imported, PemFile.Parse(Encoding.ASCII.GetString(made[Bundle])).Certificates.First().Der);
    }

    [Fact]
    public void What_is_in_place_is_imported_again_without_a_change()
    {
        var waiting = Waiting(Manifest);
        var answer = Answer(waiting);
        var made = Make(Import(Manifest, waiting, answer).Plan, waiting);
        var plan = Import(Manifest, With(made, Trust, waiting[Trust]), answer).Plan;
        Assert.Empty(plan.Changes.Where(c => c.Kind != "directory"));
        Assert.Equal([Bundle], plan.Pairs.Select(p => p.Chain));
    }

    [Fact]
    public void The_certificate_in_use_imported_while_its_renewal_is_due_leaves_pair_and_request_alone()
    {
        var manifest = Read("renewBefore: 396d");
        var now = Sample.Now + TimeSpan.FromDays(2);
        var (files, leaf) = Running(KeyKind.EcdsaP256, Bundle);
        var waiting = Make(Plan(files, manifest, now), files).Concat(files).ToDictionary();
        var plan = Import(manifest, waiting, leaf, now).Plan;
        Assert.Empty(plan.Changes.Where(c => c.Kind != "directory"));
        Assert.Equal([Bundle], plan.Pairs.Select(p => p.Chain));
        Assert.Equal([ImportDiagnostics.LeftOut, CertificateDiagnostics.CertificateAwaited], plan.Diagnostics.Select(d => d.Code));

        // Not asked for yet: then it is.
        Assert.Equal([$"request {Request}"], Import(manifest, files, leaf, now).Plan.Changes.Where(c => c.Kind != "directory").Select(c => c.Address));
    }

    [Fact]
    public void Of_two_kinds_the_one_whose_certificate_in_use_is_imported_again_stays_with_its_request()
    {
        const string rsa = Directory + "/mail.example.com.rsa";
        var manifest = Read("keys: [ecdsa-p256, rsa-2048]\n  renewBefore: 396d");
        var now = Sample.Now + TimeSpan.FromDays(2);
        var (first, second) = (Running(KeyKind.EcdsaP256, Bundle), Running(KeyKind.Rsa2048, rsa + ".pem"));
        var files = first.Files.Concat(second.Files).DistinctBy(f => f.Key).ToDictionary();
        var waiting = Make(Plan(files, manifest, now), files).Concat(files).ToDictionary();
        var renewed = PrivateCaIssuer.IssueLeaf(Sample.Issuing, ["mail.example.com"], Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(397), now);
        var plan = Import(manifest, waiting, now, renewed, second.Leaf);
        Assert.Equal(
            [$"certificate {Bundle}", $"file {Directory}/.mail.example.com.previous.pem", $"file {Request}"],
            plan.Changes.Where(c => c.Kind != "directory").Select(c => c.Address).Order(StringComparer.Ordinal));
        Assert.Equal([Bundle], Make(plan, waiting).Keys);
        Assert.Equal([Bundle, rsa + ".pem"], plan.Pairs.Select(p => p.Chain));
        Assert.Contains(plan.Diagnostics, d => d.Code == ImportDiagnostics.LeftOut && d.Fact.Contains(rsa + ".pem", StringComparison.Ordinal));
    }

    [Fact]
    public void Another_chain_of_the_same_certificate_goes_into_place_and_the_request_for_the_renewal_stays()
    {
        var manifest = Read("renewBefore: 396d");
        var now = Sample.Now + TimeSpan.FromDays(2);
        var (files, leaf) = Running(KeyKind.EcdsaP256, Bundle);
        files[Bundle] = BundleWriter.Bundle(Sample.Key(KeyKind.EcdsaP256), leaf, [Sample.Issuing.Certificate]);
        var waiting = Make(Plan(files, manifest, now), files).Concat(files).ToDictionary();
        var plan = Import(manifest, waiting, leaf, now).Plan;
        Assert.Contains(plan.Changes, c => c.Address == $"certificate {Bundle}");
        Assert.DoesNotContain(plan.Changes, c => c.Name == Request);
    }

    [Fact]
    public void An_answer_to_another_request_changes_nothing()
    {
        var waiting = Waiting(Manifest);
        var plan = Import(Manifest, waiting, Sample.Leaf(Sample.Key(KeyKind.EcdsaP256), "mail.example.com")).Plan;
        Assert.Contains("MTS0546", plan.Diagnostics.Where(d => d.Severity == Severity.Error).Select(d => d.Code.Id));
        Assert.Empty(plan.Changes.Where(c => c.Kind != "directory"));
        Assert.Empty(plan.Pairs);
    }

    [Theory]
    [InlineData("rotateKey: false", false)]
    [InlineData("rotateKey: true", true)]
    public void A_renewal_asks_beside_the_running_pair_and_its_answer_takes_the_place(string rotate, bool another)
    {
        var manifest = Read($"renewBefore: 396d\n  {rotate}");
        var running = Sample.Key(KeyKind.EcdsaP256);
        var leaf = Sample.Leaf(running, "mail.example.com");
        var now = Sample.Now + TimeSpan.FromDays(2);
        var files = new Dictionary<string, byte[]> { [Bundle] = BundleWriter.Bundle(running, leaf, []), [Trust] = BundleWriter.Certificate(Sample.Issuing.Certificate) };

        var asked = Plan(files, manifest, now);
        Assert.Equal([Bundle], asked.Pairs.Select(p => p.Chain));
        Assert.DoesNotContain(asked.Changes, c => c.Kind == "certificate");
        var request = Make(asked, files);
        Assert.Equal(another ? [Request, KeyPath] : [Request], request.Keys.Order(StringComparer.Ordinal));

        var waiting = request.Concat(files).ToDictionary();
        using var key = another ? KeyPair.Import(request[KeyPath]) : null;
        var renewed = PrivateCaIssuer.IssueLeaf(Sample.Issuing, ["mail.example.com"], key ?? running, TimeSpan.FromDays(397), now);
        var plan = Import(manifest, waiting, renewed, now).Plan;
        var certificate = Assert.Single(plan.Changes, c => c.Kind == "certificate");
        Assert.Equal(ChangeAction.Replace, certificate.Action);
        Assert.Equal(another, plan.Changes.Any(c => c.Kind == "key"));
        Assert.Equal(renewed, PemFile.Parse(Encoding.ASCII.GetString(Make(plan, waiting)[Bundle])).Certificates.First().Der);
    }

    // The leaf lasts 397 days; its renewal is due 132 days before the end.
    [Theory]
    [InlineData(300, "MTS0515", Severity.Note, false)]
    [InlineData(340, "MTS0518", Severity.Warning, false)]
    [InlineData(398, "MTS0519", Severity.Warning, true)]
    public void A_renewal_that_does_not_come_is_said_louder_as_the_end_comes_near_and_an_expired_certificate_is_drift(int days, string code, Severity severity, bool drift)
    {
        var now = Sample.Now + TimeSpan.FromDays(days);
        var (files, _) = Running(KeyKind.EcdsaP256, Bundle);
        var waiting = Make(Plan(files, null, now), files).Concat(files).ToDictionary();
        var planned = Plan(waiting, null, now);
        Assert.Equal((code, severity), (Assert.Single(planned.Diagnostics).Code.Id, planned.Diagnostics[0].Severity));

        var plan = new Plan("manifest.yaml", "", Fingerprint.Digest(""), "mail.example.com", now, new Dictionary<string, string>(), [], planned.Diagnostics, []);
        Assert.All([plan, PlanFile.Read("plan.json", PlanFile.Write(plan))], p =>
        {
            Assert.Equal(drift, p.IsDrift);
            Assert.Equal(drift ? "No changes. The certificate in use has expired, and the next one is not imported yet." : "No changes. This host matches the manifest.", p.Summary);
        });
    }

    // A roll-back leaves the key of the imported certificate there, and nowhere else.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_certificate_whose_key_a_roll_back_put_aside_is_imported_again(bool anotherRuns)
    {
        const string previous = Directory + "/.mail.example.com.previous.pem";
        using var rotated = KeyPair.Generate(KeyKind.EcdsaP256);
        var leaf = Sample.Leaf(rotated, "mail.example.com");
        var (files, _) = Running(KeyKind.EcdsaP256, Bundle);
        var pair = files[Bundle];
        if (!anotherRuns)
        {
            files.Remove(Bundle);
        }

        files[previous] = BundleWriter.Bundle(rotated, leaf, []);
        var plan = Import(Manifest, files, leaf).Plan;
        Assert.Empty(plan.Diagnostics);
        Assert.Equal(files[previous], Make(plan, files)[Bundle]);

        // The pair in use takes its place there; a request for another key is still to be answered.
        Assert.Equal(anotherRuns, plan.Changes.Any(c => c.Name == previous && c.Work is KeepPair));
        var waiting = Make(Plan(Nothing)).Concat(files).ToDictionary();
        Assert.DoesNotContain(Import(Manifest, waiting, leaf).Plan.Changes, c => c.Name is Request or KeyPath);
    }

    private static Manifest Read(string more = "layout: bundle") => Samples.Read(
        Samples.WithIssuer($"kind: purchased\n    trust: {{ file: {Trust} }}").Replace("certificate:\n", $"certificate:\n  {more}\n", StringComparison.Ordinal)).Manifest!;

    private static Dictionary<string, byte[]> Waiting(Manifest manifest) => With(Make(Plan(Nothing, manifest)), Trust, BundleWriter.Certificate(Sample.Issuing.Certificate));

    private static Dictionary<string, byte[]> With(Dictionary<string, byte[]> files, string path, byte[] content) => new(files) { [path] = content };

    private static (Dictionary<string, byte[]> Files, byte[] Leaf) Running(KeyKind kind, string path)
    {
        var leaf = Sample.Leaf(Sample.Key(kind), "mail.example.com");
        return (new() { [path] = BundleWriter.Bundle(Sample.Key(kind), leaf, []), [Trust] = BundleWriter.Certificate(Sample.Issuing.Certificate) }, leaf);
    }

    private static byte[] Answer(Dictionary<string, byte[]> waiting)
    {
        using var key = KeyPair.Import(waiting[KeyPath]);
        return Sample.Leaf(key, "mail.example.com");
    }

    private static (CertificateChanges Plan, byte[] Leaf) Import(Manifest manifest, Dictionary<string, byte[]> files, byte[] leaf, DateTimeOffset? now = null) =>
        (Import(manifest, files, now ?? Sample.Now, leaf), leaf);

    private static CertificateChanges Import(Manifest manifest, Dictionary<string, byte[]> files, DateTimeOffset now, params byte[][] leaves)
    {
        using var file = VendorFile.Read("answer.crt", [.. leaves.SelectMany(BundleWriter.Certificate)]);
        return new PurchasedCertificates().Plan(new CertificatePlanRequest(manifest, Observation.Of(manifest, files), now, []) { Imported = [file] });
    }

    private static CertificateChanges Plan(IReadOnlyDictionary<string, byte[]> files, Manifest? manifest = null, DateTimeOffset? now = null) =>
        new PurchasedCertificates().Plan(new CertificatePlanRequest(manifest ?? Manifest, Observation.Of(manifest ?? Manifest, files), now ?? Sample.Now, []));

    private static Dictionary<string, byte[]> Make(CertificateChanges plan, IReadOnlyDictionary<string, byte[]>? files = null) =>
        plan.Changes.Select(c => c.Work).OfType<MakeCertificates>().Single().Make(new CertificateInputs(p => [.. files![p]], _ => "", Sample.Now)).Files.ToDictionary();
}
