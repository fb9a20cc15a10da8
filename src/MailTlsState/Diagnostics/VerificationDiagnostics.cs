namespace MailTlsState.Diagnostics;

/// <summary>Codes of what verification finds on an endpoint (MTS08xx).</summary>
public static class VerificationDiagnostics
{
    /// <summary>Nothing answers.</summary>
    public static readonly DiagnosticCode NoAnswer = new(
        "MTS0801",
        "no mail server answers",
        "The address and port took no connection, or the connection brought no greeting of the expected protocol in time. Clients cannot use the endpoint at all. See whether the service runs and listens there, whether another program holds the port, and what the service logs.");

    /// <summary>STARTTLS is missing.</summary>
    public static readonly DiagnosticCode StartTlsNotOffered = new(
        "MTS0802",
        "STARTTLS is not offered",
        "The server's capabilities do not list STARTTLS (STLS in POP3), so every session stays in the clear. Postfix leaves it out when smtpd_tls_security_level is empty, or when it could not load its certificate at start; Dovecot when ssl is off. Its log has the reason.");

    /// <summary>STARTTLS was refused.</summary>
    public static readonly DiagnosticCode StartTlsRefused = new(
        "MTS0803",
        "STARTTLS is offered but refused",
        "The server offers STARTTLS and answers the command with an error, as Postfix does (454 TLS not available) when certificate and key cannot be loaded or do not belong together. Senders that insist on TLS queue their mail; others fall back to clear text. Look at certificate, key and the service's log.");

    /// <summary>No TLS session.</summary>
    public static readonly DiagnosticCode HandshakeFailed = new(
        "MTS0804",
        "the TLS handshake fails",
        "The server came to the point where TLS starts and no session came about. Typical reasons: no protocol version or cipher suite in common, a key that does not belong to the certificate, a port that speaks clear text where TLS is expected. The observed text says who gave up, and how.");

    /// <summary>Nothing over TLS.</summary>
    public static readonly DiagnosticCode NoAnswerOverTls = new(
        "MTS0805",
        "the server does not answer over TLS",
        "The TLS handshake was completed, and then the server did not answer the first command. Postfix's smtpd dies there when smtpd_sasl_auth_enable is on and no SASL mechanism works. Clients see an endpoint that hangs up after STARTTLS.");

    /// <summary>Another leaf.</summary>
    public static readonly DiagnosticCode OtherLeaf = new(
        "MTS0806",
        "another certificate is served than the planned one",
        "The certificate on the wire is not the one that this host should serve: it was renewed on disk and never loaded, or a later setting (a local_name block, an -o option in master.cf, an SNI map) names another file. What clients see is what counts. A reload helps in the first case, removing the override in the second.");

    /// <summary>A missing link.</summary>
    public static readonly DiagnosticCode ChainIncomplete = new(
        "MTS0807",
        "the certificate chain is incomplete",
        "The server does not send a certificate that a client needs to get from the leaf to a trusted root. Clients that have seen the intermediate elsewhere hide this; mail servers and strict clients fail. The file that the service loads must hold the leaf and then every intermediate certificate.");

    /// <summary>An unknown root.</summary>
    public static readonly DiagnosticCode Untrusted = new(
        "MTS0808",
        "the certificate chain does not end at a trusted root",
        "The chain ends at a root that is not among the trusted ones, or at a certificate that signed itself. Clients refuse it or ask their users. Either the wrong certificate is served, or the trust anchors given for verification are not those of its issuer.");

    /// <summary>Past its end.</summary>
    public static readonly DiagnosticCode Expired = new(
        "MTS0809",
        "a certificate has expired",
        "The leaf, an intermediate or the root is past its notAfter date, and clients refuse the whole chain. Renew it; when only an intermediate or cross-signed root has expired, take the issuer's current chain. A wrong clock on this machine looks the same.");

    /// <summary>Before its start.</summary>
    public static readonly DiagnosticCode NotYetValid = new(
        "MTS0810",
        "a certificate is not valid yet",
        "A certificate of the chain starts to be valid in the future. Either it was installed too early, or a clock is wrong: that of the issuer when it signed, or that of this machine now.");

    /// <summary>Another name.</summary>
    public static readonly DiagnosticCode NameMismatch = new(
        "MTS0811",
        "the certificate is not for this name",
        "No subject alternative name of the leaf matches the name that clients connect to (RFC 9525: the common name is not looked at, and a wildcard stands for exactly one leftmost label). Clients refuse it. Issue a certificate whose names include it, or correct the name in the manifest.");

    /// <summary>Wrong order.</summary>
    public static readonly DiagnosticCode ChainOrder = new(
        "MTS0812",
        "the certificates are sent in the wrong order",
        "RFC 5246 section 7.4.2 wants the leaf first and each following certificate to certify the one before it. Many clients sort the chain themselves, older and embedded ones do not. Certificates that belong to no link are sent in vain in every handshake.");

    /// <summary>Unfit.</summary>
    public static readonly DiagnosticCode Unfit = new(
        "MTS0813",
        "a certificate may not be used this way",
        "RFC 5280 lets a certificate restrict its use: basicConstraints and keyUsage say whether it may sign others, the path length how many, extendedKeyUsage whether it may be a TLS server, name constraints for which names. A link of this chain breaks such a rule, and strict clients refuse it. A leaf without the server purpose has to be issued again.");

    /// <summary>A broken signature.</summary>
    public static readonly DiagnosticCode BadSignature = new(
        "MTS0814",
        "a signature in the chain is wrong",
        "A certificate names an issuer whose certificate is at hand, but that issuer's key did not sign it: most often two certificate authorities of the same name, an old and a new one, or a damaged file. Clients refuse the chain. Use the issuer certificate that belongs to this leaf.");

    /// <summary>Bytes that are no certificate.</summary>
    public static readonly DiagnosticCode Unreadable = new(
        "MTS0815",
        "what is sent as a certificate cannot be read",
        "The server sent no certificate, or bytes that are no X.509 certificate. Nothing can be said about trust. Look at the files that the service loads.");

    /// <summary>Too old a version.</summary>
    public static readonly DiagnosticCode BelowFloor = new(
        "MTS0816",
        "a protocol version below the floor is accepted",
        "The server took an offer of a TLS version older than the policy's minimum. TLS 1.0 and 1.1 are forbidden by RFC 8996. Somewhere a setting is weaker than the managed one: an -o option in master.cf, a later line, or the configuration was not loaded. A completed handshake with a new version says nothing about the floor, so old versions are offered on purpose.");

    /// <summary>The floor is unknown.</summary>
    public static readonly DiagnosticCode FloorNotTested = new(
        "MTS0817",
        "an old protocol version could not be offered",
        "The further connection that offers an old TLS version did not come to the point where TLS starts, so it is unknown whether the version is refused. A limit on connections per client is a usual reason. Run verify again.");

    /// <summary>AUTH in the clear.</summary>
    public static readonly DiagnosticCode AuthBeforeTls = new(
        "MTS0818",
        "logging in is offered before TLS",
        "The endpoint requires TLS, yet the server lets a client log in in the clear, so passwords can be read on the way. In Postfix smtpd_tls_auth_only=yes prevents it, in Dovecot ssl=required or disable_plaintext_auth. Verification looks as a remote client does.");

    /// <summary>No AUTH over TLS.</summary>
    public static readonly DiagnosticCode AuthMissing = new(
        "MTS0819",
        "logging in is not offered over TLS",
        "The configuration lets users log in on this endpoint, but over TLS the server offers no way to do so, and nobody can use it. In Postfix look at smtpd_sasl_auth_enable and at the SASL server behind it.");

    /// <summary>Should be off.</summary>
    public static readonly DiagnosticCode NotDisabled = new(
        "MTS0820",
        "a disabled endpoint answers",
        "The manifest says that nothing listens on this port, but something takes connections. Either the service still has its old configuration, or another program holds the port.");

    /// <summary>Behind a proxy.</summary>
    public static readonly DiagnosticCode NotProbed = new(
        "MTS0821",
        "the endpoint is not probed",
        "The manifest says that a proxy header comes first on this port (proxyProtocol), so a handshake from here would not be one that a client makes. Verify through the proxy's own address with --connect.");

    /// <summary>All codes of this area, in order.</summary>
    public static IReadOnlyList<DiagnosticCode> All =>
    [
        NoAnswer, StartTlsNotOffered, StartTlsRefused, HandshakeFailed, NoAnswerOverTls, OtherLeaf, ChainIncomplete, Untrusted, Expired, NotYetValid, NameMismatch,
        ChainOrder, Unfit, BadSignature, Unreadable, BelowFloor, FloorNotTested, AuthBeforeTls, AuthMissing, NotDisabled, NotProbed,
    ];
}
