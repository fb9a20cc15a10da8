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
        if (!Version.TryParse(observed.Version, out var version))
        {
            version = new Version(0, 0);
        }

        var dialect = dialects.FirstOrDefault(d => version >= d.From && version < d.Below);
        if (dialect is null)
        {
            if (!desired.AllowUntested)
            {
                var range = $"{dialects[0].From} to below {dialects[^1].Below}";
                diagnostics.Add(ServiceDiagnostics.UnknownVersion(at, name, observed.Version, range));
                return null;
            }

            dialect = version < dialects[0].From ? dialects[0] : dialects[^1];
        }

        if (!dialect.Tested.Any(t => Starts(version, t)))
        {
            diagnostics.Add(ServiceDiagnostics.UntestedVersion(at, name, observed.Version, string.Join(", ", dialect.Tested)));
        }

        return dialect;
    }

    // Patch levels are ignored: 3.7.11 is 3.7.
    private static bool Starts(Version version, Version prefix) =>
        version.Major == prefix.Major && version.Minor == prefix.Minor && (prefix.Build < 0 || version.Build == prefix.Build);
}
