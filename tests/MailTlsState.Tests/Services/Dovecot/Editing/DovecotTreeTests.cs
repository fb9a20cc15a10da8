using System.Net;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot.Editing;

public sealed class DovecotTreeTests
{
    private const string Root = "/etc/dovecot/dovecot.conf";

    [Fact]
    public void Included_files_are_read_where_they_are_included_in_the_order_of_their_bytes()
    {
        var tree = Build(
            "ssl_cert = </early\n!include conf.d/*.conf\nlocal_name m.x.y {\n  !include in.conf\n}\n!include_try local.conf\n",
            ("conf.d/b.conf", "ssl_cert = </b\n"), ("conf.d/Z.conf", "ssl_cert = </z\n"), ("conf.d/.h.conf", "ssl_cert = </h\n"), ("in.conf", "ssl_cert = </in"));
        Assert.Equal(["</early", "</z", "</b", "</in"], tree.Assignments.Select(a => a.Value));
        Assert.Equal("/etc/dovecot/conf.d/b.conf:1", tree.Effective("ssl_cert")?.ToString());
        Assert.Equal("/etc/dovecot/in.conf:1 (local_name m.x.y)", tree.Effective("ssl_cert", new DovecotConnection("m.x.y"))?.ToString());
        Assert.Empty(tree.Problems);
    }

    [Fact]
    public void Settings_before_the_include_lose_to_those_after_it()
    {
        var tree = Build("ssl_cert = </mine\n!include conf.d/*.conf\n", ("conf.d/10-ssl.conf", "ssl_cert = </stock\n"));
        Assert.Equal("</stock", tree.Effective("ssl_cert")?.Value);
        var own = tree.Assignments[0];
        Assert.Equal("/etc/dovecot/conf.d/10-ssl.conf:1", Assert.Single(tree.Overriding(own)).ToString());
    }

    [Fact]
    public void Of_two_names_that_match_the_block_that_was_opened_first_decides()
    {
        var tree = Build("local_name *.x.y {\n ssl_cert = </w\n}\nlocal_name m.x.y {\n ssl_cert = </s\n}\nlocal_name *.X.y {\n ssl_cert = </w2\n}\n");
        Assert.Equal("</w2", tree.Effective("ssl_cert", new DovecotConnection("m.x.y"))?.Value);
        Assert.Null(tree.Effective("ssl_cert", new DovecotConnection("a.m.x.y")));
        Assert.Null(tree.Effective("ssl_cert"));
    }

    [Fact]
    public void Filters_of_different_kinds_that_both_match_are_a_conflict()
    {
        var tree = Build("protocol imap {\n ssl_cert = </p\n}\nlocal_name m.x.y {\n ssl_cert = </s\n}\nlocal 10.0.0.0/8 {\n ssl = no\n}\n");
        Assert.Equal("</p", tree.Conflict("ssl_cert", new DovecotConnection("m.x.y", Protocol: "imap"))?.Value);
        Assert.Null(tree.Conflict("ssl_cert", new DovecotConnection("m.x.y", IPAddress.Parse("10.0.0.1"))));
    }

    [Fact]
    public void A_setting_of_our_own_is_overridden_by_later_lines_and_by_every_narrower_filter()
    {
        var tree = Build(
            "local_name a {\n ssl_cert = </1\n}\nprotocol imap {\n ssl_cert = </2\n}\nssl_cert = </own\nssl_cert = </3\nservice imap-login {\n ssl_cert = </4\n}\nssl_key = </5\n");
        var own = tree.Assignments.Single(a => a.Value == "</own");
        Assert.Equal(["</1", "</2", "</3"], tree.Overriding(own).Select(a => a.Value));
    }

    [Theory]
    [InlineData("service imap-login {\n inet_listener imaps {\n  port = 1\n }\n}\nservice imap-login {\n inet_listener imaps {\n  port = 0\n }\n}\n")]
    [InlineData("service/imap-login/inet_listener/imaps/port = 0\n")]
    [InlineData("service imap-login {\n inet_listener/imaps/port = 0\n}\n")]
    public void The_last_setting_of_a_listener_counts_however_its_blocks_are_written(string text) =>
        Assert.Equal("0", Build(text).EffectiveIn([new("service", "imap-login"), new("inet_listener", "imaps")], "port")?.Value);

    [Fact]
    public void What_keeps_dovecot_from_loading_is_reported_with_its_place()
    {
        var tree = Build("!include none.conf\n!include loop.conf\nx{\n}\na b {\n", ("loop.conf", "!include loop.conf\n"));
        Assert.Equal(
            ["nothing matches none.conf", "/etc/dovecot/loop.conf includes itself", "expecting '{'", "unexpected '}'", "missing '}' of a b"],
            tree.Problems.Select(p => p.Problem));
    }

    [Fact]
    public void In_2_4_the_filter_that_was_opened_last_decides_whatever_it_is_about()
    {
        const string text = "local_name m.x.y {\n ssl = no\n}\nprotocol imap {\n ssl = required\n}\nlocal_name *.x.y {\n ssl_min_protocol = TLSv1.3\n}\nlocal_name m.x.y {\n ssl_min_protocol = TLSv1.2\n}\n";
        var tree = Build24(text);
        Assert.Equal("required", tree.Effective("ssl", new DovecotConnection("m.x.y", Protocol: "imap"))?.Value);
        Assert.Equal("no", tree.Effective("ssl", new DovecotConnection("m.x.y", Protocol: "pop3"))?.Value);
        Assert.Equal("TLSv1.3", tree.Effective("ssl_min_protocol", new DovecotConnection("m.x.y"))?.Value);
        Assert.Null(tree.Conflict("ssl", new DovecotConnection("m.x.y", Protocol: "imap")));
    }

    [Theory]
    [InlineData("ssl_server_cert_file = /c\n")]
    [InlineData("ssl_server {\n cert_file = /c\n}\n")]
    [InlineData("ssl_server {\n ssl_server_cert_file = /c\n}\n")]
    [InlineData("ssl_server/cert_file = /c\n")]
    [InlineData("group @tls mine {\n ssl_server_cert_file = /c\n}\n@tls = mine\n")]
    public void In_2_4_a_setting_of_the_tls_server_is_found_however_it_is_written(string text) =>
        Assert.Equal("/c", Build24(text).Effective("ssl_server_cert_file", new DovecotConnection("m.x.y"))?.Value);

    [Fact]
    public void In_2_4_what_stands_in_the_named_filter_goes_before_every_connection_filter()
    {
        var tree = Build24("ssl_server {\n ssl_min_protocol = TLSv1.3\n}\nlocal_name m.x.y {\n ssl_min_protocol = TLSv1.1\n}\n");
        Assert.Equal("TLSv1.3", tree.Effective("ssl_min_protocol", new DovecotConnection("m.x.y"))?.Value);
    }

    [Theory]
    [InlineData("protocols = imap lmtp\nprotocols = $protocols pop3\n", "imap lmtp pop3")]
    [InlineData("protocols = $protocols submission\n", "imap submission")]
    [InlineData("protocols = pop3\nprotocols {\n imap = yes\n pop3 = no\n}\n", "imap")]
    [InlineData("", "imap")]
    public void A_list_is_what_its_last_line_leaves(string text, string words) =>
        Assert.Equal(words, string.Join(' ', Build24(text).Words("protocols", "imap")));

    [Fact]
    public void Files_that_include_each_other_over_and_over_end_the_reading()
    {
        var files = Enumerable.Range(0, 40).Select(i => ($"{i}.conf", $"!include {i + 1}.conf\n!include {i + 1}.conf\n")).ToArray();
        Assert.Contains(Build("!include 0.conf\n", [.. files, ("40.conf", "")]).Problems, p => p.Problem.Contains("are included", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/a/*.conf", "/a/x.conf", true)]
    [InlineData("/a/*.conf", "/a/.x.conf", false)]
    [InlineData("/a/*.conf", "/a/b/x.conf", false)]
    [InlineData("/a/?x", "/a/yx", true)]
    [InlineData("/a/[a-c]x", "/a/bx", true)]
    [InlineData("/a/[!a-c]x", "/a/bx", false)]
    [InlineData("/a/[]-]x", "/a/-x", true)]
    [InlineData("/a/{b,c{d,e}}.f", "/a/ce.f", true)]
    [InlineData("/a/{b,c}.f", "/a/d.f", false)]
    [InlineData("/a/a*b*c", "/a/axbxbyc", true)]
    [InlineData("/a/\\*", "/a/*", true)]
    [InlineData("/a/\\*", "/a/x", false)]
    [InlineData("/a/{b", "/a/{b", true)]
    public void Patterns_match_as_glob_does(string pattern, string path, bool matches) =>
        Assert.Equal(matches, DovecotGlob.Matches(pattern, path));

    [Fact]
    public async Task The_files_of_a_configuration_are_collected_by_reading_and_listing()
    {
        var disk = new Dictionary<string, string>
        {
            [Root] = "!include {conf.d,more*}/*.conf\n!include_try gone.conf\n",
            ["/etc/dovecot/conf.d/a.conf"] = "!include b.ext\n",
            ["/etc/dovecot/conf.d/b.ext"] = "!include a.conf\n",
            ["/etc/dovecot/more1/c.conf"] = "",
            ["/etc/dovecot/other"] = "",
        };
        var found = await DovecotIncludes.CollectAsync(
            Root,
            path => Task.FromResult(disk.GetValueOrDefault(path)),
            folder => Task.FromResult<IReadOnlyList<string>>(
                [.. disk.Keys.Where(k => k.StartsWith(folder + "/", StringComparison.Ordinal)).Select(k => k[(folder.Length + 1)..].Split('/')[0]).Distinct()]));
        Assert.Equal(disk.Keys.Where(k => !k.EndsWith("other", StringComparison.Ordinal)).Order(), found.Select(f => f.Path).Order());
    }

    [Fact]
    public void Doveconf_output_is_read_with_hidden_values_quotes_and_blocks()
    {
        var output = DoveconfOutput.Parse(
            "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf\n# Hostname: mail\nlogin_greeting = \"it\\'s # b\"\nprotocols = \" imap pop3\"\nssl_cert = </x\n" +
            "ssl_key = # hidden, use -P to show it\nnamespace inbox {\n  location = \n  mailbox \"Sent Messages\" {\n    special_use = \\Sent\n  }\n}\nlocal_name a b {\n  ssl = no\n}\n");
        Assert.Equal("2.3.19.1", output.Version);
        Assert.Equal(("it's # b", " imap pop3", "/x"), (output.Find("login_greeting")?.Value, output.Find("protocols")?.Value, output.Find("ssl_cert")?.FilePath));
        Assert.Equal(DovecotValueKind.Hidden, output.Find("ssl_key")?.Kind);
        var inbox = output.Nodes.OfType<DovecotBlock>().First();
        Assert.Equal(["", "Sent Messages"], [((DovecotSetting)inbox.Children[0]).Value, ((DovecotBlock)inbox.Children[1]).Header.Argument]);
        Assert.Equal(new DovecotHeader("local_name", "a b"), output.Nodes.OfType<DovecotBlock>().Last().Header);
    }

    private static DovecotTree Build24(string root) => DovecotTree.Build(Root, new Dictionary<string, string> { [Root] = root }, DovecotGrammar.V24);

    private static DovecotTree Build(string root, params (string Name, string Text)[] files)
    {
        var texts = files.ToDictionary(f => "/etc/dovecot/" + f.Name, f => f.Text);
        texts[Root] = root;
        return DovecotTree.Build(Root, texts);
    }
}
