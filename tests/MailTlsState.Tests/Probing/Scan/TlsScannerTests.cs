using CsCheck;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Tests.Verification;
using Xunit;

namespace MailTlsState.Tests.Probing.Scan;

public class TlsScannerTests
{
    private static readonly TestCertificate Leaf = TestCertificate.Root().Leaf("mail.example.test");
    private static readonly ProbeRequest Request = new(MailProtocol.Imap, true, "127.0.0.1", 993, "mail.example.test", null, []);
    private static readonly ProbeLimits Quick = new(TimeSpan.FromSeconds(20), TimeProvider.System);

    private static readonly HelloRules Usual = new(
        [WireVersion.Tls12, WireVersion.Tls13],
        [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xCCA9],
        [0x1D, 0x17, 0x18],
        [0x0403, 0x0503])
    {
        OwnCurve = 0x17,
    };

    private static readonly Gen<HelloRules> Rules =
        from versions in Gen.OneOf([.. new[] { WireVersion.Ssl30, WireVersion.Tls10, WireVersion.Tls11, WireVersion.Tls12, WireVersion.Tls13 }.Select(Gen.Const)]).Array[1, 4]
        from suites in Gen.OneOf([.. CipherSuites.All.Select(Gen.Const)]).Array[1, 25]
        from groups in Gen.OneOf([.. new[] { 0x11EC, 0x1D, 0x1E, 0x18, 0x19, 0x100 }.Select(Gen.Const)]).Array[0, 5]
        from signatures in Gen.OneOf([.. new[] { 0x0403, 0x0503, 0x0603, 0x0804, 0x0401, 0x0203 }.Select(Gen.Const)]).Array[1, 5]
        from server in Gen.Bool
        from own in Gen.Bool
        select new HelloRules([.. versions.Distinct()], [.. suites.Distinct()], [.. groups.Append(0x17).Distinct()], [.. signatures.Distinct()]) { ServerOrder = server, OwnCurve = own ? 0x17 : null };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_version_suite_group_and_signature_is_found_in_few_connections()
    {
        var server = Serve(Usual with { ServerOrder = true, Suites = [0x1302, 0x1303, 0x1301, 0xCCA9, 0xC02C, 0xC02B] });
        var scan = Assert.IsType<TlsScan>((await ProbedScan.RunAsync(Request, server, Token, Quick)).Scan);

        Assert.Empty(scan.Missing);
        var tls13 = scan.Of(WireVersion.Tls13)!;
        Assert.Equal(["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"], tls13.Suites);
        Assert.Equal(["x25519", "secp256r1", "secp384r1"], tls13.Groups);
        var tls12 = scan.Of(WireVersion.Tls12)!;
        Assert.Equal(["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], tls12.Suites);
        Assert.Equal((true, true), (tls13.ServerOrder, tls12.ServerOrder));
        Assert.Equal(["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384"], tls12.Signatures);
        Assert.Equal([OfferOutcome.Refused, OfferOutcome.Refused, OfferOutcome.Refused], scan.Versions.Skip(2).Select(v => v.Outcome));
        Assert.Equal((true, true, false, true), (scan.ExtendedMasterSecret, scan.SecureRenegotiation, scan.Compression, scan.SessionTickets));
        Assert.Equal(server.Connections, scan.Connections);
        Assert.InRange(scan.Connections, 10, 26);
    }

    [Fact]
    public void What_a_server_accepts_is_what_the_scan_finds() => Rules.Sample(
        rules => FindsAsync(rules).GetAwaiter().GetResult(),
        iter: Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1" ? 20_000 : 300,
        print: r => $"{string.Join(",", r.Versions)} suites {string.Join(",", r.Suites.Select(CipherSuites.Name))} groups {string.Join(",", r.Groups.Select(NamedGroups.Name))} signatures {string.Join(",", r.Signatures.Select(SignatureSchemes.Name))} server order {r.ServerOrder} own curve {r.OwnCurve}");

    [Fact]
    public async Task Weaknesses_of_old_libraries_are_seen()
    {
        var rules = Usual with { Versions = [WireVersion.Ssl30, WireVersion.Tls10, WireVersion.Tls12], Suites = [0x0033, 0x0005], Signatures = [0x0401], OldLibrary = true, Compresses = true, PrimeBits = 1024 };
        var scan = Assert.IsType<TlsScan>((await ProbedScan.RunAsync(Request, Serve(rules), Token, Quick)).Scan);

        Assert.Equal([OfferOutcome.Refused, OfferOutcome.Accepted, OfferOutcome.Refused, OfferOutcome.Accepted, OfferOutcome.Accepted], scan.Versions.Select(v => v.Outcome));
        Assert.Equal((false, false, true, false, 1024), (scan.ExtendedMasterSecret, scan.SecureRenegotiation, scan.Compression, scan.SessionTickets, scan.PrimeBits));
    }

    [Fact]
    public async Task A_server_that_chooses_what_was_not_offered_does_not_keep_the_scan_going()
    {
        var stubborn = new HelloServer(Usual, Leaf);
        var same = stubborn.Answer([.. new byte[4], 3, 3, .. new byte[32], 0, 0, 2, 0xC0, 0x2B, 1, 0, 0, 18, 0, 10, 0, 4, 0, 2, 0, 0x17, 0, 13, 0, 4, 0, 2, 4, 3]);
        Assert.Equal(22, same[0]);
        var server = new FakeServer(async c =>
        {
            await c.ReadHelloAsync();
            await c.SendBytesAsync(same);
        });

        var scan = (await ProbedScan.RunAsync(Request, server, Token, Quick)).Scan!;

        Assert.Equal(["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], scan.Of(WireVersion.Tls12)!.Suites);
        Assert.InRange(server.Connections, 5, 30);
    }

    [Fact]
    public async Task A_server_that_drops_a_connection_now_and_then_hides_nothing_by_it()
    {
        var model = new HelloServer(Usual with { Versions = [WireVersion.Tls11, WireVersion.Tls12, WireVersion.Tls13] }, Leaf);
        var number = 0;
        var server = new FakeServer(async c =>
        {
            var hello = await c.ReadHelloAsync();
            if (Interlocked.Increment(ref number) % 3 != 0)
            {
                await c.SendBytesAsync(model.Answer(hello));
            }
        });
        var channel = new ScanChannel(Request, server.ConnectAsync, Quick, Token);

        // One after the other, so that no question meets two drops.
        var modern = await ModernScan.RunAsync(channel);
        var classic = await ClassicScan.RunAsync(channel, WireVersion.Tls12);

        Assert.Equal((3, 3), (modern.Suites.Count, classic.Scan.Suites.Count));
        Assert.Equal(["x25519", "secp256r1", "secp384r1"], classic.Scan.Groups.Order(StringComparer.Ordinal).OrderByDescending(g => g[0]));
        Assert.Empty(channel.Missing);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_not_asked_everything()
    {
        var server = new FakeServer(_ => Task.Delay(Timeout.Infinite));
        var channel = new ScanChannel(Request, server.ConnectAsync, new ProbeLimits(TimeSpan.FromMilliseconds(50), TimeProvider.System), Token);

        Assert.Equal(OfferOutcome.NotTested, (await ModernScan.RunAsync(channel)).Outcome);
        Assert.Equal(OfferOutcome.NotTested, (await ClassicScan.RunAsync(channel, WireVersion.Tls12)).Scan.Outcome);
        Assert.Equal(1, server.Connections);
        Assert.Equal(["cipher suites and groups of TLSv1.3", "cipher suites of TLSv1.2"], channel.Missing);
    }

    private static FakeServer Serve(HelloRules rules)
    {
        var model = new HelloServer(rules, Leaf);
        return new FakeServer(async c => await c.SendBytesAsync(model.Answer(await c.ReadHelloAsync())));
    }

    private static async Task<bool> FindsAsync(HelloRules rules)
    {
        var channel = new ScanChannel(Request, Serve(rules).ConnectAsync, Quick, CancellationToken.None);
        var modern = await ModernScan.RunAsync(channel);
        Expect(rules, WireVersion.Tls13, modern);
        foreach (var version in new[] { WireVersion.Tls12, WireVersion.Tls11, WireVersion.Tls10, WireVersion.Ssl30 })
        {
            Expect(rules, version, (await ClassicScan.RunAsync(channel, version)).Scan);
        }

        Assert.Empty(channel.Missing);
        return true;
    }

    private static void Expect(HelloRules rules, WireVersion version, VersionScan scan)
    {
        var isTls13 = version == WireVersion.Tls13;
        // RFC 8422 section 4: without the extensions of SSL 3.0's hello there is no curve to agree on.
        bool Possible(int suite) => suite >> 8 == 0x13 == isTls13
            && (version != WireVersion.Ssl30 || !CipherSuites.Name(suite).StartsWith("TLS_ECDH", StringComparison.Ordinal))
            && (version != WireVersion.Tls12 || !Signs(suite) || rules.Signatures.Any(s => SignatureSchemes.IsOf(s, Family(suite))));
        var suites = rules.Suites.Where(Possible).ToList();
        var accepted = rules.Versions.Contains(version) && suites.Count > 0;
        Assert.Equal(accepted ? OfferOutcome.Accepted : OfferOutcome.Refused, scan.Outcome);
        if (!accepted)
        {
            return;
        }

        var names = suites.Select(CipherSuites.Name).ToList();
        Assert.Equal(names.Order(), scan.Suites.Order());
        Assert.Equal(suites.Count < 2 ? null : rules.ServerOrder, scan.ServerOrder);
        if (rules.ServerOrder)
        {
            Assert.Equal(names, scan.Suites);
        }

        var choosesGroups = isTls13 || (version == WireVersion.Tls12 && suites.Any(s => CipherSuites.IsEphemeral(s, overCurve: true)));
        if (choosesGroups)
        {
            // Up to TLS 1.2 an ECDSA key's own curve is always offered: where the server likes it better, nobody gets the others.
            var isTied = !isTls13 && rules is { OwnCurve: not null, ServerOrder: true } && suites.Where(s => CipherSuites.IsEphemeral(s, overCurve: true)).All(HelloServer.IsEcdsa);
            var reachable = isTied ? rules.Groups.TakeWhile(g => g != rules.OwnCurve).Append(rules.OwnCurve!.Value) : rules.Groups;
            Assert.Equal(reachable.Select(NamedGroups.Name).Order(), scan.Groups.Order());
        }

        if (version == WireVersion.Tls12)
        {
            var families = suites.Where(Signs).Select(Family).Distinct().ToList();
            Assert.Equal(rules.Signatures.Where(s => families.Any(f => SignatureSchemes.IsOf(s, f))).Select(SignatureSchemes.Name).Order(), scan.Signatures.Order());
        }

        static bool Signs(int suite) => CipherSuites.IsEphemeral(suite, overCurve: true) || CipherSuites.IsEphemeral(suite, overCurve: false);
        static KeyFamily Family(int suite) => HelloServer.IsEcdsa(suite) ? KeyFamily.Ecdsa : KeyFamily.Rsa;
    }
}
