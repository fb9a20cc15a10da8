using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Tests.Planning;

/// <summary>One folder of Golden/: a manifest, what a real host answered for it, and the plan that follows from the two.</summary>
internal sealed class GoldenCase(string name)
{
    /// <summary>Every case.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateDirectories(Folder()).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    /// <summary>What the host of the recordings had in /root/mail-ca.pass.</summary>
    public const string Passphrase = "golden-raspberry-7";

    public byte[] ManifestBytes => File.ReadAllBytes(PathOf("manifest.yaml"));

    public Manifest Manifest => ManifestReader.Read("manifest.yaml", ManifestBytes).Manifest!;

    public Recording Recording => RecordingJson.Read(File.ReadAllBytes(PathOf("observation.json")));

    public string PathOf(string file) => Path.Combine(Folder(), name, file);

    /// <summary>Plans from the recording.</summary>
    public async Task<PlanningResult> PlanAsync() =>
        (await PlanMaker.MakeAsync(new RecordedHost(Recording), Manifest, null, CancellationToken.None)).Planning;

    /// <summary>What people see: the diagnostics, then the plan.</summary>
    public static string Text(PlanningResult result)
    {
        var text = new StringBuilder();
        foreach (var d in result.Diagnostics)
        {
            text.Append(d).Append('\n');
        }

        return text.Append(result.Plan is { } plan ? PlanText.Render(plan, new Palette(false)) : "").ToString();
    }

    /// <summary>What programs see: the plan, or the diagnostics where there is none.</summary>
    public static string Json(PlanningResult result)
    {
        if (result.Plan is { } plan)
        {
            return PlanFile.Write(plan);
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            DiagnosticJson.Write(json, result.Diagnostics);
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static string Folder([CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, "Golden");
}
