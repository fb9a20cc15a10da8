using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class RequestSignerTests
{
    private static readonly CertificateManifest Allowed = Sample.Certificate(names: ["mail.mydomain.com", "imap.mydomain.com"]);

    [Fact]
    public void A_request_of_the_mail_host_is_signed_for_the_manifests_names()
    {
        using var files = new TemporaryFiles();
        var request = SigningRequest.Write(["imap.mydomain.com", "mail.mydomain.com"], Sample.Key(KeyKind.EcdsaP256));

        var leaf = PrivateCaIssuer.SignLeaf(Sample.Issuing, Allowed.Names, RequestSigner.Judge(request, "mail.csr", Allowed), TimeSpan.FromDays(90), Sample.Now);

        Assert.Equal(Sample.Key(KeyKind.EcdsaP256).PublicKeyDigest, "sha256:" + CertificateFacts.Read(leaf).PublicKeyFingerprint);
        Assert.Equal(Allowed.Names, CertificateFacts.Read(leaf).DnsNames);
        OpenSsl.Must(
            null, "verify", "-x509_strict", "-purpose", "sslserver", "-attime", Sample.Now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture),
            "-CAfile", files.Write("ca.pem", BundleWriter.Certificate(Sample.Issuing.Certificate)), files.Write("leaf.pem", BundleWriter.Certificate(leaf)));
    }

    [Theory]
    [InlineData("PEM")]
    [InlineData("DER")]
    public void A_request_that_openssl_made_is_read(string form)
    {
        using var files = new TemporaryFiles();
        var file = files.Write("request", []);
        OpenSsl.Must(
            null, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=anything", "-outform", form, "-out", file,
            "-addext", "subjectAltName=DNS:mail.mydomain.com,DNS:imap.mydomain.com");
        Assert.NotEmpty(RequestSigner.Judge(File.ReadAllBytes(file), "request", Allowed));
    }

    [Fact]
    public void Other_names_are_never_signed()
    {
        string[][] others = [["mail.mydomain.com"], ["mail.mydomain.com", "imap.mydomain.com", "www.bank.example"], ["*.mydomain.com", "imap.mydomain.com"]];
        Assert.All(others, names => Assert.Same(CaDiagnostics.RequestNames, Sample.Code(() => Judge(SigningRequest.Write(names, Sample.Key(KeyKind.EcdsaP256))))));
    }

    [Fact]
    public void Another_kind_of_key_is_never_signed() =>
        Assert.Same(CaDiagnostics.RequestKey, Sample.Code(() => Judge(SigningRequest.Write(Allowed.Names, Sample.Key(KeyKind.Rsa2048)))));

    [Fact]
    public void A_request_whose_signature_is_wrong_is_never_signed()
    {
        var request = Encoding.ASCII.GetString(SigningRequest.Write(Allowed.Names, Sample.Key(KeyKind.EcdsaP256)));
        var der = Convert.FromBase64String(string.Concat(request.Split('\n').Where(l => !l.StartsWith('-'))));
        der[^1] ^= 1;
        Assert.Same(CaDiagnostics.RequestUnreadable, Sample.Code(() => Judge(der)));
        Assert.Same(CaDiagnostics.RequestUnreadable, Sample.Code(() => Judge([])));
        Assert.Same(CaDiagnostics.RequestUnreadable, Sample.Code(() => Judge(BundleWriter.Certificate(Sample.Issuing.Certificate))));
    }

    private static byte[] Judge(byte[] request) => RequestSigner.Judge(request, "mail.csr", Allowed);
}
