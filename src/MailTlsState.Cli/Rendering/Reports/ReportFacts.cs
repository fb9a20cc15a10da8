using MailTlsState.Certificates;

namespace MailTlsState.Cli.Rendering.Reports;

/// <summary>What a report says beside the findings.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Policy">Name of the policy that it was measured by.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="OnDisk">The leaves that the host should serve; empty off the host.</param>
internal sealed record ReportFacts(string Host, string Policy, DateTimeOffset Time, IReadOnlyList<CertificateFacts> OnDisk);
