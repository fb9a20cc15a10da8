using System.Text;

namespace MailTlsState.Probing;

/// <summary>What tells TLS from clear text.</summary>
internal static class TlsRecords
{
    public const byte Alert = 21;

    public const byte Handshake = 22;

    /// <summary>True for the first byte of a record (RFC 8446 section 5.1: change_cipher_spec to application_data).</summary>
    public static bool IsTls(byte first) => first is >= 20 and <= 23;

    /// <summary>The first line of clear text as it may be shown.</summary>
    public static string ShowClear(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
        return LineChannel.Show(Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]));
    }
}
