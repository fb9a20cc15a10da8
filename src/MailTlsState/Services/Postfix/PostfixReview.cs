using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Planning.Review;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Finds the traps of a TLS configuration that was typed by hand. Pure.</summary>
internal static class PostfixReview
{
    // DEPRECATION_README and postconf(5).
    private static readonly Dictionary<string, string> Obsolete = new(StringComparer.Ordinal)
    {
        ["smtpd_use_tls"] = "smtpd_tls_security_level = may takes its place",
        ["smtpd_enforce_tls"] = "smtpd_tls_security_level = encrypt takes its place",
        ["smtpd_tls_eecdh_grade"] = "leave it out: OpenSSL chooses the groups (ignored since Postfix 3.6)",
        ["smtpd_tls_dh1024_param_file"] = "leave it out: OpenSSL chooses the parameters",
        ["smtpd_tls_dh512_param_file"] = "leave it out: export ciphers are gone",
        ["smtp_use_tls"] = "smtp_tls_security_level = may takes its place",
        ["smtp_enforce_tls"] = "smtp_tls_security_level = encrypt takes its place",
        ["smtp_tls_per_site"] = "smtp_tls_policy_maps takes its place",
        ["smtpd_tls_cipherlist"] = "smtpd_tls_ciphers takes its place",
        ["smtp_tls_cipherlist"] = "smtp_tls_ciphers takes its place",
    };

    /// <summary>What is to be said about main.cf and master.cf.</summary>
    public static IEnumerable<Diagnostic> Of(HostObservation observed)
    {
        if (observed.File(PostfixService.MainCf).Text is { } main)
        {
            var entries = MainCf.Parse(main).Entries;
            foreach (var entry in entries)
            {
                foreach (var found in Judge(PostfixService.MainCf, entry.Name, entry.Value, entry.Line))
                {
                    yield return found;
                }
            }

            foreach (var group in entries.GroupBy(e => e.Name).Where(g => g.Count() > 1))
            {
                yield return ReviewDiagnostics.Repeated(PostfixService.MainCf, group.First().Line, group.Key, group.Last().Line);
            }

            foreach (var found in ReviewText.HtmlEscapes(PostfixService.MainCf, main))
            {
                yield return found;
            }
        }

        if (observed.File(PostfixService.MasterCf).Text is { } master)
        {
            foreach (var option in MasterCf.Parse(master).Services.SelectMany(s => s.Overrides))
            {
                foreach (var found in Judge(PostfixService.MasterCf, option.Name, option.Value, option.Line))
                {
                    yield return found;
                }
            }
        }
    }

    private static IEnumerable<Diagnostic> Judge(string file, string name, string value, int line)
    {
        if (Obsolete.TryGetValue(name, out var instead))
        {
            yield return ReviewDiagnostics.Obsolete(file, line, name, instead);
        }

        if (name.Contains("cipher", StringComparison.Ordinal) && ReviewText.HasTypo(value))
        {
            yield return ReviewDiagnostics.CipherTypo(file, line, name);
        }
    }
}
