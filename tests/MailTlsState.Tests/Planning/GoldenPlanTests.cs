using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using NJsonSchema;
using Xunit;

namespace MailTlsState.Tests.Planning;

/// <summary>The plans of hosts that were recorded. Set MAILTLS_UPDATE_GOLDEN=1 to write plan.txt and plan.json anew, then read the difference.</summary>
public class GoldenPlanTests
{
    public static TheoryData<string> Cases() => [.. GoldenCase.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_recorded_host_gives_the_golden_plan(string name)
    {
        var golden = new GoldenCase(name);
        var result = await golden.PlanAsync();
        Compare(golden.PathOf("plan.txt"), GoldenCase.Text(result));
        Compare(golden.PathOf("plan.json"), GoldenCase.Json(result));
    }

    [Theory]
    [InlineData("master-override")]
    [InlineData("renewed-not-loaded")]
    [InlineData("truncated-bundle")]
    public async Task With_only_the_certificate_what_else_differs_is_reported_and_left(string name)
    {
        var golden = new GoldenCase(name);
        var result = (await PlanMaker.MakeAsync(new RecordedHost(golden.Recording), golden.Manifest, null, CancellationToken.None, PlanScope.Certificate)).Planning;
        Compare(golden.PathOf("plan.only-certificate.txt"), GoldenCase.Text(result));
        var whole = (await golden.PlanAsync()).Plan!;
        Assert.All(result.Plan!.Changes, change => Assert.Contains(change.Address, whole.Changes.Select(c => c.Address)));
        Assert.DoesNotContain(result.Plan.Changes, change => change.Kind is "settings" or "listener");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_plan_conforms_to_the_published_schema(string name)
    {
        var plan = await PlanAsync(name);
        var schema = await JsonSchema.FromJsonAsync(Schemas.Get("plan"), TestContext.Current.CancellationToken);
        Assert.Empty(schema.Validate(PlanFile.Write(plan)));
        Assert.NotEmpty(schema.Validate(PlanFile.Write(plan).Replace("\"madeAt\"", "\"made\"", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_saved_plan_keeps_everything(string name)
    {
        var plan = await PlanAsync(name);
        var text = PlanFile.Write(plan);
        Assert.True(PlanFile.LooksLikePlan(text));
        var read = PlanFile.Read("plan.json", text);
        Assert.Equal(text, PlanFile.Write(read));
        Assert.Equal(plan.MadeAt, read.MadeAt);
        Assert.Equal(plan.ManifestText, read.ManifestText);
        Assert.Empty(PlanMaker.Moved(read, plan));
        Assert.All(read.Changes, change => Assert.Null(change.Work));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Neither_a_plan_nor_a_recording_holds_a_secret(string name)
    {
        var golden = new GoldenCase(name);
        var result = await golden.PlanAsync();
        foreach (var text in new[] { GoldenCase.Json(result), GoldenCase.Text(result) })
        {
            Assert.DoesNotContain("PRIVATE KEY", text, StringComparison.Ordinal);
            Assert.DoesNotContain(GoldenCase.Passphrase, text, StringComparison.Ordinal);
        }

        // A key's place is kept, not its bytes: they would be base64 right after the label.
        var recording = Encoding.UTF8.GetString(RecordingJson.Write(golden.Recording));
        Assert.DoesNotContain(GoldenCase.Passphrase, recording, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"PRIVATE KEY-----(\\n|\s)*[A-Za-z0-9+/]{32}", recording);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Planning_twice_gives_the_same_bytes(string name) => Assert.Equal(PlanFile.Write(await PlanAsync(name)), PlanFile.Write(await PlanAsync(name)));

    [Fact]
    public async Task A_host_in_the_manifests_state_gets_no_changes()
    {
        var plan = await PlanAsync("applied");
        Assert.True(plan.IsEmpty);
        Assert.Equal("No changes. This host matches the manifest.", plan.Summary);
    }

    [Fact]
    public async Task A_renewed_certificate_that_is_not_loaded_needs_activation_alone() =>
        Assert.All((await PlanAsync("renewed-not-loaded")).Changes, change => Assert.Equal(ChangeAction.Activate, change.Action));

    [Fact]
    public async Task A_changed_file_makes_a_saved_plan_stale_and_is_named()
    {
        var golden = new GoldenCase("stock");
        var recording = golden.Recording;
        var main = recording.Files["/etc/postfix/main.cf"];
        var changed = recording with { Files = recording.Files.SetItem(main.Path, main with { Text = main.Text + "# edited\n", Digest = "sha256:" + new string('0', 64) }) };
        var now = await PlanMaker.MakeAsync(new RecordedHost(changed), golden.Manifest, null, TestContext.Current.CancellationToken);
        Assert.Contains(PlanMaker.Moved(await PlanAsync("stock"), now.Planning.Plan!), moved => moved.StartsWith("file /etc/postfix/main.cf changed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_plan_whose_changes_were_edited_is_stale()
    {
        var plan = await PlanAsync("stock");
        var edited = PlanFile.Read("plan.json", PlanFile.Write(plan).Replace("\"action\": \"activate\"", "\"action\": \"delete\"", StringComparison.Ordinal));
        Assert.Contains("was edited", Assert.Single(PlanMaker.Moved(edited, plan)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_with_an_absurd_clock_gets_no_plan()
    {
        var golden = new GoldenCase("stock");
        var made = await PlanMaker.MakeAsync(new RecordedHost(golden.Recording), golden.Manifest, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        Assert.Null(made.Planning.Plan);
        Assert.Equal("MTS0603", Assert.Single(made.Planning.Diagnostics).Code.Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"format\": \"mailtlsstate/plan/v2\"}")]
    [InlineData("{\"format\": \"mailtlsstate/plan/v1\"}")]
    [InlineData("apiVersion: mailtlsstate/v1")]
    public void What_is_no_plan_is_refused(string text) =>
        Assert.Equal("MTS0609", Assert.Throws<MailTlsState.Diagnostics.MailTlsException>(() => PlanFile.Read("plan.json", text)).Diagnostics[0].Code.Id);

    [Fact]
    public async Task A_plan_that_was_cut_off_anywhere_is_refused()
    {
        var text = PlanFile.Write(await PlanAsync("stock")).TrimEnd();
        for (var length = 0; length < text.Length; length += 97)
        {
            Assert.Throws<MailTlsState.Diagnostics.MailTlsException>(() => PlanFile.Read("plan.json", text[..length]));
        }
    }

    private static async Task<Plan> PlanAsync(string name)
    {
        var result = await new GoldenCase(name).PlanAsync();
        return Assert.IsType<Plan>(result.Plan);
    }

    private static void Compare(string file, string actual)
    {
        if (Environment.GetEnvironmentVariable("MAILTLS_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, actual);
        }

        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "", actual);
    }
}
