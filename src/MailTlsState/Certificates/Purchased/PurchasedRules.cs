using MailTlsState.Certificates.Import;

namespace MailTlsState.Certificates.Purchased;

/// <summary>What is asked of a leaf that a CA elsewhere signed: a chain to a root that clients trust; how long it lasts is the CA's affair.</summary>
/// <param name="anchors">The roots, or null where they are not known.</param>
/// <param name="chain">The certificates in the leaf's file, DER.</param>
/// <param name="now">The time of judgement.</param>
internal sealed class PurchasedRules(IReadOnlyList<byte[]>? anchors, IReadOnlyList<byte[]> chain, DateTimeOffset now) : LeafRules
{
    public override bool SignsDirectly => false;

    public override IEnumerable<string> IssuerProblems(byte[] leaf, CertificateFacts facts)
    {
        if (anchors is null || ChainPath.Find(ChainLink.Read(leaf, 0), ChainLink.ReadAll(chain), ChainLink.ReadAll(TrustAnchors.Candidates(anchors, chain), -1), now).Trusted)
        {
            return [];
        }

        return [$"its file has no chain to a root that clients trust (the issuer is {facts.Issuer})"];
    }

    /// <inheritdoc/>
    public override bool AreRight(IReadOnlyList<string> found, IReadOnlyList<string> wanted) => ChainChoice.Lacking(found, wanted).Count == 0;
}
