using MailTlsState.Certificates;
using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Certificates.Import;

/// <summary>Which leaf and which chain are chosen, and why others are refused.</summary>
public sealed class ChainChoiceTests : IClassFixture<ChainChoiceTests.Lab>
{
    private readonly VendorLab _lab;

    public ChainChoiceTests(Lab lab) => _lab = lab.Vendor;

    [Fact]
    public void A_chain_is_built_leaf_first_whatever_the_order()
    {
        var chain = Choose(["root.pem", "low.pem", "sub.pem", "deep.pem"], key: "deep.pem");
        Assert.Equal([Subject("low.pem"), Subject("sub.pem")], chain.Intermediates.Select(d => CertificateFacts.Read(d).Subject));
        Assert.Contains("a root, which clients have or do not trust", Note(chain), StringComparison.Ordinal);
    }

    [Fact]
    public void The_leaf_is_found_by_its_key()
    {
        var chain = Choose(["other.pem", "sub.pem", "leaf.pem"]);
        Assert.Equal(_lab.Der("leaf.pem"), chain.Leaf);
        Assert.Contains("for another key", Note(chain), StringComparison.Ordinal);
    }

    [Fact]
    public void The_newest_of_several_certificates_for_the_key_is_taken()
    {
        var chain = Choose(["expired.pem", "leaf.pem", "sub.pem"]);
        Assert.Equal(_lab.Der("leaf.pem"), chain.Leaf);
        Assert.Contains("expired on", Note(chain), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cross_signed_root_is_left_out_where_clients_have_the_root()
    {
        var chain = Choose(["leaf.pem", "sub.pem", "cross.pem"]);
        Assert.Equal([_lab.Der("sub.pem")], chain.Intermediates);
        Assert.Contains("'CN=Test Root', not needed in this chain", Note(chain), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cross_signed_root_is_sent_where_clients_have_only_the_other_root()
    {
        var chain = Choose(["cross.pem", "leaf.pem", "sub.pem"], anchor: "old.pem");
        Assert.Equal([_lab.Der("sub.pem"), _lab.Der("cross.pem")], chain.Intermediates);
    }

    [Fact]
    public void An_expired_intermediate_does_not_hide_a_valid_one_of_the_same_key()
    {
        var chain = Choose(["leaf.pem", "subexpired.pem", "sub.pem"]);
        Assert.Equal([_lab.Der("sub.pem")], chain.Intermediates);
    }

    [Fact]
    public void An_intermediate_on_the_host_fills_a_gap()
    {
        var chain = Choose(["leaf.pem"], known: "sub.pem");
        Assert.Equal([_lab.Der("sub.pem")], chain.Intermediates);
        Assert.Empty(chain.Diagnostics);
    }

    [Fact]
    public void A_missing_intermediate_is_named_with_its_key_and_address()
    {
        var missing = Refused("MTS0547", ["leaf.pem"]);
        var key = CertificateFacts.Read(_lab.Der("sub.pem")).SubjectKeyId!.ToUpperInvariant();
        Assert.Contains("'CN=Test Sub CA,O=Test' is missing", missing.Fact, StringComparison.Ordinal);
        Assert.Contains(string.Join(':', key.Chunk(2).Select(c => new string(c))), missing.Fact, StringComparison.Ordinal);
        Assert.Contains("http://ca.example/sub.der", missing.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_second_intermediate_is_named() =>
        Assert.Contains("'CN=Test Sub CA,O=Test' is missing", Refused("MTS0547", ["deep.pem", "low.pem"], key: "deep.pem").Fact, StringComparison.Ordinal);

    [Fact]
    public void An_expired_intermediate_is_named_as_the_reason() =>
        Assert.Contains("the one that was imported is valid from", Refused("MTS0547", ["leaf.pem", "subexpired.pem"]).Fact, StringComparison.Ordinal);

    [Fact]
    public void An_intermediate_that_is_not_for_servers_is_passed_over_and_named_as_the_reason()
    {
        Assert.Contains("not for servers", Refused("MTS0547", ["leaf.pem", "subclient.pem"]).Fact, StringComparison.Ordinal);
        Assert.Equal([_lab.Der("sub.pem")], Choose(["leaf.pem", "subclient.pem", "sub.pem"]).Intermediates);
        Assert.Equal([_lab.Der("subany.pem")], Choose(["leaf.pem", "subany.pem"]).Intermediates);
    }

    [Fact]
    public void An_intermediate_of_the_right_name_and_another_key_is_named_as_the_reason() =>
        Assert.Contains("its key did not sign", Refused("MTS0547", ["leaf.pem", "impostor.pem"]).Fact, StringComparison.Ordinal);

    [Theory]
    [InlineData("MTS0546", "other.pem", "sub.pem")]
    [InlineData("MTS0546", "sub.pem")]
    [InlineData("MTS0548", "leaf.pem", "sub.pem", "root.pem", "anchor:old.pem")]
    [InlineData("MTS0549", "names.pem", "sub.pem")]
    [InlineData("MTS0549", "nosan.pem", "sub.pem")]
    [InlineData("MTS0550", "expired.pem", "sub.pem")]
    [InlineData("MTS0551", "future.pem", "sub.pem")]
    [InlineData("MTS0552", "client.pem", "sub.pem")]
    [InlineData("MTS0553", "sha1.pem", "sub.pem")]
    [InlineData("MTS0554", "leaf.pem", "sub.pem", "kind:rsa-2048")]
    public void A_certificate_that_clients_would_refuse_is_refused(string code, params string[] given)
    {
        var anchor = given.FirstOrDefault(g => g.StartsWith("anchor:", StringComparison.Ordinal))?[7..] ?? "root.pem";
        var kind = given.FirstOrDefault(g => g.StartsWith("kind:", StringComparison.Ordinal))?[5..] ?? "ecdsa-p256";
        var refused = Refused(code, [.. given.Where(g => !g.Contains(':', StringComparison.Ordinal))], anchor: anchor, kind: kind);
        Assert.NotEmpty(refused.Remedy);
    }

    [Theory]
    [InlineData("wild.pem")]
    [InlineData("more.pem")]
    public void Names_may_be_covered_by_a_wildcard_and_there_may_be_more(string leaf) => Assert.Empty(Choose([leaf, "sub.pem"]).Diagnostics);

    [Fact]
    public void A_certificate_without_an_extended_key_usage_is_taken_with_a_note()
    {
        var note = Assert.Single(Choose(["any.pem", "sub.pem"]).Diagnostics);
        Assert.Equal(("MTS0529", "the certificate 'CN=mail.mydomain.com' has no extended key usage, which Apple's clients want"), (note.Code.Id, note.Fact));
    }

    private Diagnostic Refused(string code, string[] files, string key = "leaf.pem", string anchor = "root.pem", string kind = "ecdsa-p256")
    {
        _ = Choice(files, key, anchor, null, kind, out var diagnostics);
        var error = Assert.Single(diagnostics, d => d.Severity == Severity.Error);
        Assert.Equal(code, error.Code.Id);
        return error;
    }

    private ImportedChain Choose(string[] files, string key = "leaf.pem", string anchor = "root.pem", string? known = null)
    {
        var chain = Choice(files, key, anchor, known, "ecdsa-p256", out var diagnostics);
        Assert.DoesNotContain(diagnostics, d => d.Severity != Severity.Note);
        return chain!;
    }

    private ImportedChain? Choice(string[] files, string key, string anchor, string? known, string kind, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var imported = files.Select(f => new VendorCertificate(_lab.Der(f), CertificateFacts.Read(_lab.Der(f)))).ToList();
        var demand = new ChainDemand(
            ["mail.mydomain.com"], ["sha256:" + CertificateFacts.Read(_lab.Der(key)).PublicKeyFingerprint], [kind], [_lab.Der(anchor)], "a file", known is null ? [] : [_lab.Der(known)], VendorLab.Now);
        return new ChainChoice(demand).Choose(imported, out diagnostics);
    }

    private string Subject(string file) => CertificateFacts.Read(_lab.Der(file)).Subject;

    private static string Note(ImportedChain chain) => Assert.Single(chain.Diagnostics).Fact;

    /// <summary>The lab's PKI with more certificates: other names, times, purposes, issuers.</summary>
    public sealed class Lab : IDisposable
    {
        public VendorLab Vendor { get; } = new();

        public Lab() => Vendor.Run("""
            key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            sub() { openssl x509 -req -CA sub.pem -CAkey sub.key -set_serial $RANDOM$RANDOM -days 90 "$@"; }
            leaf() { local ext=$1 out=$2; shift 2; sub -in leaf.csr -extfile $ext -out $out "$@"; }
            dated() { openssl ca -batch -config ca.cnf -notext -startdate $1 -enddate $2 -cert $3.pem -keyfile $3.key -in $4 -extfile $5 -out $6 -preserveDN; }
            printf '[ca]\ndefault_ca=x\n[x]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\norganizationName=optional\n' >ca.cnf; : >index; echo 10 >serial
            key other; openssl req -new -key other.key -subj /CN=mail.mydomain.com | sub -extfile server.ext -out other.pem
            openssl req -new -key sub.key -subj '/O=Test/CN=Test Sub CA' -out sub.csr
            dated 20200101000000Z 20210101000000Z sub leaf.csr server.ext expired.pem
            dated 20200101000000Z 20210101000000Z root sub.csr ca.ext subexpired.pem
            for use in client any; do
                { cat ca.ext; echo "extendedKeyUsage=$([ $use = any ] && echo anyExtendedKeyUsage || echo clientAuth)"; } >sub$use.ext
                openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key -days 900 -set_serial $RANDOM$RANDOM -extfile sub$use.ext -out sub$use.pem
            done
            dated 20900101000000Z 20910101000000Z sub leaf.csr server.ext future.pem
            key impostor; openssl req -new -key impostor.key -subj '/O=Test/CN=Test Sub CA' | openssl x509 -req -CA root.pem -CAkey root.key -days 9 -set_serial 77 -extfile ca.ext -out impostor.pem
            key old; openssl req -x509 -key old.key -subj '/CN=Old Root' -days 3650 -out old.pem
            openssl req -new -key root.key -subj '/CN=Test Root' | openssl x509 -req -CA old.pem -CAkey old.key -days 900 -set_serial 78 -extfile ca.ext -out cross.pem
            key low; openssl req -new -key low.key -subj '/CN=Test Low CA' | openssl x509 -req -CA sub.pem -CAkey sub.key -days 900 -set_serial 79 -extfile ca.ext -out low.pem
            key deep; openssl req -new -key deep.key -subj /CN=mail.mydomain.com | openssl x509 -req -CA low.pem -CAkey low.key -days 90 -set_serial 80 -extfile server.ext -out deep.pem
            sed 's/mail.mydomain/www.mydomain/' server.ext >names.ext; leaf names.ext names.pem
            sed '/subjectAltName/d' server.ext >nosan.ext; leaf nosan.ext nosan.pem
            sed 's/serverAuth,//' server.ext >client.ext; leaf client.ext client.pem
            sed '/extendedKeyUsage/d' server.ext >any.ext; leaf any.ext any.pem
            sed 's/DNS:mail/DNS:*/' server.ext >wild.ext; leaf wild.ext wild.pem
            sed 's/DNS:mail.mydomain.com/&,DNS:www.mydomain.com/' server.ext >more.ext; leaf more.ext more.pem
            leaf server.ext sha1.pem -sha1
            """);

        public void Dispose() => Vendor.Dispose();
    }
}
