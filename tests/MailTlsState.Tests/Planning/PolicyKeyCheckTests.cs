using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Tests.Certificates;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Planning;

public class PolicyKeyCheckTests
{
    [Theory]
    [InlineData("[ecdsa-p256]", "base: intermediate", null)]
    [InlineData("[rsa-2048]", "base: intermediate", null)]
    [InlineData("[rsa-2048]", "base: ncsc-nl-2025", "m.yaml:4:10: warning MTS0611: the key is rsa-2048, but the policy ncsc-nl-2025 wants RSA keys of 3072 bits or more. hint: use one of rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384")]
    [InlineData("[rsa-4096]", "base: modern", "m.yaml:4:10: warning MTS0611: the key is rsa-4096, but the policy modern allows ecdsa only. hint: use one of ecdsa-p256, ecdsa-p384")]
    [InlineData("[ecdsa-p256]", "base: intermediate, curves: [secp384r1]", "m.yaml:4:10: warning MTS0611: the key is ecdsa-p256, but the policy intermediate allows the curves secp384r1. hint: use one of rsa-2048, rsa-3072, rsa-4096, ecdsa-p384")]
    [InlineData("[ecdsa-p256]", "base: intermediate, signatureHashes: [sha384]", "m.yaml:8:10: warning MTS0611: the root CA's key ecdsa-p256 signs with sha256, but the policy intermediate allows sha384. hint: make a root CA with the key ecdsa-p384")]
    public void A_key_or_signature_that_the_policy_does_not_allow_is_a_warning_with_its_place(string keys, string policy, string? expected)
    {
        var text = Samples.Minimal.Replace("certificate:\n", $"certificate:\n  keys: {keys}\n", StringComparison.Ordinal).Replace("    passphrase:", "    key: ecdsa-p256\n    passphrase:", StringComparison.Ordinal) + $"policy: {{ {policy} }}\n";
        var manifest = ManifestReader.Read("m.yaml", Encoding.UTF8.GetBytes(text)).Manifest!;
        Assert.Equal(expected is null ? [] : [expected], PolicyKeyCheck.Judge(manifest, PolicyCatalogue.Resolve(manifest.Policy)).Select(d => d.ToString()));
    }

    [Theory]
    [MemberData(nameof(KeyPairTests.Kinds), MemberType = typeof(KeyPairTests))]
    public void The_hash_that_is_judged_is_the_one_that_signs(KeyKind kind) =>
        Assert.Equal(Sample.Key(kind).SignatureHash.Name!.ToLowerInvariant(), KeyKinds.SignatureHash(kind));
}
