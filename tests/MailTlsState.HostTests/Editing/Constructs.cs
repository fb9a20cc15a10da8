using System.Text.RegularExpressions;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>What configuration files are made of; each oracle asserts that the daemon accepted enough files with each.</summary>
internal static class Constructs
{
    private static readonly (string Name, string Pattern)[] Any =
    [
        ("a line that ends with CR and LF", @"\r\n"), ("no line feed at the end", @"[^\n]\z"), ("bytes that are no UTF-8", "\xe4\xff"), ("a comment", "(?m)^#"),
    ];

    /// <summary>main.cf.</summary>
    public static readonly (string Name, string Pattern)[] Main =
    [
        .. Any, ("a continuation line", @"(?m)^\w+ *=.*\n[ \t]+\w"), ("comments between continuation lines", @"(?m)^\w+ *=.*\n(?:\s*#.*\n)+[ \t]+\w"), ("an empty line between continuation lines", @"(?m)^\w+ *=.*\n\n[ \t]+\w"),
        ("$name", @"\$\w"), ("${name?…}", @"\$\{\w+\?"), ("${name:…}", @"\$\{\w+:"), ("a parameter named by the user", @"(?m)^my_own ="), ("a repeated parameter", @"(?ms)^(\w+) *=.*^\1 *="), ("an empty value", @"(?m)^\w+ *= *\r?$"),
    ];

    /// <summary>master.cf.</summary>
    public static readonly (string Name, string Pattern)[] Master =
    [
        .. Any, ("-o on the entry's line", @"(?m)^\w\S* +inet .*-o"), ("-o on a line of its own", @"(?m)^[ \t]+-o"), ("-o { name = value }", @"-o \{"), ("a comment between continuation lines", @"(?m)^\S.*\n(?:\s+\S.*\n)*#.*\n[ \t]+"),
        ("a disabled sample", @"(?m)^#submission inet"), ("an address and port", @"(?m)^127\.0\.0\.1:"), ("an IPv6 address", @"(?m)^\[::"), ("a pass service", @"(?m)^\S+ +pass"), ("an option twice", @"-o a=\S+ -o a="),
        ("$name", @"\$\w"), ("${name?…}", @"\$\{\w+\?"),
    ];

    /// <summary>dovecot.conf and what it includes.</summary>
    public static (string Name, string Pattern)[] Dovecot(DovecotGrammar grammar) =>
    [
        .. Any, ("a continuation line", @"\\\n"), ("a comment that a continuation swallows", @"\\\n#"), ("a comment behind a value", @"= .* # "), ("double quotes", "= \""), ("a block in a block", @"\{\n(?:[^{}]*\n)?[^\n{}]*\{\n"),
        ("!include of a pattern", @"(?m)^!include inc/\*"), ("!include_try", @"!include_try inc/\{"), ("!include_try of what is not there", "!include_try none"), ("an included file", @"\A(?!.*protocols)"),
        ("local_name", "(?m)^local_name [^*\"]*\\{"), ("local_name with a wildcard", @"(?m)^local_name \*"), ("local", "(?m)^local [0-9]"), ("remote", "(?m)^remote "), ("protocol", "(?m)^protocol imap"), ("protocol !name", "(?m)^protocol !"),
        ("service and inet_listener", @"service imap-login \{\n\s*inet_listener"),
        .. grammar == DovecotGrammar.V23
            ? new (string, string)[] { ("<file", "= *< */"), ("several names of one local_name", "local_name \""), ("single quotes", "= '"), ("$name", @"= \$x") }
            : [("a named filter", @"ssl_server \{"), ("a setting by its path", "ssl_server/cert_file"), ("$SET:", @"\$SET:"), ("a group", "group @g"), ("the use of a group", "(?m)^@g =")],
    ];

    /// <summary>Fails where one of them is in fewer than <paramref name="least"/> files.</summary>
    public static void AssertIn(IReadOnlyCollection<string> files, (string Name, string Pattern)[] constructs, int least)
    {
        var missing = constructs.Select(c => (c.Name, Count: files.Count(f => Regex.IsMatch(f, c.Pattern)))).Where(c => c.Count < least).ToList();
        Assert.True(missing.Count == 0, string.Join('\n', missing.Select(m => $"{m.Name}: {m.Count} of {files.Count} files")));
    }
}
