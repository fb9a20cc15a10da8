using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Existing;

/// <summary>What the files of one pair hold, links followed.</summary>
/// <param name="ChainFile">The file with leaf and chain.</param>
/// <param name="KeyFile">The file with the key.</param>
/// <param name="Leaf">The first certificate, which the daemons take for the leaf, or null.</param>
/// <param name="Chain">What follows it.</param>
/// <param name="Key">The first key, which the daemons take, or null.</param>
internal sealed record ExistingFiles(FileObservation ChainFile, FileObservation KeyFile, PemBlock? Leaf, IReadOnlyList<PemBlock> Chain, PemBlock? Key)
{
    public static ExistingFiles Read(HostObservation observed, CertificateFiles files)
    {
        var (chain, key) = (observed.Resolve(files.Chain), observed.Resolve(files.Key));
        var certificates = PemFile.Parse(chain.Text ?? "").Certificates.ToList();
        return new ExistingFiles(chain, key, certificates.FirstOrDefault(), [.. certificates.Skip(1)], PemFile.Parse(key.Text ?? "").Keys.FirstOrDefault());
    }
}
