using MailTlsState.Manifests;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.Tests.Policies;

public class PolicyCatalogueTests
{
    [Fact]
    public void The_catalogue_has_the_policies_with_their_sources()
    {
        Assert.Equal(["article", "intermediate", "modern"], PolicyCatalogue.Names);
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
