using MailTlsState.Services.Postfix;
using MailTlsState.Services.Postfix.Editing;
using Xunit;

namespace MailTlsState.Tests.Services.Postfix.Editing;

/// <summary>Files of any content: nothing but a file comes out, at once, and an unedited one is the same. MAILTLS_LONG=1 tries a million of each.</summary>
public sealed class EditorFuzzTests
{
    private static readonly int Count = Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1" ? 1_000_000 : 20_000;

    private const string Main = """
        # See /usr/share/postfix/main.cf.dist for a commented version
        compatibility_level = 3.6
        smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
        smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem
        smtpd_tls_security_level=may
        smtpd_recipient_restrictions = permit_mynetworks,
          # between
          reject_unauth_destination

        mydestination = $myhostname, ${my_user_name?{x}:{y}}, localhost
        my_user_name = a
        smtpd_tls_security_level = encrypt

        """;

    private const string Master = """
        smtp      inet  n       -       y       -       -       smtpd
        #submission inet n       -       y       -       -       smtpd
        #  -o syslog_name=postfix/submission
        submissions inet n - y - - smtpd -v
          -o smtpd_tls_wrappermode=yes
          -o { smtpd_client_restrictions = permit_sasl_authenticated, reject }
        # between
          -o smtpd_tls_security_level=none -o smtpd_tls_security_level=may
        127.0.0.1:10025 inet n - n - - smtpd -o content_filter=
        scalemail-backend unix - n n - 2 pipe
          flags=R user=scalemail argv=/usr/lib/scalemail/bin/scalemail-store ${nexthop} ${user} ${extension}

        """;

    private static readonly string[] Pieces =
    [
        "\n", "\r\n", "\n ", "\n\t", "\n#", "\r", "\0", "\xff", "\xa0", "=", " = ", "{", "}", " -o ", "-o", "$", "${", "#", " ", "smtpd_tls_security_level", "smtp inet n - y - - smtpd", "\v", "a=b",
    ];

    [Fact]
    public void Main_cf_of_any_content_is_read_and_edited()
    {
        foreach (var text in Mutations(Main, 31))
        {
            var file = MainCf.Parse(text);
            Assert.Equal(text, file.ToString());
            var set = file.SetAll([("smtpd_tls_security_level", "x"), ("new", "y"), ("mydestination", null)], "# managed");
            Assert.True(set.Get("smtpd_tls_security_level") == "x" && set.Get("new") == "y" && set.Get("mydestination") is null, text);
        }
    }

    [Fact]
    public void Master_cf_of_any_content_is_read_and_edited()
    {
        foreach (var text in Mutations(Master, 32))
        {
            var file = MasterCf.Parse(text);
            Assert.Equal(text, file.ToString());

            // Postfix refuses an entry whose braces are not closed, and the planner a file with a NUL: nothing is ever written into those.
            if (file.Services.FirstOrDefault(s => s.Overrides.Count > 0 && !s.Source.Text.Contains('\0', StringComparison.Ordinal) && IsClosed(s.Source.Text)) is { } service)
            {
                var at = file.Services.ToList().IndexOf(service);
                var name = service.Overrides[0].Name;
                Assert.True(file.RemoveOverride(service, name).Services[at].Override(name) is null, text);
                Assert.True(file.SetOverride(service, "smtpd_tls_security_level", "x").Services[at].Override("smtpd_tls_security_level") == "x", text);
            }
        }
    }

    [Fact]
    public void Output_of_postconf_of_any_content_is_read()
    {
        foreach (var text in Mutations("a = b\n  c\nsubmission/inet/smtpd_tls_security_level = encrypt\nprivate/x/unix/a = \n", 33))
        {
            Assert.NotNull(PostconfOutput.ParseSettings(text));
            Assert.NotNull(PostconfOutput.ParseOverrides(text));
        }
    }

    [Fact]
    public void Ten_thousand_overrides_of_one_service_are_replaced_in_well_under_a_second()
    {
        var file = MasterCf.Parse("smtp inet n - y - - smtpd" + string.Concat(Enumerable.Range(0, 10_000).Select(_ => "\n  -o a=1\n# x\n  -o b=2")) + "\n");
        var clock = ThreadTime.Start();
        var set = file.SetOverride(file.Services[0], "a", "3");
        Assert.Equal("3", set.Services[0].Override("a"));
        Assert.Equal(10_000, set.Services[0].Overrides.Count(o => o.Name == "b"));
        Assert.Single(set.Services[0].Overrides, o => o.Name == "a");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"{clock.Elapsed}");
    }

    private static bool IsClosed(string text)
    {
        var level = 0;
        foreach (var c in text)
        {
            level += c == '{' ? 1 : c == '}' && level > 0 ? -1 : 0;
        }

        return level == 0;
    }

    private static IEnumerable<string> Mutations(string text, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < Count; i++)
        {
            var mutated = text;
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                var at = random.Next(mutated.Length + 1);
                var cut = random.Next(3) == 0 ? Math.Min(random.Next(40), mutated.Length - at) : 0;
                mutated = mutated[..at] + (random.Next(5) == 0 ? ((char)random.Next(256)).ToString() : Pieces[random.Next(Pieces.Length)]) + mutated[(at + cut)..];
            }

            yield return mutated;
        }
    }
}
