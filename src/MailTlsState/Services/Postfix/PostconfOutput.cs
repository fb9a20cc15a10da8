using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Reads what <c>postconf</c> prints (postconf(1), Postfix 3.5 to 3.11).</summary>
public static class PostconfOutput
{
    /// <summary>
    /// <c>postconf -n</c>, <c>-x</c>, <c>-d</c>: one <c>name = value</c> a line, folded lines (<c>-f</c>) joined.
    /// Lines of another form are left out; of two with one name the last counts.
    /// </summary>
    public static IReadOnlyDictionary<string, string> ParseSettings(string output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in LogicalLines.Parse(output).Entries)
        {
            if (!line.IsOrphan && NameValue.TrySplit(line.Text, out var name, out var value))
            {
                found[name] = value;
            }
        }

        return found;
    }

    /// <summary>The names that a value refers to by <c>$name</c>, <c>${name}</c>, <c>$(name)</c>, <c>${name?…}</c> or <c>${name:…}</c>, those within such a text too.</summary>
    public static IEnumerable<string> References(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        for (var at = value.IndexOf('$', StringComparison.Ordinal); at >= 0; at = value.IndexOf('$', at))
        {
            at++;
            while (at < value.Length && (value[at] is '{' or '(' || LogicalLines.IsSpace(value[at])))
            {
                at++;
            }

            var start = at;
            while (at < value.Length && (char.IsAsciiLetterOrDigit(value[at]) || value[at] == '_'))
            {
                at++;
            }

            if (at > start)
            {
                yield return value[start..at];
            }

            if (at >= value.Length)
            {
                yield break;
            }
        }
    }

    /// <summary><c>postconf -M</c>: the entries of master.cf in canonical form, in their order.</summary>
    public static IReadOnlyList<MasterService> ParseServices(string output) => MasterCf.Parse(output).Services;

    /// <summary>
    /// <c>postconf -P</c> and <c>-Px</c>: <c>service/type/name = value</c>. A service name may hold slashes (<c>private/x</c>), a type and
    /// a parameter name never do.
    /// </summary>
    public static IReadOnlyDictionary<(string Service, string Type, string Name), string> ParseOverrides(string output)
    {
        var found = new Dictionary<(string, string, string), string>();
        foreach (var (key, value) in ParseSettings(output))
        {
            var name = key.LastIndexOf('/');
            var type = name > 0 ? key.LastIndexOf('/', name - 1) : -1;
            if (type > 0)
            {
                found[(key[..type], key[(type + 1)..name], key[(name + 1)..])] = value;
            }
        }

        return found;
    }
}
