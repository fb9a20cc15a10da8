using MailTlsState.Certificates;
using Xunit;

namespace MailTlsState.Tests.Certificates;

public class CertificateFactsTests
{
    // Made and described by OpenSSL 3.0: the expected values below are what `openssl x509` prints.
    private const string Ecdsa = """
        MIICFzCCAbygAwIBAgIUKYbjyWsBjbtgVrZAA0w7AOO4jwswCgYIKoZIzj0EAwIw
        PTELMAkGA1UEBhMCTkwxEjAQBgNVBAoMCU15IERvbWFpbjEaMBgGA1UEAwwRbWFp
        bC5teWRvbWFpbi5jb20wHhcNMjYxMTI0MjAyMzU2WhcNMzYxMTIxMjAyMzU2WjA9
        MQswCQYDVQQGEwJOTDESMBAGA1UECgwJTXkgRG9tYWluMRowGAYDVQQDDBFtYWls
        Lm15ZG9tYWluLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCDCzrKZFEG0
        Iymc5pvYwAEjBbUL6LEpfrLo0oYvWem/Vtb9cP4VFlgaBkYaxpQBVgFV2URS+uA/
        78vsTAykAR6jgZkwgZYwHQYDVR0OBBYEFL859BqCkdOsmyHMcjtNB+a/1llTMB8G
        A1UdIwQYMBaAFL859BqCkdOsmyHMcjtNB+a/1llTMA8GA1UdEwEB/wQFMAMBAf8w
        QwYDVR0RBDwwOoIRbWFpbC5teWRvbWFpbi5jb22CDSouRXhhbXBsZS5jb22HBMAA
        AgeHECABDbgAAAAAAAAAAAAAAAEwCgYIKoZIzj0EAwIDSQAwRgIhAK9OMdYFEM6M
        LajupjCpOnDHPnQ9jl89wslarFhKvrC3AiEA3YWi9h5hRKFjMeudy5ylTeiK4ySq
        QALCbSU7CYsgvr8=
        """;

    [Fact]
    public void Facts_are_those_that_OpenSSL_prints()
    {
        var facts = CertificateFacts.Read(Convert.FromBase64String(Ecdsa));

        Assert.Equal("CN=mail.mydomain.com,O=My Domain,C=NL", facts.Subject);
        Assert.Equal(facts.Subject, facts.Issuer);
        Assert.True(facts.IsSelfIssued);
        Assert.Equal(["mail.mydomain.com", "*.example.com"], facts.DnsNames);
        Assert.Equal(["192.0.2.7", "2001:db8::1"], facts.IpAddresses);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 20, 23, 56, TimeSpan.Zero), facts.NotBefore);
        Assert.Equal(new DateTimeOffset(2036, 11, 21, 20, 23, 56, TimeSpan.Zero), facts.NotAfter);
        Assert.Equal("2986e3c96b018dbb6056b640034c3b00e3b88f0b", facts.SerialNumber);
        Assert.Equal("f72a5bb5383e81909711d7c94db901b2dd8cee954529ca1b93c4c657525679e8", facts.Fingerprint);
        Assert.Equal("f2eca78f30be0984436910c7d562add8eafc689b78319cbd801a2a35234ed8d6", facts.PublicKeyFingerprint);
        Assert.Equal("ecdsa-p256", facts.Key);
        Assert.Equal("ecdsa-with-SHA256", facts.SignatureAlgorithm);
        Assert.True(facts.IsAuthority);
        Assert.Null(facts.PathLength);
        Assert.Equal("bf39f41a8291d3ac9b21cc723b4d07e6bfd65953", facts.AuthorityKeyId);
        Assert.Equal(facts.AuthorityKeyId, facts.SubjectKeyId);
    }

    [Fact]
    public void What_is_no_certificate_is_a_FormatException()
    {
        var good = Convert.FromBase64String(Ecdsa);
        byte[][] bad = [[], [0x30], "-----BEGIN CERTIFICATE-----"u8.ToArray(), [0x30, 0x03, 0x02, 0x01, 0x01], good[..^1], good[..40], [.. good, 0]];

        Assert.All(bad, b => Assert.Throws<FormatException>(() => CertificateFacts.Read(b)));
    }

    [Fact]
    public void No_change_of_one_byte_escapes_as_another_exception()
    {
        var good = Convert.FromBase64String(Ecdsa);
        for (var i = 0; i < good.Length; i++)
        {
            foreach (var value in (byte[])[0x00, 0xff, (byte)(good[i] + 1)])
            {
                var changed = (byte[])good.Clone();
                changed[i] = value;
                try
                {
                    CertificateFacts.Read(changed);
                }
                catch (FormatException)
                {
                    continue;
                }
            }
        }
    }
}
