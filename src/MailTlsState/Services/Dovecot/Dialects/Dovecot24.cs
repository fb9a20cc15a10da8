using MailTlsState.Certificates;
using MailTlsState.Policies;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot.Dialects;

/// <summary>2.4 renames what is the server's alone to <c>ssl_server_…</c>, takes paths without <c>&lt;</c> and refuses every name of 2.3.</summary>
internal sealed class Dovecot24 : DovecotDialect
{
    public override Version From => new(2, 4);

    public override Version Below => new(2, 5);

    public override IReadOnlyList<Version> Tested { get; } = [new(2, 4, 1), new(2, 4, 5)];

    public override DovecotGrammar Grammar => DovecotGrammar.V24;

    public override IReadOnlyList<string> Unwanted { get; } = ["ssl_server_alt_cert_file", "ssl_server_alt_key_file", "ssl_cipher_suites"];

    // Of the ssl_server_… settings 2.4.1 shows what is set in "ssl_server { }" only, and answers each name alone with its default; 2.4.5 answers the names.
    public override IReadOnlyList<string> Asked { get; } =
    [
        "protocols", "ssl", "ssl_server", "ssl_server_cert_file", "ssl_server_key_file", "ssl_server_alt_cert_file", "ssl_server_alt_key_file", "ssl_server_prefer_ciphers",
        "ssl_min_protocol", "ssl_cipher_list", "ssl_cipher_suites", "ssl_curve_list", "ssl_options", "auth_allow_cleartext",
    ];

    // From Debian 12 with its OpenSSL 3.0 to Debian 13 with 3.5.
    public override bool MayKnowHybrids => true;

    public override IReadOnlyList<ManagedSetting> Required { get; } = [new("auth_allow_cleartext", "no")];

    // inet_listener has no address of its own any more; it takes the general setting inside its block.
    public override string ListenerAddress => "listen";

    public override IReadOnlyList<string> Filter(string protocol, string name) => ["-f", $"protocol={protocol}", "-f", $"local_name={name}"];

    public override IReadOnlyList<ManagedSetting> Render(IReadOnlyList<CertificateFiles> pairs, TlsPolicy policy, bool? hybrids)
    {
        ArgumentNullException.ThrowIfNull(policy);
        List<ManagedSetting> settings =
        [
            .. Certificates(pairs, "ssl_server_", "_file", ""),
            new("ssl_min_protocol", Floor(policy)),
        ];
        if (CipherList(policy) is { } list)
        {
            settings.Add(new("ssl_cipher_list", list));
        }

        settings.Add(new("ssl_server_prefer_ciphers", policy.ServerPreference ? "server" : "client"));
        settings.AddRange(Further(policy, hybrids));
        return settings;
    }
}
