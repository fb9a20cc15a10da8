namespace MailTlsState.Certificates.Encryption;

/// <summary>
/// What opening one file may cost. Its work factors were chosen by whoever made it, so a file could otherwise hold a root process up for
/// hours or take all of its memory.
/// </summary>
/// <param name="rounds">Hash rounds of all key derivations together.</param>
/// <param name="memory">Bytes that one scrypt derivation may need.</param>
internal sealed class WorkBudget(long rounds = WorkBudget.DefaultRounds, long memory = WorkBudget.DefaultMemory)
{
    /// <summary>A few seconds of PBKDF2; browsers, which ask for the most, write 600,000 rounds for each part of a file.</summary>
    public const long DefaultRounds = 10_000_000;

    /// <summary>Twice what OpenSSL writes (N 16384, r 8).</summary>
    public const long DefaultMemory = 32 * 1024 * 1024;

    private long _left = rounds;

    /// <summary>Books the rounds of one derivation before it is made.</summary>
    /// <exception cref="PasswordEncryptionException">It is more than is left.</exception>
    public void Spend(long wanted)
    {
        if (wanted < 1)
        {
            throw new PasswordEncryptionException(EncryptionFault.Broken, $"it asks for {wanted} rounds of key derivation");
        }

        if (wanted > _left)
        {
            throw new PasswordEncryptionException(EncryptionFault.TooMuchWork, $"it asks for {wanted} rounds of key derivation, more than the {_left} that are left for this file");
        }

        _left -= wanted;
    }

    /// <summary>Books an scrypt derivation (RFC 7914).</summary>
    /// <exception cref="PasswordEncryptionException">It is more than is left, or no such parameters exist.</exception>
    public void SpendScrypt(int cost, int blockSize, int parallel)
    {
        if (cost < 2 || (cost & (cost - 1)) != 0 || blockSize < 1 || parallel < 1)
        {
            throw new PasswordEncryptionException(EncryptionFault.Broken, "its scrypt parameters are not valid");
        }

        if (Math.BigMul(cost, blockSize) is var blocks && (blocks > memory / 128 || parallel > memory / 128 / blockSize))
        {
            throw new PasswordEncryptionException(EncryptionFault.TooMuchWork, $"its scrypt parameters (N {cost}, r {blockSize}, p {parallel}) ask for more than {memory / 1024 / 1024} MiB");
        }

        // One block of 128 r bytes costs about as much as 4 r rounds of a hash, and each is mixed twice.
        Spend(checked(blocks * parallel * 8));
    }
}
