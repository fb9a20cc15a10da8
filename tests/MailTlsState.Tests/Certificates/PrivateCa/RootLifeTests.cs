using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Hosts;
using MailTlsState.Hosts.Dns;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Certificates.PrivateCa;

/// <summary>A root is followed by another, lost, encrypted anew; clients are never made to trust another one by surprise.</summary>
public sealed class RootLifeTests
{
    private const string Key = "/etc/pki/mailtls/ca/ca.key";
    private const string Root = "/etc/pki/mailtls/ca/ca.pem";
    private const string Next = "/etc/pki/mailtls/ca-2031";
    private const string AcceptNewRoot = "--accept-new-root";

    [Fact]
    public async Task Certificates_stay_under_the_present_root_until_the_manifest_says_that_clients_have_the_next()
    {
        var machine = await AppliedAsync();
        var (pair, root) = (machine.Text(ServingMachine.Bundle), machine.Text(Root));
        machine.Edit("    lifetime: 1825d", $"    successor: {{ directory: {Next} }}\n    lifetime: 1825d");
        Assert.Matches("overlap with the present root +182[45] days, until 20", (await RunAsync(machine, 0, "plan")).Output);
        await machine.ApplyAsync();
        Assert.Equal((pair, root), (machine.Text(ServingMachine.Bundle), machine.Text(Root)));
        Assert.Equal(0b110_000_000, machine.Host.Stat(Next + "/ca.key")!.Mode);
        var waiting = await RunAsync(machine, 0, "plan");
        Assert.Contains("No changes", waiting.Output, StringComparison.Ordinal);
        Assert.Contains("note MTS0537", waiting.Error, StringComparison.Ordinal);
        Assert.Equal(machine.Text(Next + "/ca.pem"), (await machine.RunAsync("ca", "export", ServingMachine.Manifest, "--successor")).Output);
        Assert.Equal(root, (await machine.RunAsync("ca", "export", ServingMachine.Manifest)).Output);

        // At the administrator's word, and back at it.
        machine.Edit($"directory: {Next} }}", $"directory: {Next}, trusted: true }}");
        await machine.ApplyAsync();
        Assert.True(SignedBy(machine, Next + "/ca.pem"));
        Assert.Contains("certificates come from the next root", (await RunAsync(machine, 0, "plan")).Error, StringComparison.Ordinal);
        machine.Edit("trusted: true", "trusted: false");
        await machine.ApplyAsync();
        Assert.True(SignedBy(machine, Root));
        machine.Edit("trusted: false", "trusted: true");
        await machine.ApplyAsync();

        // Forgetting where the root lies would move trust back in silence.
        var over = machine.ManifestText;
        machine.Edit($"    successor: {{ directory: {Next}, trusted: true }}\n", "");
        Assert.Contains("error MTS0535", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        machine.Write(over);
        machine.Edit($"    successor: {{ directory: {Next}, trusted: true }}\n", $"    directory: {Next}\n");
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
        Assert.Equal(root, machine.Text(Root));
    }

    [Fact]
    public async Task A_next_root_with_the_same_key_verifies_what_the_present_one_signed()
    {
        var machine = await AppliedAsync();
        var pair = machine.Text(ServingMachine.Bundle);
        machine.Edit("    lifetime: 1825d", $"    successor: {{ directory: {Next}, key: same, lifetime: 3650d }}\n    lifetime: 1825d");
        await machine.ApplyAsync();
        Assert.True(SignedBy(machine, Root) && SignedBy(machine, Next + "/ca.pem"));
        var (old, renewed) = (Facts(machine, Root), Facts(machine, Next + "/ca.pem"));
        Assert.Equal((old.Subject, old.SubjectKeyId, old.PublicKeyFingerprint), (renewed.Subject, renewed.SubjectKeyId, renewed.PublicKeyFingerprint));
        Assert.Equal(TimeSpan.FromDays(3650), renewed.NotAfter - renewed.NotBefore);
        using var files = new TemporaryFiles();
        OpenSsl.Must(null, "verify", "-x509_strict", "-CAfile", files.Write("ca.pem", machine.Host.ReadBytes(Next + "/ca.pem")!), files.Write("leaf.pem", machine.Host.ReadBytes(ServingMachine.Bundle)!));

        machine.Edit("key: same", "key: same, trusted: true");
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
        Assert.Equal(pair, machine.Text(ServingMachine.Bundle));
    }

    [Theory]
    [InlineData("")]
    [InlineData(", key: same")]
    public async Task A_root_that_does_not_exist_is_not_trusted_by_anybody(string key)
    {
        var machine = await AppliedAsync();
        machine.Edit("    lifetime: 1825d", $"    successor: {{ directory: {Next}, trusted: true{key} }}\n    lifetime: 1825d");
        Assert.Matches("error MTS0538", (await RunAsync(machine, 1, "plan")).Error);
        Assert.Null(machine.Host.Stat(Next));
    }

    [Fact]
    public async Task A_lost_key_costs_nothing_while_the_certificate_lasts_and_a_new_root_only_at_the_administrators_word()
    {
        var machine = await AppliedAsync();
        var root = machine.Text(Root);
        machine.Host.Unlink(Key);
        var lost = await RunAsync(machine, 0, "plan");
        Assert.Contains("warning MTS0536", lost.Error, StringComparison.Ordinal);
        Assert.Contains("No changes", lost.Output, StringComparison.Ordinal);

        // The way without an interruption does not need it.
        machine.Edit("    lifetime: 1825d", $"    successor: {{ directory: {Next} }}\n    lifetime: 1825d");
        await machine.ApplyAsync();
        machine.Edit($"directory: {Next} }}", $"directory: {Next}, trusted: true }}");
        await machine.ApplyAsync();
        Assert.True(SignedBy(machine, Next + "/ca.pem"));

        // The other way: with nothing prepared, and the certificate lost as well.
        machine.Edit($"    successor: {{ directory: {Next}, trusted: true }}\n", $"    directory: {Next}\n");
        machine.SetText(Next + "/ca.key", "");
        machine.SetText(ServingMachine.Bundle, "");
        Assert.Contains("error MTS0536", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        var accepted = await RunAsync(machine, 0, "apply", "--auto-approve", AcceptNewRoot);
        Assert.Contains("warning MTS0535", accepted.Error, StringComparison.Ordinal);
        Assert.True(SignedBy(machine, Next + "/ca.pem"));
        Assert.Equal(root, machine.Text(Root));
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_CA_that_is_gone_is_not_made_anew_in_silence_and_a_saved_plan_keeps_the_word()
    {
        var machine = await AppliedAsync();
        machine.Host.Unlink(Key);
        machine.Host.Unlink(Root);
        Assert.Contains("warning MTS0536", (await RunAsync(machine, 0, "plan")).Error, StringComparison.Ordinal);
        await RunAsync(machine, 0, "plan", AcceptNewRoot, "-o", "/root/new.plan");
        Assert.Contains("\"acceptsNewRoot\": true", machine.Text("/root/new.plan"), StringComparison.Ordinal);
        Assert.Equal(0, (await machine.RunAsync("apply", "/root/new.plan", "--auto-approve")).Status);
        Assert.True(SignedBy(machine, Root));

        // Also where all is gone and only the daemons still have the certificate.
        machine.Host.Unlink(Key);
        machine.Host.Unlink(Root);
        var served = machine.Host.Probes;
        var chain = new List<string> { Convert.ToBase64String(KeyedPair.Find(machine.Text(ServingMachine.Bundle))!.Chain[0]) };
        machine.Host.Probes = r => served(r) with { Chain = chain };
        machine.Host.Unlink(ServingMachine.Bundle);
        Assert.Contains("error MTS0536", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_root_certificate_is_asked_for_and_nothing_is_made_in_its_place()
    {
        var machine = await AppliedAsync();
        var root = machine.Text(Root);
        machine.Host.Unlink(Root);
        Assert.Contains("from any client that has it", (await RunAsync(machine, 1, "plan", AcceptNewRoot)).Error, StringComparison.Ordinal);
        machine.Host.AddFile(Root, root, mode: 0b110_000_000);
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_weakly_encrypted_key_is_said_and_encrypted_anew_where_the_manifest_asks_for_it()
    {
        var machine = await AppliedAsync();
        var old = Traditional(machine);
        machine.SetText(Key, old);
        Assert.Contains("note MTS0539: " + Key + " is weakly encrypted (MD5 DES-EDE3-CBC)", (await RunAsync(machine, 0, "plan")).Error, StringComparison.Ordinal);
        machine.Edit("    lifetime: 1825d", "    keyEncryption: strong\n    lifetime: 1825d");
        Assert.Contains("MD5 DES-EDE3-CBC → PBKDF2-HMAC-SHA256 600000 AES-256-CBC", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
        var pair = machine.Text(ServingMachine.Bundle);
        var run = await machine.ApplyAsync();
        OpenSsl.Must(machine.Host.ReadBytes(Key), "pkey", "-noout", "-passin", "pass:" + Secret(machine));
        Assert.Contains("BEGIN ENCRYPTED PRIVATE KEY", machine.Text(Key), StringComparison.Ordinal);
        Assert.Equal(pair, machine.Text(ServingMachine.Bundle));
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain(machine.Host.Paths, p => p.StartsWith("/etc/pki/mailtls/ca/", StringComparison.Ordinal) && p is not (Key or Root));
        Assert.Contains("stays encrypted", (await machine.RunAsync("rollback", run, "--auto-approve")).Error, StringComparison.Ordinal);

        // Under a wrong passphrase nothing is written.
        machine.SetText(Key, old);
        machine.SetText("/root/mail-ca.pass", "another\n");
        Assert.Contains("MTS0502", (await RunAsync(machine, 1, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        Assert.Equal(old, machine.Text(Key));
    }

    [Fact]
    public async Task A_passphrase_is_typed_once_to_open_a_key_and_twice_for_a_new_one_and_never_without_a_terminal()
    {
        var machine = new ServingMachine();
        machine.Edit("    passphrase:\n      file: /root/mail-ca.pass\n", "");
        Assert.Contains("MTS0219", (await RunAsync(machine, 1, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        Assert.Null(machine.Host.Stat(Root));

        var asked = new List<string>();
        var answers = new Queue<string>(["one thing", "another", "", "correct horse", "correct horse", "wrong", "correct horse"]);
        machine.Host.Typed = question =>
        {
            asked.Add(question);
            return answers.Dequeue();
        };
        Assert.Contains("is another one", (await RunAsync(machine, 1, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        Assert.Contains("no passphrase was typed", (await RunAsync(machine, 1, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        Assert.Null(machine.Host.Stat(Root));
        await RunAsync(machine, 0, "apply", "--auto-approve");
        Assert.Equal(5, asked.Count);
        machine.SetText(ServingMachine.Bundle, "");
        Assert.Contains("MTS0502", (await RunAsync(machine, 1, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        await RunAsync(machine, 0, "apply", "--auto-approve");
        Assert.Equal(7, asked.Count);
        await RunAsync(machine, 0, "apply", "--auto-approve");
        Assert.Equal(7, asked.Count);
    }

    [Fact]
    public async Task A_passphrase_comes_from_a_systemd_credential()
    {
        var machine = new ServingMachine();
        machine.Edit("file: /root/mail-ca.pass", "credential: mail-ca");
        Assert.Contains("MTS0606", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        machine.Host.EnvironmentVariables["CREDENTIALS_DIRECTORY"] = "/run/credentials/mailtls.service";
        Assert.Contains("is not among those", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        machine.Host.AddFile("/run/credentials/mailtls.service/mail-ca", "correct horse\n", mode: 0b100_000_000);
        await machine.ApplyAsync();
        OpenSsl.Must(machine.Host.ReadBytes(Key), "pkey", "-noout", "-passin", "pass:correct horse");
    }

    [Fact]
    public async Task A_passphrase_file_that_is_gone_is_told_before_it_is_needed()
    {
        var machine = await AppliedAsync();
        machine.Host.Unlink("/root/mail-ca.pass");
        var told = await RunAsync(machine, 0, "plan");
        Assert.Contains("warning MTS0606", told.Error, StringComparison.Ordinal);
        Assert.Contains("No changes", told.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/usr/sbin/update-ca-certificates", "/usr/local/share/ca-certificates", "", "--fresh")]
    [InlineData("/usr/bin/update-ca-trust", "/etc/pki/ca-trust/source/anchors", "extract", "extract")]
    public async Task The_hosts_own_trust_store_gets_the_roots_and_loses_them_again(string program, string directory, string adding, string removing)
    {
        var machine = new ServingMachine();
        machine.Edit("    lifetime: 1825d", "    trustStore: true\n    lifetime: 1825d");
        Assert.Contains("error MTS0525", (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
        machine.Host.AddFile(program, "#!/bin/sh\n", mode: 0b111_101_101);
        machine.Host.AddDirectory(directory);
        var programs = machine.Host.Programs;
        var answer = new ProcessResult(0, "", "");
        machine.Host.Programs = call => call.Program == program ? answer : programs(call);
        var file = $"{directory}/mailtls-mail.mydomain.com.crt";
        var first = await machine.ApplyAsync();
        Assert.Equal(machine.Text(Root), machine.Text(file));
        Assert.Equal(0b110_100_100, machine.Host.Stat(file)!.Mode);
        Assert.Equal(adding, Arguments());
        Assert.Contains("No changes", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);

        // Both roots while there are two; the store that cannot take the other one is brought back.
        machine.Edit("    trustStore: true", $"    trustStore: true\n    successor: {{ directory: {Next} }}");
        answer = new ProcessResult(1, "", "no space\n");
        Assert.Contains("no space", (await RunAsync(machine, 6, "apply", "--auto-approve")).Error, StringComparison.Ordinal);
        answer = new ProcessResult(0, "", "");
        Assert.Equal(0, (await machine.RunAsync("recover")).Status);
        Assert.Equal(removing, Arguments());
        var next = $"{directory}/mailtls-mail.mydomain.com-successor.crt";
        Assert.Null(machine.Host.Stat(next));
        await machine.ApplyAsync();
        Assert.Equal(machine.Text(Next + "/ca.pem"), machine.Text(next));

        // Taken out when the manifest does not ask for it, by an edit or by going back.
        machine.Edit("trustStore: true", "trustStore: false");
        await machine.ApplyAsync();
        Assert.Equal((null, null), (machine.Host.Stat(file), machine.Host.Stat(next)));
        Assert.Equal(removing, Arguments());
        machine.Edit("trustStore: false", "trustStore: true");
        var again = await machine.ApplyAsync();
        Assert.NotNull(machine.Host.Stat(file));
        Assert.Equal(0, (await machine.RunAsync("rollback", again, "--auto-approve")).Status);
        Assert.Equal((null, null), (machine.Host.Stat(file), machine.Host.Stat(next)));

        string Arguments() => string.Join(' ', machine.Host.Runs.Last(r => r.Program == program).Arguments);
    }

    [Fact]
    public async Task A_new_key_that_meets_TLSA_records_is_told_and_one_that_stays_is_not()
    {
        var machine = new ServingMachine();
        machine.Host.Tlsa["_25._tcp.mail.mydomain.com"] = new TlsaObservation("_25._tcp.mail.mydomain.com", ["3 1 1 abcd"], null);
        machine.Host.Tlsa["_587._tcp.mail.mydomain.com"] = new TlsaObservation("_587._tcp.mail.mydomain.com", [], "the resolver 192.0.2.1 did not answer");
        var told = (await RunAsync(machine, 0, "plan")).Error;
        Assert.Contains("warning MTS0617: the key changes, and _25._tcp.mail.mydomain.com has a TLSA record: 3 1 1 abcd", told, StringComparison.Ordinal);
        Assert.Contains("warning MTS0618: the key changes, and TLSA records could not be looked up (_587._tcp.mail.mydomain.com): the resolver 192.0.2.1 did not answer", told, StringComparison.Ordinal);
        await RunAsync(machine, 0, "observe", "-o", "/root/seen.json");
        Assert.Contains("MTS0617", (await RunAsync(machine, 0, "plan", "--observation", "/root/seen.json")).Error, StringComparison.Ordinal);

        await machine.ApplyAsync();
        machine.SetText(ServingMachine.Bundle, machine.Text(ServingMachine.Bundle)[..machine.Text(ServingMachine.Bundle).IndexOf("-----BEGIN CERT", StringComparison.Ordinal)]);
        Assert.DoesNotContain("TLSA", (await RunAsync(machine, 0, "plan")).Error, StringComparison.Ordinal);
    }

    private static async Task<ServingMachine> AppliedAsync()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        return machine;
    }

    private static async Task<(string Output, string Error)> RunAsync(ServingMachine machine, int status, string command, params string[] options)
    {
        var run = await machine.RunAsync([command, ServingMachine.Manifest, .. options]);
        Assert.True(status == run.Status, $"{command}: {run.Status}\n{run.Output}{run.Error}");
        return (run.Output, run.Error);
    }

    private static CertificateFacts Facts(ServingMachine machine, string path) => PemFile.Parse(machine.Text(path)).Certificates.First().Facts!;

    private static bool SignedBy(ServingMachine machine, string root) => LeafProfile.IsSignedBy(
        KeyedPair.Find(machine.Text(ServingMachine.Bundle))!.Chain[0], PemFile.Parse(machine.Text(root)).Certificates.Single().Der!);

    private static string Secret(ServingMachine machine) => machine.Text("/root/mail-ca.pass").TrimEnd('\n');

    // As the article's openssl wrote it; the key is an EC one, for speed.
    private static string Traditional(ServingMachine machine)
    {
        var open = OpenSsl.Must(machine.Host.ReadBytes(Key), "pkey", "-passin", "pass:" + Secret(machine));
        return OpenSsl.Must(System.Text.Encoding.ASCII.GetBytes(open), "ec", "-des3", "-passout", "pass:" + Secret(machine)).Replace("read EC key\n", "", StringComparison.Ordinal).Replace("writing EC key\n", "", StringComparison.Ordinal);
    }
}
