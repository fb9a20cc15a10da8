using System.Diagnostics;
using System.Formats.Asn1;
using System.Numerics;
using System.Text;
using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Certificates.Import;

/// <summary>Files made to stall or to crash whoever opens them.</summary>
public sealed class HostileFileTests
{
    [Theory]
    [InlineData(10_000_001)]
    [InlineData(int.MaxValue)]
    [InlineData(long.MaxValue)]
    public void A_key_derivation_of_many_rounds_is_refused(long rounds) => Refused(ImportDiagnostics.WorkFactor, EncryptedKey(w => Pbkdf2(w, rounds)));

    [Theory]
    [InlineData(1 << 20, 8, 1)]
    [InlineData(1 << 14, 8, 1 << 20)]
    [InlineData(2, 1 << 30, 1)]
    [InlineData(2, 1, 1 << 30)]
    public void An_scrypt_derivation_of_much_memory_or_time_is_refused(int cost, int blockSize, int parallel) =>
        Refused(ImportDiagnostics.WorkFactor, EncryptedKey(w => Scrypt(w, cost, blockSize, parallel)));

    [Fact]
    public void Scrypt_parameters_that_do_not_exist_are_refused() => Refused(ImportDiagnostics.Unreadable, EncryptedKey(w => Scrypt(w, 3, 8, 1)));

    [Fact]
    public void Many_keys_of_many_rounds_each_are_refused_together()
    {
        var one = Encoding.ASCII.GetString(MailTlsState.Certificates.PrivateKeyPem.Encode("ENCRYPTED PRIVATE KEY", EncryptedKey(w => Pbkdf2(w, 4_000_000))));

        // The first is tried, and is refused for its password; nothing is derived after that.
        Refused(ImportDiagnostics.PasswordWrong, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(one, 20))));
    }

    [Fact]
    public void A_mac_of_many_rounds_is_refused()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(3);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                {
                    writer.WriteOctetString([0x30, 0x00]);
                }
            }

            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.1");
                    }

                    writer.WriteOctetString(new byte[32]);
                }

                writer.WriteOctetString(new byte[8]);
                writer.WriteInteger(int.MaxValue);
            }
        }

        Refused(ImportDiagnostics.WorkFactor, writer.Encode());
    }

    [Theory]
    [InlineData("3080")]
    [InlineData("30803080020100")]
    [InlineData("A080")]
    [InlineData("2480")]
    public void Deep_nesting_ends_in_a_diagnostic(string repeated)
    {
        var piece = Convert.FromHexString(repeated);
        var deep = Enumerable.Repeat(piece, 200_000 / piece.Length).SelectMany(p => p).ToArray();
        Refused(ImportDiagnostics.Unreadable, [0x30, 0x80, .. deep]);
        Refused(ImportDiagnostics.Unreadable, MailTlsState.Certificates.PrivateKeyPem.Encode("CERTIFICATE", [0x30, 0x80, .. deep]));

        // The same where a certificate is expected: whole, with a definite length around it.
        foreach (var inside in new[] { deep, [.. deep, .. new byte[deep.Length]] })
        {
            var writer = new AsnWriter(AsnEncodingRules.BER);
            using (writer.PushSequence())
            {
                writer.WriteEncodedValue(Definite(0x30, inside));
                writer.WriteEncodedValue(Definite(0x30, inside));
                writer.WriteBitString([1]);
            }

            Refused(ImportDiagnostics.Unreadable, writer.Encode());
        }
    }

    [Fact]
    public void More_certificates_than_a_chain_can_have_are_refused()
    {
        var block = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        Refused(ImportDiagnostics.Unreadable, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(block, 15_000))));
        Refused(ImportDiagnostics.Unreadable, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("-----BEGIN ", 90_000))));
        Refused(ImportDiagnostics.Unreadable, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("-----BEGIN A-----", 60_000))));
    }

    private static void Refused(DiagnosticCode code, byte[] content)
    {
        var (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        var refused = Assert.Throws<MailTlsException>(() => VendorFile.Read("hostile", content, "x"));
        Assert.Equal(code.Id, refused.Diagnostics[0].Code.Id);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024 * 1024);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "it took too long");
    }

    private static byte[] Definite(byte tag, byte[] content)
    {
        var length = content.Length;
        return [tag, 0x84, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, .. content];
    }

    private static byte[] EncryptedKey(Action<AsnWriter> derivation)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (writer.PushSequence())
                {
                    derivation(writer);
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("2.16.840.1.101.3.4.1.42");
                        writer.WriteOctetString(new byte[16]);
                    }
                }
            }

            writer.WriteOctetString(new byte[48]);
        }

        return writer.Encode();
    }

    private static void Pbkdf2(AsnWriter writer, long rounds)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
            using (writer.PushSequence())
            {
                writer.WriteOctetString(new byte[16]);
                writer.WriteInteger(new BigInteger(rounds));
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.2.9");
                }
            }
        }
    }

    private static void Scrypt(AsnWriter writer, int cost, int blockSize, int parallel)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.3.6.1.4.1.11591.4.11");
            using (writer.PushSequence())
            {
                writer.WriteOctetString(new byte[16]);
                writer.WriteInteger(cost);
                writer.WriteInteger(blockSize);
                writer.WriteInteger(parallel);
            }
        }
    }
}
