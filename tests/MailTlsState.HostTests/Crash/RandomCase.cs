using System.Globalization;

namespace MailTlsState.HostTests.Crash;

/// <summary>What the manifest of a case says.</summary>
internal sealed record CaseManifest(string Key, string Layout, string Policy, string Names, IReadOnlyList<string> Left)
{
    private static readonly string[] Keys = ["rsa-2048", "ecdsa-p256", "ecdsa-p384"];
    private static readonly string[] Optional = ["submission", "submissions", "imap", "pop3", "pop3s"];

    public static CaseManifest Of(Random random) => new(
        Pick(random, Keys),
        Pick(random, "bundle", "split"),
        Pick(random, "article", "intermediate", "modern"),
        Pick(random, "mail.mydomain.com", "mail.mydomain.com, imap.mydomain.com"),
        [.. Optional.Where(_ => random.Next(4) == 0)]);

    /// <summary>The article's manifest with these values; the endpoints that are left out are not named.</summary>
    public string Edit(string article)
    {
        var text = article.Replace("rsa-2048", Key, StringComparison.Ordinal)
            .Replace("layout: bundle", "layout: " + Layout, StringComparison.Ordinal)
            .Replace("base: article", "base: " + Policy, StringComparison.Ordinal)
            .Replace("names: [mail.mydomain.com]", $"names: [{Names}]", StringComparison.Ordinal);
        return string.Join('\n', text.Split('\n').Where(line => !Left.Any(e => line.TrimStart().StartsWith(e + ": {", StringComparison.Ordinal))));
    }

    public override string ToString() => $"{Key} {Layout} {Policy} [{Names}]{(Left.Count == 0 ? "" : " without " + string.Join(' ', Left))}";

    private static T Pick<T>(Random random, params T[] values) => values[random.Next(values.Length)];
}

/// <summary>One case of the random sweep, made from its seed alone.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Manifest">What is wanted.</param>
/// <param name="Former">What was applied before, or null for none.</param>
/// <param name="Drifts">What an administrator did to the host, by name.</param>
/// <param name="Fault">What goes wrong: empty, or "kill CALL N", "errno CALL ERROR N" or "reload" (it does nothing).</param>
internal sealed record RandomCase(int Seed, CaseManifest Manifest, CaseManifest? Former, IReadOnlyList<string> Drifts, string Fault)
{
    private const string Bundle = "/etc/pki/mailtls/mail.mydomain.com";

    /// <summary>What administrators do, as shell commands; each works on a stock and on an applied host.</summary>
    public static IReadOnlyDictionary<string, string> AllDrifts { get; } = new Dictionary<string, string>
    {
        ["foreign directory"] = "[ -d /etc/pki ] || mkdir -m 711 /etc/pki",
        ["foreign file"] = "mkdir -p /etc/pki; echo mine >/etc/pki/other.pem; chmod 640 /etc/pki/other.pem",
        ["by hand"] = "openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/ssl/private/hand.key -out /etc/ssl/certs/hand.pem -days 9 -subj /CN=mail.mydomain.com 2>/dev/null; chmod 600 /etc/ssl/private/hand.key; postconf -e smtpd_tls_cert_file=/etc/ssl/certs/hand.pem smtpd_tls_key_file=/etc/ssl/private/hand.key smtpd_tls_security_level=may",
        ["removed chain"] = $"rm -f {Bundle}.pem",
        ["open mode"] = $"[ ! -e {Bundle}.pem ] || chmod 644 {Bundle}.pem",
        ["empty chain"] = $"[ ! -e {Bundle}.pem ] || : >{Bundle}.pem",
        ["duplicate"] = "printf 'smtpd_tls_protocols = >=TLSv1\\n' >>/etc/postfix/main.cf",
        ["unmanaged settings"] = "printf '# a comment of mine\\nmessage_size_limit = 12345678\\n\\n  # indented\\nmailbox_size_limit=0 \\n' >>/etc/postfix/main.cf; printf '\\n# mine, too\\nmail_max_userip_connections = 17\\n' >>/etc/dovecot/dovecot.conf",
        ["old floor in master.cf"] = "postconf -P smtp/inet/smtpd_tls_mandatory_protocols='>=TLSv1'",
        ["local_name"] = "printf 'local_name mail.mydomain.com {\\n  ssl_cert = </etc/ssl/certs/ssl-cert-snakeoil.pem\\n  ssl_key = </etc/ssl/private/ssl-cert-snakeoil.key\\n}\\n' >>/etc/dovecot/dovecot.conf",
        ["dovecot down"] = "if pgrep -x dovecot >/dev/null; then doveadm stop; while pgrep -x dovecot >/dev/null; do sleep 0.05; done; fi",
    };

    /// <summary>
    /// True when daemons may serve what their files no longer give: an administrator changed these without a reload. Who is told of the apply reads them, and nothing brings
    /// back what was served.
    /// </summary>
    public bool ServesFromMemory => Drifts.Contains("by hand") || (Former is not null && Drifts.Intersect(["removed chain", "empty chain", "local_name"]).Any());

    public static RandomCase Of(int seed)
    {
        var random = new Random(seed);
        var manifest = CaseManifest.Of(random);
        var former = random.Next(2) == 0 ? CaseManifest.Of(random) : null;
        var drifts = AllDrifts.Keys.Where(_ => random.Next(4) == 0).ToList();
        var call = new[] { "fsync", "renameat", "linkat", "fchown", "unlinkat" }[random.Next(5)];
        var number = random.Next(1, call == "fsync" ? 24 : 9).ToString(CultureInfo.InvariantCulture);
        var fault = random.Next(5) switch
        {
            0 or 1 => $"kill {call} {number}",
            2 => $"errno {call} {new[] { "EIO", "ENOSPC", "EDQUOT", "EACCES", "EROFS" }[random.Next(5)]} {number}",
            3 => "reload",
            _ => "",
        };
        return new RandomCase(seed, manifest, former, drifts, fault);
    }

    /// <summary>The same with one part less each, what tells most first.</summary>
    public IEnumerable<RandomCase> Smaller()
    {
        if (Former is not null)
        {
            yield return this with { Former = null };
        }

        foreach (var drift in Drifts)
        {
            yield return this with { Drifts = [.. Drifts.Where(d => d != drift)] };
        }

        if (Fault.Length > 0)
        {
            yield return this with { Fault = "" };
        }

        if (Manifest.Left.Count > 0)
        {
            yield return this with { Manifest = Manifest with { Left = [] } };
        }

        if (Manifest.Policy != "article")
        {
            yield return this with { Manifest = Manifest with { Policy = "article" } };
        }
    }

    public override string ToString() =>
        $"seed {Seed}: {(Former is null ? "stock" : $"applied ({Former})")}{string.Concat(Drifts.Select(d => " + " + d))} → {Manifest}; fault: {(Fault.Length == 0 ? "none" : Fault)}";
}
