using MailTlsState.Diagnostics;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Validation;

namespace MailTlsState.Manifests;

/// <summary>Turns the validator's errors into diagnostics at the places of the text.</summary>
internal sealed class SchemaErrors(YamlToJson json, ManifestReport report)
{
    public void Report(IEnumerable<ValidationError> errors)
    {
        foreach (var error in errors)
        {
            Report(error);
        }
    }

    private void Report(ValidationError error)
    {
        if (error.Kind == ValidationErrorKind.NotOneOf)
        {
            ReportBranch((ChildSchemaValidationError)error);
            return;
        }

        if (error is ChildSchemaValidationError child)
        {
            foreach (var nested in child.Errors.Values)
            {
                Report(nested);
            }

            return;
        }

        if (error.Kind == ValidationErrorKind.NoAdditionalPropertiesAllowed)
        {
            ReportUnknownKey(error);
            return;
        }

        var node = json.NodeOf(error.Token!);
        if (node.Refused)
        {
            return;
        }

        if (error.Kind == ValidationErrorKind.PropertyRequired)
        {
            // The validator says it of a text or a list too, besides that a mapping was expected.
            if (node is not YamlMapping)
            {
                return;
            }

            var example = error.Schema.Properties[error.Property!].Description ?? "";
            report.Add(YamlPath.Child(node.Path, error.Property!), ManifestDiagnostics.MissingKey(node.Label, error.Property!, node.Path, example));
            return;
        }

        report.Add(node.Path, Describe(error, node));
    }

    /// <summary>An issuer's branch is chosen by its <c>kind</c>, any other by the value's type; only that branch's errors help.</summary>
    private void ReportBranch(ChildSchemaValidationError error)
    {
        var node = json.NodeOf(error.Token!);
        var branches = error.Schema.OneOf;
        if (!branches.All(branch => branch.Properties.ContainsKey("kind")))
        {
            var type = error.Token is JObject ? JsonObjectType.Object : JsonObjectType.String;
            Report(error.Errors[branches.First(branch => branch.Type == type)]);
            return;
        }

        if (node is not YamlMapping mapping)
        {
            Report(error.Errors[branches.First()]);
            return;
        }

        var kinds = branches.Select(KindOf).ToList();
        switch (mapping["kind"])
        {
            case null:
                report.Add(YamlPath.Child(node.Path, "kind"), ManifestDiagnostics.MissingKey(node.Label, "kind", node.Path, "One of: " + string.Join(", ", kinds)));
                break;
            case YamlScalar { IsNull: false } kind when kinds.IndexOf(kind.Value) is >= 0 and var index:
                Report(error.Errors[branches.ElementAt(index)]);
                break;
            case YamlScalar { IsNull: false, Refused: false } kind:
                report.Add(kind.Path, ManifestDiagnostics.NotOneOf(kind.Place, kind.Path, kind.Value, kinds));
                break;
            default:
                Report(error.Errors[branches.First()].Where(e => e.Token is not (null or JProperty) && json.NodeOf(e.Token).Path == mapping["kind"]!.Path));
                break;
        }
    }

    private static string KindOf(JsonSchema branch) => (string)branch.Properties["kind"].Enumeration.First()!;

    private void ReportUnknownKey(ValidationError error)
    {
        var key = error.Property!;
        var value = json.NodeOf(((JProperty)error.Token!).Value);
        var parent = json.NodeOf(error.Token.Parent!).Path;
        var known = error.Schema.Properties.Keys.ToList();
        if (EndpointCatalogue.All.FirstOrDefault(definition => definition.Word == key) is { } endpoint && parent.EndsWith("/endpoints", StringComparison.Ordinal))
        {
            report.Add(value.Path, ManifestDiagnostics.EndpointOfOtherService(value.Label, key, Vocabularies.Services.WordOf(endpoint.Service)));
            return;
        }

        report.Add(value.Path, ManifestDiagnostics.UnknownKey(value.Label, key, parent, Nearest.Of(key, known), known));
    }

    private static Diagnostic Describe(ValidationError error, YamlNode node)
    {
        var scalar = node as YamlScalar;
        if (scalar is { IsNull: true })
        {
            return ManifestDiagnostics.MissingValue(node.Label, node.Path, ExpectedType(error.Schema));
        }

        switch (error.Kind)
        {
            case ValidationErrorKind.NotInEnumeration:
                return DescribeWord(error.Schema, node);
            case ValidationErrorKind.ItemsNotUnique:
                return ManifestDiagnostics.DuplicateItem(node.Label, node.Path);
            case ValidationErrorKind.TooFewProperties when node.Path == "/services":
            case ValidationErrorKind.TooFewProperties when node.Path.EndsWith("/endpoints", StringComparison.Ordinal):
                return ManifestDiagnostics.NoEndpoints(node.Label, node.Path);
            case ValidationErrorKind.TooFewProperties or ValidationErrorKind.TooManyProperties:
                return ManifestDiagnostics.SecretSource(node.Label, "passphrase takes exactly one of file, env and credential");
            case ValidationErrorKind.NumberTooSmall or ValidationErrorKind.NumberTooBig or ValidationErrorKind.IntegerTooBig:
                return ManifestDiagnostics.OutOfRange(node.Place, node.Path, $"is outside {error.Schema.Minimum} to {error.Schema.Maximum}");
            case ValidationErrorKind.StringTooLong:
                return ManifestDiagnostics.OutOfRange(node.Place, node.Path, $"is longer than {error.Schema.MaxLength} characters");
            case ValidationErrorKind.StringTooShort:
                return ManifestDiagnostics.OutOfRange(node.Place, node.Path, "is empty");
            case ValidationErrorKind.TooFewItems:
                return ManifestDiagnostics.OutOfRange(node.Label, node.Path, "is an empty list");
            case ValidationErrorKind.TooManyItems:
                return ManifestDiagnostics.OutOfRange(node.Label, node.Path, $"has more than {error.Schema.MaxItems} items");
            default:
                return scalar is not null && node.Path.EndsWith("/passphrase", StringComparison.Ordinal)
                    ? ManifestDiagnostics.LiteralSecret(node.Place)
                    : ManifestDiagnostics.WrongType(node.Place, node.Path, ExpectedType(error.Schema), Found(node, error.Schema));
        }
    }

    private static Diagnostic DescribeWord(JsonSchema schema, YamlNode node)
    {
        var words = schema.Enumeration.Select(word => (string)word!).ToList();
        if (node is not YamlScalar scalar)
        {
            return ManifestDiagnostics.WrongType(node.Place, node.Path, "one word of " + string.Join(", ", words), Found(node, schema));
        }

        if (node.Path == "/apiVersion")
        {
            return ManifestDiagnostics.UnknownApiVersion(node.Place, scalar.Value, words[0]);
        }

        if (node.Path == "/policy/base")
        {
            return ManifestDiagnostics.UnknownPolicy(node.Place, scalar.Value, words, Nearest.Of(scalar.Value, words));
        }

        if (node.Path.EndsWith("/security", StringComparison.Ordinal) && Vocabularies.Securities.TryParse(scalar.Value, out _))
        {
            return ManifestDiagnostics.EndpointSecurity(node.Place, node.Path.Split('/')[^2], scalar.Value, words);
        }

        return ManifestDiagnostics.NotOneOf(node.Place, node.Path, scalar.Value, words);
    }

    private static string ExpectedType(JsonSchema schema) => schema switch
    {
        { Type: JsonObjectType.Object } => "a mapping (key: value)",
        { Type: JsonObjectType.Array } => "a list (- item, or [item])",
        { Type: JsonObjectType.Integer } => "a whole number without quotes",
        { Type: JsonObjectType.Boolean } => "true or false without quotes",
        { Enumeration.Count: > 0 } => "one of " + string.Join(", ", schema.Enumeration),
        { Type: JsonObjectType.String } => "a text",
        _ => "a mapping (key: value)",
    };

    private static string Found(YamlNode node, JsonSchema schema) => node switch
    {
        YamlMapping => "a mapping",
        YamlSequence => "a list",
        YamlScalar { Plain: false } when schema.Type is JsonObjectType.Integer or JsonObjectType.Boolean => "a quoted text",
        _ => "a text",
    };
}
