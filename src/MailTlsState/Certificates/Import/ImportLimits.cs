using MailTlsState.Certificates.Encryption;

namespace MailTlsState.Certificates.Import;

/// <summary>What one file may hold and cost.</summary>
internal sealed record ImportLimits
{
    /// <summary>Bytes of the file.</summary>
    public int FileSize { get; init; } = 1024 * 1024;

    /// <summary>Certificates in it.</summary>
    public int Certificates { get; init; } = 200;

    /// <summary>Keys in it.</summary>
    public int Keys { get; init; } = 10;

    /// <summary>Bytes of one key: an RSA key of 16,384 bits has 9,300.</summary>
    public int KeySize { get; init; } = 16 * 1024;

    /// <summary>Hash rounds of all its key derivations.</summary>
    public long Rounds { get; init; } = WorkBudget.DefaultRounds;

    /// <summary>Bytes for one scrypt derivation.</summary>
    public long Memory { get; init; } = WorkBudget.DefaultMemory;
}
