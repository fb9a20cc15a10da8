using System.Globalization;
using MailTlsState.Manifests;
using MailTlsState.Resources;

namespace MailTlsState.Planning;

/// <summary>What happens to a resource.</summary>
public enum ChangeAction
{
    /// <summary><c>+</c>: made where nothing was.</summary>
    Create,

    /// <summary><c>~</c>: changed in place.</summary>
    Update,

    /// <summary><c>-</c>: taken away.</summary>
    Delete,

    /// <summary><c>-/+</c>: a new one takes the place of the old one.</summary>
    Replace,

    /// <summary><c>!</c>: a running service is made to use what is on disk.</summary>
    Activate,
}

/// <summary>How a service is made to use what is on disk.</summary>
public enum Activation
{
    /// <summary>The master reads its configuration again; sessions go on.</summary>
    Reload,

    /// <summary>Stopped and started, where a reload is not enough.</summary>
    Restart,

    /// <summary>Started, because it was down.</summary>
    Start,

    /// <summary>Stopped again, because an apply that is rolled back had started it.</summary>
    Stop,
}

/// <summary>One attribute of a resource before and after.</summary>
/// <param name="Name">Attribute, in field terms.</param>
/// <param name="Before">Value now, or null when there is none.</param>
/// <param name="After">Value after apply, or null when there is none or it is not known yet.</param>
/// <param name="KnownAfterApply">True when only apply can say the value (a fingerprint of a key yet to be made).</param>
public sealed record AttributeChange(string Name, string? Before, string? After, bool KnownAfterApply = false)
{
    /// <summary>A time as every plan shows it: to the second, UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>One resource's difference.</summary>
/// <param name="Kind">Kind of resource: directory, certificateAuthority, key, certificate, settings, listener, unit, service.</param>
/// <param name="Name">Path or name, unique within the kind.</param>
/// <param name="Action">What happens to it.</param>
/// <param name="Reason">Why, in a few words.</param>
/// <param name="Attributes">What differs.</param>
/// <param name="Diff">Unified diff of a configuration file, secrets redacted, or null.</param>
/// <param name="Effects">What follows from it, for example <c>reload postfix</c>.</param>
public sealed record Change(
    string Kind,
    string Name,
    ChangeAction Action,
    string Reason,
    IReadOnlyList<AttributeChange> Attributes,
    string? Diff,
    IReadOnlyList<string> Effects)
{
    /// <summary>A service that is made to use what is on disk.</summary>
    /// <param name="service">Which.</param>
    /// <param name="how">How.</param>
    /// <param name="reason">Why, in a few words.</param>
    /// <param name="what">What differs besides, if anything.</param>
    public static Change Activate(ServiceKind service, Activation how, string reason, params IEnumerable<AttributeChange> what) =>
        new("service", service.Name(), ChangeAction.Activate, reason, [new("activation", null, how.ToString().ToLowerInvariant()), .. what], null, [])
        {
            Work = new ActivateService(service, how),
        };

    /// <summary>
    /// What the executor does for it, or null when another change's work covers it (a listener is part of master.cf's edit).
    /// Never written to a plan file: apply plans anew and takes no path, content or command from a file.
    /// </summary>
    public Work? Work { get; init; }

    /// <summary>Kind and name, as the plan prints them.</summary>
    public string Address => $"{Kind} {Name}";
}
