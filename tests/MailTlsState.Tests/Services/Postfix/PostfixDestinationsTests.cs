using MailTlsState.Diagnostics;
using MailTlsState.Services.Postfix;
using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>Tables that set how mail to single destinations is sent.</summary>
public sealed class PostfixDestinationsTests
{
    private const string Clients = Master + "smtp unix - - y - - smtp\nrelay unix - - y - - smtp\n";
    private const string Hash = "hash:/etc/postfix/tls_policy";
    private const string Set = $"smtp_tls_policy_maps = {Hash}\n";

    [Fact]
    public void A_table_whose_entries_nobody_can_read_is_a_note_with_its_place()
    {
        var told = Told("# first\nsmtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix\n", "security: required");
        Assert.Equal((Severity.Note, "/etc/postfix/main.cf", 2), (told.Severity, told.Location!.File, told.Location.Line));
        Assert.Contains("see that socketmap:inet:127.0.0.1:8461:postfix gives none of them less", told.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("security: required", "example.com\tnone\n", "example.com (none)")]
    [InlineData("security: required", "example.com\tmay protocols=>=TLSv1.2\n[mx.example.org]:25\tnone\n", "example.com (may), [mx.example.org]:25 (none)")]
    [InlineData("security: dane", ".example.com\tMay\n", ".example.com (May)")]
    [InlineData("security: opportunistic", "example.com\tnone\n", "example.com (none)")]
    [InlineData("minimumProtocol: TLSv1.2", "example.com\tencrypt protocols=>=TLSv1\n", "example.com (protocols=>=TLSv1)")]
    [InlineData("minimumProtocol: TLSv1.2", "example.com\tencrypt protocols=!SSLv2:!SSLv3 ciphers=high\n", "example.com (protocols=!SSLv2:!SSLv3)")]
    [InlineData("security: required", "a.example\tmay\nb.example\tmay\nc.example\tmay\nd.example\tmay\ne.example\tmay\nf.example\tmay\ng.example\tmay\n", "e.example (may) and 2 more")]
    public void A_destination_with_less_than_the_manifest_says_is_a_warning_that_names_it(string outbound, string table, string named)
    {
        var told = Told(Set, outbound, table: table);
        Assert.Equal(Severity.Warning, told.Severity);
        Assert.EndsWith(named, told.Fact, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("security: required", "example.com\tencrypt\nexample.org\tsecure match=example.org\nexample.net\tdane-only\n")]
    [InlineData("security: opportunistic", "example.com\tmay\n")]
    [InlineData("minimumProtocol: TLSv1.2", "example.com\tencrypt protocols=>=TLSv1.3\nexample.org\tnone\n")]
    [InlineData("security: required", "")]
    public void A_table_with_nothing_weaker_is_a_note(string outbound, string table)
    {
        var told = Told(Set, outbound, table: table);
        Assert.Equal(Severity.Note, told.Severity);
        Assert.EndsWith("for single destinations, none of which has less", told.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clients_own_table_is_named_with_its_line_in_master_cf()
    {
        var told = Told("", "security: required", "scan unix - - y - - smtp\n  -o smtp_tls_policy_maps=static:none\n");
        Assert.Equal((Severity.Warning, "/etc/postfix/master.cf", 8), (told.Severity, told.Location!.File, told.Location.Line));
        Assert.Contains("smtp_tls_policy_maps = static:none of the client scan", told.Fact, StringComparison.Ordinal);
        Assert.EndsWith("every destination (none)", told.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void The_older_table_counts_only_without_the_newer_one()
    {
        const string old = "smtp_tls_per_site = hash:/etc/postfix/tls_policy\n";
        Assert.EndsWith("a.example (none), b.example (may)", Told(old, "security: required", table: "a.example\tNONE\nb.example\tMAY\nc.example\tMUST\nd.example\tMUST_NOPEERMATCH\n").Fact, StringComparison.Ordinal);
        Assert.StartsWith("smtp_tls_policy_maps", Told(old + Set, "security: required", table: "a.example\tencrypt\n").Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_outbound_section_nothing_is_said() => Assert.DoesNotContain("MTS0320", Plan("3.7.11", Set, Clients).Codes);

    [Theory]
    [InlineData("hash:/a, inline:{ { x.example = none }, y.example=may } proxy:lmdb:/b", "hash:/a|inline:{ { x.example = none }, y.example=may }|lmdb:/b")]
    [InlineData(" ", "")]
    public void A_list_of_tables_falls_apart_outside_of_braces(string value, string tables) => Assert.Equal(tables, string.Join('|', PostfixDestinations.Tables(value)));

    private static Diagnostic Told(string main, string outbound, string more = "", string? table = null) => Assert.Single(
        Plan("3.7.11", main, Clients + more, more: $"outbound: {{ {outbound} }}, ", tables: table is null ? null : new Dictionary<string, string> { [Hash] = table }).Changes.Diagnostics,
        d => d.Code.Id == "MTS0320");
}
