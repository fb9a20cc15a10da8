using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>Looks for keys and the passphrase in what was said.</summary>
internal static partial class KeyBytes
{
    private const string Passphrase = "correct horse battery staple";

    /// <summary>Compares with every key that there was: no line of its PEM, no 16 bytes of its DER in hex, no passphrase.</summary>
    public static async Task NoneInAsync(MailLab lab, IReadOnlyList<string> said)
    {
        var pem = (await lab.Host.RunAsync("cat /root/keys; cat /etc/pki/mailtls/ca/ca.key; for f in /etc/pki/mailtls/*; do openssl pkey -in $f; done 2>/dev/null")).Output;
        var bodies = Key().Matches(pem).Select(m => m.Groups["body"].Value).ToList();
        Assert.True(bodies.Count > 0 || !pem.Contains("PRIVATE", StringComparison.Ordinal), "keys were not read");
        foreach (var text in said)
        {
            Assert.DoesNotContain(Passphrase, text, StringComparison.Ordinal);
            foreach (var body in bodies)
            {
                // Not the first lines: they hold the algorithm's name, which every key of the kind has.
                Assert.All(body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1), line => Assert.DoesNotContain(line.Trim(), text, StringComparison.Ordinal));
                var hex = Convert.ToHexStringLower(Convert.FromBase64String(body.Replace("\n", "", StringComparison.Ordinal)));
                for (var at = 80; at + 32 <= hex.Length; at += 32)
                {
                    Assert.DoesNotContain(hex.Substring(at, 32), text, StringComparison.OrdinalIgnoreCase);
                }
            }
        }
    }

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----\n(?<body>[A-Za-z0-9+/=\n]+)-----END")]
    private static partial Regex Key();
}
