using CsCheck;

namespace MailTlsState.Tests.Services;

/// <summary>Texts made of what trips parsers: line ends, comments, continuations, quotes, braces, bytes above 127.</summary>
public static class NastyText
{
    private static readonly string[] Pieces =
    [
        "\n", "\r\n", "\n", "\n ", "\n\t", "\n#", "\n # x", "\r", " ", "  ", "\t", "\v", "\f", "=", " = ", "#", "{", "}", "{ ", " }", "'", "\"",
        "\\", "\\\n", "$", "<", "/", ",", "\0", "\xa0", "\xe4", "\xff", "a", "b", "name", "smtp", "inet", "-", "-o", "-o ", "-oa=b", "-v", "--",
        "submission inet n - y - - smtpd", "smtpd_tls_security_level", "a = 1", "b=2", "ssl_cert = </x", "service imap-login {", "!include ", "}\n",
    ];

    public static Gen<string> Any { get; } = Pick(Pieces).Array[0, 40].Select(string.Concat);

    /// <summary>Values that main.cf can hold: one line, ends trimmed.</summary>
    public static Gen<string> Value { get; } =
        Pick("a", "b", " ", "  ", ",", ", ", "=", "#", "$x", "{", "}", "\xff", "'", "/etc/x.pem").Array[0, 6]
            .Select(p => string.Concat(p).Trim(' '));

    public static Gen<string> Name { get; } = Pick("a", "b", "name", "smtpd_tls_security_level", "smtp");

    public static Gen<string> Pick(params string[] pieces) => Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]);
}
