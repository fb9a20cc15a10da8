using MailTlsState.Diagnostics;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Rendering;

/// <summary>Colours by meaning; without colour every method returns its text as it is.</summary>
internal sealed class Palette(bool colour)
{
    public string Bold(string text) => Wrap("1", text);

    public string Dim(string text) => Wrap("2", text);

    public string Good(string text) => Wrap("32", text);

    public string Bad(string text) => Wrap("31", text);

    public string Of(ChangeAction action, string text) => action switch
    {
        ChangeAction.Create => Wrap("32", text),
        ChangeAction.Delete => Wrap("31", text),
        ChangeAction.Activate => Wrap("36", text),
        _ => Wrap("33", text),
    };

    public string Of(Severity severity, string text) => severity switch
    {
        Severity.Error => Wrap("31", text),
        Severity.Warning => Wrap("33", text),
        _ => Wrap("36", text),
    };

    public string DiffLine(string line) => line switch
    {
        ['+', '+', '+', ..] or ['-', '-', '-', ..] => Bold(line),
        ['+', ..] => Wrap("32", line),
        ['-', ..] => Wrap("31", line),
        ['@', ..] => Wrap("36", line),
        _ => line,
    };

    private string Wrap(string code, string text) => colour ? $"\e[{code}m{text}\e[0m" : text;
}
