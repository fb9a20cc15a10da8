using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Verification;
using Xunit;

namespace MailTlsState.Tests.Verification;

public class ScanCheckTests
{
    internal static readonly EndpointExpectation Imap = new(ServiceKind.Dovecot, EndpointKind.Imap, EndpointSecurity.Required, "127.0.0.1", 143, "mail.example.test")
    {
        Policy = PolicyCatalogue.Find("intermediate"),
        SeenAsRemote = true,
        SourceAddress = "127.0.0.2",
    };

    internal static readonly TlsScan Good = new(
        [
            new VersionScan(WireVersion.Tls13, OfferOutcome.Accepted) { Suites = ["TLS_AES_128_GCM_SHA256"], Groups = ["x25519"], Signatures = ["ecdsa_secp256r1_sha256"] },
            new VersionScan(WireVersion.Tls12, OfferOutcome.Accepted) { Suites = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], ServerOrder = false, Groups = ["x25519", "secp256r1"] },
            new VersionScan(WireVersion.Tls11, OfferOutcome.Refused),
            new VersionScan(WireVersion.Tls10, OfferOutcome.Refused),
            new VersionScan(WireVersion.Ssl30, OfferOutcome.Refused),
        ],
        24)
    {
        ExtendedMasterSecret = true,
        SecureRenegotiation = true,
        Compression = false,
        SessionTickets = true,
        EarlyData = 0,
        ApplicationProtocol = "ignored",
        Injection = InjectionOutcome.Dropped,
    };

    private static readonly TestCertificate Leaf = TestCertificate.Root().Leaf("mail.example.test");

    private static readonly Dictionary<string, (TlsScan Scan, FindingSeverity Severity)> Bad = new()
    {
        ["MTS0816"] = (With(WireVersion.Ssl30, v => v with { Outcome = OfferOutcome.Accepted }), FindingSeverity.Failure),
        ["MTS0822"] = (With(WireVersion.Tls12, v => v with { Suites = [.. v.Suites, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5"] }), FindingSeverity.Failure),
        ["MTS0823"] = (With(WireVersion.Tls12, v => v with { Suites = [.. v.Suites, "TLS_RSA_WITH_AES_128_CBC_SHA"] }), FindingSeverity.Failure),
        ["MTS0824"] = (With(WireVersion.Tls13, v => v with { Groups = [.. v.Groups, "ffdhe2048"] }), FindingSeverity.Warning),
        ["MTS0828"] = (Good with { Compression = true }, FindingSeverity.Failure),
        ["MTS0829"] = (Good with { SecureRenegotiation = false }, FindingSeverity.Failure),
        ["MTS0830"] = (Good with { ExtendedMasterSecret = false }, FindingSeverity.Warning),
        ["MTS0831"] = (Good with { EarlyData = 16384 }, FindingSeverity.Warning),
        ["MTS0833"] = (Good with { Injection = InjectionOutcome.Executed }, FindingSeverity.Failure),
        ["MTS0835"] = (Good with { PrimeBits = 1024 }, FindingSeverity.Failure),
        ["MTS0836"] = (Good with { Missing = ["groups of TLSv1.2"] }, FindingSeverity.Warning),
    };

    public static TheoryData<string> Codes => new(Bad.Keys);

    [Fact]
    public void What_is_as_the_policy_says_has_no_finding() => Assert.Empty(Run(Imap, Good));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Each_weakness_is_one_finding_that_is_reported_and_rolls_nothing_back(string code)
    {
        var finding = Assert.Single(Run(Imap, Bad[code].Scan));

        Assert.Equal((code, Bad[code].Severity, FindingClass.Report), (finding.Code.Id, finding.Severity, finding.Class));
    }

    [Fact]
    public void A_suite_of_TLS13_outside_the_policy_is_a_warning_because_not_every_daemon_can_choose_them()
    {
        var finding = Assert.Single(Run(Imap, With(WireVersion.Tls13, v => v with { Suites = [.. v.Suites, "TLS_AES_128_CCM_8_SHA256"] })));

        Assert.Equal(("MTS0823", FindingSeverity.Warning, "TLSv1.3 with TLS_AES_128_CCM_8_SHA256"), (finding.Code.Id, finding.Severity, finding.Observed));
    }

    [Fact]
    public void A_grade_allows_what_OpenSSL_counts_to_it_and_says_what_that_is()
    {
        var article = Imap with { Policy = PolicyCatalogue.Find("article") };
        var scan = With(WireVersion.Tls12, v => v with { ServerOrder = true, Suites = [.. v.Suites, "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"] });

        var finding = Assert.Single(Run(article, scan));

        Assert.Equal(("MTS0837", FindingSeverity.Information), (finding.Code.Id, finding.Severity));
        Assert.StartsWith("2 others", finding.Observed, StringComparison.Ordinal);
        Assert.Contains("MTS0825", Run(article, With(WireVersion.Tls12, v => v with { ServerOrder = false })).Select(f => f.Code.Id));
        Assert.Contains("MTS0823", Run(article, With(WireVersion.Tls12, v => v with { ServerOrder = true, Suites = ["TLS_RSA_WITH_SEED_CBC_SHA"] })).Select(f => f.Code.Id));
    }

    [Fact]
    public void Passwords_in_the_clear_are_told_where_the_manifest_asks_for_no_more()
    {
        var open = Imap with { Security = EndpointSecurity.Opportunistic };

        Assert.Equal(["MTS0834"], Run(open, Good, ["IMAP4REV1", "STARTTLS", "AUTH=PLAIN"]).Select(f => f.Code.Id));
        Assert.Empty(Run(open, Good, ["IMAP4REV1", "STARTTLS", "LOGINDISABLED"]));
        Assert.Empty(Run(open with { SeenAsRemote = false }, Good, ["IMAP4REV1", "STARTTLS", "AUTH=PLAIN"]));
        Assert.Empty(Run(open with { Kind = EndpointKind.Imaps, Security = EndpointSecurity.Implicit }, Good, []));
    }

    [Theory]
    [InlineData("rsa-1024", "bsi-tr-02102-2", false)]
    [InlineData("rsa-2048", "nist-800-52r2", true)]
    [InlineData("ecdsa-p521", "intermediate", false)]
    [InlineData("ecdsa-p521", "article", true)]
    [InlineData("ed25519", "intermediate", false)]
    public void A_served_key_is_measured_by_the_policy(string key, string policy, bool allowed)
    {
        var facts = CertificateFacts.Read(Leaf.Der) with { Key = key };

        Assert.Equal(allowed, PolicyKeyCheck.Problem(facts, PolicyCatalogue.Find(policy)!) is null);
    }

    [Theory]
    [InlineData("SHA1WITHECDSA", "article")]
    [InlineData("SHA1WITHECDSA", "intermediate")]
    [InlineData("SHA224WITHECDSA", null)]
    [InlineData("SHA384WITHECDSA", null)]
    public void A_signature_with_a_broken_hash_is_a_failure_but_for_a_root(string algorithm, string? policy)
    {
        var weak = new TestCertificate.Options { Names = ["mail.example.test"], Signature = algorithm };
        var root = TestCertificate.Root("CN=Old Root", new TestCertificate.Options { Signature = algorithm });
        var probe = Probe([]) with { Chain = [Convert.ToBase64String(root.Issue("CN=mail.example.test", weak).Der), Convert.ToBase64String(root.Der)] };
        var expectation = Imap with { Policy = PolicyCatalogue.Find(policy ?? "article") };

        var found = new ScanCheck(expectation, probe, Good).Run().Where(f => f.Code.Id == "MTS0827").ToList();

        Assert.Equal(policy is null ? 0 : 1, found.Count);
        Assert.All(found, f => Assert.Contains("sha1 on \"CN=mail.example.test\"", f.Observed, StringComparison.Ordinal));
    }

    private static TlsScan With(WireVersion version, Func<VersionScan, VersionScan> change) => Good with { Versions = [.. Good.Versions.Select(v => v.Version == version ? change(v) : v)] };

    private static ProbeResult Probe(IReadOnlyList<string> before) => VerifierTests.Good(Imap.Question()) with { CapabilitiesBefore = before };

    private static IReadOnlyList<Finding> Run(EndpointExpectation expectation, TlsScan scan, IReadOnlyList<string>? before = null) => new ScanCheck(expectation, Probe(before ?? []), scan).Run();
}
