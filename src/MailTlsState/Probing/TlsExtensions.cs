namespace MailTlsState.Probing;

/// <summary>Extension types of hellos ("TLS ExtensionType Values" registry).</summary>
internal static class TlsExtensions
{
    public const int ServerName = 0; // RFC 6066
    public const int SupportedGroups = 10; // RFC 8422, RFC 8446
    public const int PointFormats = 11; // RFC 8422
    public const int SignatureAlgorithms = 13; // RFC 8446
    public const int ApplicationProtocol = 16; // RFC 7301
    public const int EncryptThenMac = 22; // RFC 7366
    public const int ExtendedMasterSecret = 23; // RFC 7627
    public const int SessionTicket = 35; // RFC 5077
    public const int EarlyData = 42; // RFC 8446
    public const int SupportedVersions = 43; // RFC 8446
    public const int KeyShare = 51; // RFC 8446
    public const int RenegotiationInfo = 0xFF01; // RFC 5746
}
