using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Services;

/// <summary>A range of versions that spell their settings alike.</summary>
public interface IDialect
{
    /// <summary>First version in the range.</summary>
    Version From { get; }

    /// <summary>First version above the range.</summary>
    Version Below { get; }

    /// <summary>Versions that our tests run.</summary>
    IReadOnlyList<Version> Tested { get; }
}

/// <summary>Chooses a dialect by the observed version.</summary>
internal static class ServiceVersions
{
    /// <summary>The dialect for the observed version, or null after an error was added.</summary>
    public static T? Choose<T>(IReadOnlyList<T> dialects, ServiceObservation observed, ServiceManifest desired, SourceLocation at, List<Diagnostic> diagnostics)
        where T : class, IDialect
    {
        var name = observed.Kind.ToString();
        var version = Parse(observed.Version);
        var dialect = Nearest(dialects, observed.Version);
        if ((version < dialect.From || version >= dialect.Below) && !desired.AllowUntested)
        {
            var range = $"{dialects[0].From} to below {dialects[^1].Below}";
            diagnostics.Add(ServiceDiagnostics.UnknownVersion(at, name, observed.Version, range));
            return null;
        }

        if (!dialect.Tested.Any(t => Starts(version, t)))
        {
            diagnostics.Add(ServiceDiagnostics.UntestedVersion(at, name, observed.Version, string.Join(", ", dialects.SelectMany(d => d.Tested))));
        }

        return dialect;
    }

    /// <summary>The dialect of a version, or the one at the nearer end of the ranges where none has it: what is asked of a daemon and what is planned for it go by the same.</summary>
    public static T Nearest<T>(IReadOnlyList<T> dialects, string version)
        where T : class, IDialect
    {
        var parsed = Parse(version);
        return dialects.FirstOrDefault(d => parsed >= d.From && parsed < d.Below) ?? (parsed < dialects[0].From ? dialects[0] : dialects[^1]);
    }

    private static Version Parse(string version) => Version.TryParse(version, out var parsed) ? parsed : new Version(0, 0);

    // Patch levels are ignored: 3.7.11 is 3.7.
    private static bool Starts(Version version, Version prefix) =>
        version.Major == prefix.Major && version.Minor == prefix.Minor && (prefix.Build < 0 || version.Build == prefix.Build);
}
