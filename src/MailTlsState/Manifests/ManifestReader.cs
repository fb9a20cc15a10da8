using System.Text;
using MailTlsState.Diagnostics;
using Org.BouncyCastle.Crypto.Digests;

namespace MailTlsState.Manifests;

/// <summary>What became of a manifest's text.</summary>
/// <param name="Manifest">The desired state, or null when there is at least one error.</param>
/// <param name="Diagnostics">All errors and warnings in the order of the text.</param>
public sealed record ManifestReadResult(Manifest? Manifest, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>The content of a file that a manifest names.</summary>
/// <param name="Bytes">The content, or null.</param>
/// <param name="Problem">Why there is none ("does not exist"), else null.</param>
/// <param name="Shown">Path for diagnostics.</param>
public sealed record NamedFile(byte[]? Bytes, string? Problem, string Shown);

/// <summary>Reads a manifest (v1): bytes → text → YAML tree with places → schema → records. Pure: the caller reads the files.</summary>
public static class ManifestReader
{
    /// <summary>Reads <paramref name="bytes"/>; every error is found in one pass, each with its place.</summary>
    /// <param name="file">Path as the user gave it; only named in diagnostics.</param>
    /// <param name="bytes">The whole content.</param>
    /// <param name="open">Gives the file that the manifest names by this path; null where a manifest may name none.</param>
    public static ManifestReadResult Read(string file, ReadOnlySpan<byte> bytes, Func<string, NamedFile>? open = null)
    {
        var report = new ManifestReport(file);
        var text = ManifestText.Decode(bytes, report);
        var root = text is null ? null : YamlTreeReader.Read(text, report);
        if (root is null)
        {
            return new ManifestReadResult(null, report.InTextOrder());
        }

        var schema = ManifestSchema.Build();
        var json = new YamlToJson();
        var token = json.Convert(root, schema);
        new SchemaErrors(json, report).Report(schema.Validate(token));

        // What is well formed is judged even when something else is not, so that all errors are listed at once.
        var builder = root is YamlMapping mapping ? new ManifestBuilder(mapping, report, open) : null;
        builder?.Judge();
        if (report.HasErrors)
        {
            return new ManifestReadResult(null, report.InTextOrder());
        }

        var policy = builder!.PolicyFile;
        var source = new ManifestSource(file, text!, Digest(bytes, policy), Locations(root)) { PolicyFile = policy };
        return new ManifestReadResult(builder.Build(source), report.InTextOrder());
    }

    // The framework's SHA256 loads OpenSSL, which costs three times as much as all of the reading.
    private static string Digest(ReadOnlySpan<byte> bytes, ManifestAttachment? policy)
    {
        var digest = new Sha256Digest();
        digest.BlockUpdate(bytes);
        if (policy is not null)
        {
            // A NUL stands in neither text, so no other pair of texts has this digest.
            digest.BlockUpdate(Encoding.UTF8.GetBytes($"\0{policy.Path}\0{policy.Text}"));
        }

        Span<byte> hash = stackalloc byte[digest.GetDigestSize()];
        digest.DoFinal(hash);
        return "sha256:" + Convert.ToHexStringLower(hash);
    }

    private static Dictionary<string, SourceLocation> Locations(YamlNode root)
    {
        var locations = new Dictionary<string, SourceLocation>(StringComparer.Ordinal);
        Collect(root);
        return locations;

        void Collect(YamlNode node)
        {
            // A mapping or list is best found by its key; a scalar by its value.
            locations[node.Path] = node is YamlScalar ? node.Place : node.Label;
            switch (node)
            {
                case YamlMapping mapping:
                    foreach (var entry in mapping.Entries)
                    {
                        Collect(entry.Value);
                    }

                    break;
                case YamlSequence sequence:
                    foreach (var item in sequence.Items)
                    {
                        Collect(item);
                    }

                    break;
            }
        }
    }
}
