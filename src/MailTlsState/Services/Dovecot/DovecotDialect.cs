using MailTlsState.Certificates;
using MailTlsState.Policies;
using MailTlsState.Services.Dovecot.Dialects;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>How a range of Dovecot versions spells certificate, policy and endpoints. A new one is a file in Dialects and a word in <see cref="All"/>.</summary>
public abstract class DovecotDialect : IDialect
{
    /// <summary>Every dialect, oldest first; the ranges follow each other without a gap.</summary>
    public static IReadOnlyList<DovecotDialect> All { get; } = [new Dovecot2313(), new Dovecot2315(), new Dovecot24()];

    /// <inheritdoc/>
    public abstract Version From { get; }

    /// <inheritdoc/>
    public abstract Version Below { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<Version> Tested { get; }

    /// <summary>How the versions read their files.</summary>
    public abstract DovecotGrammar Grammar { get; }

    /// <summary>Names that would give another certificate or policy than the manifest's and are not set by <see cref="Render"/>, obsolete ones included.</summary>
    public abstract IReadOnlyList<string> Unwanted { get; }

    /// <summary>What planning asks doveconf for, under each filter.</summary>
    public abstract IReadOnlyList<string> Asked { get; }

    /// <summary>Settings at the top level for these files and this policy, in the order in which they are written.</summary>
    /// <param name="pairs">Where key and chain lie: one pair, or two of different algorithms.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="hybrids">Whether the OpenSSL behind it knows hybrids of a curve and ML-KEM; null where that is not known.</param>
    public abstract IReadOnlyList<ManagedSetting> Render(IReadOnlyList<CertificateFiles> pairs, TlsPolicy policy, bool? hybrids);

    /// <summary>True where the version may run on an OpenSSL that knows hybrids, so that it has to be asked.</summary>
    public virtual bool MayKnowHybrids => false;

    /// <summary>The settings that forbid logging in before TLS, as far as they go beyond <c>ssl = required</c>.</summary>
    public abstract IReadOnlyList<ManagedSetting> Required { get; }

    /// <summary>The name of a listener's addresses.</summary>
    public abstract string ListenerAddress { get; }

    /// <summary>doveconf's arguments for a client of <paramref name="protocol"/> who asks for <paramref name="name"/>.</summary>
    public abstract IReadOnlyList<string> Filter(string protocol, string name);

    /// <summary>What the versions cannot express of a policy; empty when they express all of it.</summary>
    public virtual IEnumerable<PolicyLoss> Inexpressible(TlsPolicy policy, bool? hybrids)
    {
        ArgumentNullException.ThrowIfNull(policy);
        foreach (var loss in PolicyLoss.OfGroups(policy.Groups ?? [], Groups(policy, hybrids)))
        {
            yield return loss;
        }

        if (policy.Renegotiation == true)
        {
            yield return new(false, "renegotiation is left as OpenSSL has it, which refuses it from 3.0 on");
        }
    }

    /// <summary>The cipher list of a policy, or null when it leaves the daemon's own.</summary>
    protected static string? CipherList(TlsPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Suites is { Count: > 0 } suites ? string.Join(':', suites)
            : policy.Grade is { } grade ? string.Join(':', [grade, .. policy.Excluded.Select(e => "!" + e)])
            : null;
    }

    /// <summary>The settings of the certificates, the second pair under the alternative's names.</summary>
    /// <param name="pairs">Where keys and chains lie.</param>
    /// <param name="prefix">How the settings' names begin.</param>
    /// <param name="suffix">How they end.</param>
    /// <param name="path">What stands before a path.</param>
    protected static IEnumerable<ManagedSetting> Certificates(IReadOnlyList<CertificateFiles> pairs, string prefix, string suffix, string path)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        foreach (var (pair, alternative) in pairs.Zip(["", "alt_"]))
        {
            yield return new($"{prefix}{alternative}cert{suffix}", path + pair.Chain);
            yield return new($"{prefix}{alternative}key{suffix}", path + pair.Key);
        }
    }

    /// <summary>What of a policy goes beyond floor, suites of TLS 1.2 and order: ssl_cipher_suites, ssl_curve_list and ssl_options.</summary>
    protected IEnumerable<ManagedSetting> Further(TlsPolicy policy, bool? hybrids)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (KnowsCipherSuites && policy.Tls13Suites is { } suites)
        {
            yield return new("ssl_cipher_suites", string.Join(':', suites));
        }

        if (Groups(policy, hybrids) is { Count: > 0 } groups)
        {
            yield return new("ssl_curve_list", string.Join(':', groups));
        }

        var options = (policy.SessionTickets == false ? "no_ticket " : "") + (policy.Compression == true ? "compression" : "");
        if (options.Length > 0)
        {
            yield return new("ssl_options", options.TrimEnd());
        }
    }

    /// <summary>True where the version has a setting for the suites of TLS 1.3.</summary>
    protected virtual bool KnowsCipherSuites => true;

    // One name that OpenSSL does not know makes it refuse the whole list; without one it takes its own, hybrids included.
    private IReadOnlyList<string> Groups(TlsPolicy policy, bool? hybrids) =>
        MayKnowHybrids && hybrids is null && policy.HasHybrids ? [] : GroupNames.Portable(policy.Groups ?? [], MayKnowHybrids && hybrids == true);

    /// <summary>Dovecot's name of the policy's floor.</summary>
    protected static string Floor(TlsPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Minimum == TlsVersion.Tls13 ? "TLSv1.3" : "TLSv1.2";
    }
}

/// <summary>One setting of Dovecot.</summary>
/// <param name="Name">Name.</param>
/// <param name="Value">Value as written.</param>
public sealed record ManagedSetting(string Name, string Value);
