using MailTlsState.Manifests;
using MailTlsState.Tests.Verification;
using Xunit;

namespace MailTlsState.Tests.Planning.Init;

/// <summary>Which certificates <c>init</c> keeps, and by which root clients trust them.</summary>
public sealed class InitCertificatesTests
{
    private const string System = "/etc/ssl/certs/ca-certificates.crt";
    private const string Live = "/etc/letsencrypt/live/mail.example.com";
    private const string Archive = "/etc/letsencrypt/archive/mail.example.com";

    private static readonly TestCertificate Root = TestCertificate.Root();
    private static readonly TestCertificate Other = TestCertificate.Root("CN=Other Root");
    private static readonly TestCertificate Middle = Root.Intermediate();
    private static readonly TestCertificate Leaf = Middle.Leaf(InitHost.Name);
    private static readonly TestCertificate Direct = Root.Leaf(InitHost.Name);

    [Fact]
    public async Task A_certificate_of_a_public_CA_is_trusted_by_the_systems_roots_and_never_by_its_intermediate()
    {
        var (manifest, findings) = await Certbot().With(System, Other, Root).ReadAsync();
        var existing = Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer);
        Assert.Equal([new ExistingPair(Live + "/fullchain.pem", Live + "/privkey.pem")], existing.Files);
        Assert.Null(existing.Trust.File);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task A_root_beside_the_certificate_is_named_by_the_path_that_stays()
    {
        var host = Named(Live + "/cert.pem", Live + "/privkey.pem", [Direct]).WithLink(Live + "/cert.pem", "../../archive/mail.example.com/cert1.pem").WithLink(Live + "/chain.pem", "../../archive/mail.example.com/chain1.pem");
        var (manifest, findings) = await host.With(Archive + "/cert1.pem", Direct).With(Archive + "/chain1.pem", Root).WithKey(Live + "/privkey.pem", Direct).With(System, Other).ReadAsync();
        Assert.Equal(Live + "/chain.pem", Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Trust.File);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task A_root_of_ones_own_on_the_host_is_the_one_that_the_manifest_names()
    {
        var host = Named("/etc/ssl/mail.pem", "/etc/ssl/mail.key", [Direct]).With("/etc/ssl/mail.pem", Direct).WithKey("/etc/ssl/mail.key", Direct);
        var (manifest, findings) = await host.With("/root/elsewhere.pem", Root).With(System, Other).ReadAsync();
        Assert.Equal("/root/elsewhere.pem", Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Trust.File);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task A_root_in_the_leafs_own_file_is_no_anchor_and_its_lack_is_said()
    {
        var host = Named("/etc/ssl/mail.pem", "/etc/ssl/mail.key", [Direct]).With("/etc/ssl/mail.pem", Direct, Root).WithKey("/etc/ssl/mail.key", Direct).With(System, Other);
        var (manifest, findings) = await host.ReadAsync();
        Assert.Null(Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Trust.File);
        Assert.StartsWith("warning MTS0650: the chain in /etc/ssl/mail.pem leads to 'CN=Test Root', which is neither a root of the system", Assert.Single(findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_files_with_the_leaf_the_one_with_its_chain_is_kept()
    {
        var host = new InitHost
        {
            MainCf = InitHost.Main + "smtpd_tls_cert_file = /etc/ssl/leaf.pem\nsmtpd_tls_key_file = /etc/ssl/mail.key\nsmtpd_tls_CAfile = /etc/ssl/chain.pem\n",
            Dovecot = _ => "ssl = yes\nssl_cert = </etc/ssl/full.pem\nssl_key = </etc/ssl/mail.key\n",
            Serves = (_, _) => [Leaf, Middle],
        };
        var (manifest, findings) = await host.With("/etc/ssl/leaf.pem", Leaf).With("/etc/ssl/full.pem", Leaf, Middle).WithKey("/etc/ssl/mail.key", Leaf).With(System, Root).ReadAsync();
        Assert.Equal([new ExistingPair("/etc/ssl/full.pem", "/etc/ssl/mail.key")], Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Files);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task A_chain_that_comes_from_another_file_is_said()
    {
        var (_, findings) = await Named("/etc/ssl/leaf.pem", "/etc/ssl/mail.key", [Leaf, Middle]).With("/etc/ssl/leaf.pem", Leaf).WithKey("/etc/ssl/mail.key", Leaf).With(System, Root).ReadAsync();
        Assert.StartsWith("warning MTS0650: /etc/ssl/leaf.pem lacks the certificate of 'CN=Test Intermediate', which is served from another file", Assert.Single(findings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/ssl/mail.key, /etc/ssl/mail.pem", "/etc/ssl/mail.pem", "/etc/ssl/mail.key")]
    [InlineData("/etc/ssl/mail.key /etc/ssl/leaf.pem /etc/ssl/middle.pem", "/etc/ssl/leaf.pem", "/etc/ssl/mail.key")]
    [InlineData("/etc/ssl/bundle.pem", "/etc/ssl/bundle.pem", "/etc/ssl/bundle.pem")]
    public async Task A_list_of_chain_files_is_read_as_Postfix_reads_it_a_key_and_then_its_chain(string list, string certificate, string key)
    {
        var host = new InitHost { MainCf = $"{InitHost.Main}smtpd_tls_chain_files = {list}\n", Serves = (_, port) => port == 25 ? [Leaf, Middle] : [] }
            .With("/etc/ssl/mail.pem", Leaf, Middle).With("/etc/ssl/leaf.pem", Leaf).With("/etc/ssl/middle.pem", Middle).With(System, Root)
            .WithKey("/etc/ssl/mail.key", Leaf).WithKey("/etc/ssl/bundle.pem", Leaf, behind: InitHost.Pem(Leaf) + InitHost.Pem(Middle));
        var (manifest, findings) = await host.ReadAsync();
        Assert.Equal([new ExistingPair(certificate, key)], Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Files);
        Assert.Equal(certificate == "/etc/ssl/leaf.pem" ? ["MTS0650"] : [], findings.Select(f => f.Split(' ', ':')[1]));
    }

    private static InitHost Certbot() => Named(Live + "/fullchain.pem", Live + "/privkey.pem", [Leaf, Middle])
        .WithLink(Live + "/fullchain.pem", "../../archive/mail.example.com/fullchain1.pem").WithLink(Live + "/privkey.pem", "../../archive/mail.example.com/privkey1.pem")
        .With(Archive + "/fullchain1.pem", Leaf, Middle).WithKey(Archive + "/privkey1.pem", Leaf);

    private static InitHost Named(string certificate, string key, IReadOnlyList<TestCertificate> served) => new()
    {
        MainCf = $"{InitHost.Main}smtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\n",
        Dovecot = _ => $"ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n",
        Serves = (_, _) => served,
    };
}
