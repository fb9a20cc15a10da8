using System.Text;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Sweep;

/// <summary>A first apply that creates, or a later one that changes.</summary>
internal enum TransactionKind
{
    Create,
    Change,
}

/// <summary>The files' part of an apply on a tree of <see cref="Tree"/>, in the order in which the executor does it.</summary>
internal sealed class Transaction(IHostWriter host, string folder)
{
    private const string RunId = "20260301T120000000";
    private const int Public = 0x1A4; // 0644
    private const int Private = 0x180; // 0600
    private const int PrivateDirectory = 0x1C0; // 0700
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private string JournalDirectory => folder + "/state";

    /// <summary>Runs it. Exit status and words are those of <c>mailtls apply</c>.</summary>
    public (int ExitCode, string Said) Run(TransactionKind kind)
    {
        IReadOnlyList<NewFile> files;
        FileTransaction transaction;
        try
        {
            // What cannot be read cannot be planned either.
            files = Files(kind);
            transaction = FileTransaction.Begin(host, JournalDirectory, Entry(kind, files));
        }
        catch (HostWriteException e)
        {
            return (1, e.Message);
        }

        try
        {
            transaction.Stage(files, Now);
            transaction.KeepBeforeImages();
            transaction.Intent();
        }
        catch (HostWriteException e)
        {
            return (1, e.Message + Tidy(transaction.Abandon));
        }

        string why;
        try
        {
            transaction.Commit();
            transaction.Activated();
            return (0, transaction.Verified() ? "applied" + Tidy(transaction.Finish) : "applied; the journal's last line may not last");
        }
        catch (HostWriteException e)
        {
            why = e.Message;
        }

        var left = transaction.Undo();
        return left.Count == 0 ? FinishUndone(transaction, 5, why) : (6, string.Join("; ", left) + " after: " + why);
    }

    /// <summary>Recovers what an earlier run left, as <c>mailtls recover</c> does.</summary>
    public (int ExitCode, string Said) Recover()
    {
        try
        {
            if (FileTransaction.Open(host, JournalDirectory) is not { } transaction)
            {
                return (0, "nothing");
            }

            var left = transaction.Recover();
            return left.Count > 0 ? (6, string.Join("; ", left))
                : transaction.State == JournalState.VerifyLater ? FinishUndone(transaction, 0, "rolled back")
                : (0, "tidied up");
        }
        catch (JournalUnreadableException e)
        {
            return (6, e.Message);
        }
        catch (HostWriteException e)
        {
            return (6, e.Message);
        }
    }

    private static (int ExitCode, string Said) FinishUndone(FileTransaction transaction, int exitCode, string said)
    {
        try
        {
            transaction.FinishUndone();
            return (exitCode, said);
        }
        catch (HostWriteException e)
        {
            return (6, $"{e.Message} after: {said}");
        }
    }

    private static string Tidy(Action tidy)
    {
        try
        {
            tidy();
            return "";
        }
        catch (HostWriteException e)
        {
            return "; not tidied up: " + e.Message;
        }
    }

    // A first apply: directories, a key, the CA, one new file for Dovecot and Postfix's files. A later one: the bundle anew, settings,
    // a new directory with a file in it, modes and owners set right, a file that goes.
    private IReadOnlyList<NewFile> Files(TransactionKind kind) => kind == TransactionKind.Create
        ?
        [
            New("etc/pki/mailtls/ca/ca.key", "the CA's key\n", 0, Private, Tree.CertificateLabel),
            New("etc/pki/mailtls/mail.pem", "key and chain\n", 0, Private, Tree.CertificateLabel),
            New("etc/dovecot/conf.d/99-mailtls.conf", "ssl = required\n", 0, Public),
            New("etc/postfix/main.cf", "smtpd_tls_security_level = may\n", 8, Public) with { BackDated = true },
        ]
        :
        [
            New("etc/tls/server.pem", "a renewed key and chain\n", 0, Private, Tree.CertificateLabel),
            New("etc/tls/new/chain.pem", "chain\n", 0, Public),
            New("etc/postfix/main.cf", "smtpd_tls_chain_files = /etc/tls/server.pem\n", 8, Public) with { BackDated = true },
            New("etc/postfix/master.cf", "submission inet n - y - - smtpd\n", 0, Public),
        ];

    private NewFile New(string path, string text, int group, int mode, string? label = null)
    {
        var full = $"{folder}/root/{path}";
        return new NewFile(full, Encoding.UTF8.GetBytes(text), new FileAttributes(0, group, mode), host.ReadBytes(full) is { } old ? Fingerprint.Digest(old) : null, BackDated: false) { Label = label };
    }

    private JournalEntry Entry(TransactionKind kind, IReadOnlyList<NewFile> files)
    {
        var etc = folder + "/root/etc";
        IEnumerable<Step> first = kind == TransactionKind.Create
            ?
            [
                new CreateDirectoryStep($"{etc}/pki", 0, 0, 0x1ED),
                new CreateDirectoryStep($"{etc}/pki/mailtls", 0, 0, PrivateDirectory, Tree.CertificateLabel),
                new CreateDirectoryStep($"{etc}/pki/mailtls/ca", 0, 0, PrivateDirectory),
            ]
            :
            [
                new CreateDirectoryStep($"{etc}/tls/new", 0, 12, 0x1E8),
                new SetAttributesStep($"{etc}/tls/root.pem", new FileAttributes(Tree.Somebody, 8, 0x1B4), new FileAttributes(0, 0, Private)),
                new SetLabelStep($"{etc}/tls/root.pem", Tree.HomeLabel, Tree.CertificateLabel),
                new SetLabelStep($"{etc}/tls", Tree.HomeLabel, Tree.CertificateLabel),
                new SetAttributesStep($"{etc}/tls", new FileAttributes(0, 0, 0x1ED), new FileAttributes(0, 12, PrivateDirectory)),
            ];
        IEnumerable<Step> last = kind == TransactionKind.Create ? [] : [new RemoveFileStep($"{etc}/tls/retired.key", Fingerprint.Digest("a key that nobody uses\n"))];
        return new JournalEntry(RunId, Now, "mailtls apply", "mail.mydomain.com", Fingerprint.Digest("m"), [.. first, .. files.Select((file, i) => ReplaceFileStep.Of(host, file, RunId, i + 1)), .. last], [], []);
    }
}
