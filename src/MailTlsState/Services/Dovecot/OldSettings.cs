using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>2.3's settings about other things than TLS that 2.4 refuses, and what takes their place (asked of doveconf 2.4.1, name by name; the replacements are those of the upgrade notes).</summary>
internal static class OldSettings
{
    private static readonly Dictionary<string, string> Replacements = new(StringComparer.Ordinal)
    {
        ["auth_default_realm"] = "use auth_default_domain",
        ["auth_policy_server_timeout_msecs"] = "use http_client_request_absolute_timeout inside auth_policy { }",
        ["auth_stats"] = "remove it; statistics are events now (metric { })",
        ["auth_worker_max_count"] = "use process_limit inside service auth-worker { }",
        ["config_cache_size"] = "remove it",
        ["default_idle_kill"] = "use default_idle_kill_interval",
        ["dict_db_config"] = "remove it",
        ["doveadm_http_rawlog_dir"] = "use http_server_rawlog_dir",
        ["imap_id_log"] = "remove it; the event imap_id_received has it",
        ["imapc_ssl_verify"] = "use ssl_client_require_valid_cert",
        ["login_access_sockets"] = "remove it",
        ["mail_attachment_dir"] = "use mail_ext_attachment_path",
        ["mail_attachment_fs"] = "use fs_driver inside mail_ext_attachment { }",
        ["mail_attachment_hash"] = "use mail_ext_attachment_hash",
        ["mail_attachment_min_size"] = "use mail_ext_attachment_min_size",
        ["mail_attribute_dict"] = "use a dict inside mail_attribute { }",
        ["mail_location"] = "use mail_driver, mail_path and mail_inbox_path",
        ["master_user_separator"] = "use auth_master_user_separator",
        ["stats_http_rawlog_dir"] = "use http_server_rawlog_dir",
    };

    private static readonly (string Prefix, string Replacement)[] Families =
    [
        ("director_", "remove it; 2.4 has no director"),
        ("old_stats_", "remove it; statistics are events now (metric { })"),
        ("replication_", "remove it; 2.4 has no replication"),
        ("replicator_", "remove it; 2.4 has no replication"),
    ];

    /// <summary>What takes a setting's place, or null when 2.4 takes it.</summary>
    public static string? Replacement(DovecotAssignment setting)
    {
        var inside = setting.Path.Count > 0 ? setting.Path[^1] : null;
        return inside?.Kind switch
        {
            "plugin" => null,
            "namespace" when setting.Name == "location" => Replacements["mail_location"],
            "inet_listener" when setting.Name == "address" => "use listen",
            "service" when setting.Name == "service_count" => "use restart_request_count",
            "service" when setting.Name == "idle_kill" => "use idle_kill_interval",
            "passdb" or "userdb" when setting.Name is "driver" or "args" && inside.Argument.Length == 0 => null,
            _ when setting.Path.Any(h => !h.IsTransparent) => null,
            _ => Replacements.GetValueOrDefault(setting.Name) ?? Families.FirstOrDefault(f => setting.Name.StartsWith(f.Prefix, StringComparison.Ordinal)).Replacement,
        };
    }

    /// <summary>What takes a block's place, or null when 2.4 takes it.</summary>
    public static string? Replacement(DovecotHeader block) => block switch
    {
        { Kind: "plugin", Argument: "" } => "move its settings to the top level under their names of 2.4",
        { Kind: "passdb" or "userdb", Argument: "" } => $"give it a name and no driver and args: {block.Kind} NAME {{ }}",
        { Kind: "local_name" } when block.Argument.Contains(' ', StringComparison.Ordinal) => "write one block for each name",
        { Kind: "inet_listener", Argument: "" } => "give it a name: inet_listener NAME { }",
        { Kind: "dict", Argument: "" } => "give it a name: dict_server { dict NAME { } }",
        _ => null,
    };
}
