namespace MailTlsState.Certificates;

/// <summary>The form of the files: key first, then the leaf, then intermediates where there are any. The root is never sent.</summary>
internal static class PemForm
{
    /// <summary>Why the files are not in their form, for files that do hold a key and a leaf; empty when they are or hold none.</summary>
    /// <param name="chain">The file with the leaf; in the bundle layout the key's too.</param>
    /// <param name="keys">The file with the key.</param>
    /// <param name="leaf">The leaf that was chosen.</param>
    /// <param name="key">The key that was chosen.</param>
    /// <param name="split">True when the two files differ.</param>
    /// <param name="alone">True when the leaf stands alone, since a root signs it itself.</param>
    public static IEnumerable<string> Problems(PemFile? chain, PemFile? keys, PemBlock? leaf, PemBlock? key, bool split, bool alone)
    {
        if (chain is not null)
        {
            foreach (var text in Blocks(chain, leaf, split ? null : key, split ? "the certificate file" : "the file", alone))
            {
                yield return text;
            }
        }

        if (split && keys is not null)
        {
            foreach (var text in Blocks(keys, null, key, "the key file", true))
            {
                yield return text;
            }
        }
    }

    private static IEnumerable<string> Blocks(PemFile file, PemBlock? leaf, PemBlock? key, string name, bool alone)
    {
        if (key is not null && leaf is not null && Index(file, key) > Index(file, leaf))
        {
            yield return "the private key does not come first";
        }

        if (leaf is not null && !ReferenceEquals(file.Certificates.First(), leaf))
        {
            yield return "the server's certificate is not the first certificate";
        }

        foreach (var block in file.Blocks)
        {
            // A key that is of no use, where no other one is, demands a new key and has been reported as that.
            var reported = key is null && PrivateKeyPem.IsPrivateKey(block.Label) && block.Problem is not null;
            if (ReferenceEquals(block, leaf) || ReferenceEquals(block, key) || reported)
            {
                continue;
            }

            if (block.Problem is not null)
            {
                yield return $"{block.Problem} (line {block.Line})";
            }
            else if (block.Facts is not { } facts)
            {
                yield return $"{name} holds a block \"{block.Label}\" (line {block.Line}) that does not belong there";
            }
            else if (facts.Fingerprint == leaf?.Facts?.Fingerprint)
            {
                yield return "the server's certificate is included twice";
            }
            else if (facts.IsSelfIssued && facts.IsAuthority)
            {
                yield return $"the root certificate {facts.Subject} is included, which clients do not need";
            }
            else if (alone)
            {
                yield return $"the certificate {facts.Subject} is included, which does not belong to the chain";
            }
        }

        foreach (var (oddity, text) in Oddities)
        {
            if (file.Oddities.HasFlag(oddity))
            {
                yield return $"{name} {text}";
            }
        }
    }

    private static readonly (PemOddities, string)[] Oddities =
    [
        (PemOddities.GluedLines, "has two PEM lines glued into one, which OpenSSL cannot read"),
        (PemOddities.ByteOrderMark, "begins with a byte order mark, which hides its first block from OpenSSL 1.1.1"),
        (PemOddities.CarriageReturns, "has carriage returns"),
        (PemOddities.TextAround, "has text outside of its PEM blocks"),
        (PemOddities.NoFinalNewline, "has no newline at its end"),
    ];

    // By reference: two blocks may be equal in value.
    private static int Index(PemFile file, PemBlock block)
    {
        for (var i = 0; i < file.Blocks.Count; i++)
        {
            if (ReferenceEquals(file.Blocks[i], block))
            {
                return i;
            }
        }

        return -1;
    }
}
