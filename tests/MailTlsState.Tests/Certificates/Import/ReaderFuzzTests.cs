using System.Diagnostics;
using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Certificates.Import;

/// <summary>
/// Damaged files of every format: a result or a diagnostic, soon, and in little memory. MAILTLS_LONG=1 tries a million of each; work
/// factors are small in both.
/// </summary>
public sealed class ReaderFuzzTests(VendorLab lab) : IClassFixture<VendorLab>
{
    private const long MostMemory = 64 * 1024 * 1024;
    private static readonly int Count = Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1" ? 1_000_000 : 20_000;
    private static readonly ImportLimits Limits = new() { Rounds = 400, Memory = 256 * 1024 };

    [Fact]
    public void Pem_of_any_content_is_read_or_refused() => Try(
        41,
        "cat leaf.key chain.pem >1; { printf %s \"$(cat leaf.pem)\"; cat sub.pem; } >2; sed 's/$/\\r/' sub.pem >3; openssl x509 -in leaf.pem -trustout -addtrust serverAuth >4; openssl crl2pkcs7 -nocrl -certfile chain.pem >5; openssl ec -in leaf.key -aes128 -passout pass:x >6 2>/dev/null; iconv -t UTF-16 leaf.pem >7");

    [Fact]
    public void Der_of_any_content_is_read_or_refused() => Try(
        42, "for c in leaf sub root; do openssl x509 -in $c.pem -outform DER; done >1; openssl x509 -in leaf.pem -outform DER >2; openssl x509 -in sub.pem -outform DER >3; openssl x509 -in leaf.pem -outform DER | base64 >4");

    [Fact]
    public void Pkcs7_of_any_content_is_read_or_refused() => Try(
        43, "openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER >1; echo x | openssl cms -sign -stream -signer leaf.pem -inkey leaf.key -certfile sub.pem -outform DER -nodetach >2; openssl crl2pkcs7 -nocrl -certfile root.pem -outform DER >3");

    [Fact]
    public void Pkcs8_of_any_content_is_read_or_refused() => Try(
        44,
        """
        openssl pkcs8 -topk8 -nocrypt -in leaf.key -outform DER >1
        openssl ec -in leaf.key -outform DER >2 2>/dev/null
        openssl pkcs8 -topk8 -iter 2 -in leaf.key -passout pass:x -outform DER >3
        openssl pkcs8 -topk8 -scrypt -scrypt_N 16 -scrypt_r 1 -in leaf.key -passout pass:x -outform DER >4
        openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -iter 2 -in leaf.key -passout pass:x -outform DER >5
        openssl pkcs8 -topk8 -v1 PBE-MD5-DES -iter 2 -provider legacy -provider default -in leaf.key -passout pass:x -outform DER >6
        openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -outform DER -quiet >7
        openssl ec -in leaf.key -param_enc explicit -outform DER >8 2>/dev/null
        """);

    [Fact]
    public void Pkcs12_of_any_content_is_read_or_refused() => Try(
        45,
        """
        p() { openssl pkcs12 -export -in chain.pem -inkey leaf.key -passout pass:x "$@"; }
        p -nomac -certpbe NONE -keypbe NONE >1
        p -nomac -iter 2 >2
        p -iter 2 >3
        p -iter 2 -legacy >4
        p -nomac -certpbe NONE -keypbe PBE-SHA1-RC4-128 -iter 2 -provider legacy -provider default >5
        p -nomac -certpbe PBE-SHA1-RC2-40 -iter 2 -keypbe NONE -provider legacy -provider default >6
        """);

    private void Try(int seed, string script)
    {
        lab.Run($"mkdir {seed}; cp *.pem *.key {seed}; cd {seed}; {script}");
        var seeds = Enumerable.Range(1, 9).Select(n => $"{seed}/{n}").Where(n => File.Exists(lab[n])).Select(lab.Bytes).ToList();
        Assert.All(seeds, s => Read(s).Dispose());
        var mutator = new Mutator(seed, seeds);
        var (read, slowest, most) = (0, TimeSpan.Zero, 0L);
        for (var round = 0; round < Count; round++)
        {
            var content = mutator.Next();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var taken = Time(content, round, out var good);
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);

            // On a busy machine a thread may stand still; what is slow is slow again.
            taken = taken > TimeSpan.FromSeconds(1) ? Time(content, round, out _) : taken;
            slowest = taken > slowest ? taken : slowest;
            read += good ? 1 : 0;
        }

        TestContext.Current.SendDiagnosticMessage("seed {0}: {1} of {2} read, slowest {3}, most memory {4}", seed, read, Count, slowest, most);
        Assert.InRange(read, Count / 200, Count - (Count / 200));
        Assert.True(most < MostMemory, $"one input took {most} bytes");
        Assert.True(slowest < TimeSpan.FromSeconds(5), $"one input took {slowest}");
    }

    private static TimeSpan Time(byte[] content, int round, out bool read)
    {
        var start = Stopwatch.GetTimestamp();
        read = false;
        try
        {
            using var file = Read(content);
            read = true;
        }
        catch (MailTlsException)
        {
            // Refused, with code and remedy.
        }
        catch (Exception odd)
        {
            Assert.Fail($"round {round}: {odd}\n{Convert.ToBase64String(content)}");
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private static VendorFile Read(byte[] content) => VendorFile.Read("mutated", content, "x", Limits);
}
