using MailTlsState.Diagnostics;
using MailTlsState.Policies;

namespace MailTlsState.Manifests;

/// <summary>
/// Judges what the schema cannot say and makes the records. <see cref="Judge"/> copes with any tree, since the schema's
/// errors do not end the reading; <see cref="Build"/> is called only when nothing was found.
/// </summary>
internal sealed class ManifestBuilder(YamlMapping root, ManifestReport report)
{
    private readonly CertificateReader certificate = new(root.Mapping("certificate"), report);
    private readonly ServicesReader services = new(root.Mapping("services"), report);
    private string? host;

    public void Judge()
    {
        if (root.Scalar("host") is { } scalar)
        {
            host = HostNames.Normalize(scalar, wildcardAllowed: false, out var problem);
            if (problem is not null)
            {
                report.Add(scalar.Path, problem);
            }
        }

        certificate.Judge(host);
        JudgePolicy();
        services.Judge();
    }

    public Manifest Build(ManifestSource source) => new(
        source,
        host!,
        certificate.Build(host!),
        new PolicyManifest(
            root.Mapping("policy")?.Scalar("base")?.Value ?? ManifestSchema.DefaultPolicy,
            root.Mapping("policy")?.Scalar("minimumProtocol")?.Value),
        services.Build(ServiceKind.Postfix),
        services.Build(ServiceKind.Dovecot),
        Vocabularies.SeLinuxModes.TryParse(root.Scalar("selinux")?.Value, out var mode) ? mode : SeLinuxMode.Auto);

    private void JudgePolicy()
    {
        var policy = root.Mapping("policy");
        if (policy?.Scalar("minimumProtocol") is { } minimum
            && TlsVersionNames.Parse(minimum.Value) is { } version
            && PolicyCatalogue.Find(policy["base"] is null ? ManifestSchema.DefaultPolicy : policy.Scalar("base")?.Value ?? "") is { } found
            && !PolicyCatalogue.CanLowerTo(found, version))
        {
            report.Add(minimum.Path, ManifestDiagnostics.FloorTooLow(minimum.Place, found.Name, minimum.Value));
        }
    }
}
