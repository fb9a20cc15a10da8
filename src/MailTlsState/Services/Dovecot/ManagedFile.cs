using System.Globalization;
using System.Text;
using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>The file of our own in Dovecot's configuration.</summary>
internal static class ManagedFile
{
    /// <summary>Its name among the files of conf.d, which Dovecot reads in the order of their names.</summary>
    public const string InFolder = DovecotService.ConfigDirectory + "/conf.d/99-mailtlsstate.conf";

    /// <summary>Its path where the main file includes no conf.d.</summary>
    public const string Beside = DovecotService.ConfigDirectory + "/mailtlsstate.conf";

    /// <summary>The line that includes <see cref="Beside"/>.</summary>
    public const string IncludeLine = "!include_try mailtlsstate.conf";

    /// <summary>Where the file goes.</summary>
    /// <param name="Path">Absolute path.</param>
    /// <param name="NeedsInclude">True when the main file has to include it by a line of its own.</param>
    public sealed record Location(string Path, bool NeedsInclude);

    /// <summary>Chooses the place by what the configuration includes.</summary>
    public static Location Place(IReadOnlyDictionary<string, string> texts)
    {
        bool Included(string path) =>
            DovecotTree.Build(DovecotService.MainFile, new Dictionary<string, string>(texts) { [path] = "" }).Files.Any(f => f.File == path);
        return Included(InFolder) ? new Location(InFolder, NeedsInclude: false) : new Location(Beside, NeedsInclude: !Included(Beside));
    }

    /// <summary>Its whole text: it depends on the manifest alone, so a second apply finds nothing to change.</summary>
    public static string Render(IReadOnlyList<ManagedSetting> settings, IReadOnlyList<EndpointManifest> endpoints)
    {
        var text = new StringBuilder("# Written by MailTlsState; changes made here are lost. The manifest decides.\n\n");
        foreach (var s in settings)
        {
            text.Append(CultureInfo.InvariantCulture, $"{s.Name} = {s.Value}\n");
        }

        foreach (var service in endpoints.GroupBy(e => DovecotAnswers.Protocol(e.Kind)))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nservice {service.Key}-login {{\n");
            foreach (var e in service)
            {
                text.Append(CultureInfo.InvariantCulture, $"  inet_listener {e.Kind.Name()} {{\n");
                foreach (var (name, value) in Listener(e))
                {
                    text.Append(CultureInfo.InvariantCulture, $"    {name} = {value}\n");
                }

                text.Append("  }\n");
            }

            text.Append("}\n");
        }

        return text.ToString();
    }

    /// <summary>The settings of an endpoint's inet_listener; Dovecot opens none for port 0.</summary>
    public static IEnumerable<(string Name, string Value)> Listener(EndpointManifest endpoint)
    {
        if (endpoint.Security == EndpointSecurity.Disabled)
        {
            yield return ("port", "0");
            yield break;
        }

        yield return ("port", endpoint.Port.ToString(CultureInfo.InvariantCulture));
        yield return ("ssl", endpoint.Security == EndpointSecurity.Implicit ? "yes" : "no");
        if (endpoint.Addresses.Count > 0)
        {
            yield return ("address", string.Join(", ", endpoint.Addresses));
        }

        if (endpoint.ProxyProtocol)
        {
            yield return ("haproxy", "yes");
        }
    }
}
