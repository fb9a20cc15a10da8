using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>What a reason demands.</summary>
public enum CertificateNeed
{
    /// <summary>Key and leaf are good; only their file is to be written anew.</summary>
    Rewrite,

    /// <summary>A new leaf.</summary>
    NewLeaf,

    /// <summary>A new key, and so a new leaf.</summary>
    NewKey,
}

/// <summary>One way in which what lies on disk is not what the manifest wants.</summary>
/// <param name="Need">What it demands.</param>
/// <param name="Text">The reason as the plan shows it: lower case, no full stop.</param>
public sealed record CertificateReason(CertificateNeed Need, string Text)
{
    /// <summary>True when clients accept the certificate as it is, so that it may wait until one can be signed.</summary>
    public bool CanWait { get; init; }
}

/// <summary>What lies on disk for one certificate of the manifest, judged.</summary>
/// <param name="Reasons">Why something is to be done, what demands most first; empty when nothing is.</param>
/// <param name="RotatesKey">True when the leaf is renewed in its time and the manifest wants a new key with each renewal.</param>
/// <param name="Leaf">The leaf that was found, or null.</param>
/// <param name="LeafDer">The leaf's bytes, or null.</param>
/// <param name="PublicKeyDigest"><c>sha256:</c> and hex of the public half of the key that was found, or null.</param>
/// <param name="RenewalTime">When the leaf's renewal is due, or null without a leaf.</param>
public sealed record CertificateState(
    IReadOnlyList<CertificateReason> Reasons,
    bool RotatesKey,
    CertificateFacts? Leaf,
    byte[]? LeafDer,
    string? PublicKeyDigest,
    DateTimeOffset? RenewalTime)
{
    /// <summary>True when nothing is to be done.</summary>
    public bool IsCurrent => Reasons.Count == 0;

    /// <summary>True when the key on disk is of the wanted kind and can be used.</summary>
    public bool KeyUsable => Reasons.All(r => r.Need < CertificateNeed.NewKey);

    /// <summary>True when leaf and key on disk are as wanted, whatever the form of their files.</summary>
    public bool LeafUsable => Reasons.All(r => r.Need < CertificateNeed.NewLeaf);

    /// <summary>True when apply makes a new key.</summary>
    public bool CreateKey => !KeyUsable || RotatesKey;

    /// <summary>True when apply signs a new leaf.</summary>
    public bool CreateLeaf => !LeafUsable;

    /// <summary>The same where nothing can be signed: a leaf that clients accept as it is stays until something can be.</summary>
    public CertificateState Deferred => Reasons.Any(r => r.Need >= CertificateNeed.NewLeaf && !r.CanWait)
        ? this
        : this with { Reasons = [.. Reasons.Where(r => !r.CanWait)], RotatesKey = false };

    /// <summary>When a leaf's renewal is due.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="renewBefore">
    /// Remaining lifetime at which it is due; null, or one that the whole lifetime does not exceed (it would be due at once, for ever), means a third of the lifetime.
    /// </param>
    public static DateTimeOffset RenewalDue(CertificateFacts leaf, TimeSpan? renewBefore) => leaf.NotAfter - RemainingAtRenewal(leaf, renewBefore);

    /// <summary>Judges the files of one certificate that MailTlsState keeps.</summary>
    /// <param name="desired">What the manifest wants.</param>
    /// <param name="kind">Which of its key kinds these files are for.</param>
    /// <param name="chain">The file with leaf and chain.</param>
    /// <param name="key">The file with the key; the same path (or null) in the bundle layout.</param>
    /// <param name="rules">What its issuer asks.</param>
    /// <param name="now">The host's time.</param>
    public static CertificateState Examine(
        CertificateManifest desired,
        KeyKind kind,
        Hosts.FileObservation chain,
        Hosts.FileObservation? key,
        LeafRules rules,
        DateTimeOffset now) => new CertificateExamination(desired, kind, rules, now).Examine(chain, key?.Path == chain.Path ? null : key);

    internal static TimeSpan RemainingAtRenewal(CertificateFacts leaf, TimeSpan? renewBefore)
    {
        var lifetime = leaf.NotAfter - leaf.NotBefore;
        return renewBefore is { } wanted && wanted < lifetime ? wanted : lifetime / 3;
    }
}
