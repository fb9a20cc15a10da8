using System.Text;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Policies;

public class PolicyCatalogueTests
{
    [Fact]
    public void The_catalogue_has_the_policies_with_their_sources()
    {
        Assert.Equal(["article", "modern", "intermediate", "ncsc-nl-2025", "bsi-tr-02102-2", "nist-800-52r2"], PolicyCatalogue.Names);
        Assert.All(PolicyCatalogue.All, policy => Assert.Matches("[0-9]{4}", policy.Source));
        Assert.Null(PolicyCatalogue.Find("old"));
    }

    [Fact]
    public void Article_is_high_without_what_it_excludes_and_says_what_was_repaired()
    {
        var article = PolicyCatalogue.Find("article")!;
        Assert.Equal((TlsVersion.Tls12, TlsVersion.Tls12, "HIGH", true), (article.Minimum, article.OutboundMinimum, article.Grade, article.ServerPreference));
        Assert.Null(article.Suites);
        Assert.Equal(["aNULL", "eNULL", "MD5", "DES", "3DES", "RC4", "PSK", "SRP"], article.Excluded);
        Assert.All(["PSD", "ADH", "smtpd_use_tls", "smtpd_tls_eecdh_grade", "ssl_protocols", "ALL"], word => Assert.Contains(article.Notes, note => note.Contains(word, StringComparison.Ordinal)));
    }

    [Fact]
    public void Intermediate_is_mozilla_6()
    {
        var policy = PolicyCatalogue.Find("intermediate")!;
        Assert.Equal((TlsVersion.Tls12, (TlsVersion?)null, (string?)null, false), (policy.Minimum, policy.OutboundMinimum, policy.Grade, policy.ServerPreference));
        Assert.Equal(
            ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
            policy.Suites);
    }

    [Fact]
    public void Every_suite_of_every_policy_has_both_names() =>
        Assert.All(PolicyCatalogue.All.SelectMany(policy => policy.Suites ?? []), suite => Assert.Equal(suite, SuiteNames.ToOpenSsl(SuiteNames.ToIana(suite)!)));

    [Fact]
    public void Suite_names_are_pairs_without_repetition()
    {
        Assert.Equal(SuiteNames.All.Count, SuiteNames.All.Select(pair => pair.Iana).Distinct().Count());
        Assert.Equal(SuiteNames.All.Count, SuiteNames.All.Select(pair => pair.OpenSsl).Distinct().Count());
        Assert.Null(SuiteNames.ToIana("NO-SUCH-SUITE"));
        Assert.Null(SuiteNames.ToOpenSsl("TLS_NO_SUCH_SUITE"));
    }

    /// <summary>The files are read without a check at run time, so the check is here: the catalogue's files are policy files like a person's own.</summary>
    [Fact]
    public void Every_file_of_the_catalogue_is_a_policy_file_without_an_error()
    {
        foreach (var name in PolicyCatalogue.Names)
        {
            // A policy of one's own may not have a name of the catalogue.
            var text = PolicyCatalogue.Text(name).Replace($"\nname: {name}\n", "\nname: mine\n", StringComparison.Ordinal);
            var read = PolicyFileReader.Read("policy.yaml", Encoding.UTF8.GetBytes(text));
            Assert.Empty(read.Diagnostics);
            var found = PolicyCatalogue.Find(name)!;
            Assert.Equal(name, found.Name);
            Assert.Equal(PolicyFields.Of(found).Select(f => f.Text), PolicyFields.Of(read.Policy!).Select(f => f.Text));
        }

        var resources = typeof(PolicyCatalogue).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("policies/", StringComparison.Ordinal));
        Assert.Equal(PolicyCatalogue.Names.Order(StringComparer.Ordinal), resources.Select(n => n["policies/".Length..^".yaml".Length]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ncsc-nl-2025", 8, 4, 3072)]
    [InlineData("bsi-tr-02102-2", 6, 3, 3000)]
    [InlineData("nist-800-52r2", 6, 3, 2048)]
    public void A_national_guideline_has_forward_secrecy_and_authenticated_encryption_alone(string name, int suites, int tls13, int rsaBits)
    {
        var policy = PolicyCatalogue.Find(name)!;
        Assert.Equal((suites, tls13, rsaBits, TlsVersion.Tls12), (policy.Suites!.Count, policy.Tls13Suites!.Count, policy.MinimumRsaBits, policy.Minimum));
        Assert.All(policy.Suites, suite => Assert.Matches("^ECDHE-.*(GCM|CCM|CHACHA20)", suite));
        Assert.DoesNotContain(policy.Suites, suite => suite.EndsWith("CCM8", StringComparison.Ordinal));
        Assert.Equal(name == "ncsc-nl-2025", policy.Tls13Suites.Contains("TLS_CHACHA20_POLY1305_SHA256"));
        Assert.Equal(name == "ncsc-nl-2025", policy.Groups!.Contains("X25519"));
        Assert.False(policy.Compression);
        Assert.NotNull(policy.Citation.Url);
        Assert.NotNull(policy.Citation.Section);
    }

    [Fact]
    public void A_field_that_a_manifest_overrides_takes_the_place_of_the_policys_own()
    {
        var manifest = Samples.Read(Samples.Minimal + """
            policy:
              base: intermediate
              suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, ECDHE-ECDSA-AES256-GCM-SHA384]
              groups: [secp256r1, X25519]
              serverPreference: true
              sessionTickets: false
              outboundMinimumProtocol: TLSv1.2

            """).Manifest!;
        var policy = PolicyCatalogue.Resolve(manifest.Policy);
        Assert.Equal(["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"], policy.Suites);
        Assert.Equal(["prime256v1", "X25519"], policy.Groups);
        Assert.Equal((true, false, TlsVersion.Tls12, 3), (policy.ServerPreference, policy.SessionTickets, policy.OutboundMinimum, policy.Tls13Suites!.Count));
        Assert.Equal(["suites", "groups", "serverPreference", "sessionTickets", "outboundMinimumProtocol"], PolicyFields.Differences(PolicyCatalogue.Find("intermediate")!, policy).Select(d => d.First.Name));
    }

    [Theory]
    [InlineData("article", null, TlsVersion.Tls12, null)]
    [InlineData("article", "TLSv1.3", TlsVersion.Tls13, null)]
    [InlineData("intermediate", null, TlsVersion.Tls12, 6)]
    [InlineData("intermediate", "TLSv1.2", TlsVersion.Tls12, 6)]
    [InlineData("intermediate", "TLSv1.3", TlsVersion.Tls13, 0)]
    [InlineData("modern", null, TlsVersion.Tls13, 0)]
    public void Overrides_are_applied(string name, string? minimum, TlsVersion expected, int? suites)
    {
        var policy = PolicyCatalogue.Resolve(new PolicyManifest(name, minimum));
        Assert.Equal((expected, suites), (policy.Minimum, policy.Suites?.Count));
    }

    [Theory]
    [InlineData("modern", "TLSv1.2")]
    [InlineData("none", null)]
    public void What_the_reader_refuses_is_not_resolved(string name, string? minimum) =>
        Assert.Throws<ArgumentException>(() => PolicyCatalogue.Resolve(new PolicyManifest(name, minimum)));

    [Fact]
    public void Version_names_are_read_back()
    {
        Assert.All(Enum.GetValues<TlsVersion>(), version => Assert.Equal(version, TlsVersionNames.Parse(version.Name())));
        Assert.Null(TlsVersionNames.Parse("TLS1.2"));
    }
}
