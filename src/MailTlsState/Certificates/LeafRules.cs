namespace MailTlsState.Certificates;

/// <summary>What an issuer asks of a leaf, beyond what every server's certificate needs.</summary>
public abstract class LeafRules
{
    /// <summary>The longest validity that the manifest allows, or null when the CA decides.</summary>
    public virtual TimeSpan? Longest => null;

    /// <summary>True when a root signs the leaf itself, so that nothing stands behind it in its file.</summary>
    public virtual bool SignsDirectly => true;

    /// <summary>Why the leaf's issuer is not the wanted one; each is a reason for a new leaf.</summary>
    public abstract IEnumerable<string> IssuerProblems(byte[] leaf, CertificateFacts facts);

    /// <summary>True when a leaf with these names is as wanted.</summary>
    public virtual bool AreRight(IReadOnlyList<string> found, IReadOnlyList<string> wanted) => found.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(wanted);

    /// <summary>True when a leaf that is made now would last longer.</summary>
    public virtual bool Gains(CertificateFacts facts) => true;
}
