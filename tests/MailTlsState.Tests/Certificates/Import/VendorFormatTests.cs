using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Certificates.Import;

/// <summary>Every format that CAs, vendors and tools write, by name, with what is made of it.</summary>
public class VendorFormatTests(VendorLab lab) : IClassFixture<VendorLab>
{
    private const string Whole = "PEM, 2 certificates, 0 keys, complete";

    /// <summary>Name, script that makes <c>out</c>, password, result.</summary>
    public static TheoryData<string, string, string?, string> Formats => new()
    {
        { "PEM, leaf first", "cp chain.pem out", null, Whole },
        { "PEM, intermediate first", "cat sub.pem leaf.pem >out", null, Whole },
        { "PEM with the root", "cat root.pem sub.pem leaf.pem >out", null, "PEM, 3 certificates, 0 keys, complete" },
        { "PEM twice the same", "cat chain.pem chain.pem >out", null, Whole },
        { "PEM with a UTF-8 mark", "printf '\\xEF\\xBB\\xBF' | cat - chain.pem >out", null, Whole },
        { "PEM in UTF-16, as PowerShell writes", "iconv -f ASCII -t UTF-16 chain.pem >out", null, Whole },
        { "PEM in UTF-16, big-endian", "printf '\\xFE\\xFF' >out; iconv -f ASCII -t UTF-16BE chain.pem >>out", null, Whole },
        { "PEM with CR LF", "sed 's/$/\\r/' chain.pem >out", null, Whole },
        { "PEM with CR alone, as old Macs write", "tr '\\n' '\\r' <chain.pem >out", null, Whole },
        { "PEM with blank lines and indents", "sed 's/^/  /; s/$/\\n/' chain.pem >out", null, Whole },
        { "PEM with text around, as openssl x509 -text", "for c in leaf sub; do openssl x509 -in $c.pem -text; echo 'Intermediate:'; done >out", null, Whole },
        { "PEM with bag attributes, as openssl pkcs12", "openssl pkcs12 -export -in chain.pem -inkey leaf.key -passout pass:x | openssl pkcs12 -nokeys -passin pass:x >out", null, Whole },
        { "PEM of openssl s_client -showcerts", "{ echo 0 s:CN = mail.mydomain.com; cat leaf.pem; echo 1 s:O = Test; cat sub.pem; } >out", null, Whole },
        { "PEM with glued lines", "{ printf %s \"$(cat leaf.pem)\"; cat sub.pem; } >out; grep -q -- -----END.CERTIFICATE----------BEGIN out", null, Whole },
        { "PEM without its last newline", "printf %s \"$(cat chain.pem)\" >out", null, Whole },
        { "PEM in one line", "tr -d '\\n' <chain.pem >out", null, Whole },
        { "PEM with lines of 76", "for c in leaf sub; do echo -----BEGIN CERTIFICATE-----; openssl x509 -in $c.pem -outform DER | base64 -w76; echo -----END CERTIFICATE-----; done >out", null, Whole },
        { "PEM with the old label", "sed 's/ CERTIFICATE/ X509 CERTIFICATE/' chain.pem >out", null, Whole },
        { "PEM, trusted certificate of openssl", "openssl x509 -in leaf.pem -trustout -addtrust serverAuth >out; cat sub.pem >>out", null, Whole },
        { "PEM with its key", "cat leaf.key chain.pem >out", null, "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key as SEC 1", "openssl ec -in leaf.key 2>/dev/null | cat - chain.pem >out", null, "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key encrypted (PBES2)", "openssl pkcs8 -topk8 -in leaf.key -passout pass:x | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key encrypted by scrypt", "openssl pkcs8 -topk8 -scrypt -in leaf.key -passout pass:x | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key encrypted the old way", "openssl ec -in leaf.key -aes256 -passout pass:x 2>/dev/null | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key encrypted the old way by Camellia", "openssl ec -in leaf.key -camellia256 -passout pass:x 2>/dev/null | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key encrypted the old way by ARIA", "openssl ec -in leaf.key -aria192 -passout pass:x 2>/dev/null | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key by PBES2 and Camellia", "openssl pkcs8 -topk8 -v2 camellia-192-cbc -in leaf.key -passout pass:x | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key by PBES2 and ARIA", "openssl pkcs8 -topk8 -v2 aria-256-cbc -in leaf.key -passout pass:x | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key by PBES1 and 3DES", "openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in leaf.key -passout pass:x | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM with its key by PBES1 and DES", "openssl pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in leaf.key -passout pass:x | cat - chain.pem >out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PEM, the leaf alone", "cp leaf.pem out", null, "PEM, 1 certificates, 0 keys, MTS0547" },
        { "PEM, one block damaged", "{ sed 's/MII/###/' sub.pem; cat chain.pem; } >out", null, Whole },
        { "base64 without lines around", "openssl x509 -in leaf.pem -outform DER | base64 >out", null, "DER, 1 certificates, 0 keys, MTS0547" },
        { "DER", "openssl x509 -in leaf.pem -outform DER >out", null, "DER, 1 certificates, 0 keys, MTS0547" },
        { "DER, two in a row", "for c in leaf sub; do openssl x509 -in $c.pem -outform DER; done >out", null, "DER, 2 certificates, 0 keys, complete" },
        { "PKCS#7 in PEM", "openssl crl2pkcs7 -nocrl -certfile chain.pem >out", null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "PKCS#7 in DER", "openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER >out", null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "PKCS#7 under the label of a certificate", "openssl crl2pkcs7 -nocrl -certfile chain.pem | sed 's/PKCS7/CERTIFICATE/' >out", null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "PKCS#7 under OpenSSL's other label", "openssl crl2pkcs7 -nocrl -certfile chain.pem | sed 's/PKCS7/PKCS #7 SIGNED DATA/' >out", null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "PKCS#7 signed", "echo x | openssl smime -sign -signer leaf.pem -inkey leaf.key -certfile sub.pem -outform DER -nodetach >out", null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "CMS in streamed BER", "echo x | openssl cms -sign -stream -signer leaf.pem -inkey leaf.key -certfile sub.pem -outform DER -nodetach >out", null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "PKCS#7 of certtool", "certtool --p7-generate --load-certificate leaf.pem --load-privkey leaf.key --outder --outfile out --infile leaf.pem", null, "PKCS#7, 1 certificates, 0 keys, MTS0547" },
        { "PKCS#7 of Python", Python("from cryptography.hazmat.primitives.serialization import pkcs7; out(pkcs7.serialize_certificates([cert('leaf.pem'), cert('sub.pem')], s.Encoding.DER))"), null, "PKCS#7, 2 certificates, 0 keys, complete" },
        { "PKCS#12 of openssl 3", P12(""), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of openssl 1 (RC2, 3DES)", P12("-legacy"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with 3DES", P12("-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with 2-key 3DES", P12("-certpbe PBE-SHA1-2DES -keypbe PBE-SHA1-2DES"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with RC2-128", P12("-certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC2-128 -provider legacy -provider default"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with RC4-128", P12("-certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-128 -provider legacy -provider default"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with AES-128 and SHA-512", P12("-certpbe AES-128-CBC -keypbe AES-128-CBC -macalg sha512"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with PBES2 and 3DES", P12("-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC -macalg sha384"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with certificates in the clear", P12("-certpbe NONE"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with nothing encrypted", P12("-certpbe NONE -keypbe NONE"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 without a MAC", P12("-nomac"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 without a MAC, other password", P12("-nomac"), "y", "MTS0544" },
        { "PKCS#12 without a key", P12("-nokeys"), "x", "PKCS#12, 2 certificates, 0 keys, complete" },
        { "PKCS#12 with the root", "openssl pkcs12 -export -in chain.pem -inkey leaf.key -certfile root.pem -passout pass:x >out", "x", "PKCS#12, 3 certificates, 1 keys, complete" },
        { "PKCS#12 with an empty password", "openssl pkcs12 -export -in chain.pem -inkey leaf.key -passout pass: >out", null, "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 with an umlaut in its password", "openssl pkcs12 -export -in chain.pem -inkey leaf.key -passout pass:schlüssel >out", "schlüssel", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12, old, with an umlaut in its password", "openssl pkcs12 -export -legacy -in chain.pem -inkey leaf.key -passout pass:schlüssel >out", "schlüssel", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12, other password", P12(""), "y", "MTS0544" },
        { "PKCS#12, no password given", P12(""), null, "MTS0543" },
        { "PKCS#12 in base64", P12("") + "; base64 out >o; mv o out", "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 in PEM, as certtool writes it", P12("") + "; { echo -----BEGIN PKCS12-----; base64 out; echo -----END PKCS12-----; } >o; mv o out", "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 in PEM, no password given", P12("") + "; { echo -----BEGIN PKCS12-----; base64 out; echo -----END PKCS12-----; } >o; mv o out", null, "MTS0543" },
        { "PKCS#12 of certtool, AES-256", Certtool("aes-256"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, RC2-40", Certtool("rc2-40"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, no password at all", "certtool --to-p12 --load-certificate chain.pem --load-privkey leaf.key --p12-name mail --null-password --outder --outfile out", null, "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of Python", Python("from cryptography.hazmat.primitives.serialization import pkcs12; out(pkcs12.serialize_key_and_certificates(b'mail', key('leaf.key'), cert('leaf.pem'), [cert('sub.pem')], s.BestAvailableEncryption(b'x')))"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of Python, unprotected", Python("from cryptography.hazmat.primitives.serialization import pkcs12; out(pkcs12.serialize_key_and_certificates(b'mail', key('leaf.key'), cert('leaf.pem'), [cert('sub.pem')], s.NoEncryption()))"), null, "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PEM of Python's ssl", Python("import ssl; out(''.join(ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(open(f).read())) for f in ('leaf.pem', 'sub.pem')).encode())"), null, Whole },
        { "PKCS#8 of Python with its chain", Python("out(key('leaf.key').private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b'x')) + open('chain.pem', 'rb').read())"), "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PKCS#8 of certtool with its chain", "certtool --to-p8 --load-privkey leaf.key --password x --pkcs-cipher aes-256 --outfile out; cat chain.pem >>out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PKCS#8 of certtool by PBES2 and DES", "certtool --to-p8 --load-privkey leaf.key --password x --pkcs-cipher 3des --outfile out; cat chain.pem >>out", "x", "PEM, 2 certificates, 1 keys, complete" },
        { "PKCS#8 in DER, encrypted", "openssl pkcs8 -topk8 -in leaf.key -passout pass:x -outform DER >out", "x", "PKCS#8, 0 certificates, 1 keys, MTS0546" },
        { "PKCS#8 in DER", "openssl pkcs8 -topk8 -nocrypt -in leaf.key -outform DER >out", null, "PKCS#8, 0 certificates, 1 keys, MTS0546" },
        { "SEC 1 in DER", "openssl ec -in leaf.key -outform DER >out 2>/dev/null", null, "DER, 0 certificates, 1 keys, MTS0546" },
        { "zip", "printf 'PK\\x03\\x04\\x14\\x00' >out", null, "MTS0541" },
        { "tar", "tar cf out chain.pem", null, "MTS0541" },
        { "tar.gz", "tar czf out chain.pem", null, "MTS0541" },
        { "Java key store", "printf '\\xFE\\xED\\xFE\\xED\\x00\\x00\\x00\\x02' >out", null, "MTS0540" },
        { "PDF", "printf '%%PDF-1.4 ' >out", null, "MTS0540" },
        { "web page", "echo '<!doctype html><html>log in</html>' >out", null, "MTS0540" },
        { "dashes of a word processor", "sed 's/-----/–––––/g' leaf.pem >out", null, "MTS0540" },
        { "request", "cp leaf.csr out", null, "MTS0540" },
        { "empty", ": >out", null, "MTS0540" },
        { "two megabytes", "head -c 2000000 /dev/zero >out", null, "MTS0542" },
    };

    /// <summary>certtool derives keys for seconds in each of them, so they are tried in the long run.</summary>
    public static TheoryData<string, string, string?, string> SlowFormats => new()
    {
        { "PKCS#12 of certtool in PEM", Certtool("aes-256").Replace(" --outder", "", StringComparison.Ordinal), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, AES-128", Certtool("aes-128"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, 3DES", Certtool("3des"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, old 3DES", Certtool("3des-pkcs12"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, RC4", Certtool("arcfour"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, SHA-512", Certtool("aes-256 --hash sha512"), "x", "PKCS#12, 2 certificates, 1 keys, complete" },
        { "PKCS#12 of certtool, empty password", "certtool --to-p12 --load-certificate chain.pem --load-privkey leaf.key --p12-name mail --empty-password --password '' --outder --outfile out", null, "PKCS#12, 2 certificates, 1 keys, complete" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_vendors_file_is_read(string name, string script, string? password, string expected)
    {
        lab.Run("rm -f out; " + script);
        Assert.Equal((name, expected), (name, Result(lab.Bytes("out"), password)));
    }

    [Fact]
    public void Every_wrong_password_is_a_wrong_password_also_where_the_padding_fits_by_chance()
    {
        lab.Run("openssl pkcs12 -export -in chain.pem -inkey leaf.key -passout pass:x -nomac -iter 1 >out; openssl pkcs8 -topk8 -iter 1 -in leaf.key -passout pass:x | cat - chain.pem >pem");
        foreach (var content in new[] { lab.Bytes("out"), lab.Bytes("pem") })
        {
            Assert.All(Enumerable.Range(0, 700), guess => Assert.Equal("MTS0544", Result([.. content], $"guess {guess}")));
        }
    }

    [Fact]
    public void Further_files_of_certtool_are_read()
    {
        if (Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1")
        {
            Assert.All(SlowFormats, row => A_vendors_file_is_read(row.Data.Item1, row.Data.Item2, row.Data.Item3, row.Data.Item4));
        }
    }

    private string Result(byte[] content, string? password)
    {
        try
        {
            using var file = VendorFile.Read("out", content, password);
            var demand = new ChainDemand(["mail.mydomain.com"], ["sha256:" + VendorFile.Read("leaf", lab.Bytes("leaf.pem")).Certificates[0].Facts.PublicKeyFingerprint], [], [lab.Der("root.pem")], "a file", [], VendorLab.Now);
            var chain = new ChainChoice(demand).Choose(file.Certificates, out var diagnostics);
            var error = diagnostics.FirstOrDefault(d => d.Severity == Severity.Error)?.Code.Id;
            return $"{file.Format}, {file.Certificates.Count} certificates, {file.Keys.Count} keys, {error ?? (chain!.Intermediates.Count == 1 ? "complete" : "?")}";
        }
        catch (MailTlsException refused)
        {
            return refused.Diagnostics[0].Code.Id;
        }
    }

    private static string P12(string options) => $"openssl pkcs12 -export -in chain.pem -inkey leaf.key -passout pass:x {options} >out";

    private static string Certtool(string cipher) =>
        $"certtool --to-p12 --load-certificate chain.pem --load-privkey leaf.key --p12-name mail --password x --pkcs-cipher {cipher} --outder --outfile out";

    private static string Python(string code) => $"""
        /usr/bin/python3 - <<'END'
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization as s
        def cert(f): return x509.load_pem_x509_certificate(open(f, 'rb').read())
        def key(f): return s.load_pem_private_key(open(f, 'rb').read(), None)
        def out(b): open('out', 'wb').write(b)
        {code}
        END
        """;
}
