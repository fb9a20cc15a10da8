using System.Diagnostics;
using MailTlsState.Certificates.Import;
using Xunit;

namespace MailTlsState.Tests.Certificates.Import;

/// <summary>
/// A public CA in a temporary directory, made by openssl: <c>root.pem</c>, <c>sub.pem</c> (its intermediate), <c>leaf.key</c> and
/// <c>leaf.pem</c> for mail.mydomain.com, and <c>chain.pem</c> (leaf, then intermediate). Scripts make vendors' files of them.
/// </summary>
public sealed class VendorLab : IDisposable
{
    /// <summary>A time at which the certificates are valid.</summary>
    public static readonly DateTimeOffset Now = DateTimeOffset.UtcNow.AddHours(1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mailtls-vendor-");

    public VendorLab() => Run("""
        key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out $1.key; }
        ca() { printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nauthorityInfoAccess=caIssuers;URI:http://ca.example/%s.der\n' root; }
        server() { printf 'subjectAltName=DNS:mail.mydomain.com\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nauthorityInfoAccess=caIssuers;URI:http://ca.example/sub.der\n'; }
        ca >ca.ext; server >server.ext
        key root; openssl req -x509 -key root.key -subj '/CN=Test Root' -days 3650 -out root.pem
        key sub; openssl req -new -key sub.key -subj '/O=Test/CN=Test Sub CA' | openssl x509 -req -CA root.pem -CAkey root.key -days 1825 -set_serial 2 -extfile ca.ext -out sub.pem
        key leaf; openssl req -new -key leaf.key -subj /CN=mail.mydomain.com -out leaf.csr
        openssl x509 -req -in leaf.csr -CA sub.pem -CAkey sub.key -days 90 -set_serial 3 -extfile server.ext -out leaf.pem
        cat leaf.pem sub.pem >chain.pem
        """);

    public string this[string file] => Path.Combine(_directory.FullName, file);

    public byte[] Bytes(string file) => File.ReadAllBytes(this[file]);

    /// <summary>Runs a script in the directory; it must succeed.</summary>
    public void Run(string script)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script]) { WorkingDirectory = _directory.FullName, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{script}: {process.ExitCode}\n{output}{error.Result}");
    }

    /// <summary>The DER of a certificate in a PEM file.</summary>
    public byte[] Der(string file) => VendorFile.Read(file, Bytes(file)).Certificates[0].Der;

    public void Dispose() => _directory.Delete(recursive: true);
}
