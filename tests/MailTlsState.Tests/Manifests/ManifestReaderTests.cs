using System.Security.Cryptography;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Manifests;

public class ManifestReaderTests
{
    [Fact]
    public void Defaults_are_filled_in()
    {
        var result = Samples.Read(Samples.Minimal);
        Assert.Empty(result.Diagnostics);
        var manifest = result.Manifest!;
        Assert.Equal("mail.example.com", manifest.Host);
        Assert.Equal(["mail.example.com"], manifest.Certificate.Names);
        Assert.Equal([KeyKind.EcdsaP256], manifest.Certificate.Keys);
        Assert.Equal("/etc/pki/mailtls", manifest.Certificate.Directory);
        Assert.Equal(CertificateLayout.Bundle, manifest.Certificate.Layout);
        Assert.Null(manifest.Certificate.RenewBefore);
        Assert.False(manifest.Certificate.RotateKey);
        Assert.Equal(
            new PrivateCaManifest(new DistinguishedName("Example Mail CA"), KeyKind.Rsa3072, TimeSpan.FromDays(1825), TimeSpan.FromDays(397), new SecretReference("/root/mail-ca.pass", null), "/etc/pki/mailtls/ca"),
            manifest.Certificate.Issuer);
        Assert.Equal(new PolicyManifest("intermediate", null), manifest.Policy);
        Assert.Null(manifest.Postfix);
        Assert.Equal(DesiredServiceState.Running, manifest.Dovecot!.State);
        Assert.False(manifest.Dovecot.AllowUntested);
        var imaps = Assert.Single(manifest.Dovecot.Endpoints);
        Assert.Equal((EndpointKind.Imaps, EndpointSecurity.Implicit, 993, false), (imaps.Kind, imaps.Security, imaps.Port, imaps.ProxyProtocol));
        Assert.Empty(imaps.Addresses);
        Assert.Equal(SeLinuxMode.Auto, manifest.SeLinux);
    }

    [Theory]
    [InlineData("mail.xn--bcher-kva.example")]
    [InlineData("mail.xn--fuball-cta.example")]
    [InlineData("mail.xn--fiqs8s")]
    public void A_name_beyond_ASCII_is_taken_by_its_A_labels(string name) =>
        Assert.Equal(name, Samples.Read(Samples.Minimal.Replace("mail.example.com", name.ToUpperInvariant(), StringComparison.Ordinal)).Manifest?.Host);

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("\"2001:DB8:0::1\"", "2001:db8::1")]
    [InlineData("192.0.2", null)]
    [InlineData("192.0.2.01", null)]
    [InlineData("\"fe80::1%eth0\"", null)]
    public void An_address_may_stand_beside_the_host_where_a_CA_of_ones_own_signs(string written, string? read)
    {
        string Names(string text) => text.Replace("certificate:\n", $"certificate:\n  names: [mail.example.com, {written}]\n", StringComparison.Ordinal);
        foreach (var issuer in new[] { Samples.Minimal, Samples.WithIssuer("kind: purchased\n    trust: { file: /root/ca.pem }") })
        {
            Assert.Equal(read is null ? null : ["mail.example.com", read], Samples.Read(Names(issuer)).Manifest?.Certificate.Names);
        }

        Assert.NotEmpty(Samples.Read(Names(Samples.WithIssuer("kind: purchased"))).Diagnostics);
    }

    [Fact]
    public void Every_field_is_read()
    {
        var result = Samples.Read(Samples.Full);
        Assert.Empty(result.Diagnostics);
        var manifest = result.Manifest!;
        Assert.Equal("mail.mydomain.com", manifest.Host);
        Assert.Equal(["mail.mydomain.com", "*.mydomain.com"], manifest.Certificate.Names);
        Assert.Equal([KeyKind.Rsa2048], manifest.Certificate.Keys);
        Assert.Equal(CertificateLayout.Split, manifest.Certificate.Layout);
        Assert.Equal(TimeSpan.FromDays(30), manifest.Certificate.RenewBefore);
        Assert.True(manifest.Certificate.RotateKey);
        Assert.Equal(
            new PrivateCaManifest(new DistinguishedName("My Mail CA", "My Domain", "IT", "Oslo", "Oslo", "NO"), KeyKind.EcdsaP384, TimeSpan.FromDays(1825), TimeSpan.FromDays(397), new SecretReference(null, "CA_PASS"), "/srv/ca"),
            manifest.Certificate.Issuer);
        Assert.Equal(new PolicyManifest("article", "TLSv1.3"), manifest.Policy);
        Assert.Equal(DesiredServiceState.AsFound, manifest.Postfix!.State);
        Assert.True(manifest.Postfix.AllowUntested);
        Assert.Equal(new OutboundManifest(OutboundSecurity.Dane, MailTlsState.Policies.TlsVersion.Tls13), manifest.Postfix.Outbound);
        Assert.Null(manifest.Dovecot!.Outbound);
        var smtp = manifest.Postfix.Endpoints[0];
        Assert.Equal((EndpointKind.Smtp, EndpointSecurity.Opportunistic, 2525, true), (smtp.Kind, smtp.Security, smtp.Port, smtp.ProxyProtocol));
        Assert.Equal(["192.0.2.1", "2001:db8::1"], smtp.Addresses);
        Assert.Equal([EndpointSecurity.Required, EndpointSecurity.Disabled], manifest.Postfix.Endpoints.Skip(1).Select(e => e.Security));
        Assert.Equal([EndpointKind.Imap, EndpointKind.Imaps, EndpointKind.Pop3s], manifest.Dovecot!.Endpoints.Select(e => e.Kind));
        Assert.Equal(SeLinuxMode.Ignore, manifest.SeLinux);
    }

    [Fact]
    public void Every_value_is_found_again_in_the_text()
    {
        var source = Samples.Read(Samples.Full).Manifest!.Source;
        Assert.Equal(new SourceLocation("m.yaml", 2, 7), source.Locate("/host"));
        Assert.Equal(new SourceLocation("m.yaml", 3, 1), source.Locate("/certificate"));
        Assert.Equal(new SourceLocation("m.yaml", 5, 10), source.Locate("/certificate/keys/0"));
        Assert.Equal(new SourceLocation("m.yaml", 12, 28), source.Locate("/certificate/issuer/subject/commonName"));
        Assert.Equal(new SourceLocation("m.yaml", 1, 1), source.Locate("/nothing/like/it"));
        Assert.Equal(Samples.Full, source.Text);
        Assert.Equal("sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Samples.Full))), source.Digest);
    }

    [Fact]
    public void Words_that_look_like_other_types_stay_texts()
    {
        var text = Samples.Minimal.Replace("Example Mail CA", "1e3, organization: off, country: NO", StringComparison.Ordinal);
        var ca = (PrivateCaManifest)Samples.Read(text).Manifest!.Certificate.Issuer;
        Assert.Equal(new DistinguishedName("1e3", Organization: "off", Country: "NO"), ca.Subject);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    public void Line_ends_of_either_kind_are_read(string end)
    {
        var text = Samples.Minimal.ReplaceLineEndings(end);
        Assert.NotNull(Samples.Read(text).Manifest);
        var wrong = Assert.Single(Samples.Read(text.Replace("implicit", "wrong", StringComparison.Ordinal)).Diagnostics);
        Assert.Equal((9, 46), (wrong.Location!.Line, wrong.Location.Column));
    }

    [Fact]
    public void A_leaf_that_would_outlive_its_root_is_a_warning_and_the_manifest_is_used()
    {
        var result = Samples.Read(Samples.Minimal.Replace("kind: privateCa", "kind: privateCa\n    lifetime: 90d", StringComparison.Ordinal));
        var warning = Assert.Single(result.Diagnostics);
        Assert.Equal((ManifestDiagnostics.LeafOutlivesRoot, Severity.Warning), (warning.Code, warning.Severity));
        Assert.NotNull(result.Manifest);
    }
}
