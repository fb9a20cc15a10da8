namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>How a range of Dovecot versions reads a configuration and weighs its blocks.</summary>
public enum DovecotGrammar
{
    /// <summary>2.3: several names in a <c>local_name</c>; kinds of filter have ranks, and contradicting ones are a conflict.</summary>
    V23,

    /// <summary>2.4: one name in a <c>local_name</c>, named filters (<c>ssl_server { }</c>), groups; the filter that was opened last wins.</summary>
    V24,
}

/// <summary>What the grammars differ in.</summary>
internal static class DovecotGrammars
{
    // The settings that 2.4 moves out of "ssl_server { }" to where the block stands (src/lib-ssl-iostream/ssl-settings.c).
    private static readonly HashSet<string> OfSslServer =
    [
        "ca_file", "cert_file", "key_file", "alt_cert_file", "alt_key_file", "key_password", "dh_file", "cert_username_field", "prefer_ciphers", "require_crl", "request_client_cert",
    ];

    /// <summary>The characters that part words: 2.4 asks isspace(3).</summary>
    public static string White(this DovecotGrammar grammar) => grammar == DovecotGrammar.V23 ? " \t" : " \t\r\n\v\f";

    /// <summary>A setting's blocks and name as 2.4 understands them: <c>ssl_server { cert_file }</c> is <c>ssl_server_cert_file</c> outside.</summary>
    public static (List<DovecotHeader> Path, string Name) Normalize(List<DovecotHeader> path, string name)
    {
        if (path.Count == 0 || path[^1] is not { } inner)
        {
            return (path, name);
        }

        if (inner.Kind == "inet_listener" && name.StartsWith("inet_listener_", StringComparison.Ordinal))
        {
            return (path, name["inet_listener_".Length..]);
        }

        if (inner is not { Kind: "ssl_server", Argument: "" })
        {
            return (path, name);
        }

        return name.StartsWith("ssl_server_", StringComparison.Ordinal) ? (path[..^1], name)
            : OfSslServer.Contains(name) ? (path[..^1], "ssl_server_" + name)
            : (path, name);
    }
}
