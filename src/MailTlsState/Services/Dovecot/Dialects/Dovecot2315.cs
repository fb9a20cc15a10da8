using MailTlsState.Certificates;
using MailTlsState.Policies;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot.Dialects;

/// <summary>2.3.15 brought ssl_cipher_suites, the floor TLSv1.3 and the default floor TLSv1.2; it holds to the end of 2.3.</summary>
internal class Dovecot2315 : DovecotDialect
{
    public override Version From => new(2, 3, 15);

    public override Version Below => new(2, 4);

    public override IReadOnlyList<Version> Tested { get; } = [new(2, 3, 19)];

    public override DovecotGrammar Grammar => DovecotGrammar.V23;

    public override IReadOnlyList<string> Unwanted { get; } = ["ssl_alt_cert", "ssl_alt_key", "ssl_protocols", "ssl_cipher_suites"];

    public override IReadOnlyList<string> Asked { get; } = [.. AskedSince2313, "ssl_cipher_suites"];

    public override IReadOnlyList<ManagedSetting> Required { get; } = [new("disable_plaintext_auth", "yes")];

    public override string ListenerAddress => "address";

    public override IReadOnlyList<string> Filter(string protocol, string name) => ["-f", $"service={protocol}", "-f", $"lname={name}"];

    public override IReadOnlyList<ManagedSetting> Render(IReadOnlyList<CertificateFiles> pairs, TlsPolicy policy, bool? hybrids)
    {
        List<ManagedSetting> settings =
        [
            .. Certificates(pairs, "ssl_", "", "<"),
            new("ssl_min_protocol", Minimum(policy)),
        ];
        if (Ciphers(policy) is { } list)
        {
            settings.Add(new("ssl_cipher_list", list));
        }

        settings.Add(new("ssl_prefer_server_ciphers", policy.ServerPreference ? "yes" : "no"));
        settings.AddRange(Further(policy, hybrids));
        return settings;
    }

    /// <summary>What doveconf knows in every version since 2.3.13.</summary>
    protected static IReadOnlyList<string> AskedSince2313 { get; } =
    [
        "protocols", "ssl", "ssl_cert", "ssl_key", "ssl_alt_cert", "ssl_alt_key", "ssl_min_protocol", "ssl_cipher_list", "ssl_prefer_server_ciphers", "ssl_curve_list", "ssl_options",
        "disable_plaintext_auth",
    ];

    /// <summary>The floor as the version can say it.</summary>
    protected virtual string Minimum(TlsPolicy policy) => Floor(policy);

    /// <summary>The cipher list as the version needs it.</summary>
    protected virtual string? Ciphers(TlsPolicy policy) => CipherList(policy);
}
