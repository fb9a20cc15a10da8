using MailTlsState.Policies;
using NJsonSchema;

namespace MailTlsState.Manifests;

/// <summary>
/// The one definition of the manifest's shape (v1). Built by code, because loading the file of the same content costs seven
/// times as much and needs reflection; a test holds the file in schemas/ equal to it.
/// </summary>
internal static class ManifestSchema
{
    public const string ApiVersion = "mailtlsstate/v1";
    public const string DefaultDirectory = "/etc/pki/mailtls";
    public const string DefaultPolicy = "intermediate";
    public const string DefaultLifetime = "1825d";

    /// <summary>For how long a replaced pair stays.</summary>
    public const string DefaultKeepPrevious = "7d";

    /// <summary>The SELinux type of certificates and keys that both daemons may read, in Debian's policy and in Fedora's.</summary>
    public const string UsualLabelType = "cert_t";
    public const string DefaultLeafLifetime = "397d";
    public const string DefaultRootKey = "rsa-3072";

    /// <summary>The next root's key: the present one.</summary>
    public const string SameKey = "same";
    public const int MaximumNames = 100;

    private const string DurationPattern = "^[1-9][0-9]{0,5}[dh]$";
    private const string PathPattern = "^/";

    public static JsonSchema Build()
    {
        var root = new JsonSchema
        {
            SchemaVersion = "http://json-schema.org/draft-07/schema#",
            Title = "MailTlsState manifest (v1)",
            Description = "The desired TLS state of one mail host: its certificate, its TLS policy and the endpoints that serve them.",
            Type = JsonObjectType.Object,
            AllowAdditionalProperties = false,
        };
        root.Add("apiVersion", Words("Version of the manifest format", "Which rules this file follows.", [ApiVersion]), required: true);
        root.Add("host", Text("Host name", "Fully qualified name of the mail host, as clients type it. No wildcard, no IP address.", "mail.example.com"), required: true);
        root.Add("certificate", Certificate(), required: true);
        root.Add("policy", Policy());
        root.Add("services", Services(), required: true);
        root.Add("selinux", Words("SELinux labels", Meanings(Vocabularies.SeLinuxModes), Vocabularies.SeLinuxModes.Words, "auto"));
        return root;
    }

    private static JsonSchemaProperty Certificate()
    {
        var certificate = Object("Certificate", "What the host serves and where it lies.");
        var names = List(
            "Names",
            "DNS names in the certificate's SAN; with a CA of your own also IP addresses. Default: the host. A name with a wildcard needs quotes: \"*.example.com\".",
            Item(new JsonSchema { Type = JsonObjectType.String }),
            MaximumNames);
        names.Examples(new[] { "mail.example.com", "imap.example.com" });
        certificate.Add("names", names);
        var keys = List(
            "Key kinds",
            "One kind of key, or one RSA and one ECDSA kind: two certificates side by side, of which each client takes the one that it can use. Name a second kind behind the first, and the first keeps its key.",
            Item(Words("Key kind", Meanings(Vocabularies.KeyKinds), Vocabularies.KeyKinds.Words)),
            2);
        keys.Default = new[] { "ecdsa-p256" };
        certificate.Add("keys", keys);
        certificate.Add("directory", Path("Directory", "Absolute directory of our own for key and certificate, made root:root 0700; never one that others use.", DefaultDirectory));
        var type = Text("SELinux type", $"Type that the directory and all in it get where there is SELinux. Default: what the policy gives, or {UsualLabelType} where a daemon may not read that.", UsualLabelType, 255);
        type.Pattern("^[A-Za-z_][A-Za-z0-9_.]*$");
        certificate.Add("selinuxType", type);
        certificate.Add("layout", Words("Layout", Meanings(Vocabularies.Layouts), Vocabularies.Layouts.Words, "bundle"));
        certificate.Add("renewBefore", Duration("Renew before", "Remaining lifetime at which a renewal is due, such as 30d. Default: a third of the lifetime.", null));
        certificate.Add("rotateKey", Flag("Rotate the key", "true makes a new key at each renewal; false keeps it, so that a TLSA 3 1 1 record stays true."));
        var keep = Duration("Keep the previous pair", "How long a key and certificate that were replaced stay for mailtls rollback, such as 7d; 0 keeps none.", DefaultKeepPrevious);
        keep.Pattern("^(0|[1-9][0-9]{0,5}[dh])$");
        certificate.Add("keepPrevious", keep);
        certificate.Add("issuer", Issuer(), required: true);
        return certificate;
    }

    private static JsonSchemaProperty Issuer()
    {
        var issuer = new JsonSchemaProperty { Title = "Issuer", Description = "Where the certificate comes from; kind says which." };
        issuer.OneOf.Add(PrivateCa());
        issuer.OneOf.Add(Trusted(IssuerKind.Purchased, "Purchased certificate"));
        issuer.OneOf.Add(Existing());
        return issuer;
    }

    private static JsonSchemaProperty PrivateCa()
    {
        var ca = Object("Private CA", "A root CA of our own on this host.");
        ca.Add("kind", Kind(IssuerKind.PrivateCa), required: true);
        ca.Add("subject", Subject(), required: true);
        ca.Add("key", Words("Key kind of the root", "Kind of the root's own key.", Vocabularies.KeyKinds.Words, DefaultRootKey));
        ca.Add("keyEncryption", Words("Encryption of the root's key", Meanings(Vocabularies.KeyEncryptions), Vocabularies.KeyEncryptions.Words, "asFound"));
        ca.Add("lifetime", Duration("Lifetime of the root", "Validity of the root certificate.", DefaultLifetime));
        ca.Add("leafLifetime", Duration("Lifetime of a certificate", "Validity of the server's certificate; cut at the root's end.", DefaultLeafLifetime));
        ca.Add("passphrase", Passphrase("Where the passphrase of the root's key comes from; never the passphrase itself. Default: asked on the terminal."));
        ca.Add("directory", Path("Directory of the CA", "Absolute directory of ca.key and ca.pem. Default: ca/ in the certificate's directory.", null, DefaultDirectory + "/ca"));
        ca.Add("trustStore", Flag("The host itself trusts it", "true puts the root into the host's own trust store as well (Debian: update-ca-certificates; Red Hat: update-ca-trust); false takes it out again."));
        ca.Add("successor", Successor());
        return ca;
    }

    private static JsonSchemaProperty Successor()
    {
        var next = Object(
            "The next root",
            "The root CA that follows this one: made beside it and given to clients while certificates stay under the present root, then used. When the move is over, the issuer takes on what stands here, and this section goes.");
        next.Add("directory", Path("Directory of the next CA", "Absolute directory of its ca.key and ca.pem; it keeps it for its whole life.", null, DefaultDirectory + "/ca-2031"), required: true);
        var trusted = Flag("Clients have it", "true says that all clients have the next root: from then on it signs the certificates. Until then the present one does.");
        next.Add("trusted", trusted);
        next.Add("subject", Subject());
        next.Add("key", Words("Key kind of the next root", "Kind of its own key, or same: the present key under a new certificate, which clients of the present root go on accepting until that ends. Default: the issuer's.", [.. Vocabularies.KeyKinds.Words, SameKey]));
        next.Add("lifetime", Duration("Lifetime of the next root", "Validity of its certificate. Default: the issuer's.", null));
        next.Add("passphrase", Passphrase("Where the passphrase of its key comes from. Default: the issuer's."));
        return next;
    }

    private static JsonSchemaProperty Passphrase(string description)
    {
        var secret = Object("Passphrase", description);
        secret.MinProperties = 1;
        secret.MaxProperties = 1;
        secret.Add("file", Path("Secret file", "Absolute path of a file that only root can read.", null, "/root/mail-ca.pass"));
        var variable = Text("Environment variable", "Name of an environment variable.", "MAILTLS_CA_PASSPHRASE");
        variable.Pattern("^[A-Za-z_][A-Za-z0-9_]*$");
        secret.Add("env", variable);
        var credential = Text("systemd credential", "Name of a credential that the unit loads (LoadCredential= or LoadCredentialEncrypted=).", "mail-ca", 255);
        credential.Pattern("^[A-Za-z0-9_][A-Za-z0-9._-]*$");
        secret.Add("credential", credential);
        return secret;
    }

    private static JsonSchemaProperty Subject()
    {
        var subject = Object("Subject of the root", "The root's distinguished name; it must differ from the server's.");
        subject.Add("commonName", Text("Common name (CN)", "What clients show for this CA.", "Example Mail CA", 64), required: true);
        subject.Add("organization", Text("Organization (O)", "Legal or usual name.", "Example Ltd", 64));
        subject.Add("organizationalUnit", Text("Organizational unit (OU)", "Part of the organization.", "IT", 64));
        subject.Add("locality", Text("Locality (L)", "City.", "Utrecht", 128));
        subject.Add("state", Text("State or province (ST)", "Written out.", "Utrecht", 128));
        var country = Text("Country (C)", "Two capital letters (ISO 3166).", "NL", 2);
        country.Pattern("^[A-Z]{2}$");
        subject.Add("country", country);
        return subject;
    }

    private static JsonSchemaProperty Existing()
    {
        var issuer = Trusted(IssuerKind.Existing, "Existing files");
        var pair = Object("Pair", "One certificate and its key, as the other tool names them. Links are followed; nothing of it is changed.");
        pair.Add("certificate", Path("Certificate", "Absolute path of leaf and chain in PEM, leaf first.", null, "/etc/letsencrypt/live/mail.example.com/fullchain.pem"), required: true);
        pair.Add("key", Path("Key", "Absolute path of the private key in PEM. Default: the certificate's file holds it as well.", null, "/etc/letsencrypt/live/mail.example.com/privkey.pem"));
        var files = List("Files", "One pair; or two, one of an RSA and one of an ECDSA key.", pair, 2);
        issuer.Add("files", files, required: true);
        return issuer;
    }

    private static JsonSchemaProperty Kind(IssuerKind kind) =>
        Words("Kind of issuer", Sentence(kind), [Vocabularies.Issuers.WordOf(kind)]);

    private static string Sentence(IssuerKind kind)
    {
        var meaning = Vocabularies.Issuers.Entries.Single(e => e.Value == kind).Meaning;
        return $"{char.ToUpperInvariant(meaning[0])}{meaning[1..]}.";
    }

    private static JsonSchemaProperty Trusted(IssuerKind kind, string title)
    {
        var issuer = Object(title, Sentence(kind));
        issuer.Add("kind", Kind(kind), required: true);
        var trust = new JsonSchemaProperty { Title = "Trust", Description = "The root that clients trust: system, or a file. Default: system." };
        trust.OneOf.Add(Words("System", "The system's own root certificates.", ["system"]));
        var file = Object("Root certificate", "A root certificate in a file.");
        file.Add("file", Path("File", "Absolute path of the root certificate in PEM.", null, "/etc/ssl/my-root.pem"), required: true);
        trust.OneOf.Add(file);
        issuer.Add("trust", trust);
        return issuer;
    }

    private static JsonSchemaProperty Policy()
    {
        var policy = Object("TLS policy", "Protocol versions and cipher suites, by a name in the catalogue or from a file of your own; single fields can be overridden. Default: " + DefaultPolicy + ".");
        policy.Add("base", Words("Policy", "mailtls policy lists them with their sources.", PolicyCatalogue.Names, DefaultPolicy));
        policy.Add("file", Text("Policy file", "A policy of your own in place of base: YAML or JSON, relative to the manifest's directory. mailtls schema policy prints its schema.", "./my-policy.yaml"));
        policy.Add("minimumProtocol", PolicySchema.Minimum());
        PolicySchema.AddFields(policy);
        return policy;
    }

    private static JsonSchemaProperty Services()
    {
        var services = Object("Services", "The mail servers to configure.");
        services.MinProperties = 1;
        foreach (var entry in Vocabularies.Services.Entries)
        {
            var service = Object(entry.Word, entry.Meaning + ".");
            service.Add("state", Words("State", Meanings(Vocabularies.ServiceStates), Vocabularies.ServiceStates.Words, "running"));
            service.Add("allowUntested", Flag("Allow untested versions", "true goes on with a version outside the tested range."));
            var endpoints = Object("Endpoints", "The ports that the manifest takes charge of; others keep what they have.");
            endpoints.MinProperties = 1;
            foreach (var definition in EndpointCatalogue.Of(entry.Value))
            {
                endpoints.Add(definition.Word, Endpoint(definition));
            }

            service.Add("endpoints", endpoints, required: true);
            if (entry.Value == ServiceKind.Postfix)
            {
                service.Add("outbound", Outbound());
            }

            services.Add(entry.Word, service);
        }

        return services;
    }

    private static JsonSchemaProperty Outbound()
    {
        var outbound = Object("Outbound mail", "How mail to other hosts is protected, apart from what this host's own listeners do. Without this section it stays as it is, but for a floor that the policy itself states.");
        outbound.MinProperties = 1;
        outbound.Add("security", Words("Security", Meanings(Vocabularies.OutboundSecurities), Vocabularies.OutboundSecurities.Words, "asFound"));
        outbound.Add("minimumProtocol", Words("Oldest protocol version", "Sets smtp_tls_protocols and smtp_tls_mandatory_protocols. Default: as found.", ["TLSv1.2", "TLSv1.3"]));
        return outbound;
    }

    private static JsonSchemaProperty Endpoint(EndpointDefinition definition)
    {
        var endpoint = Object(definition.Word, definition.Meaning + ".");
        var securities = Vocabularies.Securities.Entries.Where(e => definition.Securities.Contains(e.Value)).ToList();
        endpoint.Add("security", Words("Security", string.Join("; ", securities.Select(e => $"{e.Word}: {e.Meaning}")) + ".", securities.Select(e => e.Word)), required: true);
        endpoint.Add("port", new JsonSchemaProperty { Title = "TCP port", Description = "Default: the registered port.", Type = JsonObjectType.Integer, Minimum = 1, Maximum = 65535, Default = definition.Kind.DefaultPort() });
        endpoint.Add("addresses", List("Addresses", "IP addresses to listen on. Default: all that are bound, IPv4 and IPv6.", Item(Text("IP address", "IPv4 or IPv6.", "192.0.2.1")), 100));
        endpoint.Add("proxyProtocol", Flag("PROXY protocol", "true when a proxy header comes first; such an endpoint is not probed."));
        return endpoint;
    }

    internal static JsonSchemaProperty Object(string title, string description) =>
        new() { Title = title, Description = description, Type = JsonObjectType.Object, AllowAdditionalProperties = false };

    internal static JsonSchemaProperty Text(string title, string description, string example, int? maximum = null)
    {
        var text = new JsonSchemaProperty { Title = title, Description = description, Type = JsonObjectType.String, MinLength = 1, MaxLength = maximum };
        text.Examples(example);
        return text;
    }

    private static JsonSchemaProperty Path(string title, string description, string? @default, string? example = null)
    {
        var path = Text(title, description, example ?? @default!);
        path.Default = @default;
        path.Pattern(PathPattern);
        return path;
    }

    private static JsonSchemaProperty Duration(string title, string description, string? @default)
    {
        var duration = Text(title, description + " A number and d (days) or h (hours).", @default ?? "30d");
        duration.Default = @default;
        duration.Pattern(DurationPattern);
        return duration;
    }

    internal static JsonSchemaProperty Flag(string title, string description) =>
        new() { Title = title, Description = description, Type = JsonObjectType.Boolean, Default = false };

    internal static JsonSchemaProperty Words(string title, string description, IEnumerable<string> words, string? @default = null)
    {
        var property = new JsonSchemaProperty { Title = title, Description = description, Type = JsonObjectType.String, Default = @default };
        foreach (var word in words)
        {
            property.Enumeration.Add(word);
        }

        return property;
    }

    internal static JsonSchemaProperty List(string title, string description, JsonSchema item, int maximum) =>
        new() { Title = title, Description = description, Type = JsonObjectType.Array, Item = item, MinItems = 1, MaxItems = maximum, UniqueItems = true };

    private static JsonSchema Item(JsonSchema item) => item;

    private static string Meanings<T>(Vocabulary<T> vocabulary)
        where T : struct, Enum => string.Join("; ", vocabulary.Entries.Select(e => $"{e.Word}: {e.Meaning}")) + ".";

    internal static void Add(this JsonSchema parent, string name, JsonSchemaProperty property, bool required = false)
    {
        parent.Properties.Add(name, property);
        if (required)
        {
            parent.RequiredProperties.Add(name);
        }
    }

    private static void Examples(this JsonSchema schema, object example) => schema.Extend("examples", new[] { example });

    // As extension data: editors see it in the file, while our own reader has a check with a better message and never starts
    // the regular expression engine, which costs more cold than all the rest of the validation.
    private static void Pattern(this JsonSchema schema, string pattern) => schema.Extend("pattern", pattern);

    private static void Extend(this JsonSchema schema, string key, object value)
    {
        schema.ExtensionData ??= new Dictionary<string, object?>();
        schema.ExtensionData[key] = value;
    }
}
