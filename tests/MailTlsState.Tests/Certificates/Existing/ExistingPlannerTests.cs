using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.Existing;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Planning;
using MailTlsState.Tests.Certificates.Import;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates.Existing;

/// <summary>Files that another tool keeps are read through their links, judged before a daemon meets them, and never changed.</summary>
public sealed class ExistingPlannerTests
{
    private const string Live = "/etc/letsencrypt/live/mail.example.com/";
    private const string Archive = "/etc/letsencrypt/archive/mail.example.com/";
    private const string Trust = "/etc/ssl/test-root.pem";
    private static readonly KeyPair Key = Sample.Key(KeyKind.EcdsaP256);
    private static readonly byte[] Leaf = Sample.Leaf(Key, "mail.example.com");
    private static readonly Manifest Certbot = Read($"certificate: {Live}fullchain.pem, key: {Live}privkey.pem");
    private static readonly Manifest Bundle = Read("certificate: /etc/ssl/mail.pem");

    [Fact]
    public void Links_are_followed_and_the_daemons_get_the_links()
    {
        var plan = Plan(Certbot, Host().AddLink(Live + "fullchain.pem", "../../archive/mail.example.com/fullchain1.pem").AddLink(Live + "privkey.pem", "../../archive/mail.example.com/privkey1.pem"));
        Assert.Empty(plan.Diagnostics);
        Assert.Empty(plan.Changes);
        var pair = Assert.Single(plan.Pairs);
        Assert.Equal((Live + "fullchain.pem", Live + "privkey.pem", KeyFamily.Ecdsa, false), (pair.Chain, pair.Key, pair.Family!.Value, pair.IsOwn));
    }

    [Fact]
    public void The_leaf_at_the_end_of_the_links_is_the_one_on_disk()
    {
        var observed = Observation.Of(Host().AddLink(Live + "fullchain.pem", Archive + "fullchain1.pem").AddLink(Live + "privkey.pem", Archive + "privkey1.pem"), Certbot);
        Assert.Equal(CertificateFacts.Read(Leaf).Fingerprint, Assert.Single(new ExistingCertificates().Examine(Certbot, observed, Sample.Now)).Leaf!.Fingerprint);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_file_may_hold_both_in_any_order(bool keyFirst)
    {
        var chain = Encoding.ASCII.GetString(BundleWriter.Chain(Leaf, []));
        var key = Encoding.ASCII.GetString(Key.ExportPem());
        var plan = Plan(Bundle, Host().AddFile("/etc/ssl/mail.pem", keyFirst ? key + chain : chain + key, mode: 0x180));
        Assert.Empty(plan.Diagnostics);
        Assert.True(Assert.Single(plan.Pairs).IsBundle);
    }

    [Theory]
    [InlineData("", "", "MTS0516 /etc/ssl/mail.pem is empty")]
    [InlineData("leaf", "", "MTS0516 there is no private key in /etc/ssl/mail.pem")]
    [InlineData("key", "", "MTS0516 there is no certificate in /etc/ssl/mail.pem")]
    [InlineData("leaf other", "", "MTS0516 the key in /etc/ssl/mail.pem does not match the certificate in /etc/ssl/mail.pem")]
    [InlineData("root leaf key", "", "MTS0516 the first certificate in /etc/ssl/mail.pem is not the server's, which has to stand first")]
    [InlineData("leaf encrypted", "", "MTS0516 a private key is encrypted in /etc/ssl/mail.pem")]
    [InlineData("leaf key", "expired", "MTS0516 the certificate in /etc/ssl/mail.pem has expired on 2027-04-02")]
    [InlineData("leaf key", "early", "MTS0516 the certificate in /etc/ssl/mail.pem is not valid before 2026-03-01 11:55:00Z")]
    [InlineData("leaf key", "late", "MTS0517 the certificate in /etc/ssl/mail.pem expires in 28 days and was not renewed")]
    [InlineData("strange key", "", "MTS0516 the certificate in /etc/ssl/mail.pem is for other.example.com, not for mail.example.com")]
    [InlineData("leaf key", "untrusted", "MTS0516 the chain in /etc/ssl/mail.pem lacks the certificate of ISSUER")]
    [InlineData("leaf key", "writable", "MTS0517 /etc/ssl/mail.pem is not root's alone to change: others may write it (mode 0620)")]
    [InlineData("leaf key", "foreign", "MTS0517 /etc/ssl/mail.pem is not root's alone to change: it belongs to user 33")]
    public void What_is_wrong_is_found_before_a_daemon_meets_it(string content, string how, string expected)
    {
        var parts = new Dictionary<string, byte[]>
        {
            ["leaf"] = BundleWriter.Certificate(Leaf),
            ["root"] = BundleWriter.Certificate(Sample.Issuing.Certificate),
            ["strange"] = BundleWriter.Certificate(Sample.Leaf(Key, "other.example.com")),
            ["key"] = Key.ExportPem(),
            ["other"] = Sample.Key(KeyKind.Rsa2048).ExportPem(),
            ["encrypted"] = RootKeyFile.Write(Key, "secret"),
        };
        var text = string.Concat(content.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => Encoding.ASCII.GetString(parts[p])));
        var host = Host(how == "untrusted" ? Sample.Root().Certificate : null).AddFile("/etc/ssl/mail.pem", text, owner: how == "foreign" ? 33 : 0, mode: how == "writable" ? 0x190 : 0x180);
        var now = Sample.Now + how switch { "expired" => TimeSpan.FromDays(400), "early" => -TimeSpan.FromDays(1), "late" => TimeSpan.FromDays(368), _ => TimeSpan.Zero };
        var plan = Plan(Bundle, host, now);
        Assert.Equal([expected.Replace("ISSUER", Sample.Issuing.Facts.Subject, StringComparison.Ordinal)], plan.Diagnostics.Select(d => $"{d.Code.Id} {d.Fact}"));
        Assert.Empty(plan.Changes);
    }

    [Theory]
    [InlineData("der", null)]
    [InlineData("empty", "MTS0522 /etc/ssl/test-root.pem holds no certificate, so whether clients trust the chain is not judged")]
    [InlineData("absent", "MTS0522 /etc/ssl/test-root.pem does not exist, so whether clients trust the chain is not judged")]
    public void The_root_may_be_DER_and_a_file_without_one_is_named(string root, string? expected)
    {
        var host = new InMemoryHost().AddFile("/etc/ssl/mail.pem", Encoding.ASCII.GetString(BundleWriter.Bundle(Key, Leaf, [])), mode: 0x180);
        _ = root == "absent" ? host : host.AddFile(Trust, root == "der" ? Encoding.Latin1.GetString(Sample.Issuing.Certificate) : "");
        var plan = Plan(Bundle, host);
        Assert.Equal(expected is null ? [] : [expected], plan.Diagnostics.Select(d => $"{d.Code.Id} {d.Fact}"));
        Assert.DoesNotContain(plan.Diagnostics, d => d.Severity == Severity.Error);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var plan = Plan(Certbot, Host().AddFile(Live + "fullchain.pem", Encoding.ASCII.GetString(BundleWriter.Chain(Leaf, []))));
        Assert.Equal([$"{Live}privkey.pem does not exist"], plan.Diagnostics.Select(d => d.Fact));
    }

    [Fact]
    public void Two_pairs_of_one_algorithm_are_refused()
    {
        var text = Encoding.ASCII.GetString(BundleWriter.Bundle(Key, Leaf, []));
        var plan = Plan(Read("certificate: /etc/ssl/mail.pem }, { certificate: /etc/ssl/second.pem"), Host().AddFile("/etc/ssl/mail.pem", text, mode: 0x180).AddFile("/etc/ssl/second.pem", text, mode: 0x180));
        Assert.Equal(["both pairs have keys of the algorithm ecdsa, and a daemon takes one certificate of each algorithm"], plan.Diagnostics.Select(d => d.Fact));
    }

    [Fact]
    public void A_name_that_the_certificate_lacks_is_a_warning()
    {
        var manifest = Read("certificate: /etc/ssl/mail.pem", "names: [mail.example.com, imap.example.com]");
        var plan = Plan(manifest, Host().AddFile("/etc/ssl/mail.pem", Encoding.ASCII.GetString(BundleWriter.Bundle(Key, Leaf, [])), mode: 0x180));
        Assert.Equal([(Severity.Warning, "the certificate in /etc/ssl/mail.pem lacks imap.example.com")], plan.Diagnostics.Select(d => (d.Severity, d.Fact)));
    }

    [Theory]
    [InlineData("/extendedKeyUsage/d", Severity.Note, "the certificate in /etc/ssl/mail.pem has no extended key usage, which Apple's clients want")]
    [InlineData("s/serverAuth,//", Severity.Error, "/etc/ssl/mail.pem: the certificate's extended key usage lacks serverAuth")]
    public void A_certificate_may_leave_open_what_it_is_for_but_not_be_for_something_else(string edit, Severity severity, string fact)
    {
        using var vendor = new VendorLab();
        vendor.Run($"sed '{edit}' server.ext >other.ext; openssl x509 -req -in leaf.csr -CA sub.pem -CAkey sub.key -days 90 -set_serial 4 -extfile other.ext -out other.pem; cat leaf.key other.pem sub.pem >mail.pem");
        var manifest = Read("certificate: /etc/ssl/mail.pem", host: "mail.mydomain.com");
        var plan = Plan(manifest, new InMemoryHost().AddFile(Trust, File.ReadAllText(vendor["root.pem"])).AddFile("/etc/ssl/mail.pem", File.ReadAllText(vendor["mail.pem"]), mode: 0x180), VendorLab.Now);
        Assert.Equal([(severity, fact)], plan.Diagnostics.Select(d => (d.Severity, d.Fact)));
    }

    private static InMemoryHost Host(byte[]? root = null) => new InMemoryHost()
        .AddFile(Trust, Encoding.ASCII.GetString(BundleWriter.Certificate(root ?? Sample.Issuing.Certificate)))
        .AddFile(Archive + "fullchain1.pem", Encoding.ASCII.GetString(BundleWriter.Chain(Leaf, [])))
        .AddFile(Archive + "privkey1.pem", Encoding.ASCII.GetString(Key.ExportPem()), mode: 0x180);

    private static CertificateChanges Plan(Manifest manifest, InMemoryHost host, DateTimeOffset? now = null) =>
        new ExistingCertificates().Plan(new CertificatePlanRequest(manifest, Observation.Of(host, manifest), now ?? Sample.Now, []));

    private static Manifest Read(string files, string? names = null, string host = "mail.example.com")
    {
        var text = Samples.WithIssuer($"kind: existing\n    files: [{{ {files} }}]\n    trust: {{ file: {Trust} }}");
        text = text.Replace("mail.example.com", host, StringComparison.Ordinal);
        return Samples.Read(names is null ? text : text.Replace("certificate:\n  issuer", $"certificate:\n  {names}\n  issuer", StringComparison.Ordinal)).Manifest!;
    }
}
