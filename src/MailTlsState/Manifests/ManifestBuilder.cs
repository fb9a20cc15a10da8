namespace MailTlsState.Manifests;

/// <summary>
/// Judges what the schema cannot say and makes the records. <see cref="Judge"/> copes with any tree, since the schema's
/// errors do not end the reading; <see cref="Build"/> is called only when nothing was found.
/// </summary>
internal sealed class ManifestBuilder(YamlMapping root, ManifestReport report, Func<string, NamedFile>? open)
{
    private readonly CertificateReader certificate = new(root.Mapping("certificate"), report);
    private readonly ServicesReader services = new(root.Mapping("services"), report);
    private readonly PolicyPartReader policy = new(root.Mapping("policy"), report, open);
    private string? host;

    /// <summary>The policy file that was read, or null.</summary>
    public ManifestAttachment? PolicyFile => policy.File;

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
        policy.Judge();
        services.Judge();
    }

    public Manifest Build(ManifestSource source) => new(
        source,
        host!,
        certificate.Build(host!),
        policy.Build(),
        services.Build(ServiceKind.Postfix),
        services.Build(ServiceKind.Dovecot),
        Vocabularies.SeLinuxModes.TryParse(root.Scalar("selinux")?.Value, out var mode) ? mode : SeLinuxMode.Auto);
}
