namespace MailTlsState.Certificates;

/// <summary>Ways in which a PEM text is not as a careful tool writes it.</summary>
[Flags]
public enum PemOddities
{
    /// <summary>Nothing odd.</summary>
    None = 0,

    /// <summary>Two boundary lines share a line, so OpenSSL cannot read one of the blocks: what <c>cat</c> does to a file without a final newline.</summary>
    GluedLines = 1,

    /// <summary>Lines end with CR LF.</summary>
    CarriageReturns = 2,

    /// <summary>There is text outside the blocks.</summary>
    TextAround = 4,

    /// <summary>The last line has no newline, so the next <c>cat</c> glues it.</summary>
    NoFinalNewline = 8,

    /// <summary>The text begins with UTF-8's byte order mark, so OpenSSL 1.1.1 does not take its first line for a boundary; OpenSSL 3 does.</summary>
    ByteOrderMark = 16,
}

/// <summary>One PEM block.</summary>
/// <param name="Label">For example <c>CERTIFICATE</c>.</param>
/// <param name="Line">1-based line of its BEGIN.</param>
/// <param name="Der">A certificate's bytes, else null.</param>
/// <param name="Facts">What a certificate says, else null.</param>
/// <param name="Key">What may be shown of a private key, else null.</param>
/// <param name="Problem">Why the block is of no use, lower case, or null. Holds no part of its content.</param>
public sealed record PemBlock(string Label, int Line, byte[]? Der, CertificateFacts? Facts, KeyFacts? Key, string? Problem);

/// <summary>
/// A PEM text, read more tolerantly than any daemon reads it: what is wrong is said and never thrown. Takes redacted and plain texts alike.
/// </summary>
/// <param name="Blocks">The blocks in their order.</param>
/// <param name="Oddities">What is odd about the text.</param>
public sealed record PemFile(IReadOnlyList<PemBlock> Blocks, PemOddities Oddities)
{
    /// <summary>The label of a certificate.</summary>
    public const string CertificateLabel = "CERTIFICATE";

    /// <summary>The certificates that could be read, in their order.</summary>
    public IEnumerable<PemBlock> Certificates => Blocks.Where(b => b.Facts is not null);

    /// <summary>The private keys whose public half is known, in their order.</summary>
    public IEnumerable<PemBlock> Keys => Blocks.Where(b => b.Key?.PublicKeyDigest is not null);

    /// <summary>Reads a text (Latin-1, each byte a character).</summary>
    public static PemFile Parse(string text)
    {
        var blocks = new List<PemBlock>();
        var oddities = text.Contains('\r') ? PemOddities.CarriageReturns : PemOddities.None;
        var at = PemScanner.IsMarked(text) ? PemScanner.Mark.Length : 0;
        oddities |= at > 0 ? PemOddities.ByteOrderMark : PemOddities.None;
        var line = 1;
        foreach (var range in PemScanner.Scan(text))
        {
            var start = range.Block.Start.Value;
            var gap = text.AsSpan(at, start - at);
            oddities |= range.Glued ? PemOddities.GluedLines : PemOddities.None;
            oddities |= gap.IsWhiteSpace() ? PemOddities.None : PemOddities.TextAround;
            line += gap.Count('\n');
            blocks.Add(Read(range, text, line));
            at = range.Block.End.Value;
            line += text.AsSpan(start, at - start).Count('\n');
        }

        oddities |= text.AsSpan(at).IsWhiteSpace() ? PemOddities.None : PemOddities.TextAround;
        oddities |= text.Length == 0 || text.EndsWith('\n') ? PemOddities.None : PemOddities.NoFinalNewline;
        return new PemFile(blocks, oddities);
    }

    /// <summary>The one certificate of a text that should hold just it, or null with the reason.</summary>
    internal PemBlock? SingleCertificate(out string problem)
    {
        var certificates = Certificates.ToList();
        problem = Blocks.FirstOrDefault(b => b.Problem is not null)?.Problem ?? certificates.Count switch
        {
            0 => "there is no certificate in it",
            1 => "",
            var many => $"there are {many} certificates in it",
        };
        return problem.Length == 0 ? certificates[0] : null;
    }

    private static PemBlock Read(PemRange range, string text, int line)
    {
        var body = text.AsSpan()[range.Body];
        if (PrivateKeyPem.IsPrivateKey(range.Label))
        {
            var key = PrivateKeyPem.Read(range.Label, body);
            return new PemBlock(range.Label, line, null, null, key, range.Ended ? key.Problem : Unended(range));
        }

        if (range.Label is not (CertificateLabel or "X509 CERTIFICATE"))
        {
            return new PemBlock(range.Label, line, null, null, null, null);
        }

        var der = PrivateKeyPem.DecodeBody(body);
        var problem = !range.Ended ? Unended(range)
            : body.IsWhiteSpace() ? "a certificate block is empty"
            : der is null ? "a certificate's base64 is broken"
            : null;
        if (problem is not null)
        {
            return new PemBlock(range.Label, line, null, null, null, problem);
        }

        try
        {
            return new PemBlock(range.Label, line, der, CertificateFacts.Read(der), null, null);
        }
        catch (FormatException)
        {
            return new PemBlock(range.Label, line, null, null, null, "a certificate is broken");
        }
    }

    private static string Unended(PemRange range) => $"a block \"{range.Label}\" has no end";
}
