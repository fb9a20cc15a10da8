using MailTlsState.Certificates;
using MailTlsState.Policies;

namespace MailTlsState.Services.Dovecot;

/// <summary>How a range of Dovecot versions spells a policy.</summary>
/// <param name="From">First version.</param>
/// <param name="Below">First version that is not in the range.</param>
/// <param name="Tested">Versions that our tests run.</param>
public sealed record DovecotDialect(Version From, Version Below, IReadOnlyList<Version> Tested) : IDialect
{
    /// <summary>2.3.15 brought ssl_cipher_suites and the default floor TLSv1.2; 2.4 renames nearly everything.</summary>
    public static DovecotDialect Dovecot23 { get; } = new(new Version(2, 3, 15), new Version(2, 4), [new Version(2, 3, 19)]);

    /// <summary>Every dialect, oldest first.</summary>
    public static IReadOnlyList<DovecotDialect> All { get; } = [Dovecot23];

    /// <summary>Settings at the top level for these files and this policy, in the order in which they are written.</summary>
    public IReadOnlyList<ManagedSetting> Render(CertificateFiles files, TlsPolicy policy, bool required)
    {
        var settings = new List<ManagedSetting>
        {
            new("ssl", required ? "required" : "yes"),
            new("ssl_cert", "<" + files.Chain),
            new("ssl_key", "<" + files.Key),
            new("ssl_min_protocol", policy.Minimum == TlsVersion.Tls13 ? "TLSv1.3" : "TLSv1.2"),
        };
        if (policy.Suites is { Count: > 0 } suites)
        {
            settings.Add(new("ssl_cipher_list", string.Join(':', suites)));
        }
        else if (policy.Grade is { } grade)
        {
            settings.Add(new("ssl_cipher_list", string.Join(':', [grade, .. policy.Excluded.Select(e => "!" + e)])));
        }

        settings.Add(new("ssl_prefer_server_ciphers", policy.ServerPreference ? "yes" : "no"));
        if (required)
        {
            settings.Add(new("disable_plaintext_auth", "yes"));
        }

        return settings;
    }

    /// <summary>What planning asks doveconf for, under each filter.</summary>
    public static IReadOnlyList<string> Asked { get; } =
    [
        "protocols", "ssl", "ssl_cert", "ssl_key", "ssl_alt_cert", "ssl_min_protocol", "ssl_cipher_list", "ssl_prefer_server_ciphers", "disable_plaintext_auth",
    ];

    /// <summary>Names that decide about certificate and policy, obsolete ones included.</summary>
    public static IReadOnlyList<string> Managed { get; } =
    [
        "protocols", "ssl", "ssl_cert", "ssl_key", "ssl_alt_cert", "ssl_alt_key", "ssl_min_protocol", "ssl_protocols", "ssl_cipher_list", "ssl_cipher_suites",
        "ssl_prefer_server_ciphers", "disable_plaintext_auth",
    ];
}

/// <summary>One setting of Dovecot.</summary>
/// <param name="Name">Name.</param>
/// <param name="Value">Value as written.</param>
public sealed record ManagedSetting(string Name, string Value);
