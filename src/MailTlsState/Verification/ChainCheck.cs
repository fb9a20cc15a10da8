using System.Globalization;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;

namespace MailTlsState.Verification;

/// <summary>Judges a chain as a strict client does (RFC 5280 section 6, RFC 9525), and names everything that is wrong instead of the first.</summary>
public static class ChainCheck
{
    private const int DigitalSignature = 0;
    private const int KeyCertSign = 5;

    /// <summary>Judges a chain.</summary>
    /// <param name="sent">DER of the certificates in the order in which the server sent them.</param>
    /// <param name="anchors">DER of the trusted roots, or null when trust is not judged.</param>
    /// <param name="serverName">The name that clients connect to.</param>
    /// <param name="now">The time of judgement.</param>
    /// <returns>What is wrong; empty when clients accept the chain.</returns>
    public static IReadOnlyList<ChainFault> Evaluate(IReadOnlyList<byte[]> sent, IReadOnlyList<byte[]>? anchors, string serverName, DateTimeOffset now)
    {
        var faults = new List<ChainFault>();
        var links = Read(sent, faults);
        if (links.Count == 0 || links[0].Position != 0)
        {
            if (sent.Count == 0)
            {
                faults.Add(Fault(VerificationDiagnostics.Unreadable, "a certificate", "none was sent", "RFC 8446 section 4.4.2", "look at the certificate file that the service loads"));
            }

            return faults;
        }

        var trusted = ChainLink.ReadAll(TrustAnchors.Candidates(anchors ?? [], [.. links.Select(l => sent[l.Position])]), -1);
        var path = ChainPath.Find(links[0], links, trusted, now);
        if (anchors is not null && !path.Trusted)
        {
            faults.Add(Untrusted(path));
        }

        faults.AddRange(path.Links.SelectMany(l => Dates(l.Facts, now)));
        // An expired certificate beside the chain, such as a cross-signed root, still stops clients that go by it.
        faults.AddRange(links.Except(path.Links).SelectMany(l => Dates(l.Facts, now)).Select(f => f with { Severity = FindingSeverity.Warning }));
        faults.AddRange(Uses(path));
        if (path.Trusted && path.Links.Count > 1 && !LeadsToRoot(path.Links[^1], anchors!))
        {
            faults.Add(Unfit(path.Links[^1], "a root, which issued itself", $"{Quote(path.Links[^1].Facts.Issuer)} issued it, and is not trusted", "RFC 5280 section 6.1.1 (d); OpenSSL takes nothing else for a trust anchor") with
            {
                Remedy = "have clients trust the root, and serve this certificate after the leaf",
            });
        }

        faults.AddRange(Names(links[0], path, serverName));
        faults.AddRange(Order(path, links));
        return faults;
    }

    private static List<ChainLink> Read(IReadOnlyList<byte[]> sent, List<ChainFault> faults)
    {
        var links = new List<ChainLink>();
        for (var i = 0; i < sent.Count; i++)
        {
            try
            {
                links.Add(ChainLink.Read(sent[i], i));
            }
            catch (FormatException e)
            {
                faults.Add(Fault(
                    VerificationDiagnostics.Unreadable,
                    "X.509 certificates",
                    $"certificate {i + 1} of {sent.Count}: {e.Message}",
                    "RFC 5280 section 4.1",
                    "look at the certificate file that the service loads"));
            }
        }

        return links;
    }

    private static ChainFault Untrusted(ChainPath path)
    {
        var last = path.Links[^1].Facts;
        if (path.Impostor is { } impostor)
        {
            return Fault(
                VerificationDiagnostics.BadSignature,
                $"{Show(last)} signed by the key of {Show(impostor.Facts)}",
                "the signature is another key's",
                "RFC 5280 section 6.1.3 (a)(1)",
                "use the issuer certificate that belongs to this leaf");
        }

        return last.IsSelfIssued
            ? Fault(VerificationDiagnostics.Untrusted, "a chain to a trusted root", $"it ends at {Show(last)}, which signed itself and is not trusted", "RFC 5280 section 6.1", "serve the planned certificate, or trust the root that issued this one")
            : Fault(VerificationDiagnostics.ChainIncomplete, $"the certificate of {Quote(last.Issuer)}", "it is neither sent nor a trusted root", "RFC 8446 section 4.4.2", "add the issuer's intermediate certificates after the leaf in the file that the service loads");
    }

    private static IEnumerable<ChainFault> Dates(CertificateFacts facts, DateTimeOffset now)
    {
        if (now > facts.NotAfter)
        {
            yield return Fault(VerificationDiagnostics.Expired, $"{Show(facts)} valid on {Day(now)}", $"it expired on {Day(facts.NotAfter)}", "RFC 5280 section 6.1.3 (a)(2)", "renew it");
        }
        else if (now < facts.NotBefore)
        {
            yield return Fault(VerificationDiagnostics.NotYetValid, $"{Show(facts)} valid on {Day(now)}", $"it becomes valid on {Day(facts.NotBefore)}", "RFC 5280 section 6.1.3 (a)(2)", "see whether the clocks of this machine and of the issuer are right");
        }
    }

    // A store may hold an intermediate beside its root. OpenSSL goes on from it, so it is no fault.
    private static bool LeadsToRoot(ChainLink anchor, IReadOnlyList<byte[]> anchors)
    {
        if (ChainFitness.IsRoot(anchor.Facts))
        {
            return true;
        }

        // Only now: reading a whole store costs more than a handshake.
        var store = ChainLink.ReadAll(anchors, -1);
        for (var length = 0; !ChainFitness.IsRoot(anchor.Facts); length++)
        {
            if (length == 10 || store.Find(a => a.IsNamedIssuerOf(anchor) && a.Signed(anchor)) is not { } issuer)
            {
                return false;
            }

            anchor = issuer;
        }

        return true;
    }

    private static IEnumerable<ChainFault> Uses(ChainPath path)
    {
        var leaf = path.Links[0];
        if (!leaf.MayBeServer)
        {
            yield return Unfit(leaf, "extendedKeyUsage with serverAuth", "the extension leaves it out", "RFC 5280 section 4.2.1.12");
        }

        if (!leaf.MayUseKeyFor(DigitalSignature))
        {
            yield return Unfit(leaf, "keyUsage with digitalSignature", "the extension leaves it out", "RFC 8446 section 4.4.2.2");
        }

        for (var i = 0; i < path.Links.Count; i++)
        {
            var link = path.Links[i];
            foreach (var oid in link.UnknownCritical)
            {
                yield return Unfit(link, "critical extensions that clients know", $"extension {oid}", "RFC 5280 section 4.2");
            }

            if (i == 0)
            {
                continue;
            }

            // A root of version 1 cannot say that it is one; it is trusted because it was put among the roots.
            var mayBeOld = link.Position < 0 && link.Version < 3;
            if (!link.Facts.IsAuthority && !mayBeOld)
            {
                yield return Unfit(link, "basicConstraints with CA:TRUE", "it signed a certificate without being an authority", "RFC 5280 section 4.2.1.9");
            }

            if (!link.MayBeServer)
            {
                yield return Unfit(link, "no extendedKeyUsage, or one with serverAuth", "the extension leaves it out", "RFC 5280 section 4.2.1.12");
            }

            if (ChainFitness.IsShort(link.Facts))
            {
                yield return Unfit(link, $"an RSA key of {ChainFitness.LeastRsaBits} bits or more", $"it has {link.Facts.Key["rsa-".Length..]}", "NIST SP 800-131A section 3") with { Remedy = "have clients trust another root, then let it issue the certificate" };
            }

            if (!link.MayUseKeyFor(KeyCertSign))
            {
                yield return Unfit(link, "keyUsage with keyCertSign", "the extension leaves it out", "RFC 5280 section 4.2.1.3");
            }

            // Self-issued certificates between do not count.
            var below = path.Links.Skip(1).Take(i - 1).Count(l => !l.Facts.IsSelfIssued);
            if (link.Facts.PathLength is { } most && below > most)
            {
                yield return Unfit(link, $"at most {most} authorities below it", $"{below}", "RFC 5280 section 4.2.1.9");
            }
        }
    }

    private static IEnumerable<ChainFault> Names(ChainLink leaf, ChainPath path, string serverName)
    {
        if (!HostNameMatch.Matches(leaf.Facts, serverName))
        {
            var names = string.Join(", ", leaf.Facts.DnsNames.Concat(leaf.Facts.IpAddresses).Take(10));
            yield return Fault(VerificationDiagnostics.NameMismatch, $"a certificate for {serverName}", names.Length == 0 ? "it has no subject alternative name" : $"it is for {names}", "RFC 9525 section 6", "issue a certificate with this name, or correct the name");
        }

        foreach (var link in path.Links.Skip(1))
        {
            if (link.Constraints is { } constraints && ChainFitness.Forbidden(constraints, leaf.Names) is { } name)
            {
                yield return Unfit(link, "name constraints that allow the leaf's names", $"{name} is not allowed", "RFC 5280 section 4.2.1.10");
            }
        }
    }

    private static IEnumerable<ChainFault> Order(ChainPath path, IReadOnlyList<ChainLink> links)
    {
        var used = path.Links.Where(l => l.Position >= 0).Select(l => l.Position).ToList();
        if (!used.SequenceEqual(Enumerable.Range(0, used.Count)))
        {
            var order = string.Join(", ", used.Select(p => (p + 1).ToString(CultureInfo.InvariantCulture)));
            yield return Warning("the leaf, then each certificate's issuer", $"the chain is made of the certificates {order} of those sent", "put the certificates into the file in this order");
            yield break;
        }

        // The root may be sent or left out (RFC 8446 section 4.4.2): not a word about it.
        var spare = links.Skip(used.Count).Where(l => !l.IsNamedIssuerOf(path.Links[^1])).ToList();
        if (spare.Count > 0)
        {
            yield return Warning("only certificates of the chain", $"{string.Join(", ", spare.Select(s => Show(s.Facts)))} belongs to no link", "take it out of the file that the service loads");
        }

        static ChainFault Warning(string expected, string observed, string remedy) =>
            new(VerificationDiagnostics.ChainOrder, FindingSeverity.Warning, expected, observed, "RFC 5246 section 7.4.2, RFC 8446 section 4.4.2", remedy);
    }

    private static ChainFault Unfit(ChainLink link, string expected, string observed, string rule) =>
        Fault(VerificationDiagnostics.Unfit, $"{Show(link.Facts)}: {expected}", observed, rule, "have it issued again with the right extensions");

    private static ChainFault Fault(DiagnosticCode code, string expected, string observed, string rule, string remedy) =>
        new(code, FindingSeverity.Failure, expected, observed, rule, remedy);

    private static string Show(CertificateFacts facts) => facts.Subject.Length > 0 ? Quote(facts.Subject) : $"the certificate {facts.Fingerprint[..16]}";

    private static string Quote(string name) => $"\"{name}\"";

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
