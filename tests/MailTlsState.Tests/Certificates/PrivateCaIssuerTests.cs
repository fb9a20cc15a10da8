using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public sealed class PrivateCaIssuerTests
{
    private static readonly DateTimeOffset Now = Sample.Now;

    [Theory]
    [InlineData(KeyKind.Rsa2048, KeyKind.EcdsaP256)]
    [InlineData(KeyKind.EcdsaP256, KeyKind.Rsa2048)]
    [InlineData(KeyKind.EcdsaP384, KeyKind.EcdsaP384)]
    [InlineData(KeyKind.Rsa3072, KeyKind.Rsa3072)]
    [InlineData(KeyKind.EcdsaP256, KeyKind.Rsa4096)]
    public void Openssl_accepts_the_chain_strictly_for_a_server(KeyKind rootKind, KeyKind leafKind)
    {
        using var root = Sample.Root(Sample.Ca(rootKind));
        var leaf = PrivateCaIssuer.IssueLeaf(root, ["mail.mydomain.com", "imap.mydomain.com"], Sample.Key(leafKind), TimeSpan.FromDays(397), Now);

        using var files = new TemporaryFiles();
        var rootFile = files.Write("ca.pem", BundleWriter.Certificate(root.Certificate));
        var bundle = files.Write("bundle.pem", BundleWriter.Bundle(Sample.Key(leafKind), leaf, []));
        foreach (var name in new[] { "mail.mydomain.com", "imap.mydomain.com" })
        {
            OpenSsl.Must(null, "verify", "-x509_strict", "-purpose", "sslserver", "-attime", Now.ToUnixTimeSeconds().ToString(), "-verify_hostname", name, "-CAfile", rootFile, bundle);
        }

        var text = OpenSsl.Must(null, "x509", "-in", bundle, "-noout", "-text");
        Assert.Contains("Version: 3", text);
        Assert.Contains("CA:FALSE", text);
        Assert.Contains("TLS Web Server Authentication", text);
        Assert.Contains(rootKind == KeyKind.EcdsaP384 ? "ecdsa-with-SHA384" : rootKind == KeyKind.EcdsaP256 ? "ecdsa-with-SHA256" : "sha256WithRSAEncryption", text);
        Assert.Equal(KeyKinds.Family(leafKind) == KeyFamily.Rsa, text.Contains("Key Encipherment"));
        OpenSsl.Must(null, "pkey", "-in", bundle, "-check", "-noout");
    }
}
