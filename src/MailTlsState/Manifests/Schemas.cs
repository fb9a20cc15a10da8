namespace MailTlsState.Manifests;

/// <summary>The published JSON schemas, as they lie in <c>schemas/</c> and are embedded in the library.</summary>
public static class Schemas
{
    private const string Prefix = "schemas/";

    /// <summary>File names of all embedded schemas in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(Schemas).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The manifest's schema (draft-07).</summary>
    public static string Manifest => Get("manifest.v1.schema.json");

    /// <summary>The schema of that file name, or of that short name (<c>manifest</c>, <c>policy</c>, <c>plan</c>, <c>findings</c>).</summary>
    /// <exception cref="ArgumentException">There is no such schema.</exception>
    public static string Get(string name)
    {
        var file = Names.FirstOrDefault(candidate => candidate == name || candidate.StartsWith(name + ".", StringComparison.Ordinal))
            ?? throw new ArgumentException($"no schema is called {name}; there are {string.Join(", ", Names)}", nameof(name));
        using var stream = typeof(Schemas).Assembly.GetManifestResourceStream(Prefix + file)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
