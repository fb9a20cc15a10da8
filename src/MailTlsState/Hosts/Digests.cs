using Org.BouncyCastle.Crypto.Digests;

namespace MailTlsState.Hosts;

/// <summary>SHA-256 in managed code: the framework's would load OpenSSL, which costs more than all files of a plan.</summary>
internal static class Digests
{
    /// <summary><c>sha256:</c> and lower case hex.</summary>
    internal static string Sha256(ReadOnlySpan<byte> content) => "sha256:" + Sha256Hex(content);

    /// <summary>Lower case hex.</summary>
    internal static string Sha256Hex(ReadOnlySpan<byte> content)
    {
        var digest = new Sha256Digest();
        digest.BlockUpdate(content);
        var result = new byte[digest.GetDigestSize()];
        digest.DoFinal(result);
        return Convert.ToHexStringLower(result);
    }
}
