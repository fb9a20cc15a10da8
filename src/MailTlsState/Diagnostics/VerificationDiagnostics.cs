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

    /// <summary>Broken ciphers.</summary>
    public static readonly DiagnosticCode BrokenSuite = new(
        "MTS0822",
        "a broken cipher suite is accepted",
        "The server accepts a suite that authenticates nobody (anonymous), does not encrypt (NULL) or uses a cipher that can be broken (export strength, RC2, RC4, DES, 3DES, IDEA, MD5). Every policy here excludes them, so a setting elsewhere brings them back: an -o option in master.cf, a later line, or a configuration that was not loaded. RFC 9325 section 4.1 forbids them.");

    /// <summary>Suites outside.</summary>
    public static readonly DiagnosticCode SuiteOutsidePolicy = new(
        "MTS0823",
        "a cipher suite outside the policy is accepted",
        "The server accepts a suite that the policy does not name. In TLS 1.2 and older it is a failure: find the setting that overrides the managed one. In TLS 1.3 it is a warning, because not every version of the daemons has a setting for these suites, all of which are sound.");

    /// <summary>Groups outside.</summary>
    public static readonly DiagnosticCode GroupOutsidePolicy = new(
        "MTS0824",
        "a group for key exchange outside the policy is accepted",
        "The server accepts a curve or finite-field group that the policy does not name. Older versions of the daemons cannot choose among groups, or choose them for the outbound client as well; the plan says so.");

    /// <summary>Order.</summary>
    public static readonly DiagnosticCode ClientOrder = new(
        "MTS0825",
        "the client's order of cipher suites decides",
        "The policy wants the server's order of cipher suites, and the server takes what the client likes best among those that it accepts. In Postfix it is tls_preempt_cipherlist, in Dovecot ssl_prefer_server_ciphers (2.3) or ssl_server_prefer_ciphers (2.4).");

    /// <summary>Keys.</summary>
    public static readonly DiagnosticCode KeyOutsidePolicy = new(
        "MTS0826",
        "the certificate's key is not what the policy allows",
        "The key of the served certificate is of a kind or size that the policy does not allow. Another key needs another certificate: change certificate.keys in the manifest, or choose another policy.");

    /// <summary>Signatures.</summary>
    public static readonly DiagnosticCode SignatureOutsidePolicy = new(
        "MTS0827",
        "a certificate is signed with a hash that is not allowed",
        "A certificate of the chain is signed with a hash that the policy does not name, or with MD5 or SHA-1, for which signatures have been forged (RFC 9155). A root's signature on itself does not count. The issuer has to issue it again.");

    /// <summary>Compression.</summary>
    public static readonly DiagnosticCode Compressed = new(
        "MTS0828",
        "TLS compression is on",
        "The server compresses what it encrypts, and the length of the result tells of its content (CRIME). RFC 9325 section 3.3 forbids it. OpenSSL has had it off since 1.1.0; ssl_options = compression turns it on in Dovecot, tls_ssl_options in Postfix can.");

    /// <summary>Renegotiation.</summary>
    public static readonly DiagnosticCode InsecureRenegotiation = new(
        "MTS0829",
        "secure renegotiation is missing",
        "The server's hello lacks the extension of RFC 5746, so somebody in between can put bytes before a client's session. Every TLS library since 2010 has it: upgrade.");

    /// <summary>Extended master secret.</summary>
    public static readonly DiagnosticCode NoExtendedMasterSecret = new(
        "MTS0830",
        "the extended master secret is missing",
        "TLS 1.2 without RFC 7627 does not bind a session's secret to its handshake (triple handshake). Every TLS library since 2016 has it: upgrade.");

    /// <summary>0-RTT.</summary>
    public static readonly DiagnosticCode EarlyDataAccepted = new(
        "MTS0831",
        "0-RTT data is accepted",
        "The server's tickets allow data in the first flight, which an eavesdropper can send again (RFC 8446 section 8). No mail protocol has a profile for it.");

    /// <summary>Tickets.</summary>
    public static readonly DiagnosticCode TicketsAgainstPolicy = new(
        "MTS0832",
        "session tickets are given against the policy",
        "The policy wants no session tickets, and the server gives them. A ticket's key that lives long undoes forward secrecy for the sessions that it protects.");

    /// <summary>Injection.</summary>
    public static readonly DiagnosticCode CommandInjection = new(
        "MTS0833",
        "a command sent with STARTTLS is carried out over TLS",
        "The server keeps what came in the same packet as STARTTLS and carries it out after the handshake (CVE-2011-0411 and its kin), so somebody in between can put commands into a protected session. Postfix has been free of it since 2.8, Dovecot since 2.3.14.1. Upgrade; a proxy in front can be the cause.");

    /// <summary>Plain logins.</summary>
    public static readonly DiagnosticCode PlainLogin = new(
        "MTS0834",
        "passwords are accepted without TLS",
        "The endpoint lets a client log in in the clear, so passwords can be read on the way (RFC 8314 wants TLS for every login). The manifest does not ask for more: the endpoint is opportunistic, or not named. Name it with security: required, or switch it off.");

    /// <summary>Short primes.</summary>
    public static readonly DiagnosticCode ShortPrime = new(
        "MTS0835",
        "a finite-field key exchange is too short",
        "A DHE suite uses a prime of less than 2048 bits, which a well-funded attacker can break for everybody at once (Logjam). Name longer parameters, or allow no DHE suite; ECDHE needs none.");

    /// <summary>Not all was asked.</summary>
    public static readonly DiagnosticCode ScanIncomplete = new(
        "MTS0836",
        "not everything could be asked",
        "Some connection came to no answer, even after coming again: a limit on connections, a slow server, or the end of the time that verify had. What is missing is named; everything else is true as it stands.");

    /// <summary>Weaker suites that the policy leaves in.</summary>
    public static readonly DiagnosticCode LegacySuites = new(
        "MTS0837",
        "the policy leaves weaker suites in",
        "The policy is a grade (HIGH) and no list, and so the server accepts suites of TLS 1.2 without forward secrecy or with CBC, as it is told to. Old clients may need them; RFC 9325 section 4.2 wants neither. The policy intermediate has none of them.");

    /// <summary>Processes of before.</summary>
    public static readonly DiagnosticCode FormerProcess = new(
        "MTS0838",
        "a process is older than the certificate's files",
        "The handshake met the right certificate, but another process that takes connections on the port began before key or certificate were last written, and may still serve the former ones: a new smtpd reads the files by itself, and one of before keeps what it has "
        + "read for as long as it lives (Postfix's max_idle and max_use, 100 seconds and 100 clients by default, or as long as its client stays). So one client sees the new certificate, and the next one the old. A reload ends those of before with their clients.");

    /// <summary>All codes of this area, in order.</summary>
    public static IReadOnlyList<DiagnosticCode> All =>
    [
        NoAnswer, StartTlsNotOffered, StartTlsRefused, HandshakeFailed, NoAnswerOverTls, OtherLeaf, ChainIncomplete, Untrusted, Expired, NotYetValid, NameMismatch,
        ChainOrder, Unfit, BadSignature, Unreadable, BelowFloor, FloorNotTested, AuthBeforeTls, AuthMissing, NotDisabled, NotProbed,
        BrokenSuite, SuiteOutsidePolicy, GroupOutsidePolicy, ClientOrder, KeyOutsidePolicy, SignatureOutsidePolicy, Compressed, InsecureRenegotiation,
        NoExtendedMasterSecret, EarlyDataAccepted, TicketsAgainstPolicy, CommandInjection, PlainLogin, ShortPrime, ScanIncomplete, LegacySuites, FormerProcess,
    ];
}
