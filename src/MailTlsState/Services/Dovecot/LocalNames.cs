using System.Net;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>Host names in place of addresses (<c>local mail.example.org { }</c>): Dovecot asks for them when it reads its files, and doveconf prints what it was told. Pure.</summary>
internal static class LocalNames
{
    /// <summary>Host name to address, as far as it is clear: empty where several names leave open which is which.</summary>
    /// <param name="tree">The configuration.</param>
    /// <param name="answers">What doveconf said.</param>
    public static IReadOnlyDictionary<string, string> Addresses(DovecotTree tree, IReadOnlyDictionary<string, string> answers)
    {
        var written = tree.Blocks.Select(b => b.Path[^1]).Where(h => h.Kind == "local").Select(h => Plain(h.Argument)).Distinct().ToList();
        var names = written.Where(w => !IPAddress.TryParse(w.Split('/')[0], out _)).ToList();
        if (names.Count == 0)
        {
            return new Dictionary<string, string>();
        }

        var told = Locals(DoveconfOutput.Parse(answers.GetValueOrDefault(DovecotAnswers.Explicit, "")).Nodes).Select(Plain).Distinct().Except(written).ToList();
        return names is [var name] && told is [var address] ? new Dictionary<string, string> { [name] = address } : new Dictionary<string, string>();
    }

    private static IEnumerable<string> Locals(IEnumerable<DovecotNode> nodes) =>
        nodes.OfType<DovecotBlock>().SelectMany(b => Locals(b.Children).Concat(b.Header.Kind == "local" ? [b.Header.Argument] : []));

    private static string Plain(string address) => IPAddress.TryParse(address, out var parsed) ? parsed.ToString() : address;
}
