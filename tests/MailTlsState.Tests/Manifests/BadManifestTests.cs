using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Manifests;

/// <summary>One broken part each; the place is the broken part's and the hint says what to write.</summary>
public class BadManifestTests
{
    private const string Host = "host: mail.example.com";
    private const string Names = "certificate:\n";
    private const string Issuer = "    kind: privateCa\n";
    private const string Imaps = "{ imaps: { security: implicit } }";

    [Theory]
    // Structure.
    [InlineData(Host, "host: &a mail.example.com", "MTS0109", 2, 7, "write the value out; quote it if it starts with &")]
    [InlineData(Host, "host: *a", "MTS0110", 2, 7, "write the value out; quote it if it starts with *")]
    [InlineData(Names, "certificate:\n  names: [mail.example.com, *.example.com]\n", "MTS0110", 4, 29, "quote it: \"*.example.com\"")]
    [InlineData(Names, "certificate:\n  <<: {}\n", "MTS0110", 4, 3, "write the values out")]
    [InlineData(Host, "host: !!str mail.example.com", "MTS0111", 2, 7, "remove it; quote the value if it starts with an exclamation mark")]
    [InlineData(Host, "host: mail.example.com\nhost: mail.example.org", "MTS0112", 3, 1, "keep one of the two")]
    [InlineData(Names, "certificate:\n  ? [a]\n  : b\n", "MTS0113", 4, 5, "check brackets, dashes and colons here")]
    [InlineData(Names, "certificate:\n  25: b\n", "MTS0113", 4, 3, "check brackets, dashes and colons here")]
    [InlineData("host: mail", "\thost: mail", "MTS0105", 2, 1, "check indentation, quotes and brackets here and one line above")]
    [InlineData("apiVersion:", "---\n---\napiVersion:", "MTS0106", 2, 1, "put each host into a file of its own")]

    // Shape.
    [InlineData(Host, "host: mail.example.com\npolicies: {}", "MTS0120", 3, 1, "did you mean policy?")]
    [InlineData(Names, "certificate:\n  renewbefore: 30d\n", "MTS0120", 4, 3, "did you mean renewBefore?")]
    [InlineData(Names, "certificate:\n  zzz: 30d\n", "MTS0120", 4, 3, "known here: names, keys, directory, selinuxType, layout, renewBefore, rotateKey, keepPrevious, issuer")]
    [InlineData(Host + "\n", "", "MTS0121", 1, 1, "add host: fully qualified name of the mail host, as clients type it")]
    [InlineData("commonName: Example Mail CA", "organization: X", "MTS0121", 6, 5, "add commonName: what clients show for this CA")]
    [InlineData(Issuer, "", "MTS0121", 4, 3, "add kind: one of: privateCa, purchased, existing")]
    [InlineData("{ commonName: Example Mail CA }", "Example", "MTS0122", 6, 14, "write a mapping (key: value)")]
    [InlineData("security: implicit", "security: implicit, port: \"993\"", "MTS0122", 9, 62, "write a whole number without quotes")]
    [InlineData("security: implicit", "security: implicit, port: 9.5", "MTS0122", 9, 62, "write a whole number without quotes")]
    [InlineData(Names, "certificate:\n  rotateKey: yes\n", "MTS0122", 4, 14, "write true or false without quotes")]
    [InlineData(Names, "certificate:\n  keys: rsa-2048\n", "MTS0122", 4, 9, "write a list (- item, or [item])")]
    [InlineData(Names, "certificate:\n  keys: [rsa-1024]\n", "MTS0123", 4, 10, "write one of rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384")]
    [InlineData("kind: privateCa", "kind: acme", "MTS0123", 5, 11, "write one of privateCa, purchased, existing")]
    [InlineData(Host, "host: mail.example.com\nselinux: on", "MTS0123", 3, 10, "write one of auto, required, ignore")]
    [InlineData("security: implicit", "security: implicit, port: 0", "MTS0124", 9, 62, "change it to fit")]
    [InlineData("security: implicit", "security: implicit, port: 65536", "MTS0124", 9, 62, "change it to fit")]
    [InlineData(Names, "certificate:\n  names: []\n", "MTS0124", 4, 3, "change it to fit")]
    [InlineData("Example Mail CA", "\"\"", "MTS0124", 6, 28, "change it to fit")]
    [InlineData("Example Mail CA", "A name of a CA that is longer than the sixty-four characters that X.509 has room for", "MTS0124", 6, 28, "change it to fit")]
    [InlineData(Host, "host:", "MTS0125", 2, 1, "give it a text, or leave the line out")]
    [InlineData(Host, "host: ~", "MTS0125", 2, 1, "give it a text, or leave the line out")]
    [InlineData(Names, "certificate:\n  names: [mail.example.com, MAIL.example.com]\n", "MTS0126", 4, 29, "remove one of them")]
    [InlineData(Names, "certificate:\n  names: [mail.example.com, mail.example.com]\n", "MTS0126", 4, 3, "remove one of them")]
    [InlineData(Names, "certificate:\n  renewBefore: 1 month\n", "MTS0127", 4, 16, "write a number and d or h, such as 30d or 12h, up to 36500d")]
    [InlineData(Names, "certificate:\n  renewBefore: 0d\n", "MTS0127", 4, 16, "write a number and d or h, such as 30d or 12h, up to 36500d")]
    [InlineData(Issuer, "    kind: privateCa\n    lifetime: 36501d\n", "MTS0127", 6, 15, "write a number and d or h, such as 30d or 12h, up to 36500d")]
    [InlineData("mailtlsstate/v1", "mailtlsstate/v2", "MTS0128", 1, 13, "this version reads mailtlsstate/v1 only")]

    // Names.
    [InlineData(Host, "host: mail_1.example.com", "MTS0130", 2, 7, "write a fully qualified name, such as mail.example.com")]
    [InlineData(Host, "host: mail", "MTS0130", 2, 7, "write a fully qualified name, such as mail.example.com")]
    [InlineData(Host, "host: mail..example.com", "MTS0130", 2, 7, "write a fully qualified name, such as mail.example.com")]
    [InlineData(Host, "host: -mail.example.com", "MTS0130", 2, 7, "write a fully qualified name, such as mail.example.com")]
    [InlineData(Host, "host: mail.example.123", "MTS0130", 2, 7, "write a fully qualified name, such as mail.example.com")]
    [InlineData(Host, "host: mail.example.com.", "MTS0130", 2, 7, "write 'mail.example.com'")]
    [InlineData(Host, "host: a123456789b123456789c123456789d123456789e123456789f123456789wxyz.example.com", "MTS0130", 2, 7, "write a fully qualified name, such as mail.example.com")]
    [InlineData(Host, "host: post.bücher.example", "MTS0131", 2, 7, "write 'post.xn--bcher-kva.example'")]
    [InlineData(Host, "host: post.xn--99999.example", "MTS0130", 2, 7, "write the name as its registry does (xn--…)")]
    [InlineData(Host, "host: ab--cd.example", "MTS0130", 2, 7, "write the name as its registry does (xn--…)")]
    [InlineData(Host, "host: 192.0.2.1", "MTS0132", 2, 7, "use the host's fully qualified name")]
    [InlineData(Host, "host: \"2001:db8::1\"", "MTS0132", 2, 7, "use the host's fully qualified name")]
    [InlineData(Host, "host: \"*.example.com\"", "MTS0133", 2, 7, "name one host; wildcards belong to certificate.names")]
    [InlineData(Names, "certificate:\n  names: [mail.example.com, \"*.com\"]\n", "MTS0133", 4, 29, "only the whole leftmost label can be *, with two labels behind it: \"*.example.com\"")]
    [InlineData(Names, "certificate:\n  names: [mail.example.com, \"m*.example.com\"]\n", "MTS0133", 4, 29, "only the whole leftmost label can be *, with two labels behind it: \"*.example.com\"")]
    [InlineData(Names, "certificate:\n  names: [imap.example.com]\n", "MTS0134", 4, 3, "add it, or leave names out")]
    [InlineData("Example Mail CA", "Mail.Example.com", "MTS0135", 6, 28, "give the root a name of its own, such as 'Example Mail CA'")]
    [InlineData("Example Mail CA", "X, country: nl", "MTS0136", 6, 40, "write two capital letters, such as NL")]

    // Paths.
    [InlineData(Names, "certificate:\n  directory: pki\n", "MTS0140", 4, 14, "start it with /")]
    [InlineData(Names, "certificate:\n  directory: /etc/pki/../mailtls/\n", "MTS0141", 4, 14, "write '/etc/mailtls'")]
    [InlineData(Names, "certificate:\n  directory: /etc/pki/mail tls\n", "MTS0142", 4, 14, "use letters, digits and . _ - + @ ~")]
    [InlineData(Names, "certificate:\n  directory: /etc/pki/tls\n", "MTS0143", 4, 14, "use a directory of its own, such as /etc/pki/mailtls")]
    [InlineData(Issuer, "    kind: privateCa\n    directory: /etc/dovecot\n", "MTS0143", 6, 16, "use a directory of its own, such as /etc/pki/mailtls")]

    // Certificate.
    [InlineData(Names, "certificate:\n  keys: [rsa-3072, rsa-2048]\n", "MTS0150", 4, 3, "name one of them, or one RSA and one ECDSA kind")]
    [InlineData(Names, "certificate:\n  renewBefore: 397d\n", "MTS0153", 4, 16, "shorten it, or leave it out: the default is a third of the lifetime")]
    [InlineData("{ file: /root/mail-ca.pass }", "hunter2", "MTS0155", 7, 17, "refer to it: { file: /root/mail-ca.pass } or { env: NAME }")]
    [InlineData("{ file: /root/mail-ca.pass }", "{}", "MTS0156", 7, 5, "write { file: /root/mail-ca.pass }, { env: NAME } or { credential: NAME }")]
    [InlineData("{ file: /root/mail-ca.pass }", "{ file: /root/x, env: X }", "MTS0156", 7, 5, "write { file: /root/mail-ca.pass }, { env: NAME } or { credential: NAME }")]
    [InlineData("{ file: /root/mail-ca.pass }", "{ env: hunter-2 }", "MTS0156", 7, 24, "write { file: /root/mail-ca.pass }, { env: NAME } or { credential: NAME }")]
    [InlineData("{ file: /root/mail-ca.pass }", "{ file: hunter2 }", "MTS0156", 7, 25, "write { file: /root/mail-ca.pass }, { env: NAME } or { credential: NAME }")]

    // Policy.
    [InlineData(Host, "host: mail.example.com\npolicy: { base: moderne }", "MTS0160", 3, 17, "did you mean modern? known: article, modern, intermediate, ncsc-nl-2025, bsi-tr-02102-2, nist-800-52r2")]
    [InlineData(Host, "host: mail.example.com\npolicy: { base: article, excluded: [aNULL, PSD] }", "MTS0162", 3, 44, "did you mean PSK?")]
    [InlineData(Host, "host: mail.example.com\npolicy: { suites: [ECDHE-RSA-AES128-GCM-SHA255] }", "MTS0162", 3, 20, "did you mean ECDHE-RSA-AES128-GCM-SHA256?")]
    [InlineData(Host, "host: mail.example.com\npolicy: { groups: [X25519, x25519] }", "MTS0126", 3, 28, "remove one of them")]
    [InlineData(Host, "host: mail.example.com\npolicy: { suites: [] }", "MTS0163", 3, 11, "give suites or grade, or make minimumProtocol TLSv1.3")]
    [InlineData(Host, "host: mail.example.com\npolicy: { excluded: [aNULL] }", "MTS0163", 3, 11, "leave excluded out: a list of suites holds what it names")]
    [InlineData(Host, "host: mail.example.com\npolicy: { minimumRsaBits: 12 }", "MTS0124", 3, 27, "change it to fit")]
    [InlineData(Host, "host: mail.example.com\npolicy: { file: ./p.yaml }", "MTS0164", 3, 17, "check the path; it is relative to the manifest's directory")]
    [InlineData(Host, "host: mail.example.com\npolicy: { base: modern, file: ./p.yaml }", "MTS0165", 3, 25, "leave one of them out")]
    [InlineData(Host, "host: mail.example.com\npolicy: { base: modern, minimumProtocol: TLSv1.2 }", "MTS0161", 3, 42, "choose a policy that contains it, such as intermediate, or leave minimumProtocol out")]

    // Endpoints.
    [InlineData("security: implicit", "security: required", "MTS0170", 9, 46, "write one of implicit, disabled")]
    [InlineData(Imaps, "{ imap: { security: implicit } }", "MTS0170", 9, 45, "write one of opportunistic, required, disabled")]
    [InlineData(Imaps, "{ imaps: { security: implicit }, smtp: { security: required } }", "MTS0171", 9, 58, "move it to services.postfix.endpoints")]
    [InlineData(Imaps, "{ imaps: { security: implicit }, pop3s: { security: implicit, port: 993 } }", "MTS0172", 9, 93, "give one of them another port, or addresses that do not overlap")]
    [InlineData(Imaps, "{ imap: { security: required, port: 993 }, imaps: { security: implicit } }", "MTS0172", 9, 61, "give one of them another port, or addresses that do not overlap")]
    [InlineData("security: implicit", "security: implicit, addresses: [localhost]", "MTS0173", 9, 68, "write an address such as 192.0.2.1 or 2001:db8::1")]
    [InlineData("security: implicit", "security: implicit, addresses: [192.0.2.01]", "MTS0173", 9, 68, "write an address such as 192.0.2.1 or 2001:db8::1")]
    [InlineData("security: implicit", "security: implicit, addresses: [\"::1\", \"0:0::1\"]", "MTS0126", 9, 75, "remove one of them")]
    [InlineData(Imaps, "{}", "MTS0174", 9, 14, "name at least one, such as imaps: { security: implicit }")]
    [InlineData("\n  dovecot: { endpoints: { imaps: { security: implicit } } }", " {}", "MTS0174", 8, 1, "name at least one, such as imaps: { security: implicit }")]
    public void A_broken_part_is_one_error_at_its_place_with_a_hint(string part, string replacement, string code, int line, int column, string remedy)
    {
        var diagnostic = Samples.Broken(part, replacement);
        Assert.Equal((code, line, column, remedy), (diagnostic.Code.Id, diagnostic.Location!.Line, diagnostic.Location.Column, diagnostic.Remedy));
        Assert.Equal(Severity.Error, diagnostic.Severity);
        Assert.DoesNotContain("hunter", diagnostic.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys: [rsa-3072]")]
    [InlineData("directory: /etc/pki/mailtls")]
    [InlineData("layout: split")]
    [InlineData("rotateKey: true")]
    [InlineData("keepPrevious: 1d")]
    public void What_another_tool_decides_is_an_error_at_its_place(string setting)
    {
        var text = Samples.WithIssuer("kind: existing\n    files: [{ certificate: /etc/ssl/mail.pem }]").Replace("certificate:\n  issuer", $"certificate:\n  {setting}\n  issuer", StringComparison.Ordinal);
        var diagnostic = Assert.Single(Samples.Read(text).Diagnostics);
        Assert.Equal((ManifestDiagnostics.SettingOfOwnFiles, 4), (diagnostic.Code, diagnostic.Location!.Line));
    }

    [Theory]
    [InlineData("kind: existing", "MTS0121")]
    [InlineData("kind: existing\n    files: []", "MTS0124")]
    [InlineData("kind: existing\n    files: [{ key: /etc/ssl/mail.key }]", "MTS0121")]
    [InlineData("kind: existing\n    files: [{ certificate: mail.pem }]", "MTS0140")]
    [InlineData("kind: purchased\n    trust: everybody", "MTS0123")]
    [InlineData("kind: purchased\n    trust: { file: roots.pem }", "MTS0140")]
    public void An_issuer_without_what_it_needs_is_refused(string issuer, string code) =>
        Assert.Equal([code], Samples.Read(Samples.WithIssuer(issuer)).Diagnostics.Select(d => d.Code.Id));

    [Theory]
    [InlineData("/")]
    [InlineData("/etc")]
    [InlineData("/etc/ssl")]
    [InlineData("/etc/ssl/private")]
    [InlineData("/etc/ssl/certs")]
    [InlineData("/etc/pki")]
    [InlineData("/etc/pki/tls")]
    [InlineData("/etc/pki/tls/private")]
    [InlineData("/etc/pki/tls/certs")]
    [InlineData("/etc/postfix")]
    [InlineData("/etc/dovecot")]
    [InlineData("/etc/letsencrypt/live")]
    [InlineData("/var")]
    [InlineData("/root")]
    [InlineData("/home/ann/tls")]
    [InlineData("/usr/local/tls")]
    [InlineData("/tmp/tls")]
    [InlineData("/run/tls")]
    public void A_directory_of_others_is_refused(string directory)
    {
        var diagnostic = Samples.Broken("certificate:\n", $"certificate:\n  directory: {directory}\n");
        Assert.Equal(ManifestDiagnostics.DirectorySharedWithOthers, diagnostic.Code);
    }

    [Theory]
    [InlineData("/etc/pki/mailtls")]
    [InlineData("/etc/ssl/mailtls")]
    [InlineData("/etc/pki/tls/mailtls")]
    [InlineData("/var/lib/mailtls")]
    [InlineData("/root/tls")]
    [InlineData("/srv/mail-tls_1/@a")]
    public void A_directory_of_our_own_is_taken(string directory) =>
        Assert.Equal(directory, Samples.Read(Samples.Minimal.Replace("certificate:\n", $"certificate:\n  directory: {directory}\n", StringComparison.Ordinal)).Manifest!.Certificate.Directory);

    [Theory]
    [InlineData("", 1, 1, "MTS0107")]
    [InlineData("# only a comment\n", 1, 1, "MTS0107")]
    [InlineData("---\n...\n", 1, 1, "MTS0107")]
    [InlineData("\uFEFFhost: x", 1, 1, "MTS0103")]
    [InlineData("host: a\n  b\u0000c", 2, 4, "MTS0104")]
    [InlineData("host: a\u001b[31m", 1, 8, "MTS0104")]
    [InlineData("host: a\u2028b", 1, 8, "MTS0104")]
    [InlineData("- a\n- b", 1, 1, "MTS0122")]
    [InlineData("just a text", 1, 1, "MTS0122")]
    [InlineData("{", 1, 2, "MTS0105")]
    public void A_text_that_is_no_manifest_is_one_error(string text, int line, int column, string code)
    {
        var diagnostic = Assert.Single(Samples.Read(text).Diagnostics);
        Assert.Equal((code, line, column), (diagnostic.Code.Id, diagnostic.Location!.Line, diagnostic.Location.Column));
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused_at_their_place()
    {
        byte[] bytes = [.. "host: a\nx: M"u8, 0xFC, .. "ller"u8];
        var diagnostic = Assert.Single(ManifestReader.Read("m.yaml", bytes).Diagnostics);
        Assert.Equal((ManifestDiagnostics.ManifestNotUtf8, 2, 5), (diagnostic.Code, diagnostic.Location!.Line, diagnostic.Location.Column));
        Assert.Equal("byte 0xFC is not valid UTF-8", diagnostic.Fact);
    }

    [Fact]
    public void Utf16_is_refused_by_its_byte_order_mark()
    {
        byte[] bytes = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(Samples.Minimal)];
        Assert.Equal(ManifestDiagnostics.ManifestByteOrderMark, Assert.Single(ManifestReader.Read("m.yaml", bytes).Diagnostics).Code);
    }

    [Fact]
    public void Over_one_mebibyte_is_refused_and_exactly_one_is_read()
    {
        var padding = new string('#', 1024 * 1024 - Encoding.UTF8.GetByteCount(Samples.Minimal));
        Assert.NotNull(Samples.Read(Samples.Minimal + padding).Manifest);
        Assert.Equal(ManifestDiagnostics.ManifestTooLarge, Assert.Single(Samples.Read(Samples.Minimal + padding + "#").Diagnostics).Code);
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Over_32_levels_are_refused(char open, char close)
    {
        string Nest(int levels) => Samples.Minimal + "extra: " + new string(open, levels) + new string(close, levels) + "\n";
        Assert.Equal("MTS0120", Assert.Single(Samples.Read(Samples.Minimal + "extra: [[]]\n").Diagnostics).Code.Id);
        if (open == '[')
        {
            Assert.Equal("MTS0120", Assert.Single(Samples.Read(Nest(32)).Diagnostics).Code.Id);
        }

        Assert.Contains(Samples.Read(Nest(33)).Diagnostics, d => d.Code == ManifestDiagnostics.ManifestTooDeep);
        Assert.Contains(Samples.Read(Nest(100_000)).Diagnostics, d => d.Code == ManifestDiagnostics.ManifestTooDeep);
    }

    [Fact]
    public void An_address_with_leading_zeros_is_refused_where_addresses_may_stand_with_the_way_to_write_it()
    {
        var text = Samples.Minimal.Replace("certificate:\n", "certificate:\n  names: [mail.example.com, 010.0.0.1]\n", StringComparison.Ordinal);
        var told = Assert.Single(Samples.Read(text).Diagnostics);
        Assert.Equal(("MTS0130", "write the address without leading zeros, such as 10.0.0.1"), (told.Code.Id, told.Remedy));
        Assert.Empty(Samples.Read(text.Replace("010", "10", StringComparison.Ordinal)).Diagnostics);
    }

    [Fact]
    public void All_errors_are_listed_at_once_in_the_order_of_the_text()
    {
        const string Text = """
            apiVersion: mailtlsstate/v1
            host: mail_host
            certificate:
              names: [*.example.com, 192.0.2.999]
              keys: [rsa-1024]
              direktory: /etc/pki/mailtls
              renewBefore: 2 weeks
              issuer:
                kind: privateCa
                subject: { organization: Example, country: Netherlands }
                passphrase: hunter2
            policy: { base: intermediat }
            services:
              postfix:
                endpoints:
                  smtp: { security: implicit }
                  imaps: { security: implicit }
                  submission: { security: required, port: 99999 }
              dovecot:
                endpoints:
                  imap: { security: required }
                  pop3: { security: opportunistic, addresses: [localhost] }
                  imaps: { security: implicit, port: 143 }
            selinux: off

            """;
        Assert.Equal(
            """
            m.yaml:2:7: error MTS0130: host: 'mail_host' is no host name: it contains '_'. hint: write a fully qualified name, such as mail.example.com
            m.yaml:4:11: error MTS0110: YAML reads *.example.com as an alias. hint: quote it: "*.example.com"
            m.yaml:4:26: error MTS0132: certificate.names[1]: '192.0.2.999' is an IP address. hint: use the host's fully qualified name
            m.yaml:5:10: error MTS0123: certificate.keys[0] cannot be 'rsa-1024'. hint: write one of rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384
            m.yaml:6:3: error MTS0120: certificate has no key 'direktory'. hint: did you mean directory?
            m.yaml:7:16: error MTS0127: certificate.renewBefore is '2 weeks', which is no duration. hint: write a number and d or h, such as 30d or 12h, up to 36500d
            m.yaml:10:5: error MTS0121: certificate.issuer.subject needs the key commonName. hint: add commonName: what clients show for this CA
            m.yaml:10:48: error MTS0124: certificate.issuer.subject.country is longer than 2 characters. hint: change it to fit
            m.yaml:11:17: error MTS0155: the passphrase stands in the manifest itself. hint: refer to it: { file: /root/mail-ca.pass } or { env: NAME }
            m.yaml:12:17: error MTS0160: no policy is called 'intermediat'. hint: did you mean intermediate? known: article, modern, intermediate, ncsc-nl-2025, bsi-tr-02102-2, nist-800-52r2
            m.yaml:16:25: error MTS0170: smtp cannot be implicit. hint: write one of opportunistic, required, disabled
            m.yaml:17:7: error MTS0171: imaps is an endpoint of dovecot. hint: move it to services.dovecot.endpoints
            m.yaml:18:47: error MTS0124: services.postfix.endpoints.submission.port is outside 1 to 65535. hint: change it to fit
            m.yaml:22:52: error MTS0173: services.dovecot.endpoints.pop3.addresses[0]: 'localhost' is not an IP address. hint: write an address such as 192.0.2.1 or 2001:db8::1
            m.yaml:23:42: error MTS0172: imaps has port 143, as imap in line 21 has. hint: give one of them another port, or addresses that do not overlap
            m.yaml:24:10: error MTS0123: selinux cannot be 'off'. hint: write one of auto, required, ignore
            """,
            string.Join('\n', Samples.Read(Text).Diagnostics));
    }
}
