namespace MailTlsState.Policies;

/// <summary>How protocol versions are written in manifests, policies and by OpenSSL: <c>TLSv1.2</c>.</summary>
public static class TlsVersionNames
{
    /// <summary>The name of <paramref name="version"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no known version.</exception>
    public static string Name(this TlsVersion version) => version switch
    {
        TlsVersion.Tls10 => "TLSv1",
        TlsVersion.Tls11 => "TLSv1.1",
        TlsVersion.Tls12 => "TLSv1.2",
        TlsVersion.Tls13 => "TLSv1.3",
        _ => throw new ArgumentOutOfRangeException(nameof(version), version, "unknown protocol version"),
    };

    /// <summary>The version called <paramref name="name"/>, or null.</summary>
    public static TlsVersion? Parse(string? name) => name switch
    {
        "TLSv1" => TlsVersion.Tls10,
        "TLSv1.1" => TlsVersion.Tls11,
        "TLSv1.2" => TlsVersion.Tls12,
        "TLSv1.3" => TlsVersion.Tls13,
        _ => null,
    };
}
