using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Planning.Review;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>Finds the traps of a TLS configuration that was typed by hand. Pure.</summary>
internal static class DovecotReview
{
    private static readonly Dictionary<string, string> Obsolete = new(StringComparer.Ordinal)
    {
        ["ssl_protocols"] = "ssl_min_protocol takes its place",
        ["ssl_parameters_regenerate"] = "leave it out: Dovecot no longer makes DH parameters",
        ["ssl_dh_parameters_length"] = "leave it out: Dovecot no longer makes DH parameters",
        ["ssl_cert_file"] = "ssl_cert = </path takes its place",
        ["ssl_key_file"] = "ssl_key = </path takes its place",
        ["ssl_ca_file"] = "ssl_ca = </path takes its place",
        ["ssl_disable"] = "ssl = no takes its place",
    };

    /// <summary>What is to be said about the configuration files.</summary>
    public static IEnumerable<Diagnostic> Of(HostObservation observed)
    {
        var texts = DovecotFiles.Texts(observed);
        if (!texts.ContainsKey(DovecotService.MainFile))
        {
            yield break;
        }

        var grammar = ServiceVersions.Nearest(DovecotDialect.All, observed.Services[ServiceKind.Dovecot].Version).Grammar;
        var tree = DovecotTree.Build(DovecotService.MainFile, texts, grammar);
        var ssl = tree.Assignments.Where(a => a.IsGlobal && (a.Name.StartsWith("ssl", StringComparison.Ordinal) || a.Name.StartsWith("disable_plaintext", StringComparison.Ordinal))).ToList();
        foreach (var found in ssl.SelectMany(TypoIn))
        {
            yield return found;
        }

        // What 2.4 does not take is a leftover of 2.3, and the plan translates it (MTS0404, MTS0405).
        foreach (var found in ssl.Where(_ => grammar == DovecotGrammar.V23).SelectMany(a => Old(a, ssl)))
        {
            yield return found;
        }

        foreach (var found in BeforeInclude(ssl))
        {
            yield return found;
        }

        foreach (var found in texts.OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => ReviewText.HtmlEscapes(t.Key, t.Value)))
        {
            yield return found;
        }
    }

    private static IEnumerable<Diagnostic> Old(DovecotAssignment a, List<DovecotAssignment> all)
    {
        if (a.Name == "ssl_protocols" && all.Find(o => o.Name == "ssl_min_protocol" && !IsOurs(o)) is { } newer)
        {
            yield return ReviewDiagnostics.Contradiction(a.File, a.Line, $"{a.Name} = {a.Value}", $"{newer.Name} = {newer.Value} ({newer.File}:{newer.Line})");
        }
        else if (Obsolete.TryGetValue(a.Name, out var instead))
        {
            yield return ReviewDiagnostics.Obsolete(a.File, a.Line, a.Name, instead);
        }
    }

    private static IEnumerable<Diagnostic> TypoIn(DovecotAssignment a)
    {
        if (a.Name.EndsWith("cipher_list", StringComparison.Ordinal) && ReviewText.HasTypo(a.Value))
        {
            yield return ReviewDiagnostics.CipherTypo(a.File, a.Line, a.Name);
        }
    }

    // Our own file overrides others by design; that is no finding.
    private static IEnumerable<Diagnostic> BeforeInclude(List<DovecotAssignment> all)
    {
        foreach (var group in all.Where(a => a.Path.Count == 0 && !IsOurs(a)).GroupBy(a => a.Name))
        {
            var last = group.Last();
            foreach (var early in group.Where(a => a.File == DovecotService.MainFile && last.File != a.File && a.Value != last.Value))
            {
                yield return ReviewDiagnostics.Overridden(early.File, early.Line, $"{early.Name} = {early.Value}", $"{last.Name} = {last.Value} ({last.File}:{last.Line})");
            }
        }
    }

    private static bool IsOurs(DovecotAssignment a) => a.File is ManagedFile.InFolder or ManagedFile.Beside;
}
