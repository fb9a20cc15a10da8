using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>Checks paths by their text alone; what lies there is observed later.</summary>
internal static class ManifestPaths
{
    private const string Suggestion = ManifestSchema.DefaultDirectory;

    // Directories that packages or other tools own. Their own subdirectories are another matter.
    private static readonly (string Path, string Owner)[] Shared =
    [
        ("/etc/ssl/private", "every daemon with a key"), ("/etc/ssl/certs", "the system's CA certificates"),
        ("/etc/ssl", "the system's TLS files"), ("/etc/pki", "the system's TLS files"), ("/etc/pki/tls", "the system's TLS files"),
        ("/etc/pki/tls/private", "every daemon with a key"), ("/etc/pki/tls/certs", "the system's CA certificates"),
        ("/etc/pki/tls/misc", "the system's TLS files"), ("/etc/pki/ca-trust", "the system's CA certificates"),
        ("/etc/pki/CA", "the system's TLS files"), ("/etc/pki/nssdb", "the system's TLS files"), ("/etc/pki/rpm-gpg", "the package manager"),
        ("/etc/ca-certificates", "the system's CA certificates"),
        ("/etc/pki/dovecot", "Dovecot's package"), ("/etc/pki/dovecot/certs", "Dovecot's package"), ("/etc/pki/dovecot/private", "Dovecot's package"),
        ("/etc/dovecot", "Dovecot"), ("/etc/dovecot/conf.d", "Dovecot"), ("/etc/dovecot/private", "Dovecot"), ("/etc/dovecot/ssl", "Dovecot"),
        ("/etc/postfix", "Postfix"), ("/etc/postfix/sasl", "Postfix"), ("/etc/systemd", "systemd"), ("/etc/ssh", "OpenSSH"),
        ("/etc/letsencrypt", "certbot"), ("/etc/letsencrypt/live", "certbot"), ("/etc/letsencrypt/archive", "certbot"),
        ("/var/lib", "all services"), ("/var/lib/dovecot", "Dovecot"), ("/var/lib/postfix", "Postfix"), ("/var/lib/mailtlsstate", "the journal of mailtls"),
        ("/var/spool", "all services"), ("/var/spool/postfix", "Postfix"), ("/var/log", "all services"), ("/var/cache", "all services"),
        ("/var/mail", "the users' mail"), ("/var/www", "the web server"),
    ];

    // Everything below these is short-lived, writable by others, or belongs to the package manager.
    private static readonly (string Path, string Owner)[] SharedTrees =
    [
        ("/tmp", "all users"), ("/var/tmp", "all users"), ("/home", "the users"), ("/run", "running services, and is lost at a restart"),
        ("/var/run", "running services, and is lost at a restart"), ("/dev", "the kernel"), ("/proc", "the kernel"), ("/sys", "the kernel"),
        ("/boot", "the boot loader"), ("/usr", "the package manager"), ("/bin", "the package manager"), ("/sbin", "the package manager"),
        ("/lib", "the package manager"), ("/lib64", "the package manager"), ("/lost+found", "the file system"),
    ];

    /// <summary>What is wrong with an absolute path in normal form, or null.</summary>
    public static Diagnostic? Judge(YamlScalar scalar)
    {
        var value = scalar.Value;
        if (!value.StartsWith('/'))
        {
            return ManifestDiagnostics.NotAbsolute(scalar.Place, scalar.Path, value);
        }

        var normal = Normalize(value);
        return normal == value ? null : ManifestDiagnostics.NotNormalized(scalar.Place, scalar.Path, value, normal);
    }

    /// <summary>What is wrong with a directory of our own, or null.</summary>
    public static Diagnostic? JudgeDirectory(YamlScalar scalar)
    {
        if (Judge(scalar) is { } problem)
        {
            return problem;
        }

        var value = scalar.Value;
        if (value.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && !"/._-+@~".Contains(c, StringComparison.Ordinal)) is not '\0' and var bad)
        {
            return ManifestDiagnostics.PathHolds(scalar.Place, scalar.Path, value, bad);
        }

        if (value.Length > 255)
        {
            return ManifestDiagnostics.OutOfRange(scalar.Place, scalar.Path, "is longer than 255 characters");
        }

        return OwnerOf(value) is { } owner
            ? ManifestDiagnostics.SharedDirectory(scalar.Place, scalar.Path, value, owner, Suggestion)
            : null;
    }

    /// <summary>Who uses <paramref name="directory"/>, or null when it may be ours.</summary>
    public static string? OwnerOf(string directory)
    {
        foreach (var (path, owner) in SharedTrees)
        {
            if (directory == path || directory.StartsWith(path + "/", StringComparison.Ordinal))
            {
                return owner;
            }
        }

        foreach (var (path, owner) in Shared)
        {
            if (directory == path)
            {
                return owner;
            }
        }

        return directory.LastIndexOf('/') == 0 ? "the whole system" : null;
    }

    private static string Normalize(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            switch (part)
            {
                case "" or ".":
                    break;
                case "..":
                    if (parts.Count > 0)
                    {
                        parts.RemoveAt(parts.Count - 1);
                    }

                    break;
                default:
                    parts.Add(part);
                    break;
            }
        }

        return "/" + string.Join('/', parts);
    }
}
