using System.Net;
using MailTlsState.Manifests;
using MailTlsState.Planning.Review;

namespace MailTlsState.Services.Dovecot;

/// <summary>The questions put to Dovecot's programs, and their answers by question.</summary>
internal static class DovecotAnswers
{
    /// <summary><c>dovecot --version</c>.</summary>
    public const string Version = "dovecot --version";

    /// <summary><c>doveconf -n</c>: what the files set.</summary>
    public const string Explicit = "doveconf -n";

    /// <summary><c>openssl version</c>: the library that Dovecot is linked to says its version only there.</summary>
    public const string OpenSsl = "openssl version";

    private static readonly System.Version FirstWithHybrids = new(3, 5);

    /// <summary>Whether OpenSSL knows hybrids of a curve and ML-KEM; null where it was not asked or gave no answer.</summary>
    public static bool? KnowsHybrids(IReadOnlyDictionary<string, string> answers) =>
        System.Version.TryParse(answers.GetValueOrDefault(OpenSsl, "").Split(' ').ElementAtOrDefault(1), out var version) ? version >= FirstWithHybrids : null;

    /// <summary>What a client of each protocol gets who asks for each of the certificate's names: question and whose it is.</summary>
    public static IEnumerable<(string Question, string Protocol, string Name)> Filters(Manifest manifest)
    {
        var protocols = (manifest.Dovecot?.Endpoints ?? []).Where(e => e.Security != EndpointSecurity.Disabled).Select(e => Protocol(e.Kind)).Distinct();
        var names = manifest.Certificate.Names.Append(manifest.Host).Where(n => !n.StartsWith('*') && !IPAddress.TryParse(n, out _)).Distinct();
        return from protocol in protocols from name in names
               select ($"doveconf for {protocol} to {name}", protocol, name);
    }

    /// <summary>The key under which a question's failure is kept.</summary>
    public static string Failure(string question) => "failure of " + question;

    /// <summary>Dovecot's name of an endpoint's protocol.</summary>
    public static string Protocol(EndpointKind kind) => kind switch
    {
        EndpointKind.Imap or EndpointKind.Imaps => "imap",
        EndpointKind.Pop3 or EndpointKind.Pop3s => "pop3",
        _ => "submission",
    };

    /// <summary>
    /// Settings as doveconf prints them. What stands in <c>ssl_server { }</c> (2.4) is what TLS uses, whatever is printed outside;
    /// a list that is printed as a block is its words that are on.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Parse(string answer)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var inner = new Dictionary<string, string>(StringComparer.Ordinal);
        var block = "";
        foreach (var line in answer.Split('\n').Select(l => l.Trim()))
        {
            var cut = line.IndexOf('=', StringComparison.Ordinal);
            if (line.EndsWith('{'))
            {
                block = line[..^1].Trim();
            }
            else if (line == "}")
            {
                block = "";
            }
            else if (cut > 0)
            {
                var (name, value) = (line[..cut].Trim(), line[(cut + 1)..].Trim());
                if (block == "ssl_server")
                {
                    inner[name.StartsWith("ssl_", StringComparison.Ordinal) ? name : "ssl_server_" + name] = value;
                }
                else if (block.Length > 0)
                {
                    values[block] = value == "no" ? values.GetValueOrDefault(block, "") : $"{values.GetValueOrDefault(block, "")} {name}".Trim();
                }
                else if (value.Length > 0 || !name.StartsWith("ssl_server_", StringComparison.Ordinal))
                {
                    values[name] = value;
                }
            }
        }

        foreach (var (name, value) in inner)
        {
            values[name] = value;
        }

        return values;
    }

    /// <summary>The files of keys and certificates that the server names, by what doveconf says for each protocol and name ("doveconf -n" hides the key's).</summary>
    public static IEnumerable<NamedPair> NamedPairs(IReadOnlyDictionary<string, string> answers)
    {
        foreach (var (_, answer) in answers.Where(a => a.Key.StartsWith("doveconf for ", StringComparison.Ordinal)).OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            var values = Parse(answer);
            foreach (var (certificate, key) in new[] { ("ssl_cert", "ssl_key"), ("ssl_alt_cert", "ssl_alt_key"), ("ssl_server_cert_file", "ssl_server_key_file"), ("ssl_server_alt_cert_file", "ssl_server_alt_key_file") })
            {
                if (Path(values, certificate) is { } path)
                {
                    yield return new NamedPair(path, Path(values, key) ?? path);
                }
            }
        }
    }

    private static string? Path(IReadOnlyDictionary<string, string> values, string name) =>
        values.GetValueOrDefault(name)?.TrimStart('<').Trim() is { } path && path.StartsWith('/') ? path : null;
}
