using System.Text.Json;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Verification;

/// <summary>Writes a scan as JSON by schemas/findings.v1.schema.json; what is not known is null.</summary>
internal static class ScanJson
{
    public static void Write(Utf8JsonWriter json, string name, TlsScan scan)
    {
        json.WriteStartObject(name);
        json.WriteNumber("connections", scan.Connections);
        FindingsJson.WriteList(json, "missing", scan.Missing);
        json.WriteStartArray("versions");
        foreach (var version in scan.Versions)
        {
            json.WriteStartObject();
            json.WriteString("version", version.Version.Name());
            json.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(version.Outcome.ToString()));
            FindingsJson.WriteList(json, "suites", version.Suites);
            Write(json, "serverOrder", version.ServerOrder);
            FindingsJson.WriteList(json, "groups", version.Groups);
            FindingsJson.WriteList(json, "signatures", version.Signatures);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "extendedMasterSecret", scan.ExtendedMasterSecret);
        Write(json, "secureRenegotiation", scan.SecureRenegotiation);
        Write(json, "encryptThenMac", scan.EncryptThenMac);
        Write(json, "compression", scan.Compression);
        Write(json, "sessionTickets", scan.SessionTickets);
        Write(json, "earlyDataBytes", scan.EarlyData);
        json.WriteString("applicationProtocol", scan.ApplicationProtocol);
        Write(json, "primeBits", scan.PrimeBits);
        json.WriteString("injection", JsonNamingPolicy.CamelCase.ConvertName(scan.Injection.ToString()));
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
