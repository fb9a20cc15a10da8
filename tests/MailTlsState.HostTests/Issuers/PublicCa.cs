namespace MailTlsState.HostTests.Issuers;

/// <summary>A CA elsewhere, played by openssl in /root/ca: <c>root.pem</c>, <c>sub.pem</c> (which signs), and the extensions of its certificates in <c>server.ext</c>.</summary>
internal static class PublicCa
{
    /// <summary>Makes it.</summary>
    public const string Make = """
        mkdir /root/ca && cd /root/ca
        key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
        printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >ca.ext
        printf 'subjectAltName=DNS:mail.mydomain.com\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\nauthorityInfoAccess=caIssuers;URI:http://ca.example/sub.der\n' >server.ext
        printf '[ca]\ndefault_ca=x\n[x]\nserial=serial\ndatabase=index\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' >ca.cnf; : >index; echo 10 >serial
        key root; openssl req -x509 -key root.key -subj '/CN=Public Root' -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem
        key sub; openssl req -new -key sub.key -subj '/CN=Public Sub CA' | openssl x509 -req -CA root.pem -CAkey root.key -days 1825 -set_serial 2 -extfile ca.ext -out sub.pem
        """;

    /// <summary>Makes it one of the system's, as Debian does it.</summary>
    public const string Trust = "cp /root/ca/root.pem /usr/local/share/ca-certificates/public-root.crt && update-ca-certificates 2>/dev/null";

    /// <summary>Signs a request; the certificate began ten days ago.</summary>
    /// <param name="request">Its file, relative to /root/ca.</param>
    /// <param name="certificate">The answer's.</param>
    /// <param name="days">Lifetime in days.</param>
    /// <param name="extensions">The extensions' file.</param>
    public static string Sign(string request, string certificate, int days = 90, string extensions = "server.ext") =>
        $"cd /root/ca && openssl ca -batch -config ca.cnf -notext -startdate $(date -u -d '-10 days' +%Y%m%d%H%M%SZ) -enddate $(date -u -d '+{days - 10} days' +%Y%m%d%H%M%SZ)"
        + $" -cert sub.pem -keyfile sub.key -in {request} -extfile {extensions} -out {certificate}";
}
