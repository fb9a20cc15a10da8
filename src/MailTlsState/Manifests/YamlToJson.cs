using System.Globalization;
using Newtonsoft.Json.Linq;
using NJsonSchema;

namespace MailTlsState.Manifests;

/// <summary>
/// Gives the tree the form that the validator reads. A plain scalar takes the type that the schema wants at its place, so no
/// word (<c>no</c>, <c>1.0</c>, a country code) changes its type behind the writer's back; a quoted one is always a string.
/// </summary>
internal sealed class YamlToJson
{
    private readonly Dictionary<JToken, YamlNode> nodes = new(ReferenceEqualityComparer.Instance);

    /// <summary>The node that <paramref name="token"/> was made from.</summary>
    public YamlNode NodeOf(JToken token) => nodes[token];

    public JToken Convert(YamlNode node, JsonSchema? schema)
    {
        JToken token = node switch
        {
            YamlMapping mapping => ConvertMapping(mapping, schema),
            YamlSequence sequence => ConvertSequence(sequence, schema),
            YamlScalar scalar => ConvertScalar(scalar, schema),
            _ => throw new ArgumentException("unknown kind of node", nameof(node)),
        };
        nodes[token] = node;
        return token;
    }

    private JObject ConvertMapping(YamlMapping mapping, JsonSchema? schema)
    {
        var result = new JObject();
        foreach (var entry in mapping.Entries)
        {
            result.Add(entry.Key, Convert(entry.Value, PropertyOf(schema, entry.Key)));
        }

        return result;
    }

    private JArray ConvertSequence(YamlSequence sequence, JsonSchema? schema)
    {
        var result = new JArray();
        foreach (var item in sequence.Items)
        {
            result.Add(Convert(item, schema?.Item));
        }

        return result;
    }

    private static JValue ConvertScalar(YamlScalar scalar, JsonSchema? schema)
    {
        if (scalar.IsNull)
        {
            return JValue.CreateNull();
        }

        if (scalar.Plain && schema?.Type == JsonObjectType.Integer
            && long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return new JValue(number);
        }

        if (scalar.Plain && schema?.Type == JsonObjectType.Boolean && scalar.Value is "true" or "false")
        {
            return new JValue(scalar.Value == "true");
        }

        return new JValue(scalar.Value);
    }

    private static JsonSchema? PropertyOf(JsonSchema? schema, string key)
    {
        if (schema is null)
        {
            return null;
        }

        if (schema.Properties.TryGetValue(key, out var property))
        {
            return property;
        }

        foreach (var branch in schema.OneOf)
        {
            if (branch.Properties.TryGetValue(key, out property))
            {
                return property;
            }
        }

        return null;
    }
}
