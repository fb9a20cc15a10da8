namespace MailTlsState.Hosts.SeLinux;

/// <summary>One refusal of SELinux, as audit writes it (<c>avc:  denied  { read } for  pid=… comm="smtpd" name="mail.pem" … scontext=… tcontext=… tclass=file permissive=0</c>).</summary>
/// <param name="Line">The whole line.</param>
/// <param name="Program">Short name of the process.</param>
/// <param name="Permission">What it wanted.</param>
/// <param name="Domain">Type of the process.</param>
/// <param name="Type">Type of what it wanted it from.</param>
/// <param name="Class">Class of that, for example <c>file</c>.</param>
/// <param name="Name">Its name or path as far as audit tells, a port's number, or an empty text.</param>
public sealed record Denial(string Line, string Program, string Permission, string Domain, string Type, string Class, string Name)
{
    /// <summary>Reads a line; null for one that tells of no refusal, or of one that was only reported (permissive).</summary>
    public static Denial? Parse(string line)
    {
        const string start = "denied  { ";
        var at = line.IndexOf(start, StringComparison.Ordinal);
        var end = at < 0 ? -1 : line.IndexOf(" }", at, StringComparison.Ordinal);
        if (end < 0 || !line.Contains("avc:", StringComparison.Ordinal) || line.Contains("permissive=1", StringComparison.Ordinal))
        {
            return null;
        }

        var (domain, type) = (TypeIn("scontext"), TypeIn("tcontext"));
        return domain is null || type is null || Field("tclass") is not { } group
            ? null
            : new Denial(line.Trim(), Field("comm") ?? "", line[(at + start.Length)..end], domain, type, group, Field("path") ?? Field("name") ?? Field("src") ?? "");

        string? TypeIn(string name) => Field(name) is { } context ? SecurityContext.TypeOf(context) : null;

        string? Field(string name)
        {
            var from = line.IndexOf($" {name}=", end, StringComparison.Ordinal);
            if (from < 0)
            {
                return null;
            }

            from += name.Length + 2;
            var quoted = from < line.Length && line[from] == '"';
            from += quoted ? 1 : 0;
            var to = line.IndexOf(quoted ? '"' : ' ', from);
            return line[from..(to < 0 ? line.Length : to)];
        }
    }
}
