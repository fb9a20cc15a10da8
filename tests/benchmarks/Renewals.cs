using System.Diagnostics;
using System.Text.RegularExpressions;
using MailTlsState.Hosts.Linux;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Crash;
using MailTlsState.HostTests.Lab;

namespace MailTlsState.Benchmarks;

/// <summary>Renews the certificate of an applied host again and again, and does by hand what no renewal can do without.</summary>
internal sealed class Renewals(MailLab lab, HostNetwork network)
{
    private const string Apply = $"mailtls apply {MailLab.Manifest} --auto-approve";
    private const string Script = "/root/rehearsal.sh";
    private int _number;

    /// <summary>Puts what the measurements need into the host.</summary>
    public async Task PrepareAsync() => await lab.Host.WriteFileAsync(
        Script, await File.ReadAllTextAsync(Path.Combine(LabEnvironment.Repository, "src/MailTlsState/Hosts/Rehearsals/rehearsal.sh")));

    /// <summary>How many fsyncs and program starts one apply makes, its child programs included.</summary>
    public async Task<(int Syncs, int Programs, IReadOnlyList<string> Names)> CountAsync()
    {
        await WantAsync();
        await lab.RunAsync(Strace.Command("-o /root/trace -e trace=fsync,fdatasync,execve", Apply).Replace(" -b execve", "", StringComparison.Ordinal));
        var trace = await lab.Host.ReadFileAsync("/root/trace");

        // The first execve is mailtls itself.
        var programs = Regex.Matches(trace, @"^\d+ +execve\(""([^""]+)"".* = 0$", RegexOptions.Multiline).Skip(1).Select(m => m.Groups[1].Value[(m.Groups[1].Value.LastIndexOf('/') + 1)..]).ToList();
        return (Regex.Count(trace, @"^\d+ +f(data)?sync\(", RegexOptions.Multiline), programs.Count, [.. programs.CountBy(p => p).OrderByDescending(p => p.Value).Select(p => $"{p.Value} {p.Key}")]);
    }

    /// <summary>Milliseconds of an apply that renews and keeps the key, until every endpoint serves it.</summary>
    public async Task<double> ApplyAsync()
    {
        await WantAsync();
        return await TimeAsync(() => lab.RunAsync(Apply));
    }

    /// <summary>Milliseconds of a plan that finds nothing to do.</summary>
    public Task<double> PlanAsync() => TimeAsync(() => lab.PlanAsync(0));

    /// <summary>Milliseconds of <c>openssl genpkey</c> for the same kind of key.</summary>
    public Task<double> MakeKeyAsync() => TimeAsync(() => lab.RunAsync("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out /root/key.pem"));

    /// <summary>Milliseconds in which openssl opens the CA's encrypted key: its PBKDF2 rounds are there to take time.</summary>
    public Task<double> OpenRootAsync() => TimeAsync(() => lab.RunAsync("openssl pkey -in /etc/pki/mailtls/ca/ca.key -passin file:/root/mail-ca.pass -noout"));

    /// <summary>Milliseconds of as many fsyncs, each of a small new write, on the file system of the certificate.</summary>
    public double Sync(int count)
    {
        var path = $"/proc/{lab.Host.ProcessId}/root/etc/pki/mailtls/.benchmark";
        var watch = Stopwatch.StartNew();
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            for (var i = 0; i < count; i++)
            {
                RandomAccess.Write(file, "a small write\n"u8, i * 14L);
                if (Libc.FSync((int)file.DangerousGetHandle()) != 0)
                {
                    throw new IOException($"fsync of {path} failed");
                }
            }
        }

        var took = watch.Elapsed.TotalMilliseconds;
        File.Delete(path);
        return took;
    }

    /// <summary>Milliseconds from the reload of both daemons, by their own commands, until each endpoint serves the bundle that was put in place before.</summary>
    public async Task<double> ReloadAsync()
    {
        // The leaf of the former round would do as well; one of its own cannot be confused with it.
        await lab.RunAsync(
            $"""
            cp -p {MailLab.Bundle} /root/good.pem
            umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/other.pem -out /root/other.crt -days 9 -subj /CN=mail.mydomain.com 2>/dev/null
            cat /root/other.crt >>/root/other.pem; cp /root/other.pem {MailLab.Bundle}.new; mv {MailLab.Bundle}.new {MailLab.Bundle}
            """);
        var leaf = (await lab.RunAsync("openssl x509 -in /root/other.crt -outform DER | sha256sum")).Output[..64];
        var took = await TimeAsync(async () =>
        {
            await lab.RunAsync("postfix -c /etc/postfix reload 2>/dev/null; doveadm reload");
            await Task.WhenAll(MailPort.All.Select(async port =>
            {
                while ((await Handshake.TryAsync(network, port)).Leaf != leaf)
                {
                }
            }));
        });
        await lab.RunAsync($"mv /root/good.pem {MailLab.Bundle}; postfix reload 2>/dev/null; doveadm reload");
        await lab.RunAsync($"until mailtls verify {MailLab.Manifest}; do sleep 0.1; done");
        return took;
    }

    /// <summary>Milliseconds until both daemons are up in namespaces of their own on a copy-on-write view of the host, as a rehearsal starts them.</summary>
    public Task<double> RehearseAsync() => TimeAsync(() => lab.RunAsync(
        // The loopback interface is up before anything starts, as the program that rehearses brings it up.
        $"mkdir -p /root/scratch; echo | unshare --mount --pid --net --ipc --fork sh -c 'ip link set lo up; exec sh -eu {Script} /etc/postfix /etc/dovecot/dovecot.conf /root/scratch overlay /run 0755 --' | grep -cE '^(postfix|dovecot) [0-9]+$' | grep -qx 2"));

    // Another name is another leaf; the key stays.
    private Task WantAsync() => lab.WriteManifestAsync(
        "intermediate", text => text.Replace("names: [mail.mydomain.com]", $"names: [mail.mydomain.com, imap{++_number}.mydomain.com]", StringComparison.Ordinal));

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalMilliseconds;
    }
}
