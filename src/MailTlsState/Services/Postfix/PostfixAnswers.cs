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

    /// <summary><c>postconf -P</c>: the services' own parameters.</summary>
    public const string MasterOverrides = "postconf -P";

    /// <summary>What postconf said on standard error, each line once.</summary>
    public const string Warnings = "postconf warnings";

    private readonly Lazy<IReadOnlyDictionary<string, string>> _explicit = new(() => PostconfOutput.ParseSettings(raw.GetValueOrDefault(Explicit, "")));
    private readonly Lazy<IReadOnlyDictionary<string, string>> _parameters = new(() => PostconfOutput.ParseSettings(raw[Parameters]));

    /// <summary>The answers as printed.</summary>
    public IReadOnlyDictionary<string, string> Raw { get; } = raw;

    /// <summary>The value that smtpd sees, white space folded; empty when it has none.</summary>
    public string Parameter(string name) => _parameters.Value.GetValueOrDefault(name) ?? Written(name) ?? "";

    /// <summary>The value that main.cf sets, as it is written there; null when it does not set the parameter.</summary>
    public string? Written(string name) => _explicit.Value.GetValueOrDefault(name);
}
