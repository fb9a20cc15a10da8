using System.Globalization;

namespace MailTlsState.Policies;

/// <summary>The fields of a policy in words, for showing and comparing.</summary>
public static class PolicyFields
{
    private const string Unstated = "not stated";

    /// <summary>Name in the file, title, and value: one text, or the items of a list.</summary>
    /// <param name="Name">Key in a policy file.</param>
    /// <param name="Title">For people.</param>
    /// <param name="Items">What it holds, one text for a single value.</param>
    /// <param name="IsList">True for a list.</param>
    /// <param name="Value">For programs: a string, an int or a bool as in a policy file; null when it is a list or not stated.</param>
    public sealed record Field(string Name, string Title, IReadOnlyList<string> Items, bool IsList, object? Value)
    {
        /// <summary>In one line.</summary>
        public string Text => Items.Count == 0 ? "none" : string.Join(", ", Items);
    }

    /// <summary>All fields of a policy, in the order in which they are shown.</summary>
    public static IReadOnlyList<Field> Of(TlsPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return
        [
            One("minimumProtocol", "oldest version", policy.Minimum.Name(), policy.Minimum.Name()),
            policy.Grade is { } grade
                ? One("grade", "TLS 1.2 suites", grade, $"OpenSSL's {grade}")
                : Many("suites", "TLS 1.2 suites", policy.Suites),
            policy.Grade is null ? Many("excluded", "without", []) : Many("excluded", "without", policy.Excluded),
            Many("tls13Suites", "TLS 1.3 suites", policy.Tls13Suites),
            Many("groups", "groups", policy.Groups),
            One("serverPreference", "order", policy.ServerPreference, policy.ServerPreference ? "the server's" : "the client's"),
            Many("keyTypes", "key types", policy.KeyTypes),
            One("minimumRsaBits", "shortest RSA key", policy.MinimumRsaBits, policy.MinimumRsaBits is { } bits ? $"{bits.ToString(CultureInfo.InvariantCulture)} bits" : Unstated),
            Many("curves", "curves of keys", policy.Curves),
            Many("signatureHashes", "signature hashes", policy.SignatureHashes),
            One("sessionTickets", "session tickets", policy.SessionTickets, Word(policy.SessionTickets)),
            One("compression", "compression", policy.Compression, Word(policy.Compression)),
            One("renegotiation", "renegotiation", policy.Renegotiation, Word(policy.Renegotiation)),
            One("outboundMinimumProtocol", "oldest outbound version", policy.OutboundMinimum?.Name(), policy.OutboundMinimum?.Name() ?? "outbound mail is left alone"),
        ];
    }

    /// <summary>The fields in which two policies differ.</summary>
    public static IReadOnlyList<(Field First, Field Second)> Differences(TlsPolicy first, TlsPolicy second) =>
        [.. Of(first).Zip(Of(second)).Where(pair => pair.First.Text != pair.Second.Text)];

    private static Field One(string name, string title, object? value, string text) => new(name, title, [text], false, value);

    private static Field Many(string name, string title, IReadOnlyList<string>? items) => items is null ? One(name, title, null, Unstated) : new(name, title, items, true, null);

    private static string Word(bool? stated) => stated switch { true => "allowed", false => "forbidden", null => Unstated };
}
