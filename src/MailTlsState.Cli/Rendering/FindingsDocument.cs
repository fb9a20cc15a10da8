using System.Buffers;
using System.Text;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering;

/// <summary>A verification as one JSON document.</summary>
internal static class FindingsDocument
{
    public static string Write(VerificationReport report)
    {
        var buffer = new ArrayBufferWriter<byte>();
        FindingsJson.Write(buffer, report);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
