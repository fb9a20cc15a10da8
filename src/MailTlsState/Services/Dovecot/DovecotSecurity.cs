using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>
/// The settings of <c>ssl</c> and what goes with them. Dovecot has them for a protocol, not for a port: where all protocols agree they
/// stand at the top level, else each protocol that the manifest names has a block of its own and the others keep what they have.
/// </summary>
/// <param name="Everywhere">For the top level; empty where the protocols differ.</param>
/// <param name="ByProtocol">For each protocol's block.</param>
internal sealed record DovecotSecurity(IReadOnlyList<ManagedSetting> Everywhere, IReadOnlyDictionary<string, IReadOnlyList<ManagedSetting>> ByProtocol)
{
    private const string Ssl = "ssl";
    private const string IsRequired = "required";

    /// <summary>The settings, from the manifest's endpoints, the protocols that Dovecot serves, and the configuration as it is.</summary>
    public static DovecotSecurity Of(DovecotDialect dialect, IReadOnlyList<EndpointManifest> endpoints, IReadOnlyList<string> served, DovecotTree now)
    {
        var named = endpoints.Where(e => e.Security != EndpointSecurity.Disabled).Select(e => DovecotAnswers.Protocol(e.Kind)).Distinct().ToList();
        string Now(string protocol) => now.Effective(Ssl, new DovecotConnection(Protocol: protocol))?.Value ?? "yes";

        // An endpoint that the manifest does not name keeps its security; "no" would take TLS from the one that it names.
        string Wanted(string protocol) => endpoints.FirstOrDefault(e => !e.Kind.IsImplicit() && DovecotAnswers.Protocol(e.Kind) == protocol)?.Security switch
        {
            EndpointSecurity.Required => IsRequired,
            EndpointSecurity.Opportunistic => "yes",
            _ => Now(protocol) == IsRequired ? IsRequired : "yes",
        };

        var wanted = named.ToDictionary(p => p, Wanted);
        var others = served.Where(p => HasLogin(p) && !named.Contains(p)).Select(Now);
        if (wanted.Values.Concat(others).Distinct().Count() <= 1)
        {
            return new DovecotSecurity(Settings(dialect, wanted.Values.FirstOrDefault() ?? "yes"), new Dictionary<string, IReadOnlyList<ManagedSetting>>());
        }

        return new DovecotSecurity([], wanted.ToDictionary(w => w.Key, w => Settings(dialect, w.Value)));
    }

    /// <summary>What holds for a protocol.</summary>
    public IReadOnlyList<ManagedSetting> For(string protocol) => Everywhere.Count > 0 ? Everywhere : ByProtocol.GetValueOrDefault(protocol) ?? [];

    private static IReadOnlyList<ManagedSetting> Settings(DovecotDialect dialect, string ssl) =>
        [new(Ssl, ssl), .. ssl == IsRequired ? dialect.Required : []];

    // lmtp and doveadm are no clients' protocols: their listeners have ssl of their own.
    private static bool HasLogin(string protocol) => protocol is "imap" or "pop3" or "submission" or "sieve";
}
