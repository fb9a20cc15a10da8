using System.Formats.Asn1;
using System.Security.Cryptography;
using MailTlsState.Certificates.Encryption;
using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.Import;

/// <summary>Collects what is found in one file, within the limits. What cannot be read is noted and left out; disposing it closes keys that nobody took over.</summary>
internal sealed class VendorContents(string name, string? password, ImportLimits limits) : IDisposable
{
    private const int MostProblems = 10;

    private readonly List<VendorCertificate> _certificates = [];
    private readonly List<KeyPair> _keys = [];
    private readonly List<string> _problems = [];

    public string Name => name;

    public string? Password => password;

    public ImportLimits Limits => limits;

    public PasswordEncryption Encryption { get; } = new(new WorkBudget(limits.Rounds, limits.Memory));

    /// <summary>The first format that something was found in.</summary>
    public string? Format { get; private set; }

    /// <summary>True while PEM blocks are read: a certificate in one is no DER file.</summary>
    public bool IsPem { get; set; }

    public bool IsEmpty => _certificates.Count == 0 && _keys.Count == 0;

    public void Is(string format) => Format ??= format;

    public void AddProblem(string problem)
    {
        if (_problems.Count < MostProblems)
        {
            _problems.Add(problem);
        }
    }

    /// <param name="der">One certificate.</param>
    /// <param name="place">Where it stands, for a message.</param>
    public void AddCertificate(byte[] der, string place)
    {
        CertificateFacts facts;
        try
        {
            facts = CertificateFacts.Read(der);
        }
        catch (FormatException)
        {
            AddProblem($"the certificate {place} is broken");
            return;
        }

        if (_certificates.Any(c => c.Facts.Fingerprint == facts.Fingerprint))
        {
            return;
        }

        if (_certificates.Count >= limits.Certificates)
        {
            throw new MailTlsException(ImportDiagnostics.FileTooLarge(name, $"holds more than {limits.Certificates} certificates"));
        }

        _certificates.Add(new VendorCertificate(der, facts));
    }

    /// <param name="label">The PEM label that says which form it is: <c>PRIVATE KEY</c> for PKCS#8.</param>
    /// <param name="der">The key; overwritten by the caller.</param>
    /// <param name="place">Where it stands, for a message.</param>
    public void AddKey(string label, ReadOnlySpan<byte> der, string place)
    {
        if (der.Length > limits.KeySize)
        {
            AddProblem($"the private key {place} is too large");
            return;
        }

        try
        {
            Add(KeyPair.ImportDer(label, der));
        }
        catch (MailTlsException unreadable) when (unreadable.Diagnostics[0].Code == CertificateDiagnostics.UnreadableKey)
        {
            AddProblem($"the private key {place} cannot be read: {CertificateDiagnostics.ReasonOf(unreadable)}");
        }
    }

    public void Add(KeyPair key)
    {
        if (_keys.Exists(k => k.PublicKeyDigest == key.PublicKeyDigest))
        {
            key.Dispose();
            return;
        }

        if (_keys.Count >= limits.Keys)
        {
            key.Dispose();
            throw new MailTlsException(ImportDiagnostics.FileTooLarge(name, $"holds more than {limits.Keys} private keys"));
        }

        _keys.Add(key);
    }

    /// <summary>Opens encrypted PKCS#8 (EncryptedPrivateKeyInfo, RFC 5958 section 3), given at its content.</summary>
    public void AddEncryptedKey(AsnReader info, string? secret, string place)
    {
        var algorithm = info.ReadSequence();
        var plain = Encryption.Decrypt(algorithm, info.ReadOctetString(), secret);
        try
        {
            // One wrong password in 256 gives a padding that fits; what is below it is no key then.
            if (!IsPrivateKeyInfo(plain))
            {
                throw new PasswordEncryptionException(EncryptionFault.WrongPassword, "the password does not open it");
            }

            AddKey("PRIVATE KEY", plain, place);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    // RFC 5958 section 2: version, algorithm, key.
    private static bool IsPrivateKeyInfo(byte[] der)
    {
        try
        {
            var info = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
            info.ReadIntegerBytes();
            info.ReadSequence();
            return info.PeekTag().HasSameClassAndValue(Asn1Tag.PrimitiveOctetString);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <summary>What was found; the keys belong to it from now on.</summary>
    /// <exception cref="MailTlsException">Nothing was found.</exception>
    public VendorFile Take(string nothing)
    {
        if (IsEmpty)
        {
            throw new MailTlsException(ImportDiagnostics.FileUnreadable(name, _problems.FirstOrDefault() ?? nothing));
        }

        var file = new VendorFile(name, Format ?? "PEM", [.. _certificates], [.. _keys], [.. _problems]);
        _keys.Clear();
        return file;
    }

    public void Dispose()
    {
        foreach (var key in _keys)
        {
            key.Dispose();
        }
    }
}
