using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Probing;
using MailTlsState.Services;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Planning.Review;

/// <summary>Findings about what is on the host now: the traps of a TLS set-up that was typed by hand. Pure; nothing ends a plan.</summary>
internal static class HostReview
{
    /// <summary>Everything that was found, text first, then files, then what is served.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="issues">True when apply makes new certificates by itself, which is then a remedy.</param>
    public static IReadOnlyList<Diagnostic> Of(HostObservation observed, bool issues = true)
    {
        var found = new List<Diagnostic>();
        foreach (var service in observed.Services.Values.Where(s => s.Installed).OrderBy(s => s.Kind))
        {
            found.AddRange(MailServices.Of(service.Kind).Review(observed));
        }

        var pairs = observed.Services.Values.Where(s => s.Installed).OrderBy(s => s.Kind).SelectMany(s => PairFiles.Of(observed, s))
            .Select(p => (Certificate: observed.Resolve(p.Certificate), Key: observed.Resolve(p.Key))).DistinctBy(p => (p.Certificate.Path, p.Key.Path)).ToList();
        found.AddRange(Directories(observed, pairs.SelectMany(p => new[] { p.Certificate.Path, p.Key.Path })));
        foreach (var key in pairs.Select(p => p.Key).Concat(observed.Certificates.Where(c => !c.Files.IsOwn).Select(c => observed.Resolve(c.Files.Key))).DistinctBy(k => k.Path))
        {
            found.AddRange(Key(key));
        }

        foreach (var certificate in pairs.Select(p => p.Certificate).DistinctBy(c => c.Path))
        {
            found.AddRange(Certificate(observed, certificate, issues));
        }

        found.AddRange(pairs.SelectMany(p => Match(p.Certificate, p.Key, issues)));
        found.AddRange(Served(observed));
        return found;
    }

    // On Debian these two are there only if somebody made them, and then closing them hurts nobody once no certificate is in them.
    private static readonly string[] SystemsOwnOnRedHat = ["/etc/pki", "/etc/pki/tls"];

    private static IEnumerable<Diagnostic> Directories(HostObservation observed, IEnumerable<string> paths)
    {
        var needed = paths.Concat(PairFiles.Shared.Where(d => observed.File(d).Kind == FileKind.Directory)).ToList();
        return PairFiles.Shared.Where(d => !SystemsOwnOnRedHat.Contains(d) || needed.Exists(p => PairFiles.Below(p, d)))
            .Select(observed.File).Where(d => d.Kind == FileKind.Directory && (d.Mode & 5) != 5).Select(d => ReviewDiagnostics.SharedDirectoryClosed(d.Path, d.Mode));
    }

    private static IEnumerable<Diagnostic> Key(FileObservation file)
    {
        if (file.Kind == FileKind.Regular && (file.Mode & 0x3F) != 0 && file.Text?.Contains("PRIVATE KEY-----", StringComparison.Ordinal) == true)
        {
            // Debian gives keys in /etc/ssl/private to the group ssl-cert by design.
            var all = (file.Mode & 7) != 0;
            if (all || (file.Group != 0 && !file.Path.StartsWith("/etc/ssl/private/", StringComparison.Ordinal)))
            {
                yield return ReviewDiagnostics.KeyReadable(file.Path, file.Mode, all);
            }
        }
    }

    private static IEnumerable<Diagnostic> Certificate(HostObservation observed, FileObservation file, bool issues)
    {
        if (file.Problem is not null)
        {
            yield break;
        }

        if (file.Text is not { } text)
        {
            yield return ReviewDiagnostics.Damaged(file.Path, 1, file.Kind == FileKind.Absent ? "the certificate file is not there" : "the certificate file is no regular file", issues);
            yield break;
        }

        var pem = PemFile.Parse(text);
        if (pem.Oddities.HasFlag(PemOddities.ByteOrderMark))
        {
            yield return ReviewDiagnostics.Marked(file.Path);
        }

        if (pem.Oddities.HasFlag(PemOddities.GluedLines))
        {
            yield return ReviewDiagnostics.Glued(file.Path, GluedLine(text));
        }

        foreach (var block in pem.Blocks.Where(b => b.Problem is not null && b.Key is null))
        {
            yield return ReviewDiagnostics.Damaged(file.Path, block.Line, block.Problem!, issues);
        }

        if (pem.Certificates.FirstOrDefault() is not { } leaf)
        {
            if (pem.Blocks.All(b => b.Problem is null))
            {
                yield return ReviewDiagnostics.Damaged(file.Path, 1, text.Length == 0 ? "the certificate file is empty" : "there is no certificate in the file", issues);
            }

            yield break;
        }

        if (leaf.Facts!.DnsNames.Count == 0 && leaf.Facts.IpAddresses.Count == 0)
        {
            yield return ReviewDiagnostics.NoSan(file.Path, leaf.Line, X509CertificateStructure.GetInstance(leaf.Der!).Version, issues);
        }

        if (PairFiles.IssuersOf(observed, leaf).FirstOrDefault().Block?.Facts is { } root && leaf.Facts.NotAfter > root.NotAfter)
        {
            yield return ReviewDiagnostics.OutlivesCa(file.Path, leaf.Line, CertificateDiagnostics.Time(leaf.Facts.NotAfter), CertificateDiagnostics.Time(root.NotAfter), issues);
        }
    }

    private static int GluedLine(string text)
    {
        var number = 0;
        foreach (var line in (PemScanner.IsMarked(text) ? text[PemScanner.Mark.Length..] : text).Split('\n'))
        {
            number++;
            var at = line.IndexOf("-----BEGIN ", StringComparison.Ordinal);
            if (at > 0 || line.TrimEnd().Contains("----------", StringComparison.Ordinal))
            {
                return number;
            }
        }

        return 1;
    }

    private static IEnumerable<Diagnostic> Match(FileObservation certificate, FileObservation key, bool issues)
    {
        if (key.Text is null)
        {
            if (key.Kind == FileKind.Absent && key.Problem is null && key.Path != certificate.Path)
            {
                yield return ReviewDiagnostics.Damaged(key.Path, 1, "the key file is not there", issues);
            }

            yield break;
        }

        var leaf = certificate.Text is null ? null : PemFile.Parse(certificate.Text).Certificates.FirstOrDefault()?.Facts;
        var keys = PemFile.Parse(key.Text).Keys.ToList();
        if (leaf is not null && keys.Count > 0 && keys.TrueForAll(k => k.Key!.PublicKeyDigest != "sha256:" + leaf.PublicKeyFingerprint))
        {
            yield return ReviewDiagnostics.Mismatch(certificate.Path, key.Path, issues);
        }
    }

    private static IEnumerable<Diagnostic> Served(HostObservation observed) =>
        from served in observed.Served
        let failure = served.Probe.Failure
        where served.Probe.Outcome == ProbeOutcome.StartTlsRefused && failure is not null && failure.Contains("454", StringComparison.Ordinal)
        select ReviewDiagnostics.StartTlsRefused(served.Probe.Request.Address, served.Probe.Request.Port, failure[failure.IndexOf("454", StringComparison.Ordinal)..].TrimEnd('.', '"', '\''));
}
