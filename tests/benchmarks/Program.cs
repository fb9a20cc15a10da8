using System.Globalization;
using MailTlsState.Benchmarks;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Crash;

// dotnet run -c Release --project tests/benchmarks [ROUNDS]
//   An apply of one renewed certificate against the sum of what it cannot avoid, in the same run on the same throwaway host.
// dotnet run -c Release --project tests/benchmarks keys [SECONDS]
//   Keys of every kind against openssl genpkey. Needs openssl alone.
// dotnet run -c Release --project tests/benchmarks scans [ROUNDS [POLICY]]
//   verify on seven endpoints against sslscan, openssl s_client and, where it is installed, testssl.sh.
//   All but keys need what the host tests need: root, MAILTLS_TEST_ROOT and MAILTLS_BINARY (see tests/lab/README.md).
if (args is ["keys", .. var time])
{
    KeyGeneration.Run(time.Length > 0 ? double.Parse(time[0], CultureInfo.InvariantCulture) : 20);
    return 0;
}

if (args is ["scans", .. var rest])
{
    await Scans.RunAsync(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 5, rest.Length > 1 ? rest[1] : "intermediate");
    return 0;
}

var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 7;
await using var lab = await MailLab.AppliedAsync("intermediate", options: Strace.Options);
using var network = new HostNetwork(lab.Host);
var renewals = new Renewals(lab, network);

await renewals.PrepareAsync();
var (syncs, programs, names) = await renewals.CountAsync();
Console.WriteLine($"apply of one renewed certificate: {syncs} fsyncs, {programs} programs started ({string.Join(", ", names)})");

var (apply, key, sync, reload, plan, rehearsal, root) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
for (var round = 0; round < rounds; round++)
{
    apply.Add(await renewals.ApplyAsync());
    key.Add(await renewals.MakeKeyAsync());
    sync.Add(renewals.Sync(syncs));
    reload.Add(await renewals.ReloadAsync());
    plan.Add(await renewals.PlanAsync());
    rehearsal.Add(await renewals.RehearseAsync());
    root.Add(await renewals.OpenRootAsync());
}

Row("apply", apply);
Row("  key by openssl genpkey", key);
Row($"  {syncs} fsyncs", sync);
Row("  reload until served", reload);
var floor = Median(key) + Median(sync) + Median(reload);
Ratio("  of these alone", floor);

// The design asks for these as well: each change is planned from the host as it is and rehearsed with the real daemons, and the
// CA's key is kept under a slow derivation.
Row("  plan, nothing to do", plan);
Row("  both daemons rehearsed", rehearsal);
Row("  CA key by openssl pkey", root);
Ratio("  cannot be avoided", floor + Median(plan) + Median(rehearsal) + Median(root));
return 0;

void Ratio(string what, double sum) =>
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-28} {sum,8:0.0} ms   ratio {Median(apply) / sum:0.00}"));

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

static void Row(string what, List<double> values) =>
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-28} {Median(values),8:0.0} ms   ({values.Min():0.0} to {values.Max():0.0}, {values.Count} rounds)"));
