using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class PrivateCaStateTests
{
    private const string KeyPath = "/etc/pki/mailtls/ca/ca.key";
    private const string CertificatePath = "/etc/pki/mailtls/ca/ca.pem";
    private static readonly RootAuthority Root = Sample.Root();
    private static readonly FileObservation Key = Sample.File(KeyPath, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n[redacted: encrypted]\n-----END ENCRYPTED PRIVATE KEY-----\n");
    private static readonly FileObservation Certificate = Sample.File(CertificatePath, BundleWriter.Certificate(Root.Certificate));

    [Fact]
    public void A_root_that_is_as_the_manifest_says_has_nothing_to_tell()
    {
        var state = Examine();
        Assert.True(state is { Exists: true, Usable: true });
        Assert.Equal([], state.Diagnostics);
        Assert.Equal(Root.Facts.Fingerprint, state.Facts!.Fingerprint);
    }

    [Fact]
    public void No_file_at_all_means_that_a_root_is_made() =>
        Assert.True(Examine(Sample.Absent(KeyPath), Sample.Absent(CertificatePath)) is { Exists: false, Usable: true, Diagnostics: [] });

    [Fact]
    public void Half_a_root_is_refused_and_never_completed()
    {
        Assert.Equal($"{KeyPath} is there, but {CertificatePath} is not", Single(Examine(certificate: Sample.Absent(CertificatePath)), CertificateDiagnostics.IncompleteRoot).Fact);
        Assert.Equal($"{CertificatePath} is there, but {KeyPath} is not", Single(Examine(Sample.Absent(KeyPath)), CertificateDiagnostics.IncompleteRoot).Fact);
    }

    [Fact]
    public void Files_that_cannot_be_read_are_refused()
    {
        Single(Examine(new FileObservation(KeyPath, FileKind.SymbolicLink)), CertificateDiagnostics.BrokenRootKey);
        Single(Examine(new FileObservation(KeyPath, FileKind.Absent) { Problem = "permission denied" }), CertificateDiagnostics.BrokenRootKey);
        Single(Examine(Sample.File(KeyPath, "nothing")), CertificateDiagnostics.BrokenRootKey);
        Single(Examine(Sample.File(KeyPath, "-----BEGIN PRIVATE KEY-----\n[redacted: unreadable]\n-----END PRIVATE KEY-----\n")), CertificateDiagnostics.BrokenRootKey);
        Single(Examine(certificate: Sample.File(CertificatePath, "")), CertificateDiagnostics.BrokenRootCertificate);
        Single(Examine(certificate: Sample.File(CertificatePath, "nothing")), CertificateDiagnostics.BrokenRootCertificate);
        Single(Examine(certificate: Sample.File(CertificatePath, Certificate.Text + Certificate.Text)), CertificateDiagnostics.BrokenRootCertificate);
    }

    [Fact]
    public void A_root_out_of_its_time_is_refused()
    {
        Single(Examine(now: Sample.Now.AddDays(1825)), CertificateDiagnostics.RootExpired);
        Single(Examine(now: Sample.Now.AddDays(-1)), CertificateDiagnostics.RootNotYetValid);
    }

    [Theory]
    [InlineData("its key is rsa-1024, and less than 2048 bits are too few", "genrsa 1024")]
    [InlineData("its extendedKeyUsage lacks serverAuth", "ecparam -name prime256v1 -genkey -noout", "extendedKeyUsage=clientAuth")]
    [InlineData("its nameConstraints do not allow mail.mydomain.com", "ecparam -name prime256v1 -genkey -noout", "nameConstraints=critical,excluded;DNS:mydomain.com")]
    [InlineData("", "ecparam -name prime256v1 -genkey -noout", "nameConstraints=critical,permitted;DNS:mydomain.com", "extendedKeyUsage=anyExtendedKeyUsage")]
    [InlineData("", "genrsa 2048", "extendedKeyUsage=clientAuth,serverAuth")]
    public void A_root_that_clients_refuse_is_told_with_the_reason(string reason, string key, params string[] extensions)
    {
        using var files = new TemporaryFiles();
        var file = files.Write("ca.key", System.Text.Encoding.ASCII.GetBytes(OpenSsl.Must(null, key.Split(' '))));
        var pem = RootKeyFileTests.SelfSign(file, "/CN=Adopted", more: [.. extensions.SelectMany(e => new[] { "-addext", e })]);
        var told = Examine(certificate: Sample.File(CertificatePath, pem), now: DateTimeOffset.UtcNow.AddMinutes(1)).Diagnostics.Where(d => d.Code == CertificateDiagnostics.UnfitRoot).ToList();
        Assert.Equal(reason.Length > 0 ? [$"clients refuse the root CA: {reason}"] : [], told.Select(d => d.Fact));

        // A key that other CAs vouch for signs elsewhere, and what it signs is refused all the same.
        using var root = RootAuthority.Join(KeyPair.Import(File.ReadAllBytes(file)), PrivateCaIssuer.ReadRoot(pem));
        Assert.Equal(reason.Length > 0, Record.Exception(() => PrivateCaIssuer.ThrowIfUnfit(root, Sample.Names)) is MailTlsException);
    }

    [Fact]
    public void A_subordinate_CA_is_no_root()
    {
        using var files = new TemporaryFiles();
        var key = files.Write("key.pem", Sample.Key(KeyKind.EcdsaP256).ExportPem());
        var above = files.Write("root.pem", RootKeyFileTests.SelfSign(key, "/CN=Above"));
        var request = files.Write("sub.csr", System.Text.Encoding.ASCII.GetBytes(OpenSsl.Must(null, "req", "-new", "-key", key, "-subj", "/CN=Below")));
        var extensions = files.Write("ca.ext", "basicConstraints=critical,CA:TRUE\n"u8.ToArray());
        var pem = OpenSsl.Must(null, "x509", "-req", "-in", request, "-CA", above, "-CAkey", key, "-set_serial", "7", "-days", "1825", "-extfile", extensions);
        var state = Examine(certificate: Sample.File(CertificatePath, pem[pem.IndexOf("-----BEGIN", StringComparison.Ordinal)..]), now: DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equal("clients refuse the root CA: CN=Below is no root, CN=Above issued it", Assert.Single(state.Diagnostics, d => d.Code == CertificateDiagnostics.UnfitRoot).Fact);
        Assert.False(state.Usable);
    }

    [Fact]
    public void A_root_key_without_encryption_is_used_with_a_warning()
    {
        var state = Examine(Sample.File(KeyPath, KeyPair.Generate(KeyKind.EcdsaP256).ExportPem()));
        Assert.True(state.Usable);
        Assert.Equal(Severity.Warning, Single(state, CertificateDiagnostics.UnencryptedRootKey).Severity);
    }

    [Fact]
    public void A_root_that_differs_is_kept_and_told()
    {
        var ca = Sample.Ca(KeyKind.Rsa2048, TimeSpan.FromDays(900)) with { Subject = new DistinguishedName("New") };
        var state = PrivateCaState.Examine(ca, Sample.Names, Key, Certificate, Sample.Now);
        var told = Single(state, CertificateDiagnostics.RootDiffers);
        Assert.True(state.Usable);
        Assert.Contains("the manifest says CN=New; its key is ecdsa-p256, the manifest says rsa-2048; its lifetime is 1825 days, the manifest says 900 days", told.Fact);
    }

    [Fact]
    public void A_root_that_ends_before_a_new_leaf_would_is_told_in_time()
    {
        Assert.Equal([], Examine(now: Sample.Now.AddDays(1400)).Diagnostics);
        var told = Single(Examine(now: Sample.Now.AddDays(1430)), CertificateDiagnostics.RootEndsSoon);
        Assert.Equal(Severity.Warning, told.Severity);

        // The article gives CA and leaf the same lifetime; that alone is no news.
        Assert.Equal([], PrivateCaState.Examine(Sample.Ca(leaf: TimeSpan.FromDays(1825)), Sample.Names, Key, Certificate, Sample.Now.AddDays(1)).Diagnostics);
    }

    [Fact]
    public void Codes_are_unique_and_explained()
    {
        Assert.Equal(CertificateDiagnostics.All.Count, CertificateDiagnostics.All.Select(c => c.Id).Distinct().Count());
        Assert.All(CertificateDiagnostics.All, c => Assert.Matches("^MTS05[0-9]{2}$", c.Id));
        Assert.All(CertificateDiagnostics.All, c => Assert.InRange(c.Explanation.Split(". ").Length, 2, 6));
    }

    private static PrivateCaState Examine(FileObservation? key = null, FileObservation? certificate = null, DateTimeOffset? now = null) =>
        PrivateCaState.Examine(Sample.Ca(), Sample.Names, key ?? Key, certificate ?? Certificate, now ?? Sample.Now);

    private static Diagnostic Single(PrivateCaState state, DiagnosticCode code)
    {
        var diagnostic = Assert.Single(state.Diagnostics);
        Assert.Same(code, diagnostic.Code);
        return diagnostic;
    }
}
