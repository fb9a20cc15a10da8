namespace MailTlsState.Certificates;

/// <summary>Finds the way from a leaf to a trust anchor.</summary>
/// <param name="Links">Leaf first; the anchor last when <paramref name="Trusted"/>.</param>
/// <param name="Trusted">True when it ends at a trust anchor.</param>
/// <param name="Impostor">A certificate that has the missing issuer's name but not its key, or null.</param>
internal sealed record ChainPath(IReadOnlyList<ChainLink> Links, bool Trusted, ChainLink? Impostor)
{
    // Longer chains do not exist in practice; it bounds what a hostile server can make us try.
    private const int Longest = 10;

    /// <summary>
    /// The best path: a trusted one, valid now if there is one (clients get round an expired cross-signed root), else the longest.
    /// </summary>
    public static ChainPath Find(ChainLink leaf, IReadOnlyList<ChainLink> sent, IReadOnlyList<ChainLink> anchors, DateTimeOffset now)
    {
        ChainPath? best = null;
        var tries = 0;
        Extend([leaf]);
        return best!;

        void Extend(List<ChainLink> path)
        {
            var last = path[^1];
            var anchor = anchors.FirstOrDefault(a => a.Facts.Fingerprint == last.Facts.Fingerprint);
            if (anchor is not null)
            {
                Offer(new ChainPath([.. path], true, null));
                return;
            }

            ChainLink? impostor = null;
            var extended = false;
            foreach (var issuer in anchors.Concat(sent).Where(c => c.IsNamedIssuerOf(last) && !path.Any(p => p.Facts.Fingerprint == c.Facts.Fingerprint)))
            {
                if (path.Count >= Longest || ++tries > 100)
                {
                    break;
                }

                if (!issuer.Signed(last))
                {
                    impostor ??= issuer;
                    continue;
                }

                extended = true;
                if (issuer.Position < 0)
                {
                    Offer(new ChainPath([.. path, issuer], true, null));
                }
                else
                {
                    Extend([.. path, issuer]);
                }
            }

            if (!extended)
            {
                Offer(new ChainPath([.. path], false, impostor));
            }
        }

        void Offer(ChainPath path) => best = best is null || Rank(path).CompareTo(Rank(best)) > 0 ? path : best;

        (bool Trusted, bool Valid, int Length) Rank(ChainPath path) =>
            (path.Trusted, path.Links.All(l => l.Facts.NotBefore <= now && now <= l.Facts.NotAfter), path.Trusted ? -path.Links.Count : path.Links.Count);
    }
}
