using System.CommandLine;
using MailTlsState.Planning;

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

    /// <summary>For plan and apply.</summary>
    public static Option<string?> Only { get; } = Restricted();

    /// <summary>For plan and apply.</summary>
    public static Option<bool> AcceptNewRoot { get; } = new("--accept-new-root") { Description = "go on where clients will have to trust another root than the one that they have (the CA was lost, or another one is to sign)" };

    public static Argument<string> Manifest { get; } = new("MANIFEST") { Description = "the YAML file with the desired state" };

    /// <summary>What <see cref="Only"/> means.</summary>
    public static PlanScope Scope(ParseResult parse) => parse.GetValue(Only) is null ? PlanScope.Everything : PlanScope.Certificate;

    private static Option<string?> Restricted()
    {
        var only = new Option<string?>("--only") { Description = "certificate: key, certificate, their files and the reload alone; what differs besides is reported and left (for timers and renewal hooks)", HelpName = "certificate" };
        only.AcceptOnlyFromAmong("certificate");
        return only;
    }
}
