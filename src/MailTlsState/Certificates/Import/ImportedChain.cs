using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.Import;

/// <summary>The leaf that was chosen, its chain, and what is to be said about them.</summary>
/// <param name="Leaf">DER of the server's certificate.</param>
/// <param name="Facts">What it says.</param>
/// <param name="Intermediates">DER of the intermediates, the leaf's issuer first, without the root.</param>
/// <param name="Diagnostics">Errors refuse it; warnings and notes go with it.</param>
public sealed record ImportedChain(byte[] Leaf, CertificateFacts Facts, IReadOnlyList<byte[]> Intermediates, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>What a chain has to be like.</summary>
/// <param name="Names">The manifest's names.</param>
/// <param name="Keys">Digests (<c>sha256:…</c>) of the public keys that the host has.</param>
/// <param name="Kinds">The kinds of key that the manifest wants, in its words.</param>
/// <param name="Anchors">DER of the roots that clients trust.</param>
/// <param name="Trust">Where those are from, in words: <c>the system</c>, or a file.</param>
/// <param name="Known">Certificates (DER) that are on the host already: they may fill a gap.</param>
/// <param name="Now">The time of judgement.</param>
public sealed record ChainDemand(
    IReadOnlyList<string> Names,
    IReadOnlyCollection<string> Keys,
    IReadOnlyCollection<string> Kinds,
    IReadOnlyList<byte[]> Anchors,
    string Trust,
    IReadOnlyList<byte[]> Known,
    DateTimeOffset Now);
