using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

/// <summary>Where key and chain are looked for: no daemon may meet a new key beside an old certificate.</summary>
public sealed class CertificatePathsTests
{
    private const string Directory = "/etc/pki/mailtls/";
    private static readonly string Bundle = Sample.Key(KeyKind.EcdsaP256) is { } key ? System.Text.Encoding.ASCII.GetString(BundleWriter.Key(key)) : "";

    [Theory]
    [InlineData(CertificateLayout.Bundle, "", 1, "")]
    [InlineData(CertificateLayout.Bundle, "mail.example.com.pem=key", 1, "")]
    [InlineData(CertificateLayout.Bundle, "mail.example.com.pem=damaged", 1, "")]
    [InlineData(CertificateLayout.Bundle, "mail.example.com.key=key mail.example.com.pem=chain", 2, "mail.example.com.key mail.example.com.pem")]
    [InlineData(CertificateLayout.Bundle, "mail.example.com.2.pem=key", 2, "")]
    [InlineData(CertificateLayout.Bundle, "mail.example.com.2.key=key mail.example.com.2.pem=chain other.pem=chain", 3, "mail.example.com.2.key mail.example.com.2.pem")]
    [InlineData(CertificateLayout.Split, "", 1, "")]
    [InlineData(CertificateLayout.Split, "mail.example.com.key=key mail.example.com.pem=chain", 1, "")]
    [InlineData(CertificateLayout.Split, "mail.example.com.pem=key", 1, "")]
    [InlineData(CertificateLayout.Split, "mail.example.com.2.pem=key", 1, "mail.example.com.2.pem")]
    [InlineData(CertificateLayout.Split, "mail.example.com.2.key=key mail.example.com.2.pem=chain mail.example.com.pem=key mail.example.com.x.pem=chain", 2, "mail.example.com.pem")]
    public async Task A_generation_is_never_one_that_the_other_layout_is_using(CertificateLayout layout, string files, int generation, string former)
    {
        var host = new InMemoryHost();
        foreach (var file in files.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split('=')))
        {
            host.AddFile(Directory + file[0], file[1] == "key" ? Bundle : "no key\n");
        }

        var manifest = Samples.Read(Samples.Minimal).Manifest!;
        manifest = manifest with { Certificate = manifest.Certificate with { Layout = layout, Directory = Directory.TrimEnd('/') } };
        var place = await CertificatePaths.LocateAsync(host, manifest, KeyKind.EcdsaP256, CancellationToken.None);
        Assert.Equal(generation, place.Generation);
        Assert.Equal(former.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(f => Directory + f), place.Former);
    }

    [Fact]
    public async Task A_directory_that_does_not_exist_is_not_asked_for_its_names()
    {
        var host = new RecordingHost(new InMemoryHost());
        _ = await CertificatePaths.LocateAsync(host, Samples.Read(Samples.Minimal).Manifest!, KeyKind.EcdsaP256, CancellationToken.None);
        Assert.Empty(host.Recording.Directories);
    }
}
