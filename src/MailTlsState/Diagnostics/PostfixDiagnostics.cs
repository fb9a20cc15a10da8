namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics about Postfix (MTS031x).</summary>
public static class PostfixDiagnostics
{
    /// <summary>A submission listener without a way to log in.</summary>
    public static readonly DiagnosticCode NobodyCanLogInCode = new(
        "MTS0311",
        "nobody can log in on the submission listener",
        "The listener is switched on with TLS as the manifest says, but this host has no SASL mechanism for Postfix, so AUTH is not offered and every message is refused. With smtpd_sasl_auth_enable=yes and no mechanism smtpd dies right after STARTTLS, so it stays off. "
        + "Set up SASL (with Dovecot: smtpd_sasl_type = dovecot, smtpd_sasl_path = private/auth, and a listener for it in Dovecot), then plan again.");

    /// <summary>Several Postfix instances.</summary>
    public static readonly DiagnosticCode MultiInstanceCode = new(
        "MTS0312",
        "only the primary Postfix instance is managed",
        "This host runs several Postfix instances (multi_instance_directories). MailTlsState configures the primary one in /etc/postfix; the others keep what they have. A port that the manifest names and another instance holds is an error (MTS0305).");

    /// <summary>An endpoint's port is not a service in master.cf and cannot be one.</summary>
    public static readonly DiagnosticCode NotSmtpdCode = new(
        "MTS0313",
        "service on the port is not an SMTP server",
        "master.cf has an entry on the endpoint's port whose program is neither smtpd nor postscreen, so MailTlsState does not know its TLS settings. Change the entry, or leave the endpoint out of the manifest.");

    /// <summary>A parameter that this version of Postfix does not know.</summary>
    public static readonly DiagnosticCode UnknownParameterCode = new(
        "MTS0314",
        "Postfix does not know the parameter",
        "Postfix takes any parameter name in main.cf and master.cf and uses only those that it knows, so a misspelt one is without effect and without an error: the TLS setting that it was meant to be has its default. "
        + "Correct the name, or remove the line. MailTlsState leaves it as it is, because it cannot know what was meant.");

    /// <summary>The server's certificate is the client's, too.</summary>
    public static readonly DiagnosticCode ServerCertificateAsClientCode = new(
        "MTS0315",
        "server certificate is presented as a client certificate",
        "With smtp_tls_cert_file or smtp_tls_chain_files Postfix presents a certificate to every host that it sends mail to and that asks for one. Hosts on the Internet ask for none that they could check, public CAs no longer issue for that use, "
        + "and some receivers end the session over it; postconf(5) advises to leave these parameters empty. MailTlsState never sets a client certificate and leaves a found one as it is: where the value refers to $smtpd_tls_cert_file and the plan changes that, what it was is written out.");

    /// <summary>DANE needs a resolver that validates.</summary>
    public static readonly DiagnosticCode DaneResolverCode = new(
        "MTS0316",
        "DANE needs a resolver that validates DNSSEC",
        "With the security level dane, Postfix believes the AD flag of the resolvers in /etc/resolv.conf. Only a validating resolver on this host (127.0.0.1 or ::1) makes that safe; with another one DANE is either off or can be forged. "
        + "MailTlsState sets smtp_dns_support_level = dnssec, but the resolver is not part of Postfix: install and check one, for example unbound.");

    /// <summary>postscreen's TLS proxy serves the outbound client, too.</summary>
    public static readonly DiagnosticCode SharedTlsProxyCode = new(
        "MTS0317",
        "postscreen's TLS proxy keeps its own suites and groups",
        "postscreen hands STARTTLS to tlsproxy, and with smtp_tls_connection_reuse = yes the outbound client uses the same tlsproxy service. The policy's suites and groups would narrow outbound mail as well, so they are not set there: while postscreen tests a client, "
        + "suites outside of the policy stay accepted; the smtpd behind it follows the policy. Switch smtp_tls_connection_reuse off to have the policy in both.");

    /// <summary>main.cf holds the block of another manifest.</summary>
    public static readonly DiagnosticCode OtherManifestCode = new(
        "MTS0318",
        "Postfix's settings are managed by another manifest",
        "The heading of MailTlsState's block in main.cf says that it was written for another host's manifest. Two manifests for one Postfix would undo each other at every run. Decide which one it is; where the host was renamed or its files were copied, correct or remove the heading and apply the new manifest.");

    /// <summary>Clients may get another certificate by the name that they ask for.</summary>
    public static readonly DiagnosticCode SniMapCode = new(
        "MTS0319",
        "a map gives clients another certificate by the name that they ask for",
        "With tls_server_sni_maps Postfix looks up the name that a client asks for (SNI), then its parent domains with a leading dot, and serves the key and the chain that the map has for it (postconf(5), since 3.4). "
        + "Such a client gets neither the manifest's certificate nor its renewals; where the map has the manifest's host, the rehearsal ends because another leaf than planned is served. "
        + "MailTlsState does not read the map, which holds private keys, and leaves the setting as it is: it is right where the map is for other host names alone. Take the manifest's names out of the map, or remove the setting.");

    /// <summary>Single destinations have a level of their own.</summary>
    public static readonly DiagnosticCode DestinationsCode = new(
        "MTS0320",
        "a table sets how mail to single destinations is sent",
        "With smtp_tls_policy_maps Postfix looks up each destination, and what the table has for it takes the place of smtp_tls_security_level and of the protocols (postconf(5)); smtp_tls_per_site, which is obsolete, does so where there is no smtp_tls_policy_maps. "
        + "The manifest's outbound section does not hold for such a destination. MailTlsState leaves the table as it is, because that is where exceptions belong. "
        + "Tables in files (hash, btree, lmdb, cdb, texthash) and in the setting itself (inline, static) are read: a destination with less than the manifest says is named in a warning. Of others, such as socketmap for MTA-STS, the plan says only that they are there.");

    /// <summary>The listener waits for a proxy header, the manifest says nothing of it.</summary>
    public static readonly DiagnosticCode ProxyHeaderCode = new(
        "MTS0321",
        "the listener waits for a proxy header",
        "With smtpd_upstream_proxy_protocol (postscreen_upstream_proxy_protocol where postscreen has the port) each connection has to begin with the header of a proxy (HAProxy's PROXY protocol); a client that connects directly is turned away. "
        + "The manifest does not say so of the endpoint: it is probed like any other, and does not answer. Say proxyProtocol: true, with which the endpoint is not probed, or remove the setting, with which a proxy's header is refused as an SMTP command.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = 
    [
        NobodyCanLogInCode, MultiInstanceCode, NotSmtpdCode, UnknownParameterCode, ServerCertificateAsClientCode, DaneResolverCode, SharedTlsProxyCode,
        OtherManifestCode, SniMapCode, DestinationsCode, ProxyHeaderCode,
    ];

    /// <summary><see cref="NobodyCanLogInCode"/>.</summary>
    public static Diagnostic NobodyCanLogIn(SourceLocation at, string endpoint) =>
        new(NobodyCanLogInCode, Severity.Warning, $"no SASL mechanism is configured, so nobody can log in on {endpoint}", "set up SASL for Postfix, for example through Dovecot, and plan again", at);

    /// <summary><see cref="MultiInstanceCode"/>.</summary>
    public static Diagnostic MultiInstance(SourceLocation at, string directories) =>
        new(MultiInstanceCode, Severity.Warning, $"this host has further Postfix instances in {directories}, which are left alone", "configure them by hand", at);

    /// <summary><see cref="NotSmtpdCode"/>.</summary>
    public static Diagnostic NotSmtpd(SourceLocation at, string command, string endpoint) =>
        new(NotSmtpdCode, Severity.Error, $"the entry for {endpoint} runs {command}, which is no SMTP server", "change the entry in master.cf, or leave the endpoint out of the manifest", at);

    /// <summary><see cref="UnknownParameterCode"/>.</summary>
    public static Diagnostic UnknownParameter(SourceLocation at, string name, string version, string? nearest) =>
        new(
            UnknownParameterCode,
            Severity.Warning,
            $"Postfix {version} does not know {name}, so the line is without effect",
            nearest is null ? "remove the line, or correct the name" : $"did you mean {nearest}?",
            at);

    /// <summary><see cref="ServerCertificateAsClientCode"/>.</summary>
    public static Diagnostic ServerCertificateAsClient(SourceLocation at, string name, string value) =>
        new(ServerCertificateAsClientCode, Severity.Warning, $"{name} = {value} presents the server's certificate to other hosts", $"remove {name} and its key parameter from main.cf", at);

    /// <summary><see cref="OtherManifestCode"/>.</summary>
    public static Diagnostic OtherManifest(SourceLocation at, string other, string host) =>
        new(OtherManifestCode, Severity.Error, $"the settings below this heading were written for the manifest of {other}, and this one is for {host}", "apply the other manifest, or remove the heading if the host was renamed", at);

    /// <summary><see cref="DaneResolverCode"/>.</summary>
    public static Diagnostic DaneResolver(SourceLocation at) =>
        new(DaneResolverCode, Severity.Warning, "security dane is only as good as this host's resolver", "see that a validating resolver runs on this host and that /etc/resolv.conf names it alone", at);

    /// <summary><see cref="SniMapCode"/>.</summary>
    public static Diagnostic SniMap(SourceLocation at, string map, string? service, string host) =>
        new(
            SniMapCode,
            Severity.Warning,
            $"clients{(service is null ? "" : $" of {service}")} that ask for a name in tls_server_sni_maps = {map} get the map's certificate instead of the manifest's",
            $"see that the map has neither {host} nor a pattern for it, or remove the setting",
            at);

    /// <summary><see cref="DestinationsCode"/>.</summary>
    /// <param name="at">Where the table is set.</param>
    /// <param name="setting">Name and value.</param>
    /// <param name="client">The client in master.cf that it is for, or null for all.</param>
    /// <param name="weaker">Destinations with less, and what they have.</param>
    /// <param name="unread">Tables that could not be read.</param>
    public static Diagnostic Destinations(SourceLocation at, string setting, string? client, IReadOnlyList<string> weaker, IReadOnlyList<string> unread)
    {
        const int most = 5;
        var where = client is null ? "" : $" of the client {client}";
        var named = string.Join(", ", weaker.Take(most)) + (weaker.Count > most ? $" and {weaker.Count - most} more" : "");
        return weaker.Count > 0
            ? new(DestinationsCode, Severity.Warning, $"{setting}{where} gives single destinations less than the manifest's outbound section says: {named}", "change these entries, unless they are meant as exceptions", at)
            : new(
                DestinationsCode,
                Severity.Note,
                $"{setting}{where} takes the place of the manifest's outbound section for single destinations{(unread.Count == 0 ? ", none of which has less" : "")}",
                unread.Count == 0 ? "" : $"see that {string.Join(" and ", unread)} gives none of them less",
                at);
    }

    /// <summary><see cref="ProxyHeaderCode"/>.</summary>
    public static Diagnostic ProxyHeader(SourceLocation at, string endpoint, string setting) =>
        new(ProxyHeaderCode, Severity.Warning, $"{setting} makes {endpoint} wait for a proxy header, of which the manifest says nothing", "add proxyProtocol: true to the endpoint, or remove the setting", at);

    /// <summary><see cref="SharedTlsProxyCode"/>.</summary>
    public static Diagnostic SharedTlsProxy(SourceLocation at) =>
        new(SharedTlsProxyCode, Severity.Warning, "tlsproxy serves the outbound client (smtp_tls_connection_reuse = yes), so postscreen's STARTTLS keeps its own suites and groups", "set smtp_tls_connection_reuse = no to have the policy there, too", at);
}
