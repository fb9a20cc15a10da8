using MailTlsState.Planning.Review;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>What <c>postconf</c> answered, by question.</summary>
/// <param name="raw">The answers as printed.</param>
public sealed class PostfixAnswers(IReadOnlyDictionary<string, string> raw)
{
    /// <summary><c>postconf -x NAME…</c>: values as smtpd sees them, defaults included.</summary>
    public const string Parameters = "postconf -x";

    /// <summary><c>postconf -n</c>: what main.cf sets.</summary>
    public const string Explicit = "postconf -n";

    /// <summary><c>postconf -M</c>: the services.</summary>
    public const string MasterServices = "postconf -M";

    /// <summary><c>postconf -Px</c>: the services' own parameters, with what they refer to put in.</summary>
    public const string MasterOverrides = "postconf -Px";

    /// <summary>What postconf said on standard error, each line once.</summary>
    public const string Warnings = "postconf warnings";

    /// <summary><c>postconf -x</c> of parameters of the sending side that refer to others; asked only where there are some.</summary>
    public const string ClientParameters = "postconf -x of the sending side";

    /// <summary><c>postconf -C user</c>: parameters with names of the administrator's own; asked only where one about TLS refers to another.</summary>
    public const string UserParameters = "postconf -C user";

    /// <summary><c>postmap -s TABLE</c>: its entries; the table follows.</summary>
    public const string TableEntries = "postmap -s ";

    private const string Level = PostfixListeners.Level;
    private const string Use = "smtpd_use_tls";
    private const string Enforce = "smtpd_enforce_tls";

    private readonly Lazy<IReadOnlyDictionary<string, string>> _explicit = new(() => PostconfOutput.ParseSettings(raw.GetValueOrDefault(Explicit, "")));
    private readonly Lazy<IReadOnlyDictionary<string, string>> _parameters = new(() => PostconfOutput.ParseSettings(raw[Parameters]));

    private readonly Lazy<IReadOnlyDictionary<(string Service, string Type, string Name), string>> _overrides = new(() => PostconfOutput.ParseOverrides(raw.GetValueOrDefault(MasterOverrides, "")));

    /// <summary>The answers as printed.</summary>
    public IReadOnlyDictionary<string, string> Raw { get; } = raw;

    /// <summary>The value that smtpd sees, white space folded; empty when it has none.</summary>
    public string Parameter(string name) => _parameters.Value.GetValueOrDefault(name) ?? Written(name) ?? "";

    /// <summary>The value that main.cf sets, as it is written there; null when it does not set the parameter.</summary>
    public string? Written(string name) => _explicit.Value.GetValueOrDefault(name);

    /// <summary>The names of what main.cf sets.</summary>
    public IEnumerable<string> WrittenNames => _explicit.Value.Keys;

    /// <summary>The value that main.cf sets, with what it refers to put in as far as that was asked for; null when it does not set the parameter.</summary>
    public string? Expanded(string name) =>
        Written(name) is not { } written ? null
        : Refers(name) ? PostconfOutput.ParseSettings(Raw.GetValueOrDefault(ClientParameters, "")).GetValueOrDefault(name) ?? Parameter(name)
        : written;

    /// <summary>True where main.cf sets a parameter to what refers to others.</summary>
    public bool Refers(string name) => Written(name)?.Contains('$', StringComparison.Ordinal) == true;

    /// <summary>A table's entries as postmap printed them, a key and its value a line with a tab between; null where it was not asked or could not.</summary>
    public string? Table(string table) => Raw.GetValueOrDefault(TableEntries + table);

    /// <summary>The level that smtpd_use_tls and smtpd_enforce_tls mean where there is none, or null.</summary>
    public string? OldSwitches => Parameter(Enforce) == "yes" ? "encrypt" : Parameter(Use) == "yes" ? "may" : null;

    /// <summary>The same for one service: an expression where a switch refers to what the service has its own value of.</summary>
    public string? OldSwitchesOf(MasterService service) => Varies(Enforce, service) || Varies(Use, service)
        ? $"${{{{{Written(Enforce)}}} == {{yes}} ? {{encrypt}} : {{${{{{{Written(Use)}}} == {{yes}} ? {{may}} : {{}}}}}}}}"
        : OldSwitches;

    /// <summary>
    /// The level of a listener that nobody named, where what main.cf's level or old switch refers to has a value of the listener's own: main.cf gets another level, so the
    /// reference moves to the listener. Else null.
    /// </summary>
    public string? MovedLevel(MasterService service) => Parameter(Level).Length > 0 || OldSwitchesOf(service) is not { } meant ? null
        : Varies(Level, service) && Written(Level) is { } written ? $"${{{{{written}}} == {{}} ? {{{meant}}} : {{{written}}}}}"
        : meant != OldSwitches ? meant
        : null;

    /// <summary>The value that a service's own <c>-o</c> gives a parameter, <c>$name</c> put in; null where it has none.</summary>
    public string? Override(MasterService service, string name)
    {
        ArgumentNullException.ThrowIfNull(service);
        var text = service.Override(name);
        return text?.Contains('$', StringComparison.Ordinal) == true ? _overrides.Value.GetValueOrDefault((service.Name, service.Type, name), text) : text;
    }

    /// <summary>True where main.cf's value of a parameter refers to one that a service has its own value of: <see cref="Parameter"/> is not what that service sees.</summary>
    public bool Varies(string name, MasterService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var seen = new HashSet<string>(StringComparer.Ordinal) { name };
        var open = new Stack<string>(seen);
        while (open.TryPop(out var next))
        {
            foreach (var other in PostconfOutput.References(Written(next) ?? ""))
            {
                if (service.Override(other) is not null)
                {
                    return true;
                }

                if (seen.Add(other))
                {
                    open.Push(other);
                }
            }
        }

        return false;
    }

    /// <summary>The files of keys and certificates that the server names, as far as they are absolute paths; of a list of them each file (<see cref="NamedPair.IsListed"/>).</summary>
    public IEnumerable<NamedPair> NamedPairs()
    {
        if (!Raw.ContainsKey(Parameters))
        {
            yield break;
        }

        var bundles = Parameter("smtpd_tls_chain_files").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        foreach (var bundle in bundles.Where(IsPath))
        {
            yield return new NamedPair(bundle, bundle) { IsListed = true };
        }

        if (bundles.Length > 0)
        {
            // With chain files Postfix ignores the others.
            yield break;
        }

        foreach (var (certificate, key) in new[] { ("smtpd_tls_cert_file", "smtpd_tls_key_file"), ("smtpd_tls_eccert_file", "smtpd_tls_eckey_file"), ("smtpd_tls_dcert_file", "smtpd_tls_dkey_file") })
        {
            var path = Parameter(certificate);
            if (IsPath(path))
            {
                yield return new NamedPair(path, IsPath(Parameter(key)) ? Parameter(key) : path);
            }
        }
    }

    private static bool IsPath(string value) => value.StartsWith('/') && !value.Contains('$', StringComparison.Ordinal);
}
