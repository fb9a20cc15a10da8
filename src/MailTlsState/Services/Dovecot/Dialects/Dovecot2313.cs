using MailTlsState.Policies;

namespace MailTlsState.Services.Dovecot.Dialects;

/// <summary>2.3.13 and 2.3.14 know neither ssl_cipher_suites nor a floor above TLSv1.2.</summary>
internal sealed class Dovecot2313 : Dovecot2315
{
    // Needs a shared secret, which Dovecot never has: no handshake of TLS 1.2 comes about, and OpenSSL refuses a list without any suite of TLS 1.2.
    private const string NoTls12 = "PSK-AES256-GCM-SHA384";

    public override Version From => new(2, 3, 13);

    public override Version Below => new(2, 3, 15);

    public override IReadOnlyList<Version> Tested { get; } = [new(2, 3, 13)];

    public override IReadOnlyList<string> Unwanted { get; } = ["ssl_alt_cert", "ssl_alt_key", "ssl_protocols"];

    public override IReadOnlyList<string> Asked { get; } = [.. AskedSince2313];

    public override IEnumerable<PolicyLoss> Inexpressible(TlsPolicy policy, bool? hybrids)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (policy.Minimum == TlsVersion.Tls13)
        {
            yield return new(false, $"this version has no floor above TLSv1.2, so TLS 1.2 is kept out by a cipher list that no client can meet ({NoTls12})");
        }

        if (policy.Tls13Suites is not null)
        {
            yield return new(true, "this version has no setting for TLS 1.3 suites (it came with 2.3.15), so OpenSSL's own stay");
        }

        if (policy.Renegotiation == false)
        {
            yield return new(true, "this version has no setting for renegotiation: OpenSSL 3 refuses it by itself, OpenSSL 1.1.1 does not");
        }

        foreach (var loss in base.Inexpressible(policy, hybrids))
        {
            yield return loss;
        }
    }

    protected override bool KnowsCipherSuites => false;

    protected override string Minimum(TlsPolicy policy) => "TLSv1.2";

    protected override string? Ciphers(TlsPolicy policy) => policy.Minimum == TlsVersion.Tls13 ? NoTls12 : CipherList(policy);
}
