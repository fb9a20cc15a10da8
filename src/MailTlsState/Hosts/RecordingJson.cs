using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;

namespace MailTlsState.Hosts;

/// <summary>A <see cref="Recording"/> as JSON: the same answers give the same bytes, whatever the order in which they came.</summary>
public static class RecordingJson
{
    /// <summary>Value of the member <c>format</c>.</summary>
    public const string Format = "mailtlsstate-observation/v1";

    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        NewLine = "\n",

        // For files, not for pages: "+" of base64 stays readable.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a recording; UTF-8, indented, a newline at the end.</summary>
    public static byte[] Write(Recording recording)
    {
        ArgumentNullException.ThrowIfNull(recording);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("time", recording.Time.ToString("O", CultureInfo.InvariantCulture));
            if (recording.Host is { } host)
            {
                json.WriteStartObject("host");
                json.WriteString("name", host.Name);
                json.WriteNumber("userId", host.UserId);
                json.WriteBoolean("systemd", host.Systemd);
                json.WriteBoolean("seLinux", host.SeLinux);
                if (host.AppArmor)
                {
                    json.WriteBoolean("appArmor", true);
                }

                if (host.SeLinux)
                {
                    json.WriteBoolean("enforcing", host.Enforcing);
                    WriteOptional(json, "seLinuxPolicy", host.SeLinuxPolicy);
                }

                if (host.Systemd)
                {
                    json.WriteString("program", host.Program);
                    json.WriteString("programProblem", host.ProgramProblem);
                }

                json.WriteEndObject();
            }

            WriteArray(json, "files", recording.Files.Values, WriteFile);
            WriteArray(json, "directories", recording.Directories, (j, d) =>
            {
                j.WriteString("path", d.Key);
                WriteStrings(j, "names", d.Value);
            });
            WriteArray(json, "runs", recording.Runs.Values, (j, r) =>
            {
                j.WriteString("program", r.Call.Program);
                WriteStrings(j, "arguments", r.Call.Arguments);
                j.WriteNumber("exitCode", r.Result.ExitCode);
                j.WriteString("output", r.Result.Output);
                j.WriteString("error", r.Result.Error);
            });
            if (recording.Listeners is { } listeners)
            {
                WriteArray(json, "listeners", listeners, (j, l) =>
                {
                    j.WriteString("address", l.Address);
                    j.WriteNumber("port", l.Port);
                    WriteOptional(j, "processId", l.ProcessId);
                    WriteOptional(j, "program", l.Program);
                    WriteOptional(j, "executable", l.Executable);
                });
            }

            if (recording.Serving is { } serving)
            {
                WriteArray(json, "serving", serving, (j, s) =>
                {
                    j.WriteNumber("port", s.Port);
                    j.WriteString("program", s.Program);
                    j.WriteString("started", s.Started.ToString("O", CultureInfo.InvariantCulture));
                });
            }

            WriteArray(json, "probes", recording.Probes.Values, WriteProbe);
            WriteArray(json, "secrets", recording.Secrets.Values, (j, s) =>
            {
                WriteOptional(j, "file", s.Reference.File);
                WriteOptional(j, "environmentVariable", s.Reference.EnvironmentVariable);
                WriteOptional(j, "credential", s.Reference.Credential);
                WriteOptional(j, "problem", s.Problem);
                WriteOptional(j, "code", s.Code);
            });
            if (recording.Tlsa.Count > 0)
            {
                WriteArray(json, "tlsa", recording.Tlsa.Values, (j, t) =>
                {
                    j.WriteString("name", t.Name);
                    WriteStrings(j, "records", t.Records);
                    WriteOptional(j, "problem", t.Problem);
                });
            }

            if (recording.Labels.Count > 0)
            {
                WriteArray(json, "labels", recording.Labels.Values, LabelJson.Write);
                WriteArray(json, "portLabels", recording.PortLabels.Values, LabelJson.Write);
            }

            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="MailTlsException">MTS0215: it is something else, damaged, or of a newer format.</exception>
    public static Recording Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out var format) || format.GetString() != Format)
            {
                throw new FormatException($"it is not of the format {Format}");
            }

            return Read(root);
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new MailTlsException(HostDiagnostics.RecordingUnreadable(broken.Message.TrimEnd('.')));
        }
    }

    private static Recording Read(JsonElement root) => new(Time(Text(root, "time")))
    {
        Host = root.TryGetProperty("host", out var host)
            ? new HostFacts(Text(host, "name"), host.GetProperty("userId").GetInt32(), Flag(host, "systemd"), Flag(host, "seLinux"))
            {
                AppArmor = host.TryGetProperty("appArmor", out var appArmor) && appArmor.GetBoolean(),
                Enforcing = host.TryGetProperty("enforcing", out var enforcing) && enforcing.GetBoolean(),
                SeLinuxPolicy = Optional(host, "seLinuxPolicy"),
                Program = host.TryGetProperty("program", out var program) ? program.GetString() : null,
                ProgramProblem = host.TryGetProperty("programProblem", out var problem) ? problem.GetString() : null,
            }
            : null,
        Files = Items(root, "files", ReadFile, f => f.Path),
        Directories = Items(root, "directories", d => (Path: Text(d, "path"), Names: Strings(d, "names")), d => d.Path)
            .ToImmutableSortedDictionary(d => d.Key, d => d.Value.Names, StringComparer.Ordinal),
        Runs = Items(
            root,
            "runs",
            r => new RecordedRun(
                new ProcessCall(Text(r, "program"), Strings(r, "arguments")),
                new ProcessResult(r.GetProperty("exitCode").GetInt32(), Text(r, "output"), Text(r, "error"))),
            r => Recording.KeyOf(r.Call)),
        Listeners = root.TryGetProperty("listeners", out var listeners)
            ? [.. listeners.EnumerateArray().Select(l => new Listener(
                Text(l, "address"),
                l.GetProperty("port").GetInt32(),
                l.TryGetProperty("processId", out var id) ? id.GetInt32() : null,
                Optional(l, "program"),
                Optional(l, "executable")))]
            : null,
        Serving = root.TryGetProperty("serving", out var serving)
            ? [.. serving.EnumerateArray().Select(s => new ServingProcess(s.GetProperty("port").GetInt32(), Text(s, "program"), Time(Text(s, "started"))))]
            : null,
        Probes = Items(root, "probes", ReadProbe, p => Recording.KeyOf(p.Request)),
        Secrets = Items(
            root,
            "secrets",
            s => new SecretObservation(
                new SecretReference(Optional(s, "file"), Optional(s, "environmentVariable")) { Credential = Optional(s, "credential") }, Optional(s, "problem")) { Code = Optional(s, "code") },
            s => s.Reference.ToString()),
        Tlsa = root.TryGetProperty("tlsa", out _)
            ? Items(root, "tlsa", t => new TlsaObservation(Text(t, "name"), Strings(t, "records"), Optional(t, "problem")), t => t.Name)
            : ImmutableSortedDictionary.Create<string, TlsaObservation>(StringComparer.Ordinal),
        Labels = LabelJson.Read(root),
        PortLabels = LabelJson.ReadPorts(root),
    };

    private static void WriteFile(Utf8JsonWriter json, FileObservation file)
    {
        json.WriteString("path", file.Path);
        json.WriteString("kind", file.Kind.ToString());
        if (file.Kind != FileKind.Absent)
        {
            json.WriteNumber("owner", file.Owner);
            json.WriteNumber("group", file.Group);
            json.WriteString("mode", Convert.ToString(file.Mode, 8).PadLeft(4, '0'));
            json.WriteNumber("hardLinks", file.HardLinks);
            json.WriteNumber("size", file.Size);
        }

        WriteOptional(json, "modified", file.Modified?.ToString("O", CultureInfo.InvariantCulture));
        WriteOptional(json, "changed", file.Changed?.ToString("O", CultureInfo.InvariantCulture));
        WriteOptional(json, "digest", file.Digest);
        WriteOptional(json, "text", file.Text);
        WriteOptional(json, "linkTarget", file.LinkTarget);
        if (file.ReadOnlyFileSystem)
        {
            json.WriteBoolean("readOnlyFileSystem", true);
        }

        if (file.MountPoint)
        {
            json.WriteBoolean("mountPoint", true);
        }

        WriteOptional(json, "immutable", file.Immutable);
        WriteOptional(json, "changeableBy", file.ChangeableBy);
        WriteOptional(json, "problem", file.Problem);
    }

    private static FileObservation ReadFile(JsonElement file)
    {
        var read = new FileObservation(Text(file, "path"), Enum<FileKind>(file, "kind"))
        {
            Modified = Optional(file, "modified") is { } modified ? Time(modified) : null,
            Changed = Optional(file, "changed") is { } changed ? Time(changed) : null,
            Digest = Optional(file, "digest"),
            Text = Optional(file, "text"),
            LinkTarget = Optional(file, "linkTarget"),
            ReadOnlyFileSystem = file.TryGetProperty("readOnlyFileSystem", out var readOnly) && readOnly.GetBoolean(),
            MountPoint = file.TryGetProperty("mountPoint", out var mountPoint) && mountPoint.GetBoolean(),
            Immutable = Optional(file, "immutable"),
            ChangeableBy = Optional(file, "changeableBy"),
            Problem = Optional(file, "problem"),
        };
        return read.Kind == FileKind.Absent ? read : read with
        {
            Owner = file.GetProperty("owner").GetInt32(),
            Group = file.GetProperty("group").GetInt32(),
            Mode = Convert.ToInt32(Text(file, "mode"), 8),
            HardLinks = file.GetProperty("hardLinks").GetInt32(),
            Size = file.GetProperty("size").GetInt64(),
        };
    }

    private static void WriteProbe(Utf8JsonWriter json, ProbeResult probe)
    {
        json.WriteStartObject("request");
        json.WriteString("protocol", probe.Request.Protocol.ToString());
        json.WriteBoolean("implicit", probe.Request.Implicit);
        json.WriteString("address", probe.Request.Address);
        json.WriteNumber("port", probe.Request.Port);
        json.WriteString("serverName", probe.Request.ServerName);
        WriteOptional(json, "sourceAddress", probe.Request.SourceAddress);
        WriteStrings(json, "offers", probe.Request.Offers.Select(o => o.ToString()));
        if (probe.Request.Families.Count > 0)
        {
            WriteStrings(json, "families", probe.Request.Families.Select(f => f.ToString()));
        }

        json.WriteEndObject();
        json.WriteString("outcome", probe.Outcome.ToString());
        WriteOptional(json, "failure", probe.Failure);
        WriteOptional(json, "greeting", probe.Greeting);
        WriteStrings(json, "capabilitiesBefore", probe.CapabilitiesBefore);
        WriteStrings(json, "capabilitiesAfter", probe.CapabilitiesAfter);
        WriteOptional(json, "version", probe.Version?.ToString());
        WriteOptional(json, "suite", probe.Suite);
        WriteStrings(json, "chain", probe.Chain);
        json.WriteStartObject("offers");
        foreach (var (version, outcome) in probe.Offers.OrderBy(o => o.Key))
        {
            json.WriteString(version.ToString(), outcome.ToString());
        }

        json.WriteEndObject();
        if (probe.ByFamily.Count > 0)
        {
            json.WriteStartObject("byFamily");
            foreach (var (family, answer) in probe.ByFamily.OrderBy(a => a.Key))
            {
                json.WriteStartObject(family.ToString());
                WriteStrings(json, "chain", answer.Chain);
                WriteOptional(json, "failure", answer.Failure);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }
    }

    private static ProbeResult ReadProbe(JsonElement probe)
    {
        var request = probe.GetProperty("request");
        return new ProbeResult(
            new ProbeRequest(
                Enum<MailProtocol>(request, "protocol"),
                Flag(request, "implicit"),
                Text(request, "address"),
                request.GetProperty("port").GetInt32(),
                Text(request, "serverName"),
                Optional(request, "sourceAddress"),
                [.. Strings(request, "offers").Select(System.Enum.Parse<TlsVersion>)])
            {
                Families = request.TryGetProperty("families", out _) ? [.. Strings(request, "families").Select(System.Enum.Parse<KeyFamily>)] : [],
            },
            Enum<ProbeOutcome>(probe, "outcome"),
            Optional(probe, "failure"),
            Optional(probe, "greeting"),
            Strings(probe, "capabilitiesBefore"),
            Strings(probe, "capabilitiesAfter"),
            Optional(probe, "version") is { } version ? System.Enum.Parse<TlsVersion>(version) : null,
            Optional(probe, "suite"),
            Strings(probe, "chain"),
            new SortedDictionary<TlsVersion, OfferOutcome>(probe.GetProperty("offers").EnumerateObject().ToDictionary(
                o => System.Enum.Parse<TlsVersion>(o.Name),
                o => System.Enum.Parse<OfferOutcome>(o.Value.GetString()!))))
        {
            ByFamily = probe.TryGetProperty("byFamily", out var answers)
                ? answers.EnumerateObject().ToDictionary(a => System.Enum.Parse<KeyFamily>(a.Name), a => new FamilyAnswer(Strings(a.Value, "chain"), Optional(a.Value, "failure")))
                : new Dictionary<KeyFamily, FamilyAnswer>(),
        };
    }

    private static void WriteArray<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static ImmutableSortedDictionary<string, T> Items<T>(JsonElement root, string name, Func<JsonElement, T> read, Func<T, string> key) =>
        root.GetProperty(name).EnumerateArray().Select(read).ToImmutableSortedDictionary(key, item => item, StringComparer.Ordinal);

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static string? Optional(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static bool Flag(JsonElement element, string name) => element.GetProperty(name).GetBoolean();

    private static IReadOnlyList<string> Strings(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(v => v.GetString() ?? throw new FormatException($"{name} holds null"))];

    private static T Enum<T>(JsonElement element, string name)
        where T : struct, System.Enum => System.Enum.Parse<T>(Text(element, name));
}
