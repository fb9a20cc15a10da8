using System.Globalization;
using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>One cell of the matrix: who issues the certificate for which kind of key, and in which files it lies.</summary>
/// <param name="Issuer">privateCa, purchased or existing.</param>
/// <param name="Key">The kind of the server's key in the manifest's words.</param>
/// <param name="Layout">bundle or split.</param>
internal sealed record IssuerCell(string Issuer, string Key, string Layout)
{
    public static IReadOnlyList<string> Kinds { get; } = ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384"];

    /// <summary>Every cell.</summary>
    public static IReadOnlyList<IssuerCell> All { get; } =
        [.. from issuer in new[] { "privateCa", "purchased", "existing" } from key in Kinds from layout in new[] { "bundle", "split" } select new IssuerCell(issuer, key, layout)];

    /// <summary>Each issuer, kind and layout at least once.</summary>
    public static IReadOnlyList<IssuerCell> Sample { get; } =
    [
        new("privateCa", "rsa-2048", "bundle"), new("purchased", "rsa-3072", "split"), new("existing", "rsa-4096", "bundle"), new("purchased", "ecdsa-p256", "bundle"), new("privateCa", "ecdsa-p384", "split"),
    ];

    private string Folder => $"/etc/pki/{Issuer}-{Key}-{Layout}";

    private string Root => Issuer == "privateCa" ? $"{Folder}/ca/ca.pem" : "/root/ca/root.pem";

    /// <summary>Brings a host to it and has other people's programs judge the files and the ports.</summary>
    /// <returns>What Go saw, a line a port.</returns>
    public async Task<string> TryAsync(MailLab lab)
    {
        await lab.WriteManifestAsync("intermediate", Manifest);
        var csr = "";
        if (Issuer == "existing")
        {
            await lab.RunAsync($"mkdir -m 700 {Folder} && cd /root/ca && {GenPkey} -out {Folder}/key.pem && openssl req -new -key {Folder}/key.pem -subj /CN=mail.mydomain.com -out cell.csr; chmod 600 {Folder}/key.pem");
            await lab.RunAsync(PublicCa.Sign("cell.csr", "cell.pem") + (Layout == "bundle" ? $"; cat {Folder}/key.pem cell.pem sub.pem >{Folder}/all.pem; rm {Folder}/key.pem; chmod 600 {Folder}/all.pem" : $"; cat cell.pem sub.pem >{Folder}/chain.pem"));
        }

        // Each has a CA of its own, and all of them one name.
        await lab.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve{(Issuer == "privateCa" ? " --accept-new-root" : "")}");
        if (Issuer == "purchased")
        {
            csr = "/root/ca/cell.csr";
            await lab.RunAsync($"mailtls csr {MailLab.Manifest} >{csr}");
            await lab.RunAsync(PublicCa.Sign("cell.csr", "cell.pem") + $"; mailtls import {MailLab.Manifest} cell.pem sub.pem --auto-approve");
        }

        if (Issuer == "privateCa")
        {
            await lab.RunAsync(JudgeAuthorityKey($"{Folder}/ca/ca.key"));
        }

        var (chain, key) = await FilesAsync(lab);
        var seen = (await lab.RunAsync($"sh /run/lab/judge.sh {Root} {chain} {key} {csr}")).Output;
        var leaf = (await lab.RunAsync($"openssl x509 -in {chain} -outform DER | sha256sum")).Output[..64];
        var lines = seen.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(7, lines.Length);
        Assert.All(lines, line => Assert.EndsWith(leaf, line, StringComparison.Ordinal));
        Assert.Contains(Key[^4..] switch { "p256" => "NIST CURVE: P-256", "p384" => "NIST CURVE: P-384", var bits => $"({bits} bit)" }, (await lab.RunAsync($"openssl x509 -in {chain} -noout -text")).Output, StringComparison.Ordinal);
        return seen;
    }

    /// <summary>The table's rows, one a server: version and suite on its first encrypted port.</summary>
    public IEnumerable<string> Rows(string seen)
    {
        foreach (var (server, port) in new[] { ("Postfix", 587), ("Dovecot", 993) })
        {
            var match = Regex.Match(seen, $"^{port} 0?(?<version>\\d+) (?<suite>\\S+) (?<leaf>\\w{{16}})", RegexOptions.Multiline);
            var version = int.Parse(match.Groups["version"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) == 0x304 ? "TLSv1.3" : "TLSv1.2";
            yield return $"| {Issuer} | {Key} | {Layout} | {server} | {version} {match.Groups["suite"].Value}, leaf {match.Groups["leaf"].Value} |";
        }
    }

    // PBES2 with AES-256 and PBKDF2, which all of them can open with the passphrase and with no other one.
    private static string JudgeAuthorityKey(string file) => $"""
        openssl pkey -in {file} -passin file:/root/mail-ca.pass -check -noout && ! openssl pkey -in {file} -passin pass:other -noout 2>/dev/null
        openssl asn1parse -in {file} | grep -q 'PBES2' && openssl asn1parse -in {file} | grep -q aes-256-cbc
        certtool --key-info --infile {file} --password "$(cat /root/mail-ca.pass)" | grep -q 'Key Security Level'
        python3 -c "from cryptography.hazmat.primitives.serialization import *; load_pem_private_key(open('{file}', 'rb').read(), open('/root/mail-ca.pass', 'rb').read().strip())"
        """;

    private string GenPkey => Key.StartsWith("rsa", StringComparison.Ordinal)
        ? $"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{Key[^4..]}"
        : $"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-{Key[^3..]}";

    private string Manifest(string text)
    {
        var (before, after) = (text[..text.IndexOf("  keys:", StringComparison.Ordinal)], text[text.IndexOf("  issuer:", StringComparison.Ordinal)..]);
        var services = text[text.IndexOf("policy:", StringComparison.Ordinal)..];
        var own = $"  keys: [{Key}]\n  directory: {Folder}\n  layout: {Layout}\n";
        const string Trust = "    trust: { file: /root/ca/root.pem }\n";
        return Issuer switch
        {
            "privateCa" => before + own + after.Replace("    lifetime:", $"    key: {Key}\n    lifetime:", StringComparison.Ordinal),
            "purchased" => before + own + "  issuer:\n    kind: purchased\n" + Trust + services,
            _ => before + "  issuer:\n    kind: existing\n" + Trust + $"    files: [{{ certificate: {Folder}/{(Layout == "bundle" ? "all.pem" : $"chain.pem, key: {Folder}/key.pem")} }}]\n" + services,
        };
    }

    private static async Task<(string Chain, string Key)> FilesAsync(MailLab lab)
    {
        var named = (await lab.RunAsync("postconf -h smtpd_tls_chain_files smtpd_tls_key_file smtpd_tls_cert_file")).Output.Split('\n');
        var files = named[0].Length > 0 ? named[0].Split([',', ' '], StringSplitOptions.RemoveEmptyEntries) : [named[1], named[2]];
        return (files[^1], files[0]);
    }
}
