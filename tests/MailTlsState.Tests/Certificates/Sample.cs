using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Certificates;

/// <summary>The article's host, its CA, and files as a host observation shows them.</summary>
internal static class Sample
{
    public const string Passphrase = "correct horse battery";
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly string[] Names = ["mail.mydomain.com"];
    private static readonly Dictionary<KeyKind, KeyPair> Keys = [];

    /// <summary>The root of <see cref="Leaf"/>.</summary>
    public static RootAuthority Issuing { get; } = Root();

    public static PrivateCaManifest Ca(KeyKind key = KeyKind.EcdsaP256, TimeSpan? lifetime = null, TimeSpan? leaf = null) => new(
        new DistinguishedName("My Mail CA", "My Domain", null, "Sioux Falls", "South Dakota", "US"),
        key,
        lifetime ?? TimeSpan.FromDays(1825),
        leaf ?? TimeSpan.FromDays(397),
        new SecretReference("/root/mail-ca.pass", null),
        "/etc/pki/mailtls/ca");

    public static CertificateManifest Certificate(
        PrivateCaManifest? ca = null,
        CertificateLayout layout = CertificateLayout.Bundle,
        TimeSpan? renewBefore = null,
        bool rotateKey = false,
        params string[] names) =>
        new(names.Length > 0 ? names : Names, [KeyKind.EcdsaP256], "/etc/pki/mailtls", layout, renewBefore, rotateKey, ca ?? Ca());

    /// <summary>The judgement of the files of a leaf that <paramref name="root"/> signs.</summary>
    public static CertificateState Examine(CertificateManifest desired, KeyKind kind, FileObservation chain, FileObservation? key, PrivateCaState root, DateTimeOffset now) =>
        CertificateState.Examine(desired, kind, chain, key, new PrivateCaRules((PrivateCaManifest)desired.Issuer, root, now, makesRoot: !root.Exists), now);

    /// <summary>A key of each kind, made once for all tests.</summary>
    public static KeyPair Key(KeyKind kind)
    {
        lock (Keys)
        {
            return Keys.TryGetValue(kind, out var key) ? key : Keys[kind] = KeyPair.Generate(kind);
        }
    }

    /// <summary>A root CA without the cost of encrypting its key.</summary>
    public static RootAuthority Root(PrivateCaManifest? ca = null, DateTimeOffset? now = null) =>
        PrivateCaIssuer.CreateRoot(ca ?? Ca(), now ?? Now, Passphrase).Root;

    /// <summary>A leaf of the sample's root for <paramref name="key"/>.</summary>
    public static byte[] Leaf(KeyPair key, params string[] names) => PrivateCaIssuer.IssueLeaf(Issuing, names, key, TimeSpan.FromDays(397), Now);

    public static FileObservation File(string path, byte[] content) => File(path, Encoding.Latin1.GetString(content));

    public static FileObservation File(string path, string text) => new(path, FileKind.Regular) { Text = text, Size = text.Length, Mode = 0x180 };

    public static FileObservation Absent(string path) => new(path, FileKind.Absent);

    public static DiagnosticCode Code(Action action) => Assert.Throws<MailTlsException>(action).Diagnostics[0].Code;
}
