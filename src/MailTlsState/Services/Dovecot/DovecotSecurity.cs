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
    private const string Yes = "yes";
    private const string No = "no";
    private const string IsRequired = "required";

    /// <summary>The settings.</summary>
    /// <param name="dialect">How they are spelled.</param>
    /// <param name="endpoints">What the manifest names.</param>
    /// <param name="served">The protocols that Dovecot serves.</param>
    /// <param name="now">The configuration as it is.</param>
    /// <param name="others">The configuration without our own file.</param>
    /// <param name="own">Absolute path of our own file.</param>
    public static DovecotSecurity Of(DovecotDialect dialect, IReadOnlyList<EndpointManifest> endpoints, IReadOnlyList<string> served, DovecotTree now, DovecotTree others, string own)
    {
        var named = endpoints.Where(e => e.Security != EndpointSecurity.Disabled).Select(e => DovecotAnswers.Protocol(e.Kind)).Distinct().ToList();
        var unnamed = served.Where(p => HasLogin(p) && !named.Contains(p)).ToList();
        string Now(string protocol) => now.Effective(Ssl, new DovecotConnection(Protocol: protocol))?.Value ?? Yes;

        // An endpoint that the manifest does not name keeps its security; "no" would take TLS from the one that it names.
        string Wanted(string protocol) => endpoints.FirstOrDefault(e => !e.Kind.IsImplicit() && DovecotAnswers.Protocol(e.Kind) == protocol)?.Security switch
        {
            EndpointSecurity.Required => IsRequired,
            EndpointSecurity.Opportunistic => Yes,
            _ => Now(protocol) == IsRequired ? IsRequired : Yes,
        };

        var wanted = named.ToDictionary(p => p, Wanted);
        if (wanted.Values.Concat(unnamed.Select(Now)).Distinct().Count() <= 1)
        {
            return new DovecotSecurity(Settings(dialect, wanted.Values.FirstOrDefault() ?? Yes), new Dictionary<string, IReadOnlyList<ManagedSetting>>());
        }

        // Where the top level says "no", no port for TLS from the first byte is opened, whatever a block says. So it goes, those who have it
        // from there get it in a block, and our own line stays, since a later file's line that said "no" is gone by the next time.
        var off = others.Effective(Ssl)?.Value == No || (now.Effective(Ssl) is { Value: Yes } mine && mine.File == own);
        // A protocol that had its value from a former state of our file would lose it as well.
        foreach (var protocol in unnamed.Where(p => off || Now(p) != (others.Effective(Ssl, new DovecotConnection(Protocol: p))?.Value ?? Yes)))
        {
            wanted[protocol] = Now(protocol);
        }

        return new DovecotSecurity(off ? [new(Ssl, Yes)] : [], wanted.ToDictionary(w => w.Key, w => Settings(dialect, w.Value)));
    }

    /// <summary>What holds for a protocol.</summary>
    public IReadOnlyList<ManagedSetting> For(string protocol) => ByProtocol.GetValueOrDefault(protocol) ?? Everywhere;

    private static IReadOnlyList<ManagedSetting> Settings(DovecotDialect dialect, string ssl) =>
        [new(Ssl, ssl), .. ssl == IsRequired ? dialect.Required : []];

    // lmtp and doveadm are no clients' protocols: their listeners have ssl of their own.
    private static bool HasLogin(string protocol) => protocol is "imap" or "pop3" or "submission" or "sieve";
}
