using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>2.3's settings about TLS that 2.4 does not know, and what they are called now (asked of doveconf 2.4.1, name by name).</summary>
internal static class OldTlsSettings
{
    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["ssl_cert"] = "ssl_server_cert_file",
        ["ssl_key"] = "ssl_server_key_file",
        ["ssl_alt_cert"] = "ssl_server_alt_cert_file",
        ["ssl_alt_key"] = "ssl_server_alt_key_file",
        ["ssl_ca"] = "ssl_server_ca_file",
        ["ssl_dh"] = "ssl_server_dh_file",
        ["ssl_client_cert"] = "ssl_client_cert_file",
        ["ssl_client_key"] = "ssl_client_key_file",
    };

    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["ssl_cert_username_field"] = "ssl_server_cert_username_field",
        ["ssl_require_crl"] = "ssl_server_require_crl",
        ["ssl_verify_client_cert"] = "ssl_server_request_client_cert",
    };

    /// <summary>A translation.</summary>
    /// <param name="Statement">The statement for 2.4, or null when the setting goes.</param>
    /// <param name="Problem">Why there is none and what to do, or null.</param>
    public sealed record Translated(string? Statement, string? Problem = null);

    /// <summary>The translation of a setting that 2.4 does not know, or null for another one.</summary>
    public static Translated? Translation(DovecotSetting setting)
    {
        if (Files.TryGetValue(setting.Name, out var file))
        {
            return setting switch
            {
                { FilePath: { } path } => new Translated($"{file} = {path}"),
                { Value: "" } => new Translated($"{file} ="),
                _ => new Translated(null, $"write its content to a file and name that: {file} = PATH"),
            };
        }

        // The value may be a secret that was hidden from us, so the person at the keyboard moves it.
        if (setting.Name == "ssl_key_password")
        {
            return new Translated(null, "rename it to ssl_server_key_password");
        }

        if (Renamed.TryGetValue(setting.Name, out var renamed))
        {
            return new Translated($"{renamed} = {setting.Value}");
        }

        var yes = setting.Value is "yes" or "y" or "1" or "Yes" or "YES";
        return setting.Name switch
        {
            "ssl_protocols" or "ssl_dh_parameters_length" or "ssl_parameters_regenerate" => new Translated(null),
            "ssl_prefer_server_ciphers" => new Translated($"ssl_server_prefer_ciphers = {(yes ? "server" : "client")}"),
            "disable_plaintext_auth" => new Translated($"auth_allow_cleartext = {(yes ? "no" : "yes")}"),
            "verbose_ssl" => new Translated(yes ? "log_debug = category=ssl" : null),
            "ssl_options" when Options(setting.Value) is { } options => new Translated(options.Length == 0 ? null : $"ssl_options = {options}"),
            _ => null,
        };
    }

    private static string? Options(string value)
    {
        var words = value.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        return words.Contains("no_compression") ? string.Join(' ', words.Where(w => w != "no_compression")) : null;
    }
}
