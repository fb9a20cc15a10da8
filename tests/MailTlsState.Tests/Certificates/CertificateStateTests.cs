using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class CertificateStateTests
{
    private const string Chain = "/etc/pki/mailtls/mail.mydomain.com.pem";
    private const string KeyPath = "/etc/pki/mailtls/mail.mydomain.com.key";
    private static readonly DateTimeOffset Now = Sample.Now;
    private static readonly KeyPair Key = Sample.Key(KeyKind.EcdsaP256);
    private static readonly RootAuthority Root = Sample.Root();
    private static readonly byte[] Leaf = Issue();
    private static readonly string LeafPem = Pem(Leaf);
    private static readonly string RootPem = Pem(Root.Certificate);
    private static readonly string KeyPem = Redacted(Key);

    [Fact]
    public void A_fresh_bundle_is_current()
    {
        var state = Examine(KeyPem + LeafPem);
        Assert.Equal([], state.Reasons);
        Assert.True(state is { IsCurrent: true, KeyUsable: true, LeafUsable: true, CreateKey: false, CreateLeaf: false });
        Assert.Equal(Key.PublicKeyDigest, state.PublicKeyDigest);
        Assert.Equal(Leaf, state.LeafDer);
    }

    [Fact]
    public void Fresh_split_files_are_current() =>
        Assert.Equal([], ExamineSplit(LeafPem, KeyPem).Reasons);

    [Theory]
    [InlineData(KeyKind.Rsa2048)]
    [InlineData(KeyKind.EcdsaP384)]
    public void Every_root_kind_is_recognized_as_the_issuer(KeyKind kind)
    {
        using var root = Sample.Root(Sample.Ca(kind));
        var leaf = PrivateCaIssuer.IssueLeaf(root, Sample.Names, Key, TimeSpan.FromDays(397), Now);
        Assert.Equal([], Examine(KeyPem + Pem(leaf), root: State(root)).Reasons);
    }

    [Fact]
    public void Nothing_there_means_a_new_key_and_a_new_leaf()
    {
        var state = Sample.Examine(Sample.Certificate(), KeyKind.EcdsaP256, Sample.Absent(Chain), null, State(Root), Now);
        Assert.True(state is { CreateKey: true, CreateLeaf: true });
        Assert.Equal(["the file does not exist"], Texts(state));
    }

    [Fact]
    public void A_new_root_means_a_new_leaf_with_the_old_key()
    {
        var state = Examine(KeyPem + LeafPem, root: new PrivateCaState(false, null, null, []));
        Assert.True(state is { CreateKey: false, CreateLeaf: true });
        Assert.Equal(["a new root CA is made"], Texts(state));
    }

    [Fact]
    public void The_articles_cat_that_empties_the_leaf_is_found()
    {
        // cat mail.pem bundle.crt > mail.pem: the shell empties mail.pem first, so that the CA's certificates alone remain.
        var split = ExamineSplit(RootPem, KeyPem);
        Assert.True(split is { KeyUsable: true, CreateLeaf: true });
        Assert.Contains("the root certificate stands in the server certificate's place", Texts(split));
        Assert.Equal(["the certificate file is empty"], Texts(ExamineSplit("", KeyPem)));
        Assert.Equal(["the file is empty"], Texts(Examine("")));
        Assert.True(Examine("").CreateKey);
    }

    [Fact]
    public void A_v1_leaf_without_a_SAN_as_the_article_signs_it_is_found()
    {
        using var files = new TemporaryFiles();
        var key = files.Write("mail.key", Key.ExportPem());
        var caKey = files.Write("ca.key", KeyPair.Generate(KeyKind.Rsa2048).ExportPem());
        var ca = RootKeyFileTests.SelfSign(caKey, "/C=US/O=My Domain/CN=Article CA", "pass:");
        var request = files.Write("mail.csr", Encoding.ASCII.GetBytes(OpenSsl.Must(null, "req", "-new", "-key", key, "-subj", "/CN=mail.mydomain.com")));
        var leafFile = files.Write("leaf.pem", []);
        OpenSsl.Must(null, "x509", "-req", "-in", request, "-CA", files.Write("ca.pem", ca), "-CAkey", caKey, "-set_serial", "1", "-days", "1830", "-sha256", "-out", leafFile);
        var root = PemFile.Parse(Encoding.ASCII.GetString(ca)).Certificates.Single();

        var state = Sample.Examine(
            Sample.Certificate(), KeyKind.EcdsaP256, Sample.File(Chain, KeyPem + File.ReadAllText(leafFile)), null,
            new PrivateCaState(true, root.Facts, root.Der, []), DateTimeOffset.UtcNow);

        Assert.True(state is { KeyUsable: true, CreateLeaf: true });
        Assert.Contains(state.Reasons, r => r.Text.Contains("no SAN"));
        Assert.Contains(state.Reasons, r => r.Text.Contains("X.509 version 1"));
        Assert.Contains(state.Reasons, r => r.Text.Contains("outlives its CA"));
        Assert.Contains("the certificate is valid for 1830 days, the manifest allows 397 days", Texts(state));
    }

    [Fact]
    public void A_leaf_without_serverAuth_is_found()
    {
        using var files = new TemporaryFiles();
        var leaf = RootKeyFileTests.SelfSign(files.Write("key", Key.ExportPem()), "/CN=mail.mydomain.com", "pass:", "-addext", "subjectAltName=DNS:mail.mydomain.com", "-addext", "extendedKeyUsage=clientAuth", "-addext", "keyUsage=keyAgreement");
        var texts = Texts(Sample.Examine(Sample.Certificate(), KeyKind.EcdsaP256, Sample.File(Chain, KeyPem + Encoding.ASCII.GetString(leaf)), null, State(Root), DateTimeOffset.UtcNow));
        Assert.Contains("the certificate's extended key usage lacks serverAuth", texts);
        Assert.Contains("the certificate's key usage lacks digitalSignature", texts);
        Assert.Contains("the certificate is one of a CA", texts);
    }

    [Fact]
    public void A_leaf_of_a_private_CA_without_an_extended_key_usage_is_made_anew()
    {
        using var files = new TemporaryFiles();
        var leaf = RootKeyFileTests.SelfSign(files.Write("key", Key.ExportPem()), "/CN=mail.mydomain.com", "pass:", "-addext", "subjectAltName=DNS:mail.mydomain.com");
        var texts = Texts(Sample.Examine(Sample.Certificate(), KeyKind.EcdsaP256, Sample.File(Chain, KeyPem + Encoding.ASCII.GetString(leaf)), null, State(Root), DateTimeOffset.UtcNow));
        Assert.Contains("the certificate has no extended key usage", texts);
        Assert.DoesNotContain("the certificate's extended key usage lacks serverAuth", texts);
    }

    [Fact]
    public void A_key_that_does_not_match_is_found_and_the_key_of_the_wanted_kind_is_kept()
    {
        using var other = KeyPair.Generate(KeyKind.EcdsaP256);
        var state = Examine(Redacted(other) + LeafPem);
        Assert.True(state is { KeyUsable: true, LeafUsable: false });
        Assert.Equal(["the private key does not match the certificate"], Texts(state));
        Assert.Equal(other.PublicKeyDigest, state.PublicKeyDigest);
    }

    [Fact]
    public void A_key_of_another_kind_is_replaced()
    {
        var rsa = Sample.Key(KeyKind.Rsa2048);
        var state = Examine(Redacted(rsa) + Pem(PrivateCaIssuer.IssueLeaf(Root, Sample.Names, rsa, TimeSpan.FromDays(397), Now)));
        Assert.Equal(["the key is rsa-2048, the manifest wants ecdsa-p256"], Texts(state));
        Assert.True(state is { CreateKey: true, CreateLeaf: true });
    }

    [Theory]
    [InlineData("", "the private key is missing")]
    [InlineData("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "a private key block is empty")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----\n[redacted: encrypted]\n-----END ENCRYPTED PRIVATE KEY-----\n", "a private key is encrypted")]
    [InlineData("-----BEGIN PRIVATE KEY-----\n[redacted: unreadable]\n-----END PRIVATE KEY-----\n", "a private key cannot be read")]
    public void A_key_that_is_missing_or_of_no_use_is_replaced(string key, string reason)
    {
        var state = Examine(key + LeafPem);
        Assert.Equal([reason], Texts(state));
        Assert.True(state is { CreateKey: true, CreateLeaf: true });
    }

    [Fact]
    public void Other_names_in_the_manifest_are_found_and_their_order_does_not_matter()
    {
        Assert.Equal(
            ["the names are mail.mydomain.com; the manifest wants mail.mydomain.com, imap.mydomain.com"],
            Texts(Examine(KeyPem + LeafPem, Sample.Certificate(names: ["mail.mydomain.com", "imap.mydomain.com"]))));
        var two = PrivateCaIssuer.IssueLeaf(Root, ["b.mydomain.com", "a.mydomain.com"], Key, TimeSpan.FromDays(397), Now);
        Assert.Equal([], Examine(KeyPem + Pem(two), Sample.Certificate(names: ["a.mydomain.com", "b.mydomain.com"])).Reasons);
    }

    [Fact]
    public void Another_CA_is_found_by_its_name_or_by_its_signature()
    {
        using var twin = Sample.Root();
        Assert.Equal([$"the certificate was not signed by the key of the root CA {twin.Facts.Subject}"], Texts(Examine(KeyPem + LeafPem, root: State(twin))));
        using var other = Sample.Root(Sample.Ca() with { Subject = new DistinguishedName("Other") });
        Assert.Equal([$"the issuer is {Root.Facts.Subject}, the manifest's root CA is CN=Other"], Texts(Examine(KeyPem + LeafPem, root: State(other))));
    }

    [Fact]
    public void Times_are_judged_by_the_given_clock()
    {
        Assert.Equal([], Examine(KeyPem + LeafPem, Sample.Certificate(renewBefore: TimeSpan.FromDays(30)), now: Now.AddDays(366)).Reasons);
        var due = Examine(KeyPem + LeafPem, Sample.Certificate(renewBefore: TimeSpan.FromDays(30)), now: Now.AddDays(387).AddMinutes(-10));
        Assert.Equal(["the certificate expires in 10 days, renewal is due 30 days before"], Texts(due));
        Assert.True(due is { CreateKey: false, CreateLeaf: true });
        var third = Examine(KeyPem + LeafPem, now: Now.AddDays(265));
        Assert.Equal(["the certificate expires in 131 days, renewal is due 132 days before"], Texts(third));
        Assert.Equal([], Examine(KeyPem + LeafPem, now: Now.AddDays(264)).Reasons);
        Assert.StartsWith("the certificate has expired on 2027-04-02", Texts(Examine(KeyPem + LeafPem, now: Now.AddDays(397)))[0]);
        Assert.Contains("the certificate is not valid before 2026-03-01 11:55:00Z", Texts(Examine(KeyPem + LeafPem, now: Now.AddMinutes(-6))));
    }

    [Fact]
    public void A_renewal_rotates_the_key_where_the_manifest_says_so_and_another_reason_does_not()
    {
        var rotating = Sample.Certificate(rotateKey: true);
        Assert.True(Examine(KeyPem + LeafPem, rotating, now: Now.AddDays(300)) is { KeyUsable: true, CreateKey: true, CreateLeaf: true });
        Assert.True(Examine(KeyPem + LeafPem, rotating, now: Now.AddDays(398)) is { CreateKey: true });
        Assert.True(Examine(KeyPem + LeafPem, rotating) is { CreateKey: false, CreateLeaf: false });
        Assert.True(Examine(KeyPem + LeafPem, rotating with { Names = ["other.mydomain.com"] }) is { CreateKey: false, CreateLeaf: true });
    }

    [Theory]
    [InlineData(0, 397, null)]
    [InlineData(0, 397, 30)]
    [InlineData(0, 20, 30)]
    [InlineData(1500, 397, null)]
    [InlineData(1824, 397, 30)]
    [InlineData(1800, 1825, 30)]
    public void A_leaf_just_made_is_current_also_near_the_roots_end_or_with_an_early_renewal(int day, int lifetime, int? renewBefore)
    {
        var now = Now.AddDays(day);
        var ca = Sample.Ca(leaf: TimeSpan.FromDays(lifetime));
        var leaf = PrivateCaIssuer.IssueLeaf(Root, Sample.Names, Key, ca.LeafLifetime, now);
        var desired = Sample.Certificate(ca, renewBefore: renewBefore is { } days ? TimeSpan.FromDays(days) : null);
        Assert.Equal([], Examine(KeyPem + Pem(leaf), desired, now: now).Reasons);
        Assert.Equal([], Examine(KeyPem + Pem(leaf), desired, now: now.AddHours(1)).Reasons);
    }

    [Fact]
    public void A_form_that_is_not_ours_is_written_anew_with_the_same_key_and_leaf()
    {
        var cases = new (string Text, string Reason)[]
        {
            (LeafPem + KeyPem, "the private key does not come first"),
            (KeyPem + RootPem + LeafPem, "the server's certificate is not the first certificate"),
            (KeyPem + LeafPem + RootPem, $"the root certificate {Root.Facts.Subject} is included, which clients do not need"),
            (KeyPem + LeafPem + LeafPem, "the server's certificate is included twice"),
            (KeyPem + LeafPem.TrimEnd('\n') + RootPem, "the file has two PEM lines glued into one, which OpenSSL cannot read"),
            (KeyPem + LeafPem.TrimEnd('\n'), "the file has no newline at its end"),
            ((KeyPem + LeafPem).Replace("\n", "\r\n"), "the file has carriage returns"),
            ("remark\n" + KeyPem + LeafPem, "the file has text outside of its PEM blocks"),
            (KeyPem + LeafPem + "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "a certificate block is empty (line 18)"),
            (KeyPem + LeafPem + "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n", "the file holds a block \"DH PARAMETERS\" (line 18) that does not belong there"),
            (KeyPem + LeafPem + KeyPem, "the file holds a block \"PRIVATE KEY\" (line 18) that does not belong there"),
        };
        foreach (var (text, reason) in cases)
        {
            var state = Examine(text);
            Assert.Contains(reason, Texts(state).Select(t => System.Text.RegularExpressions.Regex.Replace(t, @"\(line \d+\)", "(line 18)")));
            Assert.True(state is { IsCurrent: false, LeafUsable: true, CreateKey: false, CreateLeaf: false }, string.Join("; ", Texts(state)));
            Assert.Equal(Leaf, state.LeafDer);
        }
    }

    [Fact]
    public void A_bundle_where_split_files_are_wanted_is_split()
    {
        var state = ExamineSplit(KeyPem + LeafPem, KeyPem);
        Assert.Equal(["the certificate file holds a block \"PRIVATE KEY\" (line 1) that does not belong there"], Texts(state));
        Assert.True(state.LeafUsable);
        Assert.True(Sample.Examine(Sample.Certificate(), KeyKind.EcdsaP256, Sample.File(Chain, LeafPem), Sample.Absent(KeyPath), State(Root), Now) is { CreateKey: true });
    }

    [Theory]
    [InlineData(FileKind.SymbolicLink, null, "the file is a symbolic link")]
    [InlineData(FileKind.Directory, null, "the file is a directory")]
    [InlineData(FileKind.Other, null, "the file is no regular file")]
    [InlineData(FileKind.Regular, null, "the file is too large")]
    [InlineData(FileKind.Regular, "permission denied", "the file cannot be read: permission denied")]
    public void What_cannot_be_read_is_told(FileKind kind, string? problem, string reason)
    {
        var state = Sample.Examine(Sample.Certificate(), KeyKind.EcdsaP256, new FileObservation(Chain, kind) { Problem = problem }, null, State(Root), Now);
        Assert.Equal([reason], Texts(state));
    }

    private static byte[] Issue() => PrivateCaIssuer.IssueLeaf(Root, Sample.Names, Key, TimeSpan.FromDays(397), Now);

    private static CertificateState Examine(string text, CertificateManifest? desired = null, PrivateCaState? root = null, DateTimeOffset? now = null) =>
        Sample.Examine(desired ?? Sample.Certificate(), KeyKind.EcdsaP256, Sample.File(Chain, text), null, root ?? State(Root), now ?? Now);

    private static CertificateState ExamineSplit(string chain, string key) => Sample.Examine(
        Sample.Certificate(layout: CertificateLayout.Split), KeyKind.EcdsaP256, Sample.File(Chain, chain), Sample.File(KeyPath, key), State(Root), Now);

    private static PrivateCaState State(RootAuthority root) => new(true, root.Facts, root.Certificate, []);

    private static List<string> Texts(CertificateState state) => [.. state.Reasons.Select(r => r.Text)];

    private static string Pem(byte[] der) => Encoding.ASCII.GetString(BundleWriter.Certificate(der));

    private static string Redacted(KeyPair key) => $"-----BEGIN PRIVATE KEY-----\n[redacted: {key.KindText}, public key {key.PublicKeyDigest}]\n-----END PRIVATE KEY-----\n";
}
