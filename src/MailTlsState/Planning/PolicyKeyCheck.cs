using System.Globalization;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Policies;

namespace MailTlsState.Planning;

/// <summary>Compares the keys that the manifest asks for, and what the CA's key signs with, with what its policy allows.</summary>
internal static class PolicyKeyCheck
{
    /// <summary>One warning for each that the policy does not allow.</summary>
    public static IEnumerable<Diagnostic> Judge(Manifest manifest, TlsPolicy policy)
    {
        for (var i = 0; i < manifest.Certificate.Keys.Count; i++)
        {
            var kind = manifest.Certificate.Keys[i];
            if (Problem(kind, policy) is { } problem)
            {
                yield return PlanDiagnostics.KeyBelowPolicy(manifest.Source.Locate($"/certificate/keys/{i}"), Vocabularies.KeyKinds.WordOf(kind), policy.Name, problem, Allowed(policy));
            }
        }

        if (manifest.Certificate.Issuer is PrivateCaManifest ca && policy.SignatureHashes is { } hashes && !hashes.Contains(KeyKinds.SignatureHash(ca.Key)))
        {
            var better = KeyKinds.All.Where(k => hashes.Contains(KeyKinds.SignatureHash(k))).Select(KeyKinds.Text).ToList();
            yield return PlanDiagnostics.SignatureBelowPolicy(
                manifest.Source.Locate("/certificate/issuer/key"), KeyKinds.Text(ca.Key), KeyKinds.SignatureHash(ca.Key), policy.Name, string.Join(", ", hashes), string.Join(", ", better));
        }
    }

    /// <summary>What a policy says against a key (<c>rsa-1024</c>), or null when it allows it.</summary>
    public static string? Problem(CertificateFacts certificate, TlsPolicy policy) => KeyKinds.Parse(certificate.Key) is { } kind ? Problem(kind, policy)
        : certificate.Family == KeyFamily.Rsa && int.TryParse(certificate.Key.AsSpan("rsa-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var bits) ? Problem(("rsa", bits, null), policy)
        : Problem((certificate.Key.Split('-')[0], 0, certificate.Key == "ecdsa-p521" ? "secp521r1" : certificate.Key), policy);

    private static string? Problem(KeyKind kind, TlsPolicy policy) => Problem(Facts(kind), policy);

    private static string? Problem((string Type, int Bits, string? Curve) key, TlsPolicy policy)
    {
        var (type, bits, curve) = key;
        if (policy.KeyTypes is { } types && !types.Contains(type))
        {
            return $"allows {string.Join(" and ", types)} only";
        }

        if (type == "rsa")
        {
            return policy.MinimumRsaBits is { } minimum && bits < minimum ? $"wants RSA keys of {minimum} bits or more" : null;
        }

        return policy.Curves is { } curves && !curves.Contains(curve!) ? $"allows the curves {string.Join(", ", curves)}" : null;
    }

    private static string Allowed(TlsPolicy policy) =>
        string.Join(", ", Vocabularies.KeyKinds.Entries.Where(e => Problem(e.Value, policy) is null).Select(e => e.Word));

    private static (string Type, int Bits, string? Curve) Facts(KeyKind kind) => kind switch
    {
        KeyKind.Rsa2048 => ("rsa", 2048, null),
        KeyKind.Rsa3072 => ("rsa", 3072, null),
        KeyKind.Rsa4096 => ("rsa", 4096, null),
        KeyKind.EcdsaP256 => ("ecdsa", 256, "prime256v1"),
        KeyKind.EcdsaP384 => ("ecdsa", 384, "secp384r1"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
