using System.Text;

namespace MailTlsState.Services.Postfix.Editing;

/// <summary>Writes master.cf.</summary>
internal static class MasterText
{
    /// <summary>Columns of the sample master.cf.</summary>
    private static readonly int[] Columns = [0, 10, 16, 24, 32, 40, 48, 56];

    /// <summary><c>name=value</c>, or <c>{ name = value }</c> when blanks or braces need it.</summary>
    /// <exception cref="ArgumentException">It could not be read back as it was given.</exception>
    public static string Override(string name, string value)
    {
        NameValue.Check(name, value);
        var text = LogicalLines.Trim(value).ToString();
        if (name.Any(c => c is '{' or '}') || !Balanced(text))
        {
            throw new ArgumentException($"braces that do not match cannot be written in master.cf: {name}={text}", nameof(value));
        }

        return text.Any(LogicalLines.IsSpace) ? $"{{ {name} = {text} }}" : $"{name}={text}";
    }

    /// <summary>The first line of an entry.</summary>
    /// <exception cref="ArgumentException">A field is empty or holds blanks.</exception>
    public static string Entry(MasterFields fields)
    {
        string[] all =
        [
            fields.Name, fields.Type, fields.Private, fields.Unprivileged, fields.Chroot, fields.WakeUp, fields.MaxProcesses, fields.Command,
        ];
        var line = new StringBuilder();
        for (var i = 0; i < all.Length; i++)
        {
            CheckField(all[i]);

            var gap = i == 0 ? 0 : Math.Max(1, Columns[i] - line.Length);
            line.Append(' ', gap).Append(all[i]);
        }

        return line.ToString();
    }

    /// <summary>Refuses what is no field of an entry.</summary>
    /// <exception cref="ArgumentException">It is empty or holds blanks or braces.</exception>
    public static void CheckField(string field)
    {
        if (field.Length == 0 || !TextLines.IsOneLine(field) || field.Any(c => LogicalLines.IsSpace(c) || c is '{' or '}' or '#'))
        {
            throw new ArgumentException($"no field of master.cf: '{field}'", nameof(field));
        }
    }

    private static bool Balanced(string text)
    {
        var level = 0;
        foreach (var c in text)
        {
            level += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (level < 0)
            {
                return false;
            }
        }

        return level == 0;
    }
}
