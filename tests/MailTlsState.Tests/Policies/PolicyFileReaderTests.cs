using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Policies;

public class PolicyFileReaderTests
{
    private const string Mine = """
        apiVersion: mailtlsstate-policy/v1
        name: mine
        source: { document: Example Ltd, version: 3 }
        minimumProtocol: TLSv1.2
        suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
        groups: [x25519]

        """;

    [Fact]
    public void A_policy_file_is_read_as_yaml_and_as_json()
    {
        var json = """{"apiVersion": "mailtlsstate-policy/v1", "name": "mine", "source": {"document": "Example Ltd", "version": "3"}, "minimumProtocol": "TLSv1.2", "suites": ["ECDHE-ECDSA-AES256-GCM-SHA384"], "groups": ["X25519"]}""";
        foreach (var text in new[] { Mine, json })
        {
            var read = Read(text);
            Assert.Empty(read.Diagnostics);
            Assert.Equal(("mine", "Example Ltd, 3", TlsVersion.Tls12), (read.Policy!.Name, read.Policy.Source, read.Policy.Minimum));
            Assert.Equal(["ECDHE-ECDSA-AES256-GCM-SHA384"], read.Policy.Suites);
            Assert.Equal(["X25519"], read.Policy.Groups);
            Assert.Null(read.Policy.Tls13Suites);
        }
    }

    [Theory]
    [InlineData("name: mine", "name: intermediate", "p.yaml:2:7: error MTS0163")]
    [InlineData("name: mine", "name: \"my policy\"", "p.yaml:2:7: error MTS0163")]
    [InlineData("name: mine\n", "", "p.yaml:1:1: error MTS0121")]
    [InlineData("TLSv1.2", "TLSv1.1", "p.yaml:4:18: error MTS0123")]
    [InlineData("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "p.yaml:5:10: error MTS0162")]
    [InlineData("[TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]", "[]", "p.yaml:5:1: error MTS0163")]
    [InlineData("[x25519]", "[x25519, curve25519]", "p.yaml:6:18: error MTS0162")]
    [InlineData("groups", "group", "p.yaml:6:1: error MTS0120: the file has no key 'group'. hint: did you mean groups?")]
    [InlineData("groups", "grade: HIGH\ngroups", "p.yaml:6:1: error MTS0163")]
    [InlineData("groups", "compression: off\ngroups", "p.yaml:6:14: error MTS0122")]
    [InlineData("mailtlsstate-policy/v1", "mailtlsstate/v1", "p.yaml:1:13: error MTS0128")]
    public void An_error_is_named_with_its_place(string old, string @new, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Read(Mine.Replace(old, @new, StringComparison.Ordinal)).Diagnostics).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_manifest_takes_its_policy_from_a_file_and_overrides_it()
    {
        var text = Samples.Minimal + "policy:\n  file: ./mine.yaml\n  groups: [secp384r1]\n";
        ManifestReadResult Manifest(string policy) => ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(text), path => new NamedFile(Encoding.UTF8.GetBytes(policy), null, path));
        var read = Manifest(Mine).Manifest!;
        var policy = PolicyCatalogue.Resolve(read.Policy);
        Assert.Equal(("mine", "mine", "./mine.yaml"), (policy.Name, read.Policy.Base, read.Policy.File));
        Assert.Equal(["secp384r1"], policy.Groups);
        Assert.Equal(["ECDHE-ECDSA-AES256-GCM-SHA384"], policy.Suites);

        // The digest covers the policy file, so a plan that was made with another one is stale.
        Assert.Equal(new ManifestAttachment("./mine.yaml", Mine), read.Source.PolicyFile);
        Assert.NotEqual(read.Source.Digest, Manifest(Mine + "# changed\n").Manifest!.Source.Digest);

        var broken = Manifest(Mine.Replace("x25519", "nothing", StringComparison.Ordinal));
        Assert.Null(broken.Manifest);
        Assert.StartsWith("./mine.yaml:6:10: error MTS0162", Assert.Single(broken.Diagnostics).ToString(), StringComparison.Ordinal);
    }

    /// <summary>20,000 inputs, each the sample with a few cuts, repeats and insertions: a policy or an error, never an exception.</summary>
    [Fact]
    public void Any_mutation_of_a_policy_file_gives_a_policy_or_an_error()
    {
        string[] parts = ["\n", ": ", "- ", "[", "]", "{", "}", ", ", "\"", "'", "#", "|", "&a ", "*a", "!t ", "~", "TLSv1.3", "HIGH", "grade", "excluded", "aNULL", "suites", "tls13Suites", "name", "true", "5", "\t", "\0", "é", "%", "---\n", "<<"];
        var samples = PolicyCatalogue.Names.Select(PolicyCatalogue.Text).Append(Mine).Select(text => string.Join('\n', text.Split('\n').Where(l => !l.StartsWith('#')))).ToList();
        var random = new Random(20_261_125);
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder(i % 4 == 0 ? samples[random.Next(samples.Count)] : Mine);
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                var at = random.Next(text.Length + 1);
                if (random.Next(2) == 0)
                {
                    text.Remove(at, Math.Min(random.Next(20), text.Length - at));
                }

                text.Insert(Math.Min(at, text.Length), parts[random.Next(parts.Length)]);
            }

            var read = Read(text.ToString());
            Assert.True((read.Policy is null) == read.Diagnostics.Any(d => d.Severity == Severity.Error), text.ToString());
            Assert.All(read.Diagnostics, d => Assert.True(d.Location is { Line: > 0, Column: > 0 } && d.Fact.Length > 0, text.ToString()));
        }
    }

    private static PolicyReadResult Read(string text) => PolicyFileReader.Read("p.yaml", Encoding.UTF8.GetBytes(text));
}
