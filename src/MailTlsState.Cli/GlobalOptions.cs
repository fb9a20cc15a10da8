using System.CommandLine;

namespace MailTlsState.Cli;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static Option<OutputFormat> Format { get; } = new("--format")
    {
        Description = "text for people, json for programs",
        DefaultValueFactory = _ => OutputFormat.Text,
        Recursive = true,
    };

    public static Option<ColorChoice> Color { get; } = new("--color")
    {
        Description = "auto (a terminal without NO_COLOR), always or never",
        DefaultValueFactory = _ => ColorChoice.Auto,
        Recursive = true,
    };

    public static Argument<string> Manifest { get; } = new("MANIFEST") { Description = "the YAML file with the desired state" };
}
