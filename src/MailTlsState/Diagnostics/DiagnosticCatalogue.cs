namespace MailTlsState.Diagnostics;

/// <summary>Every kind of diagnostic of every area: what <c>mailtls explain</c> looks up. A test finds one that is not listed.</summary>
public static class DiagnosticCatalogue
{
    /// <summary>All codes in the order of their identifiers.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        .. ManifestDiagnostics.All,
        .. HostDiagnostics.All,
        .. PathDiagnostics.All,
        .. ServiceDiagnostics.All,
        .. PostfixDiagnostics.All,
        .. DovecotDiagnostics.All,
        .. CertificateDiagnostics.All,
        .. CaDiagnostics.All,
        .. ImportDiagnostics.All,
        .. PlanDiagnostics.All,
        .. ReviewDiagnostics.All,
        .. InitDiagnostics.All,
        .. SeLinuxDiagnostics.All,
        .. InitFindings.All,
        .. ExecutionDiagnostics.All,
        .. HistoryDiagnostics.All,
        .. SystemdDiagnostics.All,
        .. VerificationDiagnostics.All,
        .. CommandDiagnostics.All,
    ];

    /// <summary>The code called <paramref name="id"/> in any letter case, or null.</summary>
    public static DiagnosticCode? Find(string id) => All.FirstOrDefault(code => string.Equals(code.Id, id, StringComparison.OrdinalIgnoreCase));
}
