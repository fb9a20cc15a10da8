using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.Purchased;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
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
    private static readonly Manifest Manifest = Samples.Read(Samples.WithIssuer("kind: purchased")).Manifest!;

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

    private static CertificateChanges Plan(IReadOnlyDictionary<string, byte[]> files) => new PurchasedCertificates().Plan(new CertificatePlanRequest(Manifest, Observation.Of(Manifest, files), Sample.Now, []));

    private static Dictionary<string, byte[]> Make(CertificateChanges plan, IReadOnlyDictionary<string, byte[]>? files = null) =>
        plan.Changes.Select(c => c.Work).OfType<MakeCertificates>().Single().Make(new CertificateInputs(p => [.. files![p]], _ => "", Sample.Now)).Files.ToDictionary();
}
