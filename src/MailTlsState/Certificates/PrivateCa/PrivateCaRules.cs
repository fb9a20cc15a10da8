using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>What a private CA asks of its leaves.</summary>
/// <param name="ca">The manifest's.</param>
/// <param name="root">What lies on disk.</param>
/// <param name="now">The host's time.</param>
/// <param name="makesRoot">True when another root is made.</param>
internal sealed class PrivateCaRules(PrivateCaManifest ca, PrivateCaState root, DateTimeOffset now, bool makesRoot) : LeafRules
{
    public override TimeSpan? Longest => ca.LeafLifetime;

    public override IEnumerable<string> IssuerProblems(byte[] leaf, CertificateFacts facts)
    {
        if (makesRoot)
        {
            yield return "a new root CA is made";
        }
        else if (root.Facts is { } authority && ProblemWith(authority, leaf, facts) is { } problem)
        {
            yield return problem;
        }

        // Another one costs no more than a signature, and some clients want it.
        if (LeafProfile.LacksPurpose(leaf))
        {
            yield return "the certificate has no extended key usage";
        }
    }

    // A leaf that is cut at the root's end gains nothing from a renewal: it would be renewed by every apply until that day.
    public override bool Gains(CertificateFacts facts) => PrivateCaIssuer.EndOfNewLeaf(ca.LeafLifetime, makesRoot ? null : root.Facts?.NotAfter, now) > facts.NotAfter;

    private string? ProblemWith(CertificateFacts authority, byte[] leaf, CertificateFacts facts)
    {
        if (facts.Fingerprint == authority.Fingerprint)
        {
            return "the root certificate stands in the server certificate's place";
        }

        if (!LeafProfile.IsSignedBy(leaf, root.Certificate!))
        {
            return facts.Issuer == authority.Subject
                ? $"the certificate was not signed by the key of the root CA {authority.Subject}"
                : $"the issuer is {Shown(facts.Issuer)}, the manifest's root CA is {authority.Subject}";
        }

        return facts.NotAfter > authority.NotAfter ? $"the certificate outlives its CA, which ends on {CertificateDiagnostics.Day(authority.NotAfter)}" : null;
    }

    private static string Shown(string name) => name.Length == 0 ? "without a name" : name;
}
