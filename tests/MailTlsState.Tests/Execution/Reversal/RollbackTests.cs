using System.Text.Json;
using MailTlsState.Certificates;
using MailTlsState.Execution;
using MailTlsState.Execution.Reversal;
using MailTlsState.Hosts;
using Xunit;

namespace MailTlsState.Tests.Execution.Reversal;

/// <summary>History and roll-back on a host whose daemons serve what is on disk.</summary>
public class RollbackTests
{
    private const string Intermediate = "base: intermediate";
    private const string Article = "base: article";
    private const string OneKey = "keys: [ecdsa-p256]";
    private const string OtherKey = "keys: [ecdsa-p384]";

    [Fact]
    public async Task Rolling_the_first_apply_back_leaves_the_host_as_it_was_but_for_the_ca_and_the_former_pair()
    {
        var machine = new ServingMachine();
        var before = machine.Files();
        var first = await machine.ApplyAsync();
        var bundle = machine.Text(ServingMachine.Bundle);
        var back = await machine.RunAsync("rollback", "--auto-approve");
        Assert.True(back.Status == 0, back.Output + back.Error);
        Assert.Contains($"Rolled back {first}", back.Output, StringComparison.Ordinal);
        Assert.Contains("MTS0737", back.Error, StringComparison.Ordinal);
        Assert.Equal(
            ["/etc/pki", "/etc/pki/mailtls", ServingMachine.Previous, "/etc/pki/mailtls/ca", "/etc/pki/mailtls/ca/ca.key", "/etc/pki/mailtls/ca/ca.pem"],
            machine.Files().Except(before).Select(l => l.Split(' ')[0]));
        Assert.Empty(before.Except(machine.Files()));
        Assert.Equal(bundle, machine.Text(ServingMachine.Previous));

        // The roll-back is an apply like any other.
        var again = await machine.RunAsync("rollback", "--auto-approve");
        Assert.True(again.Status == 0, again.Output + again.Error);
        Assert.Equal(bundle, machine.Text(ServingMachine.Bundle));
        Assert.Null(machine.Host.Stat(ServingMachine.Previous));
        var history = await machine.RunAsync("history");
        Assert.Equal(4, history.Output.TrimEnd().Split('\n').Length);
        Assert.Equal(2, history.Output.Split("Rolls back").Length - 1);
    }

    [Fact]
    public async Task A_roll_back_takes_back_its_own_lines_and_leaves_every_other_edit()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        var applied = machine.Files();
        machine.Edit(Article, Intermediate);
        await machine.ApplyAsync();
        Assert.NotEqual(applied, machine.Files());
        machine.SetText(ServingMachine.MainCf, "# by hand\n" + machine.Text(ServingMachine.MainCf) + "mydestination = example.com\n");
        var back = await machine.RunAsync("rollback", "--auto-approve");
        Assert.True(back.Status == 0, back.Output + back.Error);
        var text = machine.Text(ServingMachine.MainCf);
        Assert.StartsWith("# by hand\n", text, StringComparison.Ordinal);
        Assert.EndsWith("mydestination = example.com\n", text, StringComparison.Ordinal);
        machine.SetText(ServingMachine.MainCf, text["# by hand\n".Length..^"mydestination = example.com\n".Length]);
        Assert.Equal(applied, machine.Files());
    }

    [Fact]
    public async Task A_line_that_was_edited_since_is_refused_with_its_place_and_nothing_changes()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        machine.SetText(ServingMachine.MainCf, machine.Text(ServingMachine.MainCf).Replace("smtpd_tls_mandatory_ciphers = high", "smtpd_tls_mandatory_ciphers = medium", StringComparison.Ordinal));
        var line = machine.Text(ServingMachine.MainCf).Split('\n').ToList().FindIndex(l => l.StartsWith("smtpd_tls_mandatory_ciphers", StringComparison.Ordinal)) + 1;
        await RefusedAsync(machine, "MTS0733", [], null);
        var error = (await machine.RunAsync("rollback", "--auto-approve")).Error;
        var place = int.Parse(System.Text.RegularExpressions.Regex.Match(error, @"/etc/postfix/main\.cf:(\d+):1: error MTS0733").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(line, place);
    }

    [Fact]
    public async Task An_older_apply_is_refused_while_newer_ones_change_the_same_and_they_are_named()
    {
        var machine = new ServingMachine();
        var first = await machine.ApplyAsync();
        machine.Edit(Article, Intermediate);
        var second = await machine.ApplyAsync();
        await RefusedAsync(machine, "MTS0734", [second], first);

        // Once the newer one is taken back, the older one can be.
        Assert.Equal(0, (await machine.RunAsync("rollback", "--auto-approve")).Status);
        var back = await machine.RunAsync("rollback", first, "--auto-approve");
        Assert.True(back.Status == 0, back.Output + back.Error);
    }

    [Fact]
    public async Task What_was_chosen_as_the_last_apply_is_stale_once_another_one_is_the_last()
    {
        var machine = new ServingMachine();
        var first = await machine.ApplyAsync();
        var chosen = RollbackPlanSource.Open(machine.Host, Journal.DefaultDirectory, null, keepCertificate: false);
        var named = RollbackPlanSource.Open(machine.Host, Journal.DefaultDirectory, first, keepCertificate: false);

        // Another run ends while this one waits for the lock.
        machine.Edit(Article, Intermediate);
        var second = await machine.ApplyAsync();
        var stale = await Assert.ThrowsAsync<PlanStaleException>(() => chosen.MakeAsync(machine.Host, null, TestContext.Current.CancellationToken));
        Assert.Equal([$"the last apply is {second} by now, not {first}"], stale.Moved);

        // Of one that was named its own plan says what is in its way.
        var made = await named.MakeAsync(machine.Host, null, TestContext.Current.CancellationToken);
        Assert.Contains(made.Planning.Diagnostics, d => d.Code.Id == "MTS0734");
    }

    [Fact]
    public async Task A_renewal_keeps_the_former_pair_for_root_alone_and_a_roll_back_brings_it_back()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        var former = machine.Text(ServingMachine.Bundle);
        machine.Edit(OneKey, OtherKey);
        var renewal = await machine.ApplyAsync();
        var renewed = machine.Text(ServingMachine.Bundle);
        Assert.NotEqual(former, renewed);
        Assert.Equal(former, machine.Text(ServingMachine.Previous));
        Assert.Equal((0, 0, 0x180), (machine.Host.Stat(ServingMachine.Previous)!.Owner, machine.Host.Stat(ServingMachine.Previous)!.Group, machine.Host.Stat(ServingMachine.Previous)!.Mode));

        var back = await machine.RunAsync("rollback", "--auto-approve");
        Assert.True(back.Status == 0, back.Output + back.Error);
        Assert.Equal(former, machine.Text(ServingMachine.Bundle));
        Assert.Equal(renewed, machine.Text(ServingMachine.Previous));
        Assert.DoesNotContain(machine.Host.Paths, p => p.Contains(".mtls-", StringComparison.Ordinal));
        var shown = await machine.RunAsync("history", renewal);
        Assert.Contains(KeyedPair.Find(former)!.Fingerprint, shown.Output, StringComparison.Ordinal);
        Assert.Contains(KeyedPair.Find(renewed)!.Fingerprint, shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_former_pair_that_is_gone_damaged_or_expired_does_not_come_back()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        machine.Edit(OneKey, OtherKey);
        await machine.ApplyAsync();
        var kept = machine.Text(ServingMachine.Previous);

        var source = RollbackPlanSource.Open(machine.Host, Journal.DefaultDirectory, null, keepCertificate: false);
        var late = await source.MakeAsync(machine.Host, KeyedPair.Find(kept)!.Leaf.NotAfter.AddSeconds(1), TestContext.Current.CancellationToken);
        Assert.Contains("has expired on", Assert.Single(late.Planning.Diagnostics, d => d.Code.Id == "MTS0736").Fact, StringComparison.Ordinal);

        machine.SetText(ServingMachine.Previous, machine.Text(ServingMachine.Bundle));
        await RefusedAsync(machine, "MTS0736", ["is another than"], null);
        machine.SetText(ServingMachine.Previous, kept[..(kept.Length / 2)]);
        await RefusedAsync(machine, "MTS0736", ["holds no key with its certificate"], null);
        machine.Host.Unlink(ServingMachine.Previous);
        await RefusedAsync(machine, "MTS0736", ["it is kept for 7d", "--keep-certificate"], null);
    }

    // The settings were there before: without the pair the daemons would not start.
    [Fact]
    public async Task A_pair_that_was_made_anew_where_it_was_lost_is_not_taken_away()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        machine.Host.Unlink(ServingMachine.Bundle);
        await machine.ApplyAsync();
        await RefusedAsync(machine, "MTS0736", ["older settings name it", "--keep-certificate"], null);
    }

    [Fact]
    public async Task Nothing_is_kept_where_the_manifest_says_so_and_the_settings_alone_go_back()
    {
        var machine = new ServingMachine();
        machine.Edit("  layout: bundle\n", "  layout: bundle\n  keepPrevious: 0\n");
        await machine.ApplyAsync();
        machine.Edit(OneKey, OtherKey);
        machine.Edit(Article, Intermediate);
        var second = await machine.ApplyAsync();
        Assert.Null(machine.Host.Stat(ServingMachine.Previous));
        var bundle = machine.Text(ServingMachine.Bundle);
        await RefusedAsync(machine, "MTS0736", ["keepPrevious: 0"], second);
        var back = await machine.RunAsync("rollback", second, "--auto-approve", "--keep-certificate");
        Assert.True(back.Status == 0, back.Output + back.Error);
        Assert.Equal(bundle, machine.Text(ServingMachine.Bundle));
        Assert.Null(machine.Host.Stat(ServingMachine.Previous));
    }

    [Fact]
    public async Task A_former_pair_goes_when_its_time_is_up_and_not_before()
    {
        var machine = new ServingMachine("applied");
        machine.Host.AddFile(ServingMachine.Previous, machine.Text(ServingMachine.Bundle), mode: 0x180);
        machine.Host.SetModificationTime(ServingMachine.Previous, machine.Host.Clock.GetUtcNow().AddDays(-7));
        Assert.DoesNotContain(ServingMachine.Previous, (await machine.RunAsync("plan", ServingMachine.Manifest)).Output, StringComparison.Ordinal);
        machine.Host.SetModificationTime(ServingMachine.Previous, machine.Host.Clock.GetUtcNow().AddDays(-7).AddSeconds(-1));
        var plan = await machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.Contains($"- file {ServingMachine.Previous}", plan.Output, StringComparison.Ordinal);
        Assert.Contains("kept for 7d", plan.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_roll_back_whose_result_is_not_served_as_before_is_undone()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        machine.Edit(OneKey, OtherKey);
        await machine.ApplyAsync();
        var applied = machine.Files();
        var renewed = machine.Text(ServingMachine.Bundle);
        var probes = machine.Host.Probes;
        machine.Host.Probes = r => probes(r) with { Chain = [Convert.ToBase64String(KeyedPair.Find(renewed)!.Chain[0])] };
        var back = await machine.RunAsync("rollback", "--auto-approve");
        Assert.Equal(5, back.Status);
        Assert.Contains("MTS0703", back.Error, StringComparison.Ordinal);
        Assert.Equal(applied, machine.Files());
    }

    [Fact]
    public async Task Neither_key_nor_passphrase_is_in_the_history()
    {
        var machine = new ServingMachine();
        machine.SetText(ServingMachine.MainCf, machine.Text(ServingMachine.MainCf) + "smtp_sasl_password_maps = static:user:hunter22\n");
        await machine.ApplyAsync();
        machine.Edit(OneKey, OtherKey);
        await machine.ApplyAsync();
        var secrets = new[] { ServingMachine.Bundle, ServingMachine.Previous, "/etc/pki/mailtls/ca/ca.key" }
            .SelectMany(path => KeyLines(machine.Text(path))).Append(machine.Text("/root/mail-ca.pass").Trim()).Append("hunter22").ToList();
        Assert.True(secrets.Count > 6);
        var shown = (await machine.RunAsync("history", "--format", "json")).Output;
        foreach (var text in machine.Host.List(ServingMachine.Archive).Select(id => machine.Text($"{ServingMachine.Archive}/{id}")).Append(shown))
        {
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }

        Assert.All(machine.Host.List(ServingMachine.Archive), id => Assert.Equal(0x180, machine.Host.Stat($"{ServingMachine.Archive}/{id}")!.Mode));
        Assert.Equal(0x1C0, machine.Host.Stat(ServingMachine.Archive)!.Mode);
        Assert.Equal(2, JsonDocument.Parse(shown).RootElement.GetProperty("applies").GetArrayLength());
    }

    [Fact]
    public async Task A_reload_alone_is_no_apply_that_is_taken_back_unless_it_is_named()
    {
        var machine = new ServingMachine();
        var before = machine.Files();
        var first = await machine.ApplyAsync();
        machine.Host.Serving = [new ServingProcess(25, "smtpd", DateTimeOffset.UnixEpoch)];
        var reload = await machine.ApplyAsync();
        Assert.NotEqual(first, reload);
        machine.Host.Serving = [];
        Assert.Contains($"Nothing of {reload} is left to take back", (await machine.RunAsync("rollback", reload, "--auto-approve")).Output, StringComparison.Ordinal);
        Assert.Contains($"Rolled back {first}", (await machine.RunAsync("rollback", "--auto-approve")).Output, StringComparison.Ordinal);
        Assert.Empty(before.Except(machine.Files()));
    }

    [Fact]
    public async Task There_is_nothing_to_roll_back_on_a_host_where_nothing_was_applied()
    {
        var machine = new ServingMachine();
        await RefusedAsync(machine, "MTS0731", [], null);
        Assert.Contains("Nothing was applied yet", (await machine.RunAsync("history")).Output, StringComparison.Ordinal);
        machine.Loads = false;
        Assert.Equal(5, (await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve")).Status);
        Assert.Contains("rolled back", (await machine.RunAsync("history")).Output, StringComparison.Ordinal);
        await RefusedAsync(machine, "MTS0732", ["taken back at once"], machine.Host.List(ServingMachine.Archive)[0]);
    }

    [Fact]
    public async Task What_an_unreadable_later_run_changed_is_unknown_so_nothing_before_it_is_taken_back()
    {
        var machine = new ServingMachine();
        var first = await machine.ApplyAsync();
        machine.Edit(OneKey, OtherKey);
        var second = await machine.ApplyAsync();
        machine.Host.AddFile($"{ServingMachine.Archive}/{second}", "nonsense\n", mode: 0x180);
        await RefusedAsync(machine, "MTS0732", [second, "cannot be read"], null);
        await RefusedAsync(machine, "MTS0732", [second], first);
    }

    [Fact]
    public async Task A_copy_in_the_archive_does_not_undo_an_apply_that_is_verified()
    {
        var machine = new ServingMachine();
        var first = await machine.ApplyAsync();
        for (var day = 10; day < 22; day++)
        {
            machine.Host.AddFile($"{ServingMachine.Archive}/202001{day}T000000000", machine.Text($"{ServingMachine.Archive}/{first}"), mode: 0x180);
        }

        machine.Edit(OneKey, OtherKey);
        var second = await machine.ApplyAsync();
        Assert.Contains(second, machine.Host.List(ServingMachine.Archive));
        Assert.Equal(0, (await machine.RunAsync("verify", ServingMachine.Manifest)).Status);
    }

    [Fact]
    public async Task A_key_does_not_go_back_to_an_owner_who_is_not_root()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        machine.Host.AddFile(ServingMachine.Bundle, machine.Text(ServingMachine.Bundle), 998, 998, 0x180);
        await machine.ApplyAsync();
        Assert.Equal(0, machine.Host.Stat(ServingMachine.Bundle)!.Owner);
        var back = await machine.RunAsync("rollback", "--auto-approve");
        Assert.True(back.Status == 0, back.Output + back.Error);
        Assert.Contains("MTS0737", back.Error, StringComparison.Ordinal);
        Assert.Equal(0, machine.Host.Stat(ServingMachine.Bundle)!.Owner);
    }

    [Fact]
    public async Task The_pair_is_back_before_any_setting_names_it()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        machine.Edit(OneKey, OtherKey);
        machine.Edit(Article, Intermediate);
        await machine.ApplyAsync();
        var renamed = new List<string>();
        machine.Host.BeforeChange = (operation, path) =>
        {
            if (operation == "rename")
            {
                renamed.Add(path);
            }
        };
        await machine.RunAsync("rollback", "--auto-approve");
        var (pair, settings) = (renamed.FindIndex(p => p.Contains("mail.mydomain.com.pem", StringComparison.Ordinal)), renamed.FindIndex(p => p.Contains("main.cf", StringComparison.Ordinal)));
        Assert.InRange(pair, 0, settings - 1);
    }

    private static async Task RefusedAsync(ServingMachine machine, string code, string[] said, string? id)
    {
        var before = machine.Files();
        string[] arguments = id is null ? ["rollback", "--auto-approve"] : ["rollback", id, "--auto-approve"];
        var back = await machine.RunAsync(arguments);
        Assert.True(back.Status == 1, $"{back.Status}: {back.Output}{back.Error}");
        Assert.All([code, .. said], words => Assert.Contains(words, back.Error, StringComparison.Ordinal));
        Assert.Equal(before, machine.Files());
    }

    private static IEnumerable<string> KeyLines(string pem)
    {
        var inside = false;
        foreach (var line in pem.Split('\n'))
        {
            inside = line.Contains("PRIVATE KEY", StringComparison.Ordinal) ? line.StartsWith("-----BEGIN", StringComparison.Ordinal) : inside;
            if (inside && line.Length > 20 && !line.StartsWith("-----", StringComparison.Ordinal))
            {
                yield return line;
            }
        }
    }
}
