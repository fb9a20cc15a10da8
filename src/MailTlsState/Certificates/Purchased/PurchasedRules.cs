namespace MailTlsState.Certificates.Purchased;

/// <summary>What is asked of a leaf that a CA elsewhere signed: who that is and how long it lasts is its affair.</summary>
internal sealed class PurchasedRules : LeafRules
{
    public override bool SignsDirectly => false;

    public override IEnumerable<string> IssuerProblems(byte[] leaf, CertificateFacts facts) => [];
}
