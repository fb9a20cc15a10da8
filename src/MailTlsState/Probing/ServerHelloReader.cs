using System.Buffers.Binary;
using System.Text;

namespace MailTlsState.Probing;

/// <summary>Reads a ServerHello or HelloRetryRequest (RFC 8446 section 4.1.3).</summary>
internal static class ServerHelloReader
{
    /// <summary>The server's choice, or null when the message is malformed or chooses a version outside SSL 3.0 to TLS 1.3.</summary>
    public static HelloAnswer? Read(byte[] body)
    {
        var reader = new WireReader(body);
        if (!reader.UInt16(out var version) || !reader.Skip(32) || !reader.Vector8() || !reader.UInt16(out var suite) || !reader.UInt8(out var compression))
        {
            return null;
        }

        int? group = null;
        string? protocol = null;
        var extensions = new List<int>();
        // A server without extensions ends here (RFC 5246 section 7.4.1.3).
        if (!reader.AtEnd)
        {
            if (!reader.UInt16(out var total) || total != reader.Left)
            {
                return null;
            }

            while (!reader.AtEnd)
            {
                if (!reader.UInt16(out var type) || !reader.UInt16(out var length) || !reader.Take(length, out var content))
                {
                    return null;
                }

                extensions.Add(type);
                var value = content.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(content) : -1;
                switch (type)
                {
                    case TlsExtensions.SupportedVersions:
                        version = value;
                        break;
                    case TlsExtensions.KeyShare:
                        group = value;
                        break;
                    case TlsExtensions.ApplicationProtocol when content.Length > 3:
                        // RFC 7301 section 3.1: a list of one name.
                        protocol = Encoding.Latin1.GetString(content[3..]);
                        break;
                }
            }
        }

        return version is >= (int)WireVersion.Ssl30 and <= (int)WireVersion.Tls13
            ? new HelloAnswer((WireVersion)version, suite, group, null, null, Closed: false) { Compression = compression, Extensions = extensions, ApplicationProtocol = protocol }
            : null;
    }
}
