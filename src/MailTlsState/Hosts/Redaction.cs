namespace MailTlsState.Hosts;

/// <summary>Placeholder until the certificates' PEM reader lands; replaced by the owner of Hosts/.</summary>
public static class Redaction
{
}
