using System.Text.RegularExpressions;
using MailTlsState.Certificates;
using MailTlsState.Services;
using Xunit;

namespace MailTlsState.Tests.Architecture;

/// <summary>
/// Which part may know which. Cli → Execution, Verification → Planning and Services → Resources, Certificates → Hosts →
/// Manifests, Policies → Diagnostics. What is not listed is not allowed, and what is listed and not used has to go.
/// </summary>
public partial class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        // A diagnostic for a file or secret that the host reports, and its place in a manifest.
        ["Diagnostics"] = ["Hosts", "Manifests"],
        ["Manifests"] = ["Diagnostics", "Policies", "Probing"],

        // A policy file is read as a manifest is, and overridden by one.
        ["Policies"] = ["Diagnostics", "Manifests"],

        // Probing holds the questions, Hosts the sockets that carry them.
        ["Probing"] = ["Hosts", "Policies"],
        ["Hosts"] = ["Diagnostics", "Manifests", "Policies", "Probing"],

        // An issuer makes changes with their work, as a service does.
        ["Certificates"] = ["Diagnostics", "Hosts", "Manifests", "Planning", "Policies", "Resources"],

        // Work is what a Change carries, the two are one contract; it names the certificate's files.
        ["Resources"] = ["Certificates", "Manifests", "Planning"],
        ["Services"] = ["Certificates", "Diagnostics", "Hosts", "Manifests", "Planning", "Policies", "Resources"],
        ["Planning"] = ["Certificates", "Diagnostics", "Hosts", "Manifests", "Policies", "Probing", "Resources", "Services"],
        ["Verification"] = ["Certificates", "Diagnostics", "Hosts", "Manifests", "Planning", "Policies", "Probing"],
        ["Execution"] = ["Certificates", "Diagnostics", "Hosts", "Manifests", "Planning", "Policies", "Probing", "Resources", "Services", "Verification"],
        ["Cli"] = ["Certificates", "Diagnostics", "Execution", "Hosts", "Manifests", "Planning", "Policies", "Probing", "Verification"],
    };

    [Fact]
    public void A_part_uses_only_the_parts_below_it()
    {
        var used = Used();
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), used.Keys.Order(StringComparer.Ordinal));
        Assert.All(used, part => Assert.Equal(Allowed[part.Key], part.Value));
    }

    [Fact]
    public void The_inner_parts_know_nothing_of_those_that_act()
    {
        string[] inner = ["Diagnostics", "Manifests", "Policies", "Probing", "Hosts", "Certificates", "Resources", "Services", "Planning"];
        Assert.All(inner, part => Assert.Empty(Used()[part].Intersect(["Execution", "Verification", "Cli"])));
    }

    [Fact]
    public void Editors_of_configuration_files_are_pure_text()
    {
        var editors = SourceTree.Files.Where(file => file.Path.Contains("/Editing/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(editors);
        Assert.All(editors, file => Assert.DoesNotMatch(@"\busing MailTlsState\.(Hosts|Planning|Execution|Verification|Certificates)\b", file.Text));
    }

    [Fact]
    public void Every_mail_service_is_in_the_list()
    {
        var made = typeof(IMailService).Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IMailService)));
        Assert.Equal(
            made.Select(type => type.Name).Order(StringComparer.Ordinal),
            MailServices.All.Select(service => service.GetType().Name).Order(StringComparer.Ordinal));
        Assert.Equal(Enum.GetValues<MailTlsState.Manifests.ServiceKind>(), MailServices.All.Select(service => service.Kind));
    }

    [Fact]
    public void Every_issuer_is_in_the_list()
    {
        var made = typeof(ICertificateIssuer).Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(ICertificateIssuer)));
        Assert.Equal(
            made.Select(type => type.Name).Order(StringComparer.Ordinal),
            CertificateIssuers.All.Select(issuer => issuer.GetType().Name).Order(StringComparer.Ordinal));
        Assert.Equal(Enum.GetValues<MailTlsState.Manifests.IssuerKind>(), CertificateIssuers.All.Select(issuer => issuer.Kind));

        // One folder an issuer, and the manifest's words are the list's.
        Assert.Equal(CertificateIssuers.All.Select(issuer => issuer.Kind), MailTlsState.Manifests.Vocabularies.Issuers.Entries.Select(entry => entry.Value));
        Assert.All(CertificateIssuers.All, issuer => Assert.Equal($"MailTlsState.Certificates.{issuer.Kind}", issuer.GetType().Namespace));
    }

    [Fact]
    public void Only_an_issuers_own_folder_knows_it()
    {
        // The verb about one issuer alone knows it as well.
        var verbs = new Dictionary<string, string> { ["PrivateCa"] = "/Commands/CaCommand.cs" };
        var folders = Enum.GetNames<MailTlsState.Manifests.IssuerKind>();
        Assert.All(folders, folder => Assert.Empty(SourceTree.Files
            .Where(file => !file.Path.Contains($"/Certificates/{folder}/", StringComparison.Ordinal) && !file.Path.EndsWith("/CertificateIssuers.cs", StringComparison.Ordinal)
                && !(verbs.TryGetValue(folder, out var verb) && file.Path.EndsWith(verb, StringComparison.Ordinal))
                && Regex.IsMatch(file.Code, $@"(using MailTlsState\.Certificates\.|(?<![\w.])){folder}\.[A-Z]|using MailTlsState\.Certificates\.{folder};"))
            .Select(file => file.Path)));
    }

    private static Dictionary<string, string[]> Used() => SourceTree.Files.GroupBy(file => file.Area).ToDictionary(
        area => area.Key,
        area => area.SelectMany(file => Reference().Matches(file.Code).Select(match => match.Groups[1].Value))
            .Distinct().Where(name => name != area.Key && Allowed.ContainsKey(name)).Order(StringComparer.Ordinal).ToArray());

    // A using, or a name that starts at a part and so needs none (Probing.ProbeResult).
    [GeneratedRegex(@"(?:\bMailTlsState\.|(?<![\w.]))(Certificates|Cli|Diagnostics|Execution|Hosts|Manifests|Planning|Policies|Probing|Resources|Services|Verification)(?:;|\.(?=[A-Z]\w*\b(?!\()))")]
    private static partial Regex Reference();
}
