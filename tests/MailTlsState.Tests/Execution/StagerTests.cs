using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;
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
        stager.Materialise([Of(new MakeKey(inputs => Assert.Equal("old", inputs.ReadKey(Key, raw => Encoding.Latin1.GetString(read = raw))), content))]);
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

    // A planner that took the same content for another pair would lose the key in use.
    [Fact]
    public void A_file_that_stays_as_it_is_is_never_renamed_to_be_the_former_pair()
    {
        var host = new InMemoryHost().AddFile(Key, "old", mode: 0x180);
        var stager = new Stager(host, Sample.Now);
        stager.Materialise(
        [
            Of(new MakeKey(_ => { }, "old"u8.ToArray())),
            Of(new KeepPair("/etc/pki/mailtls/.previous.pem", [Key], null)),
        ]);
        Assert.Empty(stager.Steps("1", Sample.Now));
    }

    [Fact]
    public void A_pair_that_goes_is_kept_under_its_new_name()
    {
        var host = new InMemoryHost().AddFile(Key, "old", mode: 0x180);
        var stager = new Stager(host, Sample.Now);
        stager.Materialise([Of(new RemoveFile(Key)), Of(new KeepPair("/etc/pki/mailtls/.previous.pem", [Key], null))]);
        Assert.Equal(Key, Assert.IsType<KeepPairStep>(Assert.Single(stager.Steps("1", Sample.Now))).Source);
    }

    private static Change Of(Work work) => new("key", Key, ChangeAction.Replace, "", [], null, []) { Work = work };

    private sealed record MakeKey(Action<CertificateInputs> Read, byte[] Content) : MakeCertificates(new Dictionary<string, string?> { [Key] = Fingerprint.Digest("old") }, [])
    {
        public override CertificateMaterial Make(CertificateInputs inputs)
        {
            Read(inputs);
            return new CertificateMaterial([new(Key, Content)], [], null);
        }
    }
}
