using System.Text.Json;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Planning;

/// <summary>
/// Who issued the certificate that earlier runs left in service, as the journals of the past tell. Asked where no certificate is on disk: what clients
/// trust outlasts every file, and the daemons that served it may be down.
/// </summary>
internal static class FormerIssuers
{
    /// <summary>Where the journals of the past are.</summary>
    public const string Journals = "/var/lib/mailtlsstate/applied";

    /// <summary>Their names (RFC 4514), by the last run that was not taken back and left any; none where all left self-signed certificates.</summary>
    public static async Task<IReadOnlyList<string>> LookAsync(IHost host, CancellationToken cancellation)
    {
        try
        {
            var undone = new HashSet<string>(StringComparer.Ordinal);
            foreach (var id in (await host.ListDirectoryAsync(Journals, cancellation).ConfigureAwait(false)).OrderDescending(StringComparer.Ordinal))
            {
                var journal = await host.ObserveFileAsync($"{Journals}/{id}", cancellation).ConfigureAwait(false);
                if (undone.Contains(id) || Read(journal.Text ?? "") is not { } run)
                {
                    continue;
                }

                if (run.RollsBack is { } back)
                {
                    undone.Add(back);
                }
                else if (run.Issuers.Count > 0)
                {
                    return run.Issuers;
                }
            }
        }
        catch (MailTlsException unknown) when (unknown.Diagnostics[0].Code == HostDiagnostics.NotRecordedCode)
        {
            // An observation of an earlier version does not have them.
        }

        return [];
    }

    // Lines of a text and its digest: the record of the run first, how far it got last. What is damaged tells nothing.
    private static (string? RollsBack, IReadOnlyList<string> Issuers)? Read(string text)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        if (!lines[^1].StartsWith("Verified ", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(lines[0][..lines[0].LastIndexOf(' ')]);
            var record = document.RootElement.GetProperty("record");
            return (record.GetProperty("rollsBack").GetString(), [.. record.GetProperty("issuers").EnumerateArray().Select(i => i.GetString()!)]);
        }
        catch (Exception odd) when (odd is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}
