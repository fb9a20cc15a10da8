using System.Security.Cryptography;
using MailTlsState.Manifests;
using MailTlsState.Resources;

namespace MailTlsState.Certificates;

/// <summary>Puts keys, requests and certificates into place as one act, so that no file of them is ever of another generation. Each issuer has its own.</summary>
/// <param name="BeforeDigests">Digest of each file that is replaced or read, null where nothing was.</param>
/// <param name="Pairs">The pairs that it makes or rewrites; none where only a request is made.</param>
public abstract record MakeCertificates(IReadOnlyDictionary<string, string?> BeforeDigests, IReadOnlyList<MadePair> Pairs) : Work
{
    /// <summary>Makes the files in memory.</summary>
    /// <param name="inputs">What may be read for it.</param>
    public abstract CertificateMaterial Make(CertificateInputs inputs);
}

/// <summary>One pair that is made or rewritten.</summary>
/// <param name="Kind">Its key kind in the manifest.</param>
/// <param name="Files">Where it goes.</param>
/// <param name="CreateKey">True when a new key is made, false when the key on disk stays.</param>
/// <param name="CreateLeaf">True when a new leaf is made, false when only the files are written anew.</param>
/// <param name="Leaf">DER of the leaf on disk, which stays unless a new one is made; null where there is none.</param>
public sealed record MadePair(KeyKind Kind, CertificateFiles Files, bool CreateKey, bool CreateLeaf, byte[]? Leaf);

/// <summary>What an apply gives to the work that makes certificates.</summary>
/// <param name="Read">The bytes of a file that has not changed since the plan was made; the caller overwrites those of a key.</param>
/// <param name="Secret">A secret.</param>
/// <param name="Now">The plan's time.</param>
public sealed record CertificateInputs(Func<string, byte[]> Read, Func<SecretReference, string> Secret, DateTimeOffset Now)
{
    /// <summary>Takes what is wanted out of a file that holds a key, and overwrites the bytes that were read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="take">Keeps nothing of the bytes.</param>
    public T ReadKey<T>(string path, Func<byte[], T> take)
    {
        var raw = Read(path);
        try
        {
            return take(raw);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(raw);
        }
    }
}

/// <summary>What was made.</summary>
/// <param name="Files">Every file with all its bytes, in the order in which they take their places; root:root 0600.</param>
/// <param name="Leaves">The leaves that will be served, DER.</param>
/// <param name="Root">A root that was made as well, DER, or null.</param>
public sealed record CertificateMaterial(IReadOnlyList<KeyValuePair<string, byte[]>> Files, IReadOnlyList<byte[]> Leaves, byte[]? Root);
