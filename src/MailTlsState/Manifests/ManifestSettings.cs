using NJsonSchema;

namespace MailTlsState.Manifests;

/// <summary>One key of the manifest, as its schema describes it.</summary>
/// <param name="Path">For example <c>certificate.issuer.passphrase</c>.</param>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="Description">What it does.</param>
/// <param name="Type">What its value looks like.</param>
/// <param name="Default">The default, or null.</param>
/// <param name="Example">An example, or null.</param>
/// <param name="Required">True when it has to be there.</param>
/// <param name="Keys">The keys below it.</param>
public sealed record ManifestSetting(
    string Path, string Title, string Description, string Type, string? Default, string? Example, bool Required, IReadOnlyList<string> Keys);

/// <summary>All keys of the manifest by their paths: what <c>mailtls explain SETTING</c> shows.</summary>
public static class ManifestSettings
{
    /// <summary>Every setting in the schema's order.</summary>
    public static IReadOnlyList<ManifestSetting> All()
    {
        var all = new List<ManifestSetting>();
        Collect(ManifestSchema.Build(), "", all);
        return all;
    }

    /// <summary>The settings that a word means: the path itself, or else every path that ends with it.</summary>
    public static IReadOnlyList<ManifestSetting> Find(string word)
    {
        var all = All();
        var exact = all.Where(s => string.Equals(s.Path, word, StringComparison.OrdinalIgnoreCase)).ToList();
        return exact.Count > 0 ? exact : [.. all.Where(s => s.Path.EndsWith("." + word, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>The nearest path to a word that means none, or null.</summary>
    public static string? NearestTo(string word)
    {
        var all = All();
        return Nearest.Of(word, all.Select(s => s.Path).Concat(all.Select(s => s.Path[(s.Path.LastIndexOf('.') + 1)..])).Distinct());
    }

    private static void Collect(JsonSchema parent, string prefix, List<ManifestSetting> all)
    {
        foreach (var (name, property) in parent.Properties)
        {
            var path = prefix + name;
            if (all.Exists(s => s.Path == path))
            {
                continue;
            }

            var branches = property.OneOf.Count > 0 ? property.OneOf.ToList() : [property];
            var keys = branches.SelectMany(b => b.Properties.Keys).Distinct().ToList();
            all.Add(new ManifestSetting(
                path,
                property.Title ?? name,
                property.Description ?? "",
                Type(property),
                property.Default switch { null => null, bool b => b ? "true" : "false", string[] list => string.Join(", ", list), var other => other.ToString() },
                property.ExtensionData?.TryGetValue("examples", out var examples) == true ? Example(examples) : null,
                parent.RequiredProperties.Contains(name),
                keys));
            foreach (var branch in branches)
            {
                Collect(branch, path + ".", all);
            }
        }
    }

    private static string? Example(object? examples) => examples is object[] { Length: > 0 } list ? list[0] switch
    {
        string[] items => $"[{string.Join(", ", items)}]",
        var one => one.ToString(),
    } : null;

    private static string Type(JsonSchema schema) => schema switch
    {
        { Enumeration.Count: > 0 } => "one of " + string.Join(", ", schema.Enumeration),
        { OneOf.Count: > 0 } when schema.OneOf.All(b => b.Properties.ContainsKey("kind")) => "a mapping; kind is one of " + string.Join(", ", schema.OneOf.Select(b => b.Properties["kind"].Enumeration.First())),
        { OneOf.Count: > 0 } => string.Join(", or ", schema.OneOf.Select(Type)),
        { Type: JsonObjectType.Object } => "a mapping",
        { Type: JsonObjectType.Array, Item: { } item } => "a list; each item " + Type(item),
        { Type: JsonObjectType.Integer } => $"a whole number from {schema.Minimum} to {schema.Maximum}",
        { Type: JsonObjectType.Boolean } => "true or false",
        _ => "a text",
    };
}
