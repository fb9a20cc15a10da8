using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// Keeps the certificate of a listener that the manifest does not name and that has one of its own in master.cf. Of the parameters of certificates, smtpd_tls_chain_files switches
/// all others off, and a key that is not set is looked for beside its certificate (postconf(5), since 3.4): what main.cf sets of them changes what the listener's own ones mean. Pure.
/// </summary>
internal sealed class PostfixOwnCertificates(ServicePlanRequest request, IReadOnlyList<PostfixSetting> mainSettings, PostfixAnswers answers, MasterEdits edits)
{
    private const string ChainFiles = "smtpd_tls_chain_files";

    private static readonly (string Certificate, string Key)[] Pairs =
        [("smtpd_tls_cert_file", "smtpd_tls_key_file"), ("smtpd_tls_eccert_file", "smtpd_tls_eckey_file"), ("smtpd_tls_dcert_file", "smtpd_tls_dkey_file")];

    private static readonly string[] Older = [.. Pairs.SelectMany(p => new[] { p.Certificate, p.Key })];

    /// <summary>Gives the listener what main.cf will not say any more, and takes away what would come to count that did not.</summary>
    public void Keep(MasterService service)
    {
        var chained = Now(service, ChainFiles).Length > 0;
        if (IsOwn(service, ChainFiles) || (!chained && Older.Any(n => IsOwn(service, n))))
        {
            Hold(service, ChainFiles, Now(service, ChainFiles), "");
            foreach (var (certificate, key) in chained ? [] : Pairs)
            {
                Hold(service, certificate, Now(service, certificate), "");
                Hold(service, key, Now(service, key), PostfixSettings.Moved(request, certificate, Now(service, certificate)));
            }
        }
        else if (chained && Setting(ChainFiles) is null)
        {
            foreach (var name in Older)
            {
                edits.Override(service, name, null, null);
            }
        }
    }

    /// <summary>True for a parameter of a certificate that means nothing to the listener, or no more than that another one counts.</summary>
    public bool IsIdle(MasterService service, string name) => name == ChainFiles
        ? service.Override(name) is "" && Older.Any(n => service.Override(n) is not null)
        : Older.Contains(name) && Now(service, ChainFiles).Length > 0;

    private void Hold(MasterService service, string name, string now, string unset)
    {
        var value = PostfixSettings.Moved(request, name, now);
        if ((answers.Override(service, name) ?? Setting(name) ?? unset) != value)
        {
            edits.Override(service, name, value, null);
        }
    }

    private bool IsOwn(MasterService service, string name) => service.Override(name) is not null || answers.Varies(name, service);

    /// <summary>What the listener has now; a reference to what it has a value of its own of stays one.</summary>
    private string Now(MasterService service, string name)
    {
        var certificate = Array.Find(Pairs, p => p.Key == name).Certificate;
        var written = answers.Override(service, name) ?? (answers.Varies(name, service) ? answers.Written(name) : answers.Written(name) is null ? null : answers.Parameter(name));
        return certificate is not null && (written is null || PostfixScreen.Follows(written, certificate)) ? Now(service, certificate) : written ?? "";
    }

    private string? Setting(string name) => mainSettings.FirstOrDefault(s => s.Name == name)?.Value;
}
