using System.Text;
using CsCheck;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Manifests;

/// <summary>Whatever stands in the file: a manifest or at least one error, never an exception, and each place is in the text.</summary>
public class ManifestProperties
{
    private static readonly string[] Tokens =
    [
        "\n", "\n  ", "\n    ", ": ", "- ", "? ", "{", "}", "[", "]", ", ", "&a ", "*a", "!t ", "'", "\"", "|", ">", "#", "%YAML 1.2\n", "---\n", "...\n", "<<: ", "~", "\t", "\r\n", "\r",
        "true", "off", "25", "host", "certificate", "issuer", "kind", "privateCa", "passphrase", "trust", "services", "dovecot", "endpoints", "imaps", "security", "port", "\u0000", "é", "😀", "`", "@", "\\",
    ];

    private static readonly Gen<string> Soup = Gen.Int[0, Tokens.Length - 1].Select(i => Tokens[i]).Array[0, 40].Select(string.Concat);

    [Fact]
    public void Any_text_gives_a_manifest_or_an_error_in_the_text() => Gen.String[0, 200].Sample(Check, iter: 300);

    [Fact]
    public void Any_heap_of_yaml_gives_a_manifest_or_an_error_in_the_text() => Soup.Sample(Check, iter: 1_500);

    [Fact]
    public void Any_bytes_give_a_manifest_or_an_error() =>
        Gen.Byte.Array[0, 100].Sample(bytes => Judge(ManifestReader.Read("m.yaml", bytes)), iter: 300);

    [Theory]
    [InlineData(Samples.Minimal)]
    [InlineData(Samples.Full)]
    public void A_manifest_with_a_part_replaced_by_anything_gives_a_manifest_or_an_error_in_the_text(string text) =>
        Gen.Select(Gen.Int[0, text.Length], Gen.Int[0, 30], Gen.OneOf(Soup, Gen.Const("")))
            .Sample((start, length, insert) => Check(text[..start] + insert + text[Math.Min(text.Length, start + length)..]), iter: 1_000);

    [Fact]
    public void A_value_replaced_by_any_value_gives_a_manifest_or_an_error_in_the_text()
    {
        string[] values = ["mail.example.com", "privateCa", "/root/mail-ca.pass", "implicit", "{ commonName: Example Mail CA }", "{ imaps: { security: implicit } }"];
        string[] others = ["", "~", "5", "true", "\"x\"", "[]", "[a, {b: c}]", "{}", "{a: [b]}", "{file: /x}", "{kind: 5}", "purchased", "{file: [a]}", "*x", "!t {}", "&a [b]"];
        Gen.Select(Gen.Int[0, values.Length - 1].Select(i => values[i]), Gen.Int[0, others.Length - 1].Select(i => others[i]))
            .Sample((value, other) => Check(Samples.Minimal.Replace(value, other, StringComparison.Ordinal)), iter: 300);
    }

    [Theory]
    [InlineData("? : ? ")]
    [InlineData("[\n%YAML 1.2\n")]
    [InlineData("x: |? *a'\n  : |? *a\n? *b")]
    [InlineData("- \n- ")]
    [InlineData("{a: ")]
    [InlineData("\"abc")]
    [InlineData("certificate: { issuer: { kind: {}, x: y } }")]
    public void Texts_that_once_went_wrong_stay_right(string text) => Assert.True(Check(text));

    private static bool Check(string text)
    {
        var result = Samples.Read(text);
        return Judge(result) && result.Diagnostics.All(d => IsInside(text, d.Location!));
    }

    private static bool Judge(ManifestReadResult result) =>
        (result.Manifest is null) == result.Diagnostics.Any(d => d.Severity == Severity.Error)
        && result.Diagnostics.All(d => d.Location is not null && d.Fact.Length > 0 && d.Remedy.Length > 0 && !d.ToString().Any(char.IsControl));

    private static bool IsInside(string text, SourceLocation place)
    {
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');
        return place.Line >= 1 && place.Line <= lines.Length && place.Column >= 1 && place.Column <= lines[place.Line - 1].Length + 1;
    }
}
