using MailTlsState.Manifests;
using NJsonSchema;

namespace MailTlsState.Policies;

/// <summary>The shape of a policy file (v1), and of the fields of a policy that a manifest overrides. A test holds the file in schemas/ equal to it.</summary>
internal static class PolicySchema
{
    public const string ApiVersion = "mailtlsstate-policy/v1";

    /// <summary>A policy file.</summary>
    public static JsonSchema Build()
    {
        var root = new JsonSchema
        {
            SchemaVersion = "http://json-schema.org/draft-07/schema#",
            Title = "MailTlsState policy (v1)",
            Description = "What a mail server accepts: protocol versions, cipher suites, groups, keys. Used by policy.file in a manifest.",
            Type = JsonObjectType.Object,
            AllowAdditionalProperties = false,
        };
        root.Add("apiVersion", ManifestSchema.Words("Version of the policy format", "Which rules this file follows.", [ApiVersion]), required: true);
        root.Add("name", ManifestSchema.Text("Name", "Short name shown in plans; not one of the policies that come with mailtls.", "my-policy", 40), required: true);
        var source = ManifestSchema.Object("Source", "Where the policy is from.");
        source.Add("document", ManifestSchema.Text("Document", "Author and title.", "Example Ltd, TLS standard"), required: true);
        source.Add("version", ManifestSchema.Text("Version", "Version of the document.", "3"));
        source.Add("date", ManifestSchema.Text("Date", "Its date.", "2026-04-06"));
        source.Add("section", ManifestSchema.Text("Section", "Where in the document.", "4.2"));
        source.Add("url", ManifestSchema.Text("Address", "Where it can be had.", "https://example.com/tls.pdf"));
        root.Add("source", source, required: true);
        var minimum = Minimum();
        minimum.Description = "Oldest protocol version that the server accepts.";
        root.Add("minimumProtocol", minimum, required: true);
        AddFields(root);
        root.Add("notes", Names("Notes", "What an administrator should know; shown in the plan.", "TLS 1.3 only", 20));
        return root;
    }

    /// <summary>The floor, as a manifest overrides it.</summary>
    public static JsonSchemaProperty Minimum() => ManifestSchema.Words("Oldest protocol version", "Replaces the policy's own floor.", ["TLSv1.2", "TLSv1.3"]);

    /// <summary>Adds the fields that a manifest may override and a policy file may state.</summary>
    public static void AddFields(JsonSchema parent)
    {
        var suites = Names("TLS 1.2 cipher suites", "IANA's or OpenSSL's names in order of preference; [] where the floor is TLSv1.3.", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 100);
        suites.MinItems = 0;
        parent.Add("suites", suites);
        parent.Add("grade", ManifestSchema.Words("Grade", "OpenSSL's keyword in place of a list of TLS 1.2 suites.", ["HIGH"]));
        var excluded = Names("Excluded", "OpenSSL's names and keywords taken out of the grade.", "aNULL", 50);
        excluded.MinItems = 0;
        parent.Add("excluded", excluded);
        parent.Add("tls13Suites", Names("TLS 1.3 cipher suites", "IANA's names in order of preference. Default: the library's.", "TLS_AES_256_GCM_SHA384", 10));
        parent.Add("groups", Names("Groups", "Groups for key exchange, IANA's or OpenSSL's names, in order of preference. Default: the library's.", "X25519", 20));
        parent.Add("serverPreference", ManifestSchema.Flag("Server's order", "true when the server's order of suites decides, false when the client's does."));
        parent.Add("keyTypes", List("Key types", "Kinds of key that the certificate may have.", ManifestSchema.Words("Key type", "rsa or ecdsa.", ["ecdsa", "rsa"]), 2));
        parent.Add("minimumRsaBits", new JsonSchemaProperty { Title = "Shortest RSA key", Description = "Bits of the modulus.", Type = JsonObjectType.Integer, Minimum = 1024, Maximum = 16384 });
        parent.Add("curves", Names("Curves of keys", "Curves that the certificate's key may lie on.", "prime256v1", 20));
        parent.Add("signatureHashes", List("Signature hashes", "Hashes that the certificate may be signed with.", ManifestSchema.Words("Hash", "Name of the hash.", ["sha256", "sha384", "sha512"]), 3));
        parent.Add("sessionTickets", Stated("Session tickets", "Whether sessions may be resumed by tickets. Default: nothing is said."));
        parent.Add("compression", Stated("Compression", "Whether TLS 1.2 may compress. Default: nothing is said."));
        parent.Add("renegotiation", Stated("Renegotiation", "Whether a client may renegotiate in TLS 1.2. Default: nothing is said."));
        parent.Add("outboundMinimumProtocol", ManifestSchema.Words("Floor of outbound mail", "Oldest protocol version that Postfix's own client accepts. Default: outbound mail is left alone.", ["TLSv1.2", "TLSv1.3"]));
    }

    private static JsonSchemaProperty Stated(string title, string description) => new() { Title = title, Description = description, Type = JsonObjectType.Boolean };

    private static JsonSchemaProperty Names(string title, string description, string example, int maximum) =>
        List(title, description, ManifestSchema.Text("Name", "One name.", example, 200), maximum);

    private static JsonSchemaProperty List(string title, string description, JsonSchema item, int maximum) => ManifestSchema.List(title, description, item, maximum);
}
