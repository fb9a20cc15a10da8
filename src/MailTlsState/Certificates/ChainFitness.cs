using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Pkix;

namespace MailTlsState.Certificates;

/// <summary>What clients ask of every CA in a chain, the root included.</summary>
internal static class ChainFitness
{
    /// <summary>OpenSSL's security level 2, which Debian has as its default, wants 112 bits (SSL_CTX_set_security_level(3)).</summary>
    public const int LeastRsaBits = 2048;

    /// <summary>True for an RSA key that is too short.</summary>
    public static bool IsShort(CertificateFacts facts) =>
        facts.Key.StartsWith("rsa-", StringComparison.Ordinal) && int.TryParse(facts.Key.AsSpan(4), out var bits) && bits < LeastRsaBits;

    /// <summary>True for a certificate that is its own issuer, by name and key identifier, as OpenSSL tells a trust anchor (X509_check_issued).</summary>
    public static bool IsRoot(CertificateFacts facts) =>
        facts.IsSelfIssued && (facts.AuthorityKeyId is null || facts.SubjectKeyId is null || facts.AuthorityKeyId == facts.SubjectKeyId);

    /// <summary>The first of the names that the constraints do not allow, or null (RFC 5280 section 4.2.1.10).</summary>
    public static string? Forbidden(NameConstraints constraints, IEnumerable<GeneralName> names)
    {
        var validator = new PkixNameConstraintValidator();
        try
        {
            Read(constraints, validator);
        }
        catch (Exception e) when (ChainLink.IsUnreadable(e))
        {
            // Of what cannot be understood a client may allow nothing (RFC 5280 section 6.1.4 (g)).
            return "what they say cannot be read, so that any name";
        }

        foreach (var name in names)
        {
            try
            {
                validator.CheckPermittedName(name);
                validator.CheckExcludedName(name);
            }
            catch (Exception e) when (e is PkixNameConstraintValidatorException || ChainLink.IsUnreadable(e))
            {
                return name.Name.ToString();
            }
        }

        return null;
    }

    private static void Read(NameConstraints constraints, PkixNameConstraintValidator validator)
    {
        if (constraints.PermittedSubtreesValue is { } permitted)
        {
            validator.IntersectPermittedSubtree(Asn1Sequence.GetInstance(permitted.ToAsn1Object()));
        }

        foreach (var excluded in constraints.ExcludedSubtreesValue is { } subtrees ? Asn1Sequence.GetInstance(subtrees.ToAsn1Object()) : DerSequence.Empty)
        {
            validator.AddExcludedSubtree(GeneralSubtree.GetInstance(excluded));
        }
    }
}
