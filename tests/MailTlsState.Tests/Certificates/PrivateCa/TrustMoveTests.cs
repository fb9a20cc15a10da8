using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Execution;
using MailTlsState.Execution.History;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Certificates.PrivateCa;

/// <summary>What clients trust is found wherever it shows, and no other root is made or used without a word.</summary>
public sealed class TrustMoveTests
{
    private const string Key = "/etc/pki/mailtls/ca/ca.key";
    private const string Root = "/etc/pki/mailtls/ca/ca.pem";
    private const string AcceptNewRoot = "--accept-new-root";

    [Fact]
    public async Task A_directory_that_is_lost_while_the_daemons_are_down_is_remembered_by_history()
    {
        var machine = await AppliedAsync();
        var root = machine.Text(Root);
        Lose(machine);
        var lost = await RunAsync(machine, 1, "plan");
        Assert.Contains("error MTS0536: the root CA is lost (/etc/pki/mailtls/ca), and a certificate has to be signed", lost.Error, StringComparison.Ordinal);
        await RunAsync(machine, 0, "observe", "-o", "/root/seen.json");
        Assert.Contains("error MTS0536", (await RunAsync(machine, 1, "plan", "--observation", "/root/seen.json")).Error, StringComparison.Ordinal);
        Assert.Contains("error MTS0536", (await RunAsync(machine, 1, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        Assert.Null(machine.Host.Stat(Root));

        machine.Loads = true;
        Assert.Contains("warning MTS0535", (await RunAsync(machine, 0, "apply", "--auto-approve", AcceptNewRoot)).Error, StringComparison.Ordinal);
        Assert.NotEqual(root, machine.Text(Root));
    }

    [Fact]
    public async Task A_first_apply_that_was_taken_back_leaves_nothing_to_remember()
    {
        var machine = await AppliedAsync();
        Assert.Equal(0, (await machine.RunAsync("rollback", "--auto-approve")).Status);
        Lose(machine);
        machine.Loads = true;
        await machine.ApplyAsync();
        Assert.NotNull(machine.Host.Stat(Root));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_directory_does_not_move_trust_to_a_root_that_is_yet_to_be_made(bool serving)
    {
        var machine = await AppliedAsync();
        machine.Loads = serving;
        machine.Edit("directory: /etc/pki/mailtls", "directory: /etc/pki/moved");
        Assert.Contains("error MTS0536", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        machine.Edit("commonName: My Mail CA", "commonName: Another CA");
        var moved = await RunAsync(machine, 1, "plan");
        Assert.Contains("error MTS0535: the certificate in use was signed by CN=My Mail CA", moved.Error, StringComparison.Ordinal);
        await RunAsync(machine, 0, "plan", AcceptNewRoot);

        // The files move, the root stays where it is.
        machine.Edit("    lifetime: 1825d", "    directory: /etc/pki/mailtls/ca\n    lifetime: 1825d");
        var stays = await RunAsync(machine, 0, "plan");
        Assert.DoesNotContain("MTS0535", stays.Error, StringComparison.Ordinal);
        Assert.Matches("issuer +CN=My Mail CA,O=My Domain", stays.Output);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_directory_does_not_move_trust_to_a_root_that_is_there(bool serving)
    {
        var machine = await AppliedAsync();
        machine.Edit("directory: /etc/pki/mailtls", "directory: /etc/pki/moved");
        machine.Edit("    lifetime: 1825d", "    directory: /root/ca\n    lifetime: 1825d");
        Assert.Equal(0, (await machine.RunAsync("ca", "create", ServingMachine.Manifest)).Status);
        machine.Loads = serving;
        Assert.Contains("error MTS0535", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        await RunAsync(machine, 0, "plan", AcceptNewRoot);

        // By its name alone, where nothing but history is left.
        machine.Edit("commonName: My Mail CA", "commonName: Another CA");
        machine.Host.Unlink("/root/ca/ca.key");
        machine.Host.Unlink("/root/ca/ca.pem");
        Assert.Equal(0, (await machine.RunAsync("ca", "create", ServingMachine.Manifest)).Status);
        Lose(machine);
        Assert.Contains("error MTS0535", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_served_before_the_first_apply_counts_where_clients_can_have_accepted_it()
    {
        using var files = new TemporaryFiles();
        using var bought = Sample.Root(Sample.Ca() with { Subject = new DistinguishedName("A CA Elsewhere") });
        var machine = new ServingMachine();
        var stock = machine.Host.Probes;
        void Serve(byte[] leaf) => machine.Host.Probes = r => stock(r) with { Chain = [Convert.ToBase64String(leaf)] };

        Serve(PrivateCaIssuer.IssueLeaf(bought, Sample.Names, Sample.Key(KeyKind.EcdsaP256), TimeSpan.FromDays(90), Sample.Now));
        Assert.Matches("error MTS0535: the certificate in use was signed by CN=A CA Elsewhere", (await RunAsync(machine, 1, "plan")).Error);
        Assert.Contains("warning MTS0535", (await RunAsync(machine, 0, "plan", AcceptNewRoot)).Error, StringComparison.Ordinal);

        // As the article has it: no SAN, so that clients refuse it whatever they trust. A self-signed one is trusted by nobody.
        var key = files.Write("key.pem", Sample.Key(KeyKind.EcdsaP256).ExportPem());
        var request = files.Write("mail.csr", System.Text.Encoding.ASCII.GetBytes(OpenSsl.Must(null, "req", "-new", "-key", key, "-subj", "/CN=mail.mydomain.com")));
        var ca = RootKeyFileTests.SelfSign(key, "/CN=Article CA");
        foreach (var pem in new[]
        {
            OpenSsl.Must(null, "x509", "-req", "-in", request, "-CA", files.Write("ca.pem", ca), "-CAkey", key, "-set_serial", "7", "-days", "1825", "-sha256"),
            OpenSsl.Must(null, "req", "-x509", "-new", "-key", key, "-subj", "/CN=mail.mydomain.com", "-addext", "subjectAltName=DNS:mail.mydomain.com", "-days", "9"),
        })
        {
            Serve(PemFile.Parse(pem).Certificates.Single().Der!);
            Assert.DoesNotContain("MTS0535", (await RunAsync(machine, 0, "plan")).Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("RSA-PSS")]
    [InlineData("")]
    public async Task A_key_that_is_there_and_cannot_be_read_is_never_written_over(string algorithm)
    {
        var machine = await AppliedAsync();
        var root = machine.Text(Root);
        var odd = algorithm.Length > 0 ? OpenSsl.Must(null, "genpkey", "-algorithm", algorithm) : machine.Text(Key)[..200];
        machine.SetText(Key, odd);
        var told = await RunAsync(machine, 0, "plan");
        Assert.Contains("warning MTS0536", told.Error, StringComparison.Ordinal);
        Assert.Contains("MTS0504", told.Error, StringComparison.Ordinal);
        Assert.Contains($"error MTS0534: {Key} exists", (await RunAsync(machine, 1, "apply", "--auto-approve", AcceptNewRoot)).Error, StringComparison.Ordinal);
        Assert.Equal((odd, root), (machine.Text(Key), machine.Text(Root)));
    }

    [Fact]
    public async Task A_root_that_clients_refuse_is_not_adopted_and_one_that_is_in_use_goes_on_with_a_warning()
    {
        using var files = new TemporaryFiles();
        var machine = await AppliedAsync();
        var key = files.Write("ca.key", System.Text.Encoding.ASCII.GetBytes(OpenSsl.Must(machine.Host.ReadBytes(Key), "pkey", "-passin", "pass:" + machine.Text("/root/mail-ca.pass").TrimEnd())));

        // The same root, but for its extended key usage: what it signed stays, and so does the leaf.
        machine.SetText(Root, System.Text.Encoding.ASCII.GetString(RootKeyFileTests.SelfSign(key, "/O=My Domain/CN=My Mail CA", more: ["-addext", "extendedKeyUsage=clientAuth"])));
        machine.Wait(DateTimeOffset.UtcNow.AddMinutes(1) - machine.Host.Clock.GetUtcNow());
        Assert.Contains("warning MTS0521: clients refuse the root CA: its extendedKeyUsage lacks serverAuth", (await RunAsync(machine, 0, "plan")).Error, StringComparison.Ordinal);

        machine.Host.Unlink(ServingMachine.Bundle);
        machine.Loads = false;
        Assert.Contains("error MTS0521", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_adopted_roots_certificate_may_be_read_by_all_and_changed_by_root_alone()
    {
        var machine = await AppliedAsync();
        machine.Host.SetOwnerAndMode(Root, 0, 0, 0b110_100_100);
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
        machine.Host.SetOwnerAndMode(Root, 5, 60, 0b110_110_100);
        await machine.ApplyAsync();
        Assert.Equal((0, 0, 0b110_100_100), (machine.Host.Stat(Root)!.Owner, machine.Host.Stat(Root)!.Group, machine.Host.Stat(Root)!.Mode));
        machine.Host.SetOwnerAndMode(Key, 0, 0, 0b110_100_100);
        await machine.ApplyAsync();
        Assert.Equal(0b110_000_000, machine.Host.Stat(Key)!.Mode);
    }

    [Fact]
    public void History_is_looked_for_where_it_is_written() => Assert.Equal(Archive.PathIn(Journal.DefaultDirectory), FormerIssuers.Journals);

    private static async Task<ServingMachine> AppliedAsync()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        return machine;
    }

    // The daemons do not serve it any more, either.
    private static void Lose(ServingMachine machine)
    {
        machine.Loads = false;
        foreach (var path in machine.Host.Paths.Where(p => p.StartsWith("/etc/pki/mailtls/", StringComparison.Ordinal) && machine.Host.Stat(p)!.Kind == MailTlsState.Hosts.FileKind.Regular).ToList())
        {
            machine.Host.Unlink(path);
        }
    }

    private static async Task<(string Output, string Error)> RunAsync(ServingMachine machine, int status, string command, params string[] options)
    {
        var run = await machine.RunAsync([command, ServingMachine.Manifest, .. options]);
        Assert.True(status == run.Status, $"{command}: {run.Status}\n{run.Output}{run.Error}");
        return (run.Output, run.Error);
    }
}
