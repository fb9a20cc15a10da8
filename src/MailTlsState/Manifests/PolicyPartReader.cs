using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Policies;

namespace MailTlsState.Manifests;

/// <summary>The part of the manifest under <c>policy</c>: a name of the catalogue or a file of one's own, and single fields that override.</summary>
internal sealed class PolicyPartReader(YamlMapping? part, ManifestReport report, Func<string, NamedFile>? open)
{
    private static readonly string[] NoOverride = ["base", "file", "minimumProtocol"];

    private TlsPolicy? policy;

    /// <summary>The policy file that was read, or null.</summary>
    public ManifestAttachment? File { get; private set; }

    public void Judge()
    {
        if (part is null)
        {
            return;
        }

        if (part["base"] is not null && part["file"] is { } both)
        {
            report.Add(both.Path, PolicyDiagnostics.BaseAndFile(both.Label));
            return;
        }

        var own = part.Scalar("file") is { } file ? Open(file) : null;
        var start = own ?? (part["file"] is null ? PolicyCatalogue.Find(part["base"] is null ? ManifestSchema.DefaultPolicy : part.Scalar("base")?.Value ?? "") : null);
        var before = report.Count;
        PolicyNodes.Judge(part, report);
        if (start is null || report.Count > before)
        {
            return;
        }

        var overrides = part.Entries.Any(e => !NoOverride.Contains(e.Key));
        policy = own is not null || overrides ? PolicyNodes.Apply(start, part) : null;
        var found = policy ?? start;
        if (part.Scalar("minimumProtocol") is { } minimum && TlsVersionNames.Parse(minimum.Value) is { } version)
        {
            if (!PolicyCatalogue.CanLowerTo(found, version))
            {
                report.Add(minimum.Path, ManifestDiagnostics.FloorTooLow(minimum.Place, found.Name, minimum.Value));
                return;
            }

            found = found with { Minimum = version };
        }

        if (overrides)
        {
            PolicyNodes.JudgeWhole(found, part, report);
        }
    }

    public PolicyManifest Build() => new(
        part?.Scalar("base")?.Value ?? (File is null ? ManifestSchema.DefaultPolicy : policy!.Name),
        part?.Scalar("minimumProtocol")?.Value)
    {
        File = File?.Path,
        Policy = policy,
    };

    private TlsPolicy? Open(YamlScalar file)
    {
        var named = open?.Invoke(file.Value) ?? new NamedFile(null, "cannot be read here", file.Value);
        if (named.Bytes is null)
        {
            report.Add(file.Path, PolicyDiagnostics.FileUnreadable(file.Place, file.Value, named.Problem ?? "cannot be read"));
            return null;
        }

        var read = PolicyFileReader.Read(named.Shown, named.Bytes);
        for (var i = 0; i < read.Diagnostics.Count; i++)
        {
            report.Add($"(policy file {i})", read.Diagnostics[i]);
        }

        File = read.Policy is null ? null : new ManifestAttachment(file.Value, Encoding.UTF8.GetString(named.Bytes));
        return read.Policy;
    }
}
