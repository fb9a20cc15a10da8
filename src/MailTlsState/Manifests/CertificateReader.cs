using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>The part of the manifest under <c>certificate</c>.</summary>
internal sealed class CertificateReader(YamlMapping? certificate, ManifestReport report)
{
    private readonly List<string> names = [];
    private TimeSpan? renewBefore;
    private TimeSpan keepPrevious;
    private TimeSpan lifetime;
    private TimeSpan leafLifetime;
    private TimeSpan? nextLifetime;

    public void Judge(string? host)
    {
        if (certificate is null)
        {
            return;
        }

        JudgeNames(host);
        if (certificate.Sequence("keys") is { Items: [YamlScalar first, YamlScalar second] } keys && !report.IsRefused(keys.Path)
            && Vocabularies.KeyKinds.TryParse(first.Value, out var one) && Vocabularies.KeyKinds.TryParse(second.Value, out var other)
            && one != other && Algorithm(first) == Algorithm(second))
        {
            report.Add(keys.Path, ManifestDiagnostics.KeyKinds(keys.Label));
        }

        JudgeDirectory(certificate.Scalar("directory"));
        renewBefore = Duration(certificate, "renewBefore", null);
        keepPrevious = Duration(certificate, "keepPrevious", ManifestSchema.DefaultKeepPrevious, noneAllowed: true) ?? TimeSpan.Zero;
        if (certificate.Mapping("issuer") is { } issuer)
        {
            JudgeIssuer(issuer, host);
        }
    }

    public CertificateManifest Build(string host)
    {
        var directory = certificate!.Scalar("directory")?.Value ?? ManifestSchema.DefaultDirectory;
        return new CertificateManifest(
            names.Count == 0 ? [host] : names,
            certificate.Sequence("keys") is { } keys ? [.. keys.Items.Select(item => Key(((YamlScalar)item).Value))] : [KeyKind.EcdsaP256],
            directory,
            Vocabularies.Layouts.TryParse(certificate.Scalar("layout")?.Value, out var layout) ? layout : CertificateLayout.Bundle,
            renewBefore,
            certificate.Scalar("rotateKey")?.Value == "true",
            BuildIssuer(certificate.Mapping("issuer")!, directory))
        {
            KeepPrevious = keepPrevious,
            LabelType = certificate.Scalar("selinuxType")?.Value,
        };
    }

    // The word begins with it: rsa-2048.
    private static string Algorithm(YamlScalar kind) => kind.Value.Split('-')[0];

    // Public CAs certify names. Where clients get a root of the administrator's own, its CA may certify addresses, too.
    private bool TakesAddresses =>
        certificate!.Mapping("issuer") is { } issuer && (issuer.Scalar("kind")?.Value == Vocabularies.Issuers.WordOf(IssuerKind.PrivateCa) || issuer.Mapping("trust")?.Scalar("file") is not null);

    private void JudgeNames(string? host)
    {
        if (certificate!.Sequence("names") is not { } sequence)
        {
            return;
        }

        var complete = true;
        foreach (var item in sequence.Items)
        {
            if (item is not YamlScalar { IsNull: false, Refused: false } scalar)
            {
                complete = false;
                continue;
            }

            Diagnostic? problem = null;
            var name = TakesAddresses ? HostNames.Address(scalar.Value) : null;
            name ??= HostNames.Normalize(scalar, wildcardAllowed: true, out problem, TakesAddresses);
            if (problem is not null)
            {
                report.Add(scalar.Path, problem);
                complete = false;
            }
            else if (names.Contains(name!))
            {
                report.Add(sequence.Path, ManifestDiagnostics.DuplicateItem(scalar.Place, sequence.Path));
            }
            else
            {
                names.Add(name!);
            }
        }

        if (complete && names.Count > 0 && host is not null && !names.Any(name => HostNames.Covers(name, host)))
        {
            report.Add(sequence.Path, ManifestDiagnostics.NotCovered(sequence.Label, host));
        }
    }

    private void JudgeDirectory(YamlScalar? directory)
    {
        if (directory is not null && ManifestPaths.JudgeDirectory(directory) is { } problem)
        {
            report.Add(directory.Path, problem);
        }
    }

    private void JudgeIssuer(YamlMapping issuer, string? host)
    {
        if (issuer.Scalar("kind") is not { } kind || report.IsRefused(kind.Path))
        {
            return;
        }

        if (issuer.Mapping("trust")?.Scalar("file") is { } trust)
        {
            JudgeFile(trust);
        }

        if (!Vocabularies.Issuers.TryParse(kind.Value, out var known) || known != IssuerKind.PrivateCa)
        {
            if (known == IssuerKind.Existing)
            {
                JudgeExisting(issuer);
            }

            return;
        }

        JudgeSubject(issuer.Mapping("subject"), host);
        JudgeDirectory(issuer.Scalar("directory"));
        JudgeSecret(issuer.Mapping("passphrase"));
        if (issuer.Mapping("successor") is { } next)
        {
            JudgeSuccessor(next, issuer, host);
        }

        lifetime = Duration(issuer, "lifetime", ManifestSchema.DefaultLifetime) ?? TimeSpan.Zero;
        leafLifetime = Duration(issuer, "leafLifetime", ManifestSchema.DefaultLeafLifetime) ?? TimeSpan.Zero;
        if (lifetime == TimeSpan.Zero || leafLifetime == TimeSpan.Zero)
        {
            return;
        }

        if (leafLifetime > lifetime)
        {
            var longest = issuer["leafLifetime"] ?? issuer["lifetime"]!;
            report.Add(longest.Path, ManifestDiagnostics.LeafLongerThanRoot(longest.Place));
        }

        var effective = leafLifetime < lifetime ? leafLifetime : lifetime;
        if (renewBefore >= effective)
        {
            var node = certificate!["renewBefore"]!;
            report.Add(node.Path, ManifestDiagnostics.AlwaysDue(node.Place, Durations.Format(effective)));
        }
    }

    // The other tool decides on all of these, so a value here would only seem to mean something.
    private void JudgeExisting(YamlMapping issuer)
    {
        foreach (var key in new[] { "keys", "directory", "selinuxType", "layout", "rotateKey", "keepPrevious" })
        {
            if (certificate![key] is { } node)
            {
                report.Add(node.Path, ManifestDiagnostics.NotOfExisting(node.Label, node.Path));
            }
        }

        foreach (var file in (issuer.Sequence("files")?.Items ?? []).OfType<YamlMapping>().SelectMany(p => new[] { p.Scalar("certificate"), p.Scalar("key") }).OfType<YamlScalar>())
        {
            JudgeFile(file);
        }
    }

    private void JudgeSuccessor(YamlMapping next, YamlMapping issuer, string? host)
    {
        JudgeSubject(next.Mapping("subject"), host);
        JudgeSecret(next.Mapping("passphrase"));
        nextLifetime = Duration(next, "lifetime", null);
        if (next.Scalar("key")?.Value == ManifestSchema.SameKey && next["subject"] is { } named)
        {
            report.Add(named.Path, ManifestDiagnostics.SameKeyHasItsName(named.Place));
        }

        if (next.Scalar("directory") is { } directory)
        {
            JudgeDirectory(directory);
            var own = certificate!.Scalar("directory")?.Value ?? ManifestSchema.DefaultDirectory;
            if (directory.Value == own || directory.Value == (issuer.Scalar("directory")?.Value ?? own + "/ca"))
            {
                report.Add(directory.Path, ManifestDiagnostics.SuccessorHasNoPlace(directory.Place, directory.Value));
            }
        }
    }

    private void JudgeSubject(YamlMapping? subject, string? host)
    {
        if (subject?.Scalar("commonName") is { } name
            && (names.Contains(name.Value, StringComparer.OrdinalIgnoreCase) || string.Equals(name.Value, host, StringComparison.OrdinalIgnoreCase)))
        {
            report.Add(name.Path, ManifestDiagnostics.RootName(name.Place, name.Value));
        }

        if (subject?.Scalar("country") is { } country && !(country.Value.Length == 2 && country.Value.All(char.IsAsciiLetterUpper)))
        {
            report.Add(country.Path, ManifestDiagnostics.Country(country.Place, country.Path, country.Value));
        }
    }

    private void JudgeSecret(YamlMapping? secret)
    {
        if (secret?.Scalar("file") is { } file && ManifestPaths.Judge(file) is not null)
        {
            report.Add(file.Path, ManifestDiagnostics.SecretSource(file.Place, "passphrase.file is not an absolute path in normal form"));
        }

        if (secret?.Scalar("env") is { } variable && !IsVariable(variable.Value))
        {
            report.Add(variable.Path, ManifestDiagnostics.SecretSource(variable.Place, "passphrase.env is not the name of an environment variable"));
        }

        if (secret?.Scalar("credential") is { } credential && !IsCredential(credential.Value))
        {
            report.Add(credential.Path, ManifestDiagnostics.SecretSource(credential.Place, "passphrase.credential is not the name of a systemd credential"));
        }
    }

    private void JudgeFile(YamlScalar file)
    {
        if (ManifestPaths.Judge(file) is { } problem)
        {
            report.Add(file.Path, problem);
        }
    }

    /// <summary>The duration under <paramref name="key"/>, else the default, else null; null too when it was refused.</summary>
    private TimeSpan? Duration(YamlMapping parent, string key, string? @default, bool noneAllowed = false)
    {
        if (parent[key] is { } node)
        {
            if (node is not YamlScalar { IsNull: false, Refused: false } scalar || report.IsRefused(node.Path))
            {
                return null;
            }

            if (noneAllowed ? Durations.TryParseOrNone(scalar.Value, out var value) : Durations.TryParse(scalar.Value, out value))
            {
                return value;
            }

            report.Add(node.Path, ManifestDiagnostics.Duration(scalar.Place, scalar.Path, scalar.Value, noneAllowed));
            return null;
        }

        return @default is not null && Durations.TryParse(@default, out var fallback) ? fallback : null;
    }

    private IssuerManifest BuildIssuer(YamlMapping issuer, string directory)
    {
        var trust = new TrustManifest(issuer.Mapping("trust")?.Scalar("file")?.Value);
        if (issuer.Scalar("kind")!.Value == Vocabularies.Issuers.WordOf(IssuerKind.Purchased))
        {
            return new PurchasedManifest(trust);
        }

        if (issuer.Sequence("files") is { } files)
        {
            return new ExistingManifest(
                [.. files.Items.OfType<YamlMapping>().Select(p => new ExistingPair(p.Scalar("certificate")!.Value, (p.Scalar("key") ?? p.Scalar("certificate"))!.Value))], trust);
        }

        var ca = new PrivateCaManifest(
            Subject(issuer.Mapping("subject")!),
            Key(issuer.Scalar("key")?.Value ?? ManifestSchema.DefaultRootKey),
            lifetime,
            leafLifetime,
            Secret(issuer.Mapping("passphrase")),
            issuer.Scalar("directory")?.Value ?? directory + "/ca")
        {
            KeyEncryption = Vocabularies.KeyEncryptions.TryParse(issuer.Scalar("keyEncryption")?.Value, out var encryption) ? encryption : KeyFileEncryption.AsFound,
            TrustStore = issuer.Scalar("trustStore")?.Value == "true",
        };
        return issuer.Mapping("successor") is { } next ? ca with { Successor = BuildSuccessor(next, ca) } : ca;
    }

    private SuccessorManifest BuildSuccessor(YamlMapping next, PrivateCaManifest present)
    {
        var key = next.Scalar("key")?.Value;
        var ca = present with
        {
            Directory = next.Scalar("directory")!.Value,
            Subject = next.Mapping("subject") is { } subject ? Subject(subject) : present.Subject,
            Key = key is null or ManifestSchema.SameKey ? present.Key : Key(key),
            Lifetime = nextLifetime ?? present.Lifetime,
            Passphrase = next.Mapping("passphrase") is { } secret ? Secret(secret) : present.Passphrase,
        };
        return new SuccessorManifest(ca, key == ManifestSchema.SameKey, next.Scalar("trusted")?.Value == "true");
    }

    private static DistinguishedName Subject(YamlMapping subject) => new(
        subject.Scalar("commonName")!.Value,
        subject.Scalar("organization")?.Value,
        subject.Scalar("organizationalUnit")?.Value,
        subject.Scalar("locality")?.Value,
        subject.Scalar("state")?.Value,
        subject.Scalar("country")?.Value);

    private static SecretReference Secret(YamlMapping? secret) => secret is null
        ? SecretReference.Terminal
        : new SecretReference(secret.Scalar("file")?.Value, secret.Scalar("env")?.Value) { Credential = secret.Scalar("credential")?.Value };

    private static KeyKind Key(string word) => Vocabularies.KeyKinds.TryParse(word, out var kind)
        ? kind
        : throw new InvalidOperationException($"the schema let the key kind {word} pass");

    private static bool IsCredential(string name) =>
        name.Length > 0 && name[0] is not ('.' or '-') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private static bool IsVariable(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
