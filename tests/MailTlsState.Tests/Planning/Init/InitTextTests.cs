using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning.Init;
using Xunit;

namespace MailTlsState.Tests.Planning.Init;

public class InitTextTests
{
    [Theory]
    [InlineData("/root/ca")]
    [InlineData(null)]
    public void What_is_written_is_a_valid_manifest_whatever_the_CA_is_called(string? directory)
    {
        var authority = new InitAuthority("/root/ca/ca.pem", [("commonName", "My \"Mail\" CA: #1 \\ {x}"), ("organization", "Ünïcode, & Söns"), ("country", "NO")], "rsa-2048", "1825d", directory);
        var draft = Draft() with { Authority = authority, Findings = [ReviewFinding("fact with\na line break\u2028host: evil")] };
        var text = InitText.Write(draft);
        var read = ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(text));
        Assert.Empty(read.Diagnostics);
        var ca = Assert.IsType<PrivateCaManifest>(read.Manifest!.Certificate.Issuer);
        Assert.Equal(directory is null ? "mydomain.com Mail CA" : "My \"Mail\" CA: #1 \\ {x}", ca.Subject.CommonName);
        Assert.Equal(directory ?? "/etc/pki/mailtls/ca", ca.Directory);
        Assert.Equal("mail.mydomain.com", read.Manifest.Host);
        Assert.Equal(text, InitText.Write(draft));
        Assert.All(text.Split('\n'), line => Assert.True(line.Length < 160, line));
    }

    [Fact]
    public void Each_listener_is_an_endpoint_of_the_service_that_holds_it()
    {
        var read = ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(InitText.Write(Draft()))).Manifest!;
        Assert.Equal([(EndpointKind.Smtp, EndpointSecurity.Opportunistic)], read.Postfix!.Endpoints.Select(e => (e.Kind, e.Security)));
        Assert.Equal([(EndpointKind.Imap, EndpointSecurity.Required), (EndpointKind.Imaps, EndpointSecurity.Implicit)], read.Dovecot!.Endpoints.Select(e => (e.Kind, e.Security)));
    }

    private static Diagnostic ReviewFinding(string fact) =>
        new(ReviewDiagnostics.CipherTypoCode, Severity.Warning, fact, "remedy", new SourceLocation("/etc/postfix/main.cf", 3, 1));

    private static InitDraft Draft() => new(
        "mail.mydomain.com",
        ["mail.mydomain.com", "*.mydomain.com"],
        ["rsa-2048"],
        "/etc/pki/mailtls",
        null,
        "article",
        [
            new(EndpointCatalogue.Of(EndpointKind.Smtp), EndpointSecurity.Opportunistic),
            new(EndpointCatalogue.Of(EndpointKind.Imap), EndpointSecurity.Required),
            new(EndpointCatalogue.Of(EndpointKind.Imaps), EndpointSecurity.Implicit),
        ],
        []);
}
