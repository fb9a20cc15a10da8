using System.Net;

namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>A connection as <c>doveconf -f</c> describes it; null leaves a side open, and blocks about it do not match.</summary>
/// <param name="LocalName">Name that the client asks for (SNI).</param>
/// <param name="LocalAddress">Address of the server.</param>
/// <param name="RemoteAddress">Address of the client.</param>
/// <param name="Protocol"><c>imap</c>, <c>pop3</c>, <c>lmtp</c>, …</param>
public sealed record DovecotConnection(
    string? LocalName = null, IPAddress? LocalAddress = null, IPAddress? RemoteAddress = null, string? Protocol = null);

/// <summary>The connections that a chain of filter blocks selects (src/config/config-filter.c, releases 2.3 and 2.4).</summary>
internal sealed record DovecotFilter(string? LocalName, string? Local, string? Remote, string? Protocol)
{
    /// <summary>Top level.</summary>
    public static DovecotFilter All { get; } = new(null, null, null, null);

    /// <summary>2.4: the blocks in their order, which tell two filters apart that select the same; empty in 2.3.</summary>
    public string Chain { get; private init; } = "";

    /// <summary>2.4: how many named filters (<c>ssl_server</c>) are among the blocks.</summary>
    public int Named { get; private init; }

    public static DovecotFilter Of(IEnumerable<DovecotHeader> path, DovecotGrammar grammar)
    {
        var filter = All;
        foreach (var header in path)
        {
            filter = header.Kind switch
            {
                "local_name" => filter with { LocalName = Name(filter.LocalName, header.Argument.ToLowerInvariant(), grammar) },
                "local" => filter with { Local = header.Network },
                "remote" => filter with { Remote = header.Network },
                "protocol" => filter with { Protocol = header.Argument },
                "ssl_server" => filter with { Named = filter.Named + 1 },
                _ => filter,
            };
            if (grammar == DovecotGrammar.V24)
            {
                var argument = header.Kind is "local" or "remote" ? Parse(header.Network)?.ToString() ?? header.Network : header.Argument.ToLowerInvariant();
                filter = filter with { Chain = $"{filter.Chain}{header.Kind} {argument}\n" };
            }
        }

        return filter;
    }

    // 2.4 allows one in another, and both must match then; 2.3 has several names in one, of which one must match.
    private static string Name(string? outer, string name, DovecotGrammar grammar) =>
        grammar == DovecotGrammar.V24 && outer is not null ? $"{outer} {name}" : name;

    public bool Matches(DovecotConnection? c) =>
        MatchesProtocol(c?.Protocol) &&
        (LocalName is null || (c?.LocalName is { } name && MatchesNames(name, LocalName.Split(' ')))) &&
        InNetwork(Local, c?.LocalAddress) && InNetwork(Remote, c?.RemoteAddress);

    /// <summary>The greater one goes first; equals keep the order in which they were opened.</summary>
    public static IComparer<DovecotFilter> ByRank { get; } = Comparer<DovecotFilter>.Create((a, b) => a.Rank.CompareTo(b.Rank));

    private (bool LocalName, int Local, int Remote, bool Protocol) Rank =>
        (LocalName is not null, Bits(Local), Bits(Remote), Protocol is not null);

    /// <summary>config_filter_is_superset(): both are known to match one connection, so that only what they are about is compared.</summary>
    public bool IsSupersetOf(DovecotFilter other) =>
        Bits(Local) <= Bits(other.Local) && Bits(Remote) <= Bits(other.Remote) &&
        (LocalName is null || other.LocalName is not null) && (Protocol is null || other.Protocol is not null);

    /// <summary>True when every connection of the other one is this one's too, as far as its protocol is: a filter that says nothing of the protocol is for all of them.</summary>
    public bool Meets(DovecotFilter other) =>
        (LocalName is null || LocalName == other.LocalName) && (Local is null || Local == other.Local) &&
        (Remote is null || Remote == other.Remote) && (MatchesProtocol(other.Protocol) || other.MatchesProtocol(Protocol));

    private bool MatchesNames(string name, string[] masks) =>
        Chain.Length > 0 ? masks.All(m => MatchesName(name, m)) : masks.Any(m => MatchesName(name, m));

    private bool MatchesProtocol(string? protocol) =>
        Protocol is null || (protocol is not null && (Protocol.StartsWith('!') ? Protocol[1..] != protocol : Protocol == protocol));

    /// <summary>dns_match_wildcard(): a star stands for the first label, a question mark for one character.</summary>
    public static bool MatchesName(string name, string mask)
    {
        var (n, m) = (0, 0);
        for (; n < name.Length && m < mask.Length; n++, m++)
        {
            if (mask[m] == '*')
            {
                n = name.IndexOf('.', n);
                if (n < 0 || m + 1 >= mask.Length || mask[m + 1] != '.')
                {
                    return false;
                }

                m++;
            }
            else if (mask[m] != '?' && char.ToLowerInvariant(name[n]) != char.ToLowerInvariant(mask[m]))
            {
                return false;
            }
        }

        m += m < mask.Length && mask[m] == '*' ? 1 : 0;
        return n == name.Length && m == mask.Length;
    }

    /// <summary>A host name in place of a network matches nothing here unless its address is known (<see cref="DovecotHeader.Address"/>).</summary>
    private static bool InNetwork(string? network, IPAddress? address) =>
        network is null || (address is not null && Parse(network) is { } net && net.Contains(address));

    private static int Bits(string? network) => network is null ? 0 : Parse(network)?.PrefixLength ?? 128;

    private static IPNetwork? Parse(string network)
    {
        var slash = network.IndexOf('/');
        if (!IPAddress.TryParse(slash < 0 ? network : network[..slash], out var address))
        {
            return null;
        }

        var all = address.GetAddressBytes().Length * 8;
        var bits = all;
        if (slash >= 0 && (!int.TryParse(network.AsSpan(slash + 1), out bits) || bits < 0 || bits > all))
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        for (var bit = bits; bit < all; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), bits);
    }
}
