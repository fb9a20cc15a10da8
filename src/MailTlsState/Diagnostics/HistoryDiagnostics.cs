namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of history and roll-back (MTS073x).</summary>
public static class HistoryDiagnostics
{
    /// <summary>An archived journal is damaged.</summary>
    public static readonly DiagnosticCode ArchiveDamagedCode = new(
        "MTS0730",
        "an entry of the history cannot be read",
        "The journals of past applies lie in /var/lib/mailtlsstate/applied, each line with its own checksum. One of them is damaged, or was written by a newer version. Nothing else depends on it: it is left out of the history, and that apply cannot be rolled back.");

    /// <summary>No such apply.</summary>
    public static readonly DiagnosticCode UnknownApplyCode = new(
        "MTS0731",
        "no such apply in the history",
        "The history keeps the last ten applies that were carried out, and the last ten that failed and were taken back at once. The identifier is none of them, or the beginning of several. List them with mailtls history.");

    /// <summary>It cannot be rolled back.</summary>
    public static readonly DiagnosticCode NotReversibleCode = new(
        "MTS0732",
        "this apply cannot be rolled back",
        "Only an apply that was carried out and whose record is complete can be rolled back. One that failed was taken back at once, and there is nothing of it left to undo; one of an early version recorded no diffs.");

    /// <summary>A file was edited since.</summary>
    public static readonly DiagnosticCode EditedSinceCode = new(
        "MTS0733",
        "a file was edited since",
        "A roll-back takes the apply's own lines back out of the configuration and leaves everything else as it is. Here those lines, or the ones around them, are not as the apply left them, so nobody but you can say what should stand there. Nothing was changed. Look at the apply's diff with mailtls history ID, put the lines right by hand, or bring them back by mailtls apply and roll back then.");

    /// <summary>A newer apply touches the same.</summary>
    public static readonly DiagnosticCode NewerApplyCode = new(
        "MTS0734",
        "a newer apply changes the same",
        "Applies that touch the same lines, files or certificate can only be rolled back in the reverse of their order: taking back an older one alone would leave a mixture that nobody ever served. Nothing was changed. Roll back the newer ones first.");

    /// <summary>A secret would be needed.</summary>
    public static readonly DiagnosticCode SecretLostCode = new(
        "MTS0735",
        "the former lines held a secret",
        "The apply took lines away that held a password or a key. The history never keeps secrets, so these lines cannot be written again from it. Nothing was changed; write them by hand from where you keep the secret.");

    /// <summary>The former pair cannot be used.</summary>
    public static readonly DiagnosticCode NoFormerPairCode = new(
        "MTS0736",
        "the former key and certificate cannot come back",
        "Exactly one former pair is kept, beside the present one as .HOST.previous.pem, for as long as certificate.keepPrevious says (7d by default, 0 keeps none). It comes back only when it is the one that this apply replaced, its key matches, and its certificate is valid at this time: a host must never serve an expired certificate because of a roll-back. Nothing was changed. With --keep-certificate the settings go back and the present certificate stays.");

    /// <summary>Something stays.</summary>
    public static readonly DiagnosticCode StaysCode = new(
        "MTS0737",
        "something stays as it is",
        "A roll-back does not destroy what cannot be made again, and does not bring back what was unsafe. A root CA stays, because clients may trust it by now and its key would be lost for ever; a directory stays while something is in it; a private key is not made readable for others again.");

    /// <summary>An endpoint is not as before.</summary>
    public static readonly DiagnosticCode NotAsBeforeCode = new(
        "MTS0738",
        "an endpoint does not serve what it served before",
        "After a roll-back every endpoint is asked again, and its answer is compared with what it was before the apply that was rolled back. This one answers otherwise, so the roll-back itself was undone. Most often something else changed since: another certificate file, another setting, another service.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        ArchiveDamagedCode, UnknownApplyCode, NotReversibleCode, EditedSinceCode, NewerApplyCode, SecretLostCode, NoFormerPairCode, StaysCode, NotAsBeforeCode,
    ];

    /// <summary><see cref="ArchiveDamagedCode"/>.</summary>
    public static Diagnostic ArchiveDamaged(string id, string why) =>
        new(ArchiveDamagedCode, Severity.Warning, $"the history's entry {id} is left out: {why}", "nothing has to be done; the file may be removed");

    /// <summary><see cref="UnknownApplyCode"/>.</summary>
    public static Diagnostic UnknownApply(string? id, int matches) => new(
        UnknownApplyCode,
        Severity.Error,
        id is null ? "the history holds no apply" : matches > 1 ? $"{matches} applies begin with {id}" : $"the history holds no apply {id}",
        "see mailtls history");

    /// <summary><see cref="NotReversibleCode"/>.</summary>
    public static Diagnostic NotReversible(string id, string why) =>
        new(NotReversibleCode, Severity.Error, $"{id} cannot be rolled back: {why}", "see mailtls history for others");

    /// <summary><see cref="EditedSinceCode"/>.</summary>
    public static Diagnostic EditedSince(SourceLocation at, string id, string what) =>
        new(EditedSinceCode, Severity.Error, what, $"compare with mailtls history {id}, and put it right by hand or by mailtls apply first", at);

    /// <summary><see cref="NewerApplyCode"/>.</summary>
    public static Diagnostic NewerApply(SourceLocation at, string id, IReadOnlyList<string> newer) => new(
        NewerApplyCode,
        Severity.Error,
        $"{(newer.Count == 1 ? $"the newer apply {newer[0]} changes" : $"the newer applies {string.Join(", ", newer)} change")} the same as {id}",
        $"roll back {string.Join(", then ", newer)} first",
        at);

    /// <summary><see cref="SecretLostCode"/>.</summary>
    public static Diagnostic SecretLost(SourceLocation at, string id) =>
        new(SecretLostCode, Severity.Error, $"{id} took lines away here that held a secret, which the history does not keep", "write them by hand", at);

    /// <summary><see cref="NoFormerPairCode"/>.</summary>
    public static Diagnostic NoFormerPair(string path, string why) => new(
        NoFormerPairCode, Severity.Error, $"the former key and certificate cannot come back: {why}", "roll back with --keep-certificate to take back the settings alone", new SourceLocation(path, 1, 1));

    /// <summary><see cref="StaysCode"/>.</summary>
    public static Diagnostic Stays(string what, string remedy) => new(StaysCode, Severity.Note, what, remedy);
}
