using System.Diagnostics.CodeAnalysis;

namespace MailTlsState.Manifests;

/// <summary>One word of the manifest and what it stands for.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
/// <param name="Word">As written in YAML.</param>
/// <param name="Value">The value.</param>
/// <param name="Meaning">One line for completion and help.</param>
public sealed record VocabularyEntry<T>(string Word, T Value, string Meaning)
    where T : struct, Enum;

/// <summary>The words that the manifest has for the values of one enumeration: the schema, the reader and every output use the same.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
public sealed class Vocabulary<T>
    where T : struct, Enum
{
    internal Vocabulary(params VocabularyEntry<T>[] entries) => Entries = entries;

    /// <summary>All entries in the order in which help lists them.</summary>
    public IReadOnlyList<VocabularyEntry<T>> Entries { get; }

    /// <summary>All words in the same order.</summary>
    public IEnumerable<string> Words => Entries.Select(entry => entry.Word);

    /// <summary>The word for <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No word stands for it.</exception>
    public string WordOf(T value)
    {
        foreach (var entry in Entries)
        {
            if (EqualityComparer<T>.Default.Equals(entry.Value, value))
            {
                return entry.Word;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(value), value, "no word of the manifest stands for this value");
    }

    /// <summary>The value of <paramref name="word"/>; words are case-sensitive, as in the schema.</summary>
    public bool TryParse([NotNullWhen(true)] string? word, out T value)
    {
        foreach (var entry in Entries)
        {
            if (string.Equals(entry.Word, word, StringComparison.Ordinal))
            {
                value = entry.Value;
                return true;
            }
        }

        value = default;
        return false;
    }
}

/// <summary>All vocabularies of the manifest (v1).</summary>
public static class Vocabularies
{
    /// <summary>Key kinds.</summary>
    public static Vocabulary<KeyKind> KeyKinds { get; } = new(
        new("rsa-2048", KeyKind.Rsa2048, "RSA, 2048 bits"),
        new("rsa-3072", KeyKind.Rsa3072, "RSA, 3072 bits"),
        new("rsa-4096", KeyKind.Rsa4096, "RSA, 4096 bits"),
        new("ecdsa-p256", KeyKind.EcdsaP256, "ECDSA on NIST P-256"),
        new("ecdsa-p384", KeyKind.EcdsaP384, "ECDSA on NIST P-384"));

    /// <summary>Issuers.</summary>
    public static Vocabulary<IssuerKind> Issuers { get; } = new(
        new("privateCa", IssuerKind.PrivateCa, "a root CA of our own on this host"),
        new("purchased", IssuerKind.Purchased, "a CA elsewhere signs a request that mailtls writes; the answer is imported"),
        new("existing", IssuerKind.Existing, "another tool keeps key and certificate; mailtls only reads them"));

    /// <summary>Encryptions of the CA's key file.</summary>
    public static Vocabulary<KeyFileEncryption> KeyEncryptions { get; } = new(
        new("asFound", KeyFileEncryption.AsFound, "a key file that is there stays as it is"),
        new("strong", KeyFileEncryption.Strong, "a weaker one is written anew: PKCS#8, AES-256, PBKDF2-HMAC-SHA256 with 600,000 rounds"));

    /// <summary>Layouts of key and chain.</summary>
    public static Vocabulary<CertificateLayout> Layouts { get; } = new(
        new("bundle", CertificateLayout.Bundle, "HOST.pem holds key, leaf and chain and is replaced as one"),
        new("split", CertificateLayout.Split, "HOST.key and HOST.pem"));

    /// <summary>Desired states of a service.</summary>
    public static Vocabulary<DesiredServiceState> ServiceStates { get; } = new(
        new("running", DesiredServiceState.Running, "a stopped service is started"),
        new("asFound", DesiredServiceState.AsFound, "a stopped service stays stopped"));

    /// <summary>Ways to protect an endpoint.</summary>
    public static Vocabulary<EndpointSecurity> Securities { get; } = new(
        new("opportunistic", EndpointSecurity.Opportunistic, "STARTTLS is offered, clear text stays possible"),
        new("required", EndpointSecurity.Required, "no AUTH and no mail data before STARTTLS"),
        new("implicit", EndpointSecurity.Implicit, "TLS from the first byte"),
        new("disabled", EndpointSecurity.Disabled, "not listening"));

    /// <summary>Ways to protect mail that is sent to other hosts.</summary>
    public static Vocabulary<OutboundSecurity> OutboundSecurities { get; } = new(
        new("asFound", OutboundSecurity.AsFound, "the security level stays as it is"),
        new("opportunistic", OutboundSecurity.Opportunistic, "TLS where the other host offers it, clear text where not"),
        new("required", OutboundSecurity.Required, "TLS to every host, mail to one without it waits in the queue"),
        new("dane", OutboundSecurity.Dane, "TLS that TLSA records authenticate (RFC 7672) where a host has them, else opportunistic"));

    /// <summary>Treatments of SELinux labels.</summary>
    public static Vocabulary<SeLinuxMode> SeLinuxModes { get; } = new(
        new("auto", SeLinuxMode.Auto, "labels are managed where SELinux is present"),
        new("required", SeLinuxMode.Required, "a host without SELinux is an error"),
        new("ignore", SeLinuxMode.Ignore, "labels are left alone"));

    /// <summary>Services.</summary>
    public static Vocabulary<ServiceKind> Services { get; } = new(
        new("postfix", ServiceKind.Postfix, "Postfix: smtp, submission, submissions"),
        new("dovecot", ServiceKind.Dovecot, "Dovecot: imap, imaps, pop3, pop3s, submission, submissions"));

    /// <summary>Endpoints by their registered names; <see cref="EndpointCatalogue"/> has their ports.</summary>
    public static Vocabulary<EndpointKind> Endpoints { get; } = new(
        [.. EndpointCatalogue.All.DistinctBy(e => e.Kind).Select(e => new VocabularyEntry<EndpointKind>(e.Word, e.Kind, e.Meaning))]);
}
