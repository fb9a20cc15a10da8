using System.Runtime.CompilerServices;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using Xunit;

namespace MailTlsState.Tests.Manifests;

public class ManifestSchemaTests
{
    /// <summary>Set MAILTLS_UPDATE_SCHEMAS=1 to write the file anew after the definition was changed.</summary>
    [Fact]
    public void The_published_schema_is_the_definition_that_the_reader_uses()
    {
        Check("manifest", ManifestSchema.Build());
        Check("policy", PolicySchema.Build());

        static void Check(string name, JsonSchema definition)
        {
            var expected = definition.ToJson().ReplaceLineEndings("\n") + "\n";
            if (Environment.GetEnvironmentVariable("MAILTLS_UPDATE_SCHEMAS") == "1")
            {
                File.WriteAllText(Path.Combine(Folder(), $"../../../schemas/{name}.v1.schema.json"), expected);
            }
            else
            {
                Assert.Equal(expected, Schemas.Get(name));
            }
        }
    }

    [Fact]
    public async Task The_words_of_the_schema_are_those_of_the_code()
    {
        var schema = JObject.Parse(Schemas.Manifest);
        string[] Words(string path) => [.. schema.SelectToken(path)!.Values<string>().Select(word => word!)];
        Assert.Equal(Vocabularies.KeyKinds.Words, Words("$.properties.certificate.properties.keys.items.enum"));
        Assert.Equal(Vocabularies.KeyKinds.Words, Words("$.properties.certificate.properties.issuer.oneOf[0].properties.key.enum"));
        Assert.Equal(Vocabularies.Layouts.Words, Words("$.properties.certificate.properties.layout.enum"));
        Assert.Equal(Vocabularies.SeLinuxModes.Words, Words("$.properties.selinux.enum"));
        Assert.Equal(PolicyCatalogue.Names, Words("$.properties.policy.properties.base.enum"));
        var services = (JObject)schema.SelectToken("$.properties.services.properties")!;
        Assert.Equal(Vocabularies.Services.Words, services.Properties().Select(property => property.Name));
        foreach (var definition in EndpointCatalogue.All)
        {
            var service = $"$.properties.services.properties.{Vocabularies.Services.WordOf(definition.Service)}.properties";
            Assert.Equal(Vocabularies.ServiceStates.Words, Words($"{service}.state.enum"));
            Assert.Equal(
                definition.Securities.Select(Vocabularies.Securities.WordOf),
                Words($"{service}.endpoints.properties.{definition.Word}.properties.security.enum"));
        }

        // Another validator than our own reader must come to the same verdict.
        var published = await JsonSchema.FromJsonAsync(Schemas.Manifest, TestContext.Current.CancellationToken);
        var json = """{"apiVersion":"mailtlsstate/v1","host":"a.b","certificate":{"renewBefore":"DURATION","issuer":{"kind":"privateCa","subject":{"commonName":"x"},"passphrase":{"env":"X"}}},"services":{"dovecot":{"endpoints":{"imaps":{"security":"implicit"}}}}}""";
        Assert.Empty(published.Validate(json.Replace("DURATION", "30d", StringComparison.Ordinal)));
        Assert.NotEmpty(published.Validate(json.Replace("DURATION", "30", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_value_of_every_enumeration_has_one_word()
    {
        Check(Vocabularies.KeyKinds);
        Check(Vocabularies.Layouts);
        Check(Vocabularies.ServiceStates);
        Check(Vocabularies.Securities);
        Check(Vocabularies.SeLinuxModes);
        Check(Vocabularies.Services);
        Check(Vocabularies.Endpoints);

        static void Check<T>(Vocabulary<T> vocabulary)
            where T : struct, Enum
        {
            Assert.Equal(Enum.GetValues<T>(), vocabulary.Entries.Select(entry => entry.Value));
            Assert.Equal(vocabulary.Entries.Count, vocabulary.Words.Distinct().Count());
            Assert.All(vocabulary.Entries, entry => Assert.True(vocabulary.TryParse(vocabulary.WordOf(entry.Value), out var value) && value.Equals(entry.Value)));
        }
    }

    [Fact]
    public void No_word_is_a_boolean_of_some_yaml_version()
    {
        string[] booleans = ["on", "off", "yes", "no", "y", "n", "true", "false", "null"];
        var words = JObject.Parse(Schemas.Manifest).SelectTokens("$..enum").SelectMany(list => list.Values<string>());
        Assert.DoesNotContain(words, word => booleans.Contains(word, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void Schemas_are_found_by_file_name_and_by_short_name()
    {
        Assert.Contains("manifest.v1.schema.json", Schemas.Names);
        Assert.Equal(Schemas.Manifest, Schemas.Get("manifest"));
        Assert.Throws<ArgumentException>(() => Schemas.Get("nothing"));
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
