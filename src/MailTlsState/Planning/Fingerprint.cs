using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>
/// What a plan rests on, thing by thing, so that a stale plan can say what moved. Clock, process ids and connection
/// counts are not in it.
/// </summary>
public static class Fingerprint
{
    /// <summary>How the things begin that a listener served.</summary>
    internal const string ServedPrefix = "served on ";

    /// <summary>Each observed thing and a digest or short value of it, in ordinal order.</summary>
    public static IReadOnlyDictionary<string, string> Of(HostObservation observed)
    {
        var parts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = $"{observed.Host.Name} systemd={observed.Host.Systemd} selinux={observed.Host.SeLinux}",
        };
        foreach (var file in observed.Files.Values)
        {
            parts["file " + file.Path] = Describe(file);
        }

        foreach (var label in observed.Labels.Values)
        {
            parts["label of " + label.Path] = $"{label.Current ?? "none"}, by the policy {label.Policy ?? "none"}";
        }

        foreach (var group in observed.Listeners.GroupBy(l => l.Port))
        {
            var who = group.Select(l => $"{l.Address} {ProgramFolder(l)}").Distinct().Order(StringComparer.Ordinal);
            parts[$"listener on port {group.Key}"] = string.Join(", ", who);
        }

        foreach (var service in observed.Services.Values)
        {
            var name = service.Kind.Name();
            parts[$"service {name}"] = $"installed={service.Installed} version={service.Version} running={service.Running}";
            foreach (var (question, answer) in service.Answers)
            {
                parts[$"{name}: {question}"] = Digest(answer);
            }
        }

        foreach (var served in observed.Served)
        {
            var p = served.Probe;
            var leaf = p.Chain.Count == 0 ? "no certificate" : "leaf " + Digest(Convert.FromBase64String(p.Chain[0]));
            var offers = string.Join(' ', p.Offers.OrderBy(o => o.Key).Select(o => $"{o.Key}={o.Value}"));
            parts[$"{ServedPrefix}{p.Request.Address} port {p.Request.Port}"] = $"{p.Outcome} {leaf} {offers}";
        }

        foreach (var secret in observed.Secrets)
        {
            parts["secret " + secret.Reference] = secret.Problem ?? "can be read";
        }

        return parts;
    }

    /// <summary>The things that differ between two fingerprints, one sentence each.</summary>
    public static IReadOnlyList<string> Compare(IReadOnlyDictionary<string, string> then, IReadOnlyDictionary<string, string> now)
    {
        var moved = new List<string>();
        foreach (var key in then.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            var before = then.GetValueOrDefault(key);
            var after = now.GetValueOrDefault(key);
            if (before == after)
            {
                continue;
            }

            moved.Add(before is null ? $"{key} is new" : after is null ? $"{key} is gone" : $"{key} changed: {Shorten(before)} → {Shorten(after)}");
        }

        return moved;
    }

    /// <summary><c>sha256:</c> and hex of a text's UTF-8 bytes.</summary>
    public static string Digest(string text) => Digest(Encoding.UTF8.GetBytes(text));

    /// <summary><c>sha256:</c> and hex of bytes.</summary>
    public static string Digest(ReadOnlySpan<byte> bytes) => Digests.Sha256(bytes);

    private static string Describe(FileObservation file) => file.Kind switch
    {
        FileKind.Absent => "absent",
        FileKind.SymbolicLink => $"link to {file.LinkTarget}",
        FileKind.Regular => $"{file.Digest ?? file.Problem} owner={file.Owner}:{file.Group} mode={Convert.ToString(file.Mode, 8)} links={file.HardLinks}",
        _ => $"{file.Kind} owner={file.Owner}:{file.Group} mode={Convert.ToString(file.Mode, 8)}",
    };

    // A listener is inherited by whichever login or smtpd process runs at the moment, so the program's folder is what stays.
    private static string ProgramFolder(Listener listener) =>
        listener.Executable is { } exe ? ServiceOwners.OwnerOf(listener)?.ToString() ?? exe : listener.Program ?? "unknown";

    private static string Shorten(string value) => value.Length <= 100 ? value : value[..97] + "...";
}
