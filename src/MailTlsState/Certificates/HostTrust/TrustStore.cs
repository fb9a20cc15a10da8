using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.HostTrust;

/// <summary>How a distribution takes an administrator's own roots among those that the host's programs trust.</summary>
/// <param name="Directory">Where a root is put, one in a file.</param>
/// <param name="Program">Makes the host's programs see what is there.</param>
/// <param name="AfterAdding">Its arguments once a root was added.</param>
/// <param name="AfterRemoving">Its arguments once a root is gone.</param>
public sealed record TrustStore(string Directory, string Program, IReadOnlyList<string> AfterAdding, IReadOnlyList<string> AfterRemoving)
{
    /// <summary>Debian's (update-ca-certificates(8): without --fresh the link of a root that is gone stays) and Red Hat's (update-ca-trust(8)).</summary>
    public static IReadOnlyList<TrustStore> All { get; } =
    [
        new("/usr/local/share/ca-certificates", "/usr/sbin/update-ca-certificates", [], ["--fresh"]),
        new("/etc/pki/ca-trust/source/anchors", "/usr/bin/update-ca-trust", ["extract"], ["extract"]),
    ];

    /// <summary>The file of a root of this host's manifest; a fixed name, so that it is found again when the manifest no longer asks for it.</summary>
    /// <param name="host">The manifest's host.</param>
    /// <param name="role">Empty for the present root, else a word for another one.</param>
    public string FileOf(string host, string role) => $"{Directory}/mailtls-{host}{(role.Length == 0 ? "" : "-" + role)}.crt";

    /// <summary>True when the host has it.</summary>
    public bool IsOn(HostObservation observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        return observed.Resolve(Program).Kind == FileKind.Regular;
    }
}

/// <summary>A root that the host itself is to trust.</summary>
/// <param name="Role">See <see cref="TrustStore.FileOf"/>.</param>
/// <param name="Root">The root's own file.</param>
public sealed record HostAnchor(string Role, string Root)
{
    /// <summary>The role of a root that is to follow the present one.</summary>
    public const string Successor = "successor";

    /// <summary>Every role: files of each are looked for.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["", Successor];
}
