using System.Globalization;
using System.Text;
using MailTlsState.Hosts.Linux;

namespace MailTlsState.Hosts.Rehearsals;

/// <summary>The script and its arguments; values are only ever arguments, never part of its text.</summary>
internal static class RehearsalScript
{
    // Made anew by the script, or of the kernel's own kinds.
    private static readonly string[] Skipped = ["/proc", "/sys", "/dev", "/run"];
    private static readonly string[] ScratchPlaces = ["/mnt", "/media", "/srv", "/opt", "/tmp"];
    private static readonly string[] CannotBeLower = ["autofs", "nfs", "nfs4", "cifs", "smb3", "fuse", "9p", "ceph", "vfat"];

    /// <summary>The text for <c>sh -c</c>.</summary>
    internal static string Text { get; } = ReadText();

    /// <summary>The script's arguments.</summary>
    /// <exception cref="RehearsalUnavailableException">There is no place for its layers.</exception>
    internal static IEnumerable<string> Arguments(RehearsalRequest request)
    {
        var mounts = Mounts(File.ReadLines("/proc/self/mountinfo")).ToList();
        var scratch = ScratchPlaces.FirstOrDefault(place => Directory.Exists(place) && mounts.TrueForAll(m => !IsBelow(m.Path, place)))
            ?? throw new RehearsalUnavailableException($"none of {string.Join(", ", ScratchPlaces)} is free for its layers");
        yield return request.Postfix ?? "";
        yield return request.Dovecot ?? "";
        yield return scratch;
        yield return SeLinuxKernel.IsEnabled ? "labels" : "";
        foreach (var (path, type) in mounts.Where(m => Path.Exists(m.Path)).Prepend(("/run", "")))
        {
            // A comma, colon or backslash would be read as part of overlay's options.
            var overlay = Directory.Exists(path) && !path.AsSpan().ContainsAny(",:\\") && !CannotBeLower.Contains(type.Split('.')[0]);
            yield return overlay ? "overlay" : "bind";
            yield return path;
            if (overlay)
            {
                yield return FileModes.Octal((int)new DirectoryInfo(path).UnixFileMode);
            }
        }

        yield return "--";
        foreach (var directory in request.Directories)
        {
            yield return "directory";
            yield return directory.Path;
            yield return directory.Owner.ToString(CultureInfo.InvariantCulture);
            yield return directory.Group.ToString(CultureInfo.InvariantCulture);
            yield return Convert.ToString(directory.Mode, 8);
        }

        foreach (var path in request.Removed)
        {
            yield return "remove";
            yield return path;
        }

        foreach (var (path, staged) in request.Files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            yield return "file";
            yield return path;
            yield return staged;
        }
    }

    /// <summary>The file systems below / in the order in which they are mounted on each other, from the lines of mountinfo (proc(5)).</summary>
    internal static IEnumerable<(string Path, string Type)> Mounts(IEnumerable<string> lines)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-");
            if (separator > 4 && separator + 1 < fields.Length)
            {
                var path = Unescape(fields[4]);
                if (path != "/" && !Skipped.Any(s => IsBelow(path, s)))
                {
                    found[path] = fields[separator + 1];
                }
            }
        }

        // Ordinal order puts a directory before all that is below it.
        return found.Select(m => (m.Key, m.Value));
    }

    private static bool IsBelow(string path, string directory) => path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal);

    // Space, tab, newline and backslash are written as a backslash and three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\'))
        {
            return field;
        }

        var result = new StringBuilder();
        for (var at = 0; at < field.Length; at++)
        {
            if (field[at] == '\\' && at + 3 < field.Length)
            {
                result.Append((char)Convert.ToInt32(field.Substring(at + 1, 3), 8));
                at += 3;
            }
            else
            {
                result.Append(field[at]);
            }
        }

        return result.ToString();
    }

    private static string ReadText()
    {
        using var stream = typeof(RehearsalScript).Assembly.GetManifestResourceStream("hosts/rehearsal.sh")
            ?? throw new InvalidOperationException("the resource hosts/rehearsal.sh is missing from the build");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
