using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Manifests;

/// <summary>Manifests to read and to break.</summary>
internal static class Samples
{
    public const string Minimal = """
        apiVersion: mailtlsstate/v1
        host: mail.example.com
        certificate:
          issuer:
            kind: privateCa
            subject: { commonName: Example Mail CA }
            passphrase: { file: /root/mail-ca.pass }
        services:
          dovecot: { endpoints: { imaps: { security: implicit } } }

        """;

    /// <summary><see cref="Minimal"/> with another issuer; its lines but the first are indented by four.</summary>
    public static string WithIssuer(string issuer) => Minimal.Replace(
        "kind: privateCa\n    subject: { commonName: Example Mail CA }\n    passphrase: { file: /root/mail-ca.pass }", issuer, StringComparison.Ordinal);

    public const string Full = """
        apiVersion: mailtlsstate/v1
        host: Mail.MyDomain.com
        certificate:
          names: [mail.mydomain.com, "*.mydomain.com"]
          keys: [rsa-2048]
          directory: /etc/pki/mailtls
          layout: split
          renewBefore: 30d
          rotateKey: true
          issuer:
            kind: privateCa
            subject: { commonName: My Mail CA, organization: My Domain, organizationalUnit: IT, locality: Oslo, state: Oslo, country: NO }
            key: ecdsa-p384
            lifetime: 1825d
            leafLifetime: 9528h
            passphrase: { env: CA_PASS }
            directory: /srv/ca
        policy:
          base: article
          minimumProtocol: TLSv1.3
        services:
          postfix:
            state: asFound
            allowUntested: true
            endpoints:
              smtp: { security: opportunistic, port: 2525, addresses: [192.0.2.1, "2001:DB8::1"], proxyProtocol: true }
              submission: { security: required }
              submissions: { security: disabled }
            outbound: { security: dane, minimumProtocol: TLSv1.3 }
          dovecot: { endpoints: { imap: { security: required }, imaps: { security: implicit }, pop3s: { security: implicit } } }
        selinux: ignore

        """;

    public static ManifestReadResult Read(string text) => ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(text));

    /// <summary>The one diagnostic that is found in the minimal manifest after a part of it was replaced.</summary>
    public static Diagnostic Broken(string part, string replacement)
    {
        Assert.Contains(part, Minimal, StringComparison.Ordinal);
        return Assert.Single(Read(Minimal.Replace(part, replacement, StringComparison.Ordinal)).Diagnostics);
    }
}
