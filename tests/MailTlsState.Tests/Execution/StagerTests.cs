using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Tests.Certificates;
using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>Keys are in memory no longer than they are needed.</summary>
public class StagerTests
{
    private const string Key = "/etc/pki/mailtls/mail.key";

    [Fact]
    public void What_was_staged_is_overwritten_in_memory()
    {
        var host = new InMemoryHost().AddFile(Key, "old", mode: 0x180);
        byte[] read = [];
        var content = "new key"u8.ToArray();
        var stager = new Stager(host, Sample.Now);
        stager.Materialise([new Change("key", Key, ChangeAction.Replace, "", [], null, [])
        {
            Work = new MakeKey(inputs => Assert.Equal("old", inputs.ReadKey(Key, raw => Encoding.Latin1.GetString(read = raw))), content),
        }]);
        Assert.Equal(new byte[3], read);
        Assert.Equal("new key"u8, stager.Files.Single().Content);
        stager.Clear();
        Assert.Equal(new byte[7], content);
    }

    [Fact]
    public void A_key_that_was_read_is_overwritten_also_where_it_is_of_no_use()
    {
        var raw = "no key"u8.ToArray();
        var inputs = new CertificateInputs(_ => raw, _ => "", Sample.Now);
        Assert.ThrowsAny<Exception>(() => inputs.ReadKey(Key, bytes => KeyPair.Import(bytes)));
        Assert.Equal(new byte[6], raw);
    }

    private sealed record MakeKey(Action<CertificateInputs> Read, byte[] Content) : MakeCertificates(new Dictionary<string, string?> { [Key] = Fingerprint.Digest("old") }, [])
    {
        public override CertificateMaterial Make(CertificateInputs inputs)
        {
            Read(inputs);
            return new CertificateMaterial([new(Key, Content)], [], null);
        }
    }
}
