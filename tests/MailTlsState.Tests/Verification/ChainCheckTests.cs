using MailTlsState.Diagnostics;
using MailTlsState.Verification;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Xunit;
using Options = MailTlsState.Tests.Verification.TestCertificate.Options;

namespace MailTlsState.Tests.Verification;

public class ChainCheckTests
{
    private const string Host = "mail.example.test";
    private static readonly DateTimeOffset Now = TestCertificate.Now;
    private static readonly TestCertificate Root = TestCertificate.Root();
    private static readonly TestCertificate Intermediate = Root.Intermediate();
    private static readonly TestCertificate Leaf = Intermediate.Leaf(Host);

    [Fact]
    public void A_good_chain_has_no_fault_with_or_without_its_root()
    {
        Assert.Empty(Check([Leaf, Intermediate]));
        Assert.Empty(Check([Leaf, Intermediate, Root]));
    }

    [Fact]
    public void A_leaf_that_is_itself_trusted_is_a_whole_chain()
    {
        var alone = TestCertificate.Root("CN=alone", new Options { Names = [Host] });

        Assert.Empty(ChainCheck.Evaluate([alone.Der], [alone.Der], Host, Now));
    }

    [Fact]
    public void A_missing_intermediate_is_named()
    {
        var fault = Assert.Single(Check([Leaf]));

        Assert.Same(VerificationDiagnostics.ChainIncomplete, fault.Code);
        Assert.Contains("\"CN=Test Intermediate\"", fault.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_that_is_not_among_the_anchors_is_untrusted()
    {
        var stranger = TestCertificate.Root("CN=Stranger");
        var leaf = stranger.Leaf(Host);

        Assert.Same(VerificationDiagnostics.Untrusted, Assert.Single(Check([leaf, stranger])).Code);
        Assert.Same(VerificationDiagnostics.ChainIncomplete, Assert.Single(Check([leaf])).Code);
    }

    [Fact]
    public void What_is_no_certificate_is_a_fault_and_never_an_exception_whatever_is_trusted()
    {
        var system = Enumerable.Range(0, 12).Select(i => TestCertificate.Root($"CN=Root {i}").Der).Append(Root.Der).ToList();
        byte[][] rubbish = [[], [0x30], [0x30, 0x80], [0x02, 0x01, 0x01], .. new[] { 20, 40, 80, 160, 300 }.Select(n => Intermediate.Der[..Math.Min(n, Intermediate.Der.Length - 1)])];
        Assert.All(rubbish, r => Assert.Contains(ChainCheck.Evaluate([Leaf.Der, r], system, Host, Now), f => f.Code == VerificationDiagnostics.Unreadable));
        Assert.All(rubbish, r => Assert.Contains(ChainCheck.Evaluate([r, Intermediate.Der], system, Host, Now), f => f.Code == VerificationDiagnostics.Unreadable));
    }

    [Fact]
    public void A_root_that_cannot_be_read_is_passed_over()
    {
        // Its issuer alternative name (2.5.29.18) becomes a second basicConstraints (2.5.29.19): RFC 5280 section 4.2 allows each extension once.
        var twice = TestCertificate.Root("CN=Test Root", new Options { Extensions = [("2.5.29.18", false, new BasicConstraints(true))] }).Der;
        twice[twice.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x06, 0x03, 0x55, 0x1D, 0x12]) + 4] = 0x13;
        Assert.Empty(ChainCheck.Evaluate([Leaf.Der, Intermediate.Der], [twice, Root.Der], Host, Now));
        Assert.Same(VerificationDiagnostics.ChainIncomplete, Assert.Single(ChainCheck.Evaluate([Leaf.Der, Intermediate.Der], [twice], Host, Now)).Code);
    }

    [Theory]
    [InlineData("2.5.29.37")]
    [InlineData("2.5.29.17")]
    [InlineData("2.5.29.30")]
    public void An_extension_that_cannot_be_read_is_a_fault_and_never_an_exception(string oid)
    {
        Asn1Encodable[] values = [DerNull.Instance, DerInteger.ValueOf(1), new DerSequence(DerInteger.ValueOf(1)), new DerSequence(new DerTaggedObject(0, new DerSequence(new DerSequence(DerInteger.ValueOf(7))))), new DerUtf8String("x"), new DerSequence(DerNull.Instance)];
        foreach (var value in values)
        {
            var issuer = Root.Intermediate("CN=Odd", new Options { Extensions = [(oid, false, value)] });
            var leaf = issuer.Issue("CN=" + Host, new Options { Names = oid == "2.5.29.17" ? [] : [Host], Extensions = [(oid, false, value)] });
            Assert.NotNull(ChainCheck.Evaluate([leaf.Der, issuer.Der], [Root.Der], Host, Now));
        }
    }

    [Fact]
    public void Trust_is_not_judged_without_anchors()
    {
        Assert.Empty(ChainCheck.Evaluate([Leaf.Der], null, Host, Now));
        Assert.Same(VerificationDiagnostics.ChainIncomplete, Assert.Single(ChainCheck.Evaluate([Leaf.Der], [], Host, Now)).Code);
    }

    [Fact]
    public void An_authority_of_the_same_name_with_another_key_is_found_out()
    {
        var impostor = TestCertificate.Root("CN=Test Root");
        var leaf = Root.Leaf(Host);

        Assert.Same(VerificationDiagnostics.BadSignature, Assert.Single(ChainCheck.Evaluate([leaf.Der], [impostor.Der], Host, Now)).Code);
        Assert.Empty(ChainCheck.Evaluate([leaf.Der], [impostor.Der, Root.Der], Host, Now));
    }

    [Fact]
    public void A_changed_byte_breaks_the_signature()
    {
        var changed = (byte[])Leaf.Der.Clone();
        changed[^1] ^= 1;

        Assert.Same(VerificationDiagnostics.BadSignature, Assert.Single(ChainCheck.Evaluate([changed, Intermediate.Der], [Root.Der], Host, Now)).Code);
    }

    [Fact]
    public void Every_link_has_its_dates_judged()
    {
        var oldRoot = TestCertificate.Root("CN=Old Root", new Options { NotAfter = Now.AddHours(-2), NotBefore = Now.AddDays(-9) });
        var newIntermediate = oldRoot.Intermediate("CN=New Intermediate", new Options { NotBefore = Now.AddHours(2) });
        var leaf = newIntermediate.Issue("CN=x", new Options { Names = [Host], NotBefore = Now.AddDays(-9), NotAfter = Now.AddSeconds(-1) });

        var faults = ChainCheck.Evaluate([leaf.Der, newIntermediate.Der], [oldRoot.Der], Host, Now);

        Assert.Equal(
            [VerificationDiagnostics.Expired, VerificationDiagnostics.NotYetValid, VerificationDiagnostics.Expired],
            faults.Select(f => f.Code));
        Assert.Contains("2026-11-24 11:59Z", faults[0].Observed, StringComparison.Ordinal);
        Assert.Contains("\"CN=New Intermediate\"", faults[1].Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_cross_sign_beside_a_valid_root_is_a_warning()
    {
        // The issuer's root is trusted, and the server still sends it cross-signed by a root that is gone.
        var gone = TestCertificate.Root("CN=Gone", new Options { NotBefore = Now.AddDays(-9), NotAfter = Now.AddDays(-1) });
        var cross = gone.Intermediate("CN=Test Root", new Options { SameKeyAs = Root, NotBefore = Now.AddDays(-9), NotAfter = Now.AddDays(-1) });

        var fault = Assert.Single(Check([Leaf, Intermediate, cross]));

        Assert.Equal((VerificationDiagnostics.Expired, FindingSeverity.Warning), (fault.Code, fault.Severity));
    }

    [Fact]
    public void Of_two_ways_the_one_that_is_valid_is_taken()
    {
        var old = Root.Intermediate(options: new Options { SameKeyAs = Intermediate, NotBefore = Now.AddDays(-9), NotAfter = Now.AddDays(-1) });

        var faults = Check([Leaf, old, Intermediate]);

        Assert.All(faults, f => Assert.Equal(FindingSeverity.Warning, f.Severity));
        Assert.Equal([VerificationDiagnostics.Expired, VerificationDiagnostics.ChainOrder], faults.Select(f => f.Code));
        Assert.Contains("1, 3", faults[1].Observed, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_name_is_told_with_the_names_that_are_there()
    {
        var fault = Assert.Single(ChainCheck.Evaluate([Leaf.Der, Intermediate.Der], [Root.Der], "imap.example.test", Now));

        Assert.Same(VerificationDiagnostics.NameMismatch, fault.Code);
        Assert.Contains(Host, fault.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public void The_common_name_is_no_name()
    {
        var leaf = Root.Issue("CN=" + Host);

        var fault = Assert.Single(Check([leaf]));

        Assert.Equal((VerificationDiagnostics.NameMismatch, "it has no subject alternative name"), (fault.Code, fault.Observed));
    }

    [Fact]
    public void A_wrong_order_is_a_warning()
    {
        var inner = Intermediate.Intermediate("CN=Inner");
        var leaf = inner.Leaf(Host);

        var fault = Assert.Single(Check([leaf, Intermediate, inner]));

        Assert.Equal((VerificationDiagnostics.ChainOrder, FindingSeverity.Warning), (fault.Code, fault.Severity));
        Assert.Contains("1, 3, 2", fault.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_belongs_to_no_link_is_a_warning()
    {
        var fault = Assert.Single(Check([Leaf, Intermediate, TestCertificate.Root("CN=Stranger")]));

        Assert.Equal((VerificationDiagnostics.ChainOrder, FindingSeverity.Warning), (fault.Code, fault.Severity));
        Assert.Contains("\"CN=Stranger\"", fault.Observed, StringComparison.Ordinal);
    }

    [Fact]
    public void An_intermediate_that_is_no_authority_is_unfit()
    {
        var notCa = Root.Intermediate("CN=No Authority", new Options { Authority = false });
        var silent = Root.Issue("CN=Silent");

        Assert.Contains("CA:TRUE", Unfit([notCa.Leaf(Host), notCa]), StringComparison.Ordinal);
        Assert.Contains("CA:TRUE", Unfit([silent.Leaf(Host), silent]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_length_is_kept()
    {
        var zero = Root.Intermediate("CN=Zero", new Options { PathLength = 0 });
        var below = zero.Intermediate("CN=Below");

        Assert.Empty(Check([zero.Leaf(Host), zero]));
        Assert.Contains("at most 0", Unfit([below.Leaf(Host), below, zero]), StringComparison.Ordinal);
    }

    [Fact]
    public void Key_usages_are_kept()
    {
        var signsNothing = Root.Intermediate("CN=Signs Nothing", With("2.5.29.15", new KeyUsage(KeyUsage.DigitalSignature)));
        var leaf = Root.Issue("CN=x", With("2.5.29.15", new KeyUsage(KeyUsage.KeyEncipherment)));

        Assert.Contains("keyCertSign", Unfit([signsNothing.Leaf(Host), signsNothing]), StringComparison.Ordinal);
        Assert.Contains("digitalSignature", Unfit([leaf]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_leaf_for_other_purposes_is_unfit()
    {
        var client = Root.Issue("CN=x", With("2.5.29.37", new ExtendedKeyUsage(KeyPurposeID.id_kp_clientAuth)));
        var both = Root.Issue("CN=x", With("2.5.29.37", new ExtendedKeyUsage(KeyPurposeID.id_kp_clientAuth, KeyPurposeID.id_kp_serverAuth)));

        Assert.Contains("serverAuth", Unfit([client]), StringComparison.Ordinal);
        Assert.Empty(Check([both]));
    }

    [Fact]
    public void An_authority_for_other_purposes_is_unfit_and_so_is_a_root()
    {
        var client = Root.Intermediate("CN=Clients", With("2.5.29.37", new ExtendedKeyUsage(KeyPurposeID.id_kp_clientAuth), critical: false, names: []));
        var any = Root.Intermediate("CN=Any", With("2.5.29.37", new ExtendedKeyUsage(KeyPurposeID.AnyExtendedKeyUsage), critical: false, names: []));
        var root = TestCertificate.Root("CN=Clients' Root", With("2.5.29.37", new ExtendedKeyUsage(KeyPurposeID.id_kp_clientAuth), critical: false, names: []));

        Assert.Contains("\"CN=Clients\": no extendedKeyUsage, or one with serverAuth", Unfit([client.Leaf(Host), client]), StringComparison.Ordinal);
        Assert.Empty(Check([any.Leaf(Host), any]));
        Assert.Contains("serverAuth", Assert.Single(ChainCheck.Evaluate([root.Leaf(Host).Der], [root.Der], Host, Now)).Expected, StringComparison.Ordinal);
    }

    [Fact]
    public void An_anchor_that_another_authority_issued_is_none_to_openssl_unless_its_root_is_trusted_too()
    {
        var fault = Assert.Single(ChainCheck.Evaluate([Leaf.Der], [Intermediate.Der], Host, Now));
        Assert.Same(VerificationDiagnostics.Unfit, fault.Code);
        Assert.Contains("\"CN=Test Root\" issued it, and is not trusted", fault.Observed, StringComparison.Ordinal);
        Assert.Empty(ChainCheck.Evaluate([Leaf.Der], [Intermediate.Der, Root.Der], Host, Now));
    }

    [Fact]
    public void Name_constraints_of_an_authority_are_kept()
    {
        var permitted = new NameConstraints(Subtrees("example.test"), null);
        var excluded = new NameConstraints(null, Subtrees("mail.example.test"));
        var inside = Root.Intermediate("CN=Inside", With("2.5.29.30", permitted, names: []));
        var outside = Root.Intermediate("CN=Outside", With("2.5.29.30", excluded, names: []));

        Assert.Empty(Check([inside.Leaf(Host), inside]));
        Assert.Contains("name constraints", Unfit([inside.Leaf(Host, "mail.other.test"), inside]), StringComparison.Ordinal);
        Assert.Contains("name constraints", Unfit([outside.Leaf(Host), outside]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_critical_extension_is_refused()
    {
        var leaf = Root.Issue("CN=x", With("1.3.6.1.4.1.99999.1", new DerUtf8String("?"), critical: true));

        Assert.Contains("critical", Unfit([leaf]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_certificate_is_said_so()
    {
        Assert.Same(VerificationDiagnostics.Unreadable, Assert.Single(ChainCheck.Evaluate([], [Root.Der], Host, Now)).Code);
        Assert.Same(VerificationDiagnostics.Unreadable, Assert.Single(ChainCheck.Evaluate([[1, 2, 3]], [Root.Der], Host, Now)).Code);
        Assert.Same(VerificationDiagnostics.Unreadable, Assert.Single(ChainCheck.Evaluate([Leaf.Der, Intermediate.Der, [1]], [Root.Der], Host, Now)).Code);
    }

    [Fact]
    public void Many_certificates_of_one_name_are_no_burden()
    {
        // Each signed each other's key: without a bound the ways through them would be countless.
        var first = TestCertificate.Root("CN=Same");
        var many = Enumerable.Range(0, 40).Select(_ => first.Intermediate("CN=Same", new Options { SameKeyAs = first })).ToList();

        var faults = Check([first.Leaf(Host), .. many]);

        Assert.Contains(faults, f => f.Code == VerificationDiagnostics.Untrusted);
    }

    private static IReadOnlyList<ChainFault> Check(IReadOnlyList<TestCertificate> sent) => ChainCheck.Evaluate([.. sent.Select(c => c.Der)], [Root.Der], Host, Now);

    private static string Unfit(IReadOnlyList<TestCertificate> sent)
    {
        var fault = Assert.Single(Check(sent));
        Assert.Equal((VerificationDiagnostics.Unfit, FindingSeverity.Failure), (fault.Code, fault.Severity));
        return fault.Expected;
    }

    private static GeneralSubtrees Subtrees(string name) => GeneralSubtrees.GetInstance(new DerSequence(new GeneralSubtree(new GeneralName(GeneralName.DnsName, name))));

    private static Options With(string oid, Asn1Encodable value, bool critical = true, IReadOnlyList<string>? names = null) =>
        new() { Extensions = [(oid, critical, value)], Names = names ?? [Host] };
}
