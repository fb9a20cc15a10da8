using MailTlsState.Manifests;

namespace MailTlsState.Services.Dovecot;

/// <summary>The questions put to Dovecot's programs, and their answers by question.</summary>
internal static class DovecotAnswers
{
    /// <summary><c>dovecot --version</c>.</summary>
    public const string Version = "dovecot --version";

    /// <summary><c>doveconf -n</c>: what the files set.</summary>
    public const string Explicit = "doveconf -n";

    /// <summary>What a client of each protocol gets who asks for each of the certificate's names: question and doveconf's filter.</summary>
    public static IEnumerable<(string Question, IReadOnlyList<string> Filter)> Filters(Manifest manifest)
    {
        var protocols = (manifest.Dovecot?.Endpoints ?? []).Where(e => e.Security != EndpointSecurity.Disabled).Select(e => Protocol(e.Kind)).Distinct();
        var names = manifest.Certificate.Names.Append(manifest.Host).Where(n => !n.StartsWith('*')).Distinct();
        return from protocol in protocols from name in names
               select ($"doveconf for {protocol} to {name}", (IReadOnlyList<string>)["-f", $"service={protocol}", "-f", $"lname={name}"]);
    }

    /// <summary>Dovecot's name of an endpoint's protocol.</summary>
    public static string Protocol(EndpointKind kind) => kind is EndpointKind.Pop3 or EndpointKind.Pop3s ? "pop3" : "imap";

    /// <summary>Settings from lines of <c>name = value</c>, as doveconf prints them.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string answer)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in answer.Split('\n'))
        {
            var cut = line.IndexOf('=', StringComparison.Ordinal);
            if (cut > 0)
            {
                values[line[..cut].Trim()] = line[(cut + 1)..].Trim();
            }
        }

        return values;
    }
}
