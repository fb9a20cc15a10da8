using System.Buffers.Binary;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Tests.Verification;

namespace MailTlsState.Tests.Probing.Scan;

/// <summary>What a server of the model accepts, as OpenSSL decides it: the version first, then the suite, then group and signature.</summary>
internal sealed record HelloRules(IReadOnlyList<WireVersion> Versions, IReadOnlyList<int> Suites, IReadOnlyList<int> Groups, IReadOnlyList<int> Signatures)
{
    /// <summary>True when the orders above decide, false when the client's do.</summary>
    public bool ServerOrder { get; init; }

    public bool Compresses { get; init; }

    public bool OldLibrary { get; init; }

    public int? OwnCurve { get; init; }

    public int PrimeBits { get; init; } = 2048;
}

/// <summary>Answers hellos by rules, without any cryptography.</summary>
internal sealed class HelloServer(HelloRules rules, TestCertificate leaf)
{
    public byte[] Answer(byte[] hello)
    {
        var (max, is13, suites, groups, signatures, compressions) = Parse(hello);
        var version = rules.Versions.Where(v => is13 ? v == WireVersion.Tls13 : v <= max && v < WireVersion.Tls13).Select(v => (WireVersion?)v).Max();
        if (version is not { } chosen)
        {
            return Alert(70);
        }

        var mine = rules.Suites.Where(s => s >> 8 == 0x13 == (chosen == WireVersion.Tls13)).ToList();
        int? Pick(IReadOnlyList<int> own, IReadOnlyList<int> offered) => (rules.ServerOrder ? own.Where(offered.Contains) : offered.Where(own.Contains)).Select(x => (int?)x).FirstOrDefault();
        var group = Pick(rules.Groups, groups);
        int? Signature(int suite) => Pick([.. rules.Signatures.Where(s => chosen == WireVersion.Tls13 || SignatureSchemes.IsOf(s, IsEcdsa(suite) ? KeyFamily.Ecdsa : KeyFamily.Rsa))], signatures);
        bool Fits(int suite) => chosen == WireVersion.Tls13 ? group is not null && Signature(suite) is not null
            : CipherSuites.Name(suite) is var name && (!name.StartsWith("TLS_ECDH", StringComparison.Ordinal) || (group is not null && (rules.OwnCurve is not { } own || !IsEcdsa(suite) || groups.Contains(own))))
              && (chosen < WireVersion.Tls12 || !name.Contains("DHE_", StringComparison.Ordinal) || Signature(suite) is not null);
        if (Pick([.. mine.Where(Fits)], suites) is not { } suite)
        {
            return Alert(40);
        }

        var compression = rules.Compresses && compressions.Contains(1) ? 1 : 0;
        return Flight(chosen, suite, group, Signature(suite), compression);
    }

    public static bool IsEcdsa(int suite) => CipherSuites.Name(suite).Contains("_ECDSA_", StringComparison.Ordinal);

    private byte[] Flight(WireVersion version, int suite, int? group, int? signature, int compression)
    {
        var is13 = version == WireVersion.Tls13;
        List<byte> extensions = [];
        void Extension(int type, params byte[] content) => extensions.AddRange([.. U16(type), .. U16(content.Length), .. content]);
        if (is13)
        {
            Extension(43, 3, 4);
            Extension(51, U16(group!.Value));
        }
        else if (!rules.OldLibrary && version > WireVersion.Ssl30)
        {
            Extension(0xFF01, 0);
            Extension(23);
            Extension(35);
        }

        List<byte> hello = [.. U16((int)(is13 ? WireVersion.Tls12 : version)), .. new byte[32], 0, .. U16(suite), (byte)compression];
        if (extensions.Count > 0)
        {
            hello.AddRange([.. U16(extensions.Count), .. extensions]);
        }

        List<byte> flight = [.. Message(2, [.. hello])];
        if (!is13)
        {
            flight.AddRange(Message(11, [.. U24(leaf.Der.Length + 3), .. U24(leaf.Der.Length), .. leaf.Der]));
            flight.AddRange(KeyExchange(version, suite, group, signature));
            flight.AddRange(Message(14, []));
        }

        return Record(22, [.. flight]);
    }

    private byte[] KeyExchange(WireVersion version, int suite, int? group, int? signature)
    {
        var name = CipherSuites.Name(suite);
        var isAnonymous = name.Contains("_anon_", StringComparison.Ordinal);
        byte[] signed = isAnonymous || signature is null ? [] : version == WireVersion.Tls12 ? [.. U16(signature!.Value), 0, 2, 1, 1] : [0, 2, 1, 1];
        if (name.StartsWith("TLS_ECDH", StringComparison.Ordinal))
        {
            return Message(12, [3, .. U16(group!.Value), 2, 4, 4, .. signed]);
        }

        if (name.StartsWith("TLS_DH", StringComparison.Ordinal))
        {
            var prime = new byte[rules.PrimeBits / 8];
            prime.AsSpan().Fill(0xFF);
            return Message(12, [.. U16(prime.Length), .. prime, 0, 1, 2, 0, 1, 4, .. signed]);
        }

        return [];
    }

    private static (WireVersion Max, bool Is13, List<int> Suites, List<int> Groups, List<int> Signatures, List<int> Compressions) Parse(byte[] hello)
    {
        var at = 4 + 2 + 32;
        var max = (WireVersion)BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(4));
        at += 1 + hello[at];
        List<int> List16(int from, int length) => [.. Enumerable.Range(0, length / 2).Select(i => (int)BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(from + (2 * i))))];
        int U(int from) => BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(from));
        var suites = List16(at + 2, U(at));
        at += 2 + U(at);
        List<int> compressions = [.. hello.AsSpan(at + 1, hello[at]).ToArray()];
        at += 1 + hello[at];
        var (groups, signatures, is13) = (new List<int>(), new List<int>(), false);
        for (at += 2; at < hello.Length; at += 4 + U(at + 2))
        {
            switch (U(at))
            {
                case 10:
                    groups = List16(at + 6, U(at + 4));
                    break;
                case 13:
                    signatures = List16(at + 6, U(at + 4));
                    break;
                case 43:
                    is13 = true;
                    break;
            }
        }

        return (max, is13, suites, groups, signatures, compressions);
    }

    private static byte[] Message(int type, byte[] body) => [(byte)type, .. U24(body.Length), .. body];

    private static byte[] Record(int type, byte[] body) => [(byte)type, 3, 3, .. U16(body.Length), .. body];

    private static byte[] Alert(int what) => Record(21, [2, (byte)what]);

    private static byte[] U16(int value) => [(byte)(value >> 8), (byte)value];

    private static byte[] U24(int value) => [(byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
