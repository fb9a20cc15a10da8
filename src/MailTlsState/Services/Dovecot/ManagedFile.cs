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

    private const string Head = "# Written by MailTlsState for ";

    /// <summary>Where the file goes.</summary>
    /// <param name="Path">Absolute path.</param>
    /// <param name="NeedsInclude">True when the main file has to include it by a line of its own.</param>
    public sealed record Location(string Path, bool NeedsInclude);

    /// <summary>Chooses the place by what the configuration includes.</summary>
    public static Location Place(IReadOnlyDictionary<string, string> texts, DovecotGrammar grammar)
    {
        bool Included(string path) =>
            DovecotTree.Build(DovecotService.MainFile, new Dictionary<string, string>(texts) { [path] = "" }, grammar).Files.Any(f => f.File == path);
        return Included(InFolder) ? new Location(InFolder, NeedsInclude: false) : new Location(Beside, NeedsInclude: !Included(Beside));
    }

    /// <summary>The host that a managed file was written for, or null where it does not say.</summary>
    public static string? HostOf(string? text)
    {
        var line = (text ?? "").Split('\n', 2)[0];
        var end = line.IndexOf(';', StringComparison.Ordinal);
        return line.StartsWith(Head, StringComparison.Ordinal) && end > 0 ? line[Head.Length..end] : null;
    }

    /// <summary>Its whole text: nothing in it depends on a former text of it, so a second apply finds nothing to change.</summary>
    public static string Render(string host, DovecotDialect dialect, IReadOnlyList<ManagedSetting> settings, DovecotSecurity security, IReadOnlyList<EndpointManifest> endpoints)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Head}{host}; changes made here are lost. The manifest decides.\n\n");
        foreach (var s in security.Everywhere.Take(1).Concat(settings).Concat(security.Everywhere.Skip(1)))
        {
            text.Append(CultureInfo.InvariantCulture, $"{s.Name} = {s.Value}\n");
        }

        foreach (var (protocol, own) in security.ByProtocol)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nprotocol {protocol} {{\n");
            foreach (var s in own)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {s.Name} = {s.Value}\n");
            }

            text.Append("}\n");
        }

        foreach (var service in endpoints.GroupBy(e => DovecotAnswers.Protocol(e.Kind)))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nservice {service.Key}-login {{\n");
            foreach (var e in service)
            {
                text.Append(CultureInfo.InvariantCulture, $"  inet_listener {e.Kind.Name()} {{\n");
                foreach (var (name, value) in Listener(e, dialect))
                {
                    text.Append(CultureInfo.InvariantCulture, $"    {name} = {value}\n");
                }

                text.Append("  }\n");
            }

            text.Append("}\n");
        }

        return text.ToString();
    }

    /// <summary>Where an endpoint's inet_listener stands.</summary>
    public static DovecotHeader[] Listener(EndpointKind kind) => [new("service", $"{DovecotAnswers.Protocol(kind)}-login"), new("inet_listener", kind.Name())];

    /// <summary>The settings of an endpoint's inet_listener; Dovecot opens none for port 0.</summary>
    public static IEnumerable<(string Name, string Value)> Listener(EndpointManifest endpoint, DovecotDialect dialect)
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
            yield return (dialect.ListenerAddress, string.Join(", ", endpoint.Addresses));
        }

        if (endpoint.ProxyProtocol)
        {
            yield return ("haproxy", "yes");
        }
    }
}
