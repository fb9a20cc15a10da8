using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Commands;

/// <summary><c>apply MANIFEST|PLAN</c>: makes the changes, all or nothing.</summary>
internal static class ApplyCommand
{
    private const string Done = "Apply complete";
    private const string Verified = "what the manifest says";

    public static Command Create(CommandRunner run)
    {
        var source = new Argument<string>("MANIFEST|PLAN") { Description = "the manifest, or a plan saved with plan -o" };
        var approve = new Option<bool>("--auto-approve") { Description = "do not ask for the word yes" };
        var expected = new Option<string?>("--manifest") { Description = "with a saved plan: demand that it was made from this manifest", HelpName = "FILE" };
        var timeout = LockTimeout.Option();
        var deadline = new Option<TimeSpan?>("--deadline")
        {
            Description = "under systemd: recover by a timer, should this apply not have ended so long after its commit; longer on slow hosts",
            HelpName = "DURATION",
            CustomParser = r => LockTimeout.Parse(r, "--deadline"),
        };
        var handshakes = new Option<int?>("--handshakes")
        {
            Description = $"rounds of handshakes in a row that have to show the new state, 1 to {ApplyLimits.MostHandshakes}; without it one where no process of before accepts connections any more, else {ApplyLimits.Default.Consecutive}",
            HelpName = "NUMBER",
            CustomParser = Rounds,
        };
        var command = new Command("apply", "Make the changes of the plan, all or nothing, and see them served on every endpoint.") { source, GlobalOptions.Only, GlobalOptions.AcceptNewRoot, approve, expected, timeout, deadline, handshakes };
        command.SetAction((parse, cancellation) => run(parse, context =>
            ApplyAsync(
                context, parse.GetRequiredValue(source), GlobalOptions.Scope(parse), parse.GetValue(GlobalOptions.AcceptNewRoot), parse.GetValue(approve), parse.GetValue(expected), parse.GetValue(timeout), ApplyLimits.Default with { Deadline = parse.GetValue(deadline), Handshakes = parse.GetValue(handshakes) }, cancellation)));
        return command;
    }

    private static int? Rounds(ArgumentResult result)
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= ApplyLimits.MostHandshakes)
        {
            return number;
        }

        result.AddError($"--handshakes {result.Tokens[0].Value} is no whole number from 1 to {ApplyLimits.MostHandshakes}");
        return null;
    }

    private static async Task<int> ApplyAsync(
        CommandContext context, string source, PlanScope scope, bool acceptNewRoot, bool approved, string? expected, TimeSpan lockTimeout, ApplyLimits limits, CancellationToken cancellation)
    {
        await context.RequireRootAsync(cancellation).ConfigureAwait(false);
        var bytes = context.ReadFile(source);
        var text = Encoding.UTF8.GetString(bytes);
        Plan plan;
        Manifest manifest;
        if (PlanFile.LooksLikePlan(text))
        {
            plan = PlanFile.Read(source, text);
            manifest = CommandContext.ManifestOf(plan);
            DemandManifest(context, plan, manifest, expected);
            if (scope == PlanScope.Certificate && plan.Scope != scope)
            {
                throw new MailTlsException(PlanDiagnostics.OtherExtent(source));
            }

            // What was reviewed counts.
            scope = plan.Scope;
            acceptNewRoot = plan.AcceptsNewRoot;
        }
        else
        {
            manifest = context.ParseManifest(source, bytes);
            if (approved)
            {
                return await ApplyFlow.RunAtOnceAsync(context, new ManifestPlanSource(manifest, scope, acceptNewRoot: acceptNewRoot), limits, lockTimeout, Done, Verified, cancellation).ConfigureAwait(false);
            }

            if (!await ApplyFlow.RecoverFirstAsync(context, lockTimeout, cancellation).ConfigureAwait(false))
            {
                return ExitCodes.Incomplete;
            }

            context.Terminal.Progress("observing the host");
            var made = await PlanMaker.MakeAsync(context.Host, manifest, null, cancellation, scope, acceptNewRoot: acceptNewRoot).ConfigureAwait(false);
            plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
        }

        return await ApplyFlow.RunAsync(
            context, new ManifestPlanSource(manifest, scope, acceptNewRoot: acceptNewRoot), plan, approved, limits, lockTimeout, Done, Verified, cancellation).ConfigureAwait(false);
    }

    private static void DemandManifest(CommandContext context, Plan plan, Manifest manifest, string? expected)
    {
        // The text in the file is what counts; a digest beside it that says otherwise means that somebody edited one of them.
        if (manifest.Source.Digest != plan.ManifestDigest)
        {
            throw new PlanStaleException(["the manifest in the plan file is not the one that the plan was made from"]);
        }

        if (expected is not null && context.ReadManifest(expected).Source.Digest is var digest && digest != plan.ManifestDigest)
        {
            throw new PlanStaleException([$"the plan was made from another manifest than {expected}: {plan.ManifestDigest} → {digest}"]);
        }
    }
}
