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

    [Fact]
    public async Task A_certificate_of_one_server_is_kept_where_the_other_one_has_only_signed_its_own()
    {
        var snakeoil = TestCertificate.Root("CN=" + InitHost.Name, new TestCertificate.Options { Names = [InitHost.Name] });
        var host = new InitHost
        {
            MainCf = InitHost.Main + "smtpd_tls_cert_file = /etc/ssl/snakeoil.pem\nsmtpd_tls_key_file = /etc/ssl/snakeoil.key\n",
            Dovecot = _ => "ssl = yes\nssl_cert = </etc/ssl/mail.pem\nssl_key = </etc/ssl/mail.key\n",
            Serves = (_, port) => port == 25 ? [snakeoil] : [Direct],
        };
        var (manifest, findings) = await host.With("/etc/ssl/snakeoil.pem", snakeoil).WithKey("/etc/ssl/snakeoil.key", snakeoil).With("/etc/ssl/mail.pem", Direct).WithKey("/etc/ssl/mail.key", Direct).With(System, Root).ReadAsync();
        Assert.Equal([new ExistingPair("/etc/ssl/mail.pem", "/etc/ssl/mail.key")], Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Files);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task Of_each_servers_own_certificate_the_one_for_the_host_is_kept_and_the_other_is_named()
    {
        var imap = Root.Leaf("imap.example.com");
        var host = new InitHost
        {
            MainCf = InitHost.Main + "smtpd_tls_cert_file = /etc/ssl/mail.pem\nsmtpd_tls_key_file = /etc/ssl/mail.key\n",
            Dovecot = _ => "ssl = yes\nssl_cert = </etc/ssl/imap.pem\nssl_key = </etc/ssl/imap.key\n",
            Serves = (_, port) => port == 25 ? [Direct] : [imap],
        };
        var (manifest, findings) = await host.With("/etc/ssl/mail.pem", Direct).WithKey("/etc/ssl/mail.key", Direct).With("/etc/ssl/imap.pem", imap).WithKey("/etc/ssl/imap.key", imap).With(System, Root).ReadAsync();
        Assert.Equal("/etc/ssl/mail.pem", Assert.Single(Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Files).Certificate);
        Assert.Equal([InitHost.Name], manifest.Certificate.Names);
        Assert.StartsWith("warning MTS0652: a certificate for imap.example.com (ecdsa-p256) from 'CN=Test Root' is served by imaps, and apply would put the one for mail.example.com in its place", Assert.Single(findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renewed_certificate_that_was_never_loaded_is_kept()
    {
        var host = Named("/etc/ssl/mail.pem", "/etc/ssl/mail.key", [Root.Leaf(InitHost.Name)]).With("/etc/ssl/mail.pem", Direct).WithKey("/etc/ssl/mail.key", Direct).With(System, Root);
        var (manifest, findings) = await host.ReadAsync();
        Assert.Single(Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Files);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task Certificates_of_two_kinds_of_key_are_both_kept()
    {
        var rsa = Root.Issue("CN=" + InitHost.Name, new TestCertificate.Options { Names = [InitHost.Name], IsRsa = true });
        var host = new InitHost
        {
            MainCf = InitHost.Main + "smtpd_tls_cert_file = /etc/ssl/rsa.pem\nsmtpd_tls_key_file = /etc/ssl/rsa.key\nsmtpd_tls_eccert_file = /etc/ssl/ec.pem\nsmtpd_tls_eckey_file = /etc/ssl/ec.key\n",
            Serves = (_, port) => port == 25 ? [Direct] : [],
        };
        var (manifest, findings) = await host.With("/etc/ssl/rsa.pem", rsa).WithKey("/etc/ssl/rsa.key", rsa).With("/etc/ssl/ec.pem", Direct).WithKey("/etc/ssl/ec.key", Direct).With(System, Root).ReadAsync();
        Assert.Equal(
            [new ExistingPair("/etc/ssl/ec.pem", "/etc/ssl/ec.key"), new ExistingPair("/etc/ssl/rsa.pem", "/etc/ssl/rsa.key")],
            Assert.IsType<ExistingManifest>(manifest.Certificate.Issuer).Files);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task A_certificate_of_one_address_is_named_with_what_apply_would_do_to_it()
    {
        var other = Root.Leaf("mail.example.org");
        var host = new InitHost
        {
            MainCf = InitHost.Main + "smtpd_tls_cert_file = /etc/ssl/mail.pem\nsmtpd_tls_key_file = /etc/ssl/mail.key\n",
            MasterCf = "10.77.0.1:smtp inet n - y - - smtpd\n10.77.0.5:smtp inet n - y - - smtpd -o smtpd_tls_cert_file=/etc/ssl/other.pem -o smtpd_tls_key_file=/etc/ssl/other.key\n",
            Sockets = [("10.77.0.1", 25), ("10.77.0.5", 25)],
            Serves = (address, _) => address == "10.77.0.5" ? [other] : [Direct],
        };
        var (_, findings) = await host.With("/etc/ssl/mail.pem", Direct).WithKey("/etc/ssl/mail.key", Direct).With(System, Root).ReadAsync();
        Assert.StartsWith("warning MTS0652: a certificate for mail.example.org (ecdsa-p256) from 'CN=Test Root' is served by smtp on 10.77.0.5, and", Assert.Single(findings), StringComparison.Ordinal);
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
