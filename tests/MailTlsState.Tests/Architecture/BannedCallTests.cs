using System.Text.RegularExpressions;
using Xunit;

namespace MailTlsState.Tests.Architecture;

/// <summary>Everything that touches the machine goes through Hosts/, and everything that is printed through the terminal.</summary>
public class BannedCallTests
{
    [Theory]
    [InlineData("files", @"(?<![\w.])(System\.IO\.)?(File|Directory)\.(Read|Write|Append|Open|Create|Exists|Delete|Move|Copy|Set|Get|Enumerate|Replace|Resolve)\w*\(|\bnew (FileStream|FileInfo|DirectoryInfo)\b|\bFileStream\.", "MailTlsState/Hosts/")]
    [InlineData("processes", @"(?<![\w.])Process\.[A-Z]|\bnew (Process|ProcessStartInfo)\b", "none")]
    [InlineData("sockets", @"\bnew (Socket|TcpClient|TcpListener|UdpClient|HttpClient|NetworkStream)\b|(?<![\w.])Dns\.[A-Z]", "MailTlsState/Hosts/")]
    [InlineData("clock", @"\bDateTime(Offset)?\.(Now|UtcNow|Today)\b", "none")]
    [InlineData("waiting", @"\bStopwatch\b|\bThread\.Sleep\b", "MailTlsState/Hosts/Linux/")]
    [InlineData("console", @"\bConsole\.[A-Z]", "MailTlsState.Cli/Terminal.cs")]
    [InlineData("exit", @"\bEnvironment\.(Exit|FailFast)\b", "none")]
    [InlineData("native calls", @"\[(LibraryImport|DllImport)\b", "MailTlsState/Hosts/")]
    [InlineData("shells", @"\bUseShellExecute\s*=\s*true", "none")]
    [InlineData("reflection", @"\bActivator\.|\bAssembly\.Load|\.GetType\(\)\.(Get|Invoke)", "none")]
    public void A_call_is_made_only_where_it_belongs(string what, string pattern, string allowed)
    {
        var call = new Regex(pattern);
        var offenders = SourceTree.Files.Where(file => !file.Path.StartsWith(allowed, StringComparison.Ordinal) && call.IsMatch(file.Code)).Select(file => $"{what}: {file.Path}: {call.Match(file.Code).Value}");
        Assert.Empty(offenders);

        // A rule that matches nothing where it may would not be seen to be broken.
        Assert.True(allowed == "none" || SourceTree.Files.Any(file => file.Path.StartsWith(allowed, StringComparison.Ordinal) && call.IsMatch(file.Code)), what);
    }

    [Fact]
    public void No_source_file_is_longer_than_400_lines() =>
        Assert.Empty(SourceTree.Files.Where(file => file.Text.Split('\n').Length > 401).Select(file => file.Path));

    [Fact]
    public void Nothing_is_left_undone() =>
        Assert.Empty(SourceTree.Files.Where(file => Regex.IsMatch(file.Text, @"\b(TODO|FIXME|HACK|NotImplementedException)\b")).Select(file => file.Path));

    [Fact]
    public void No_exception_is_swallowed_without_a_reason() =>
        Assert.Empty(SourceTree.Files.Where(file => Regex.IsMatch(file.Text, @"catch(\s*\([^)]*\))?(\s*when\s*\([^{]*\))?\s*\{\s*\}")).Select(file => file.Path));
}
