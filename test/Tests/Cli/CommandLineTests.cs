using System.Diagnostics;
using Sluice.Cli;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Help_teaches_the_flow_and_lists_every_command()
    {
        using var typed = new Typed();
        Assert.Equal(0, await typed.Run("--help"));
        Assert.StartsWith("Sluice takes one change from git push to production without ever building it twice.\n", typed.Out, StringComparison.Ordinal);
        Assert.All(Catalog.All.Where(a => !a.Hidden), a => Assert.Contains($"  {a.Name} ", typed.Out, StringComparison.Ordinal));
        Assert.All(typed.Out.Split('\n'), line => Assert.True(line.Length <= 110, line));
    }

    [Fact]
    public async Task Each_command_has_help_with_an_example_that_it_would_parse()
    {
        foreach (var about in Catalog.All)
        {
            using var typed = new Typed();
            Assert.Equal(0, await typed.Run("help", about.Name));
            Assert.Contains(about.Example, typed.Out, StringComparison.Ordinal);
            Assert.Equal(0, await typed.Run(about.Name, "--help"));
            if (about.Example.StartsWith("sluice ", StringComparison.Ordinal) && !about.Hidden)
            {
                var words = about.Example.Split(' ');
                Assert.Equal(about, Catalog.Find(words[1]));
                Assert.Empty(about.Make().Parse(words[2..]).Errors);
            }
        }
    }

    [Theory]
    [InlineData("--to APP,... is empty: give it a value, or leave --to out.", "promote", "-a", "shop-staging", "--to", "")]
    [InlineData("--to APP,... needs a value.", "diff", "-a", "shop-staging", "--to=")]
    [InlineData("--app APP is empty: give it a value, or leave --app out.", "info", "-a", " ")]
    [InlineData("PIPELINE is empty.", "pipelines:destroy", "", "--confirm", "shop")]
    [InlineData("--to names no app: give the apps' names, or leave it out to promote to all that come next.", "promote", "-a", "shop-staging", "--to", ",")]
    [InlineData("--depth is a number of apps, 1 or more.", "pipeline", "-a", "shop", "-d", "-1")]
    public async Task A_variable_that_was_not_set_never_stands_for_all(string sentence, params string[] words)
    {
        using var typed = new Typed();
        Assert.Equal(64, await typed.Run(words));
        Assert.Contains(sentence, typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_for_a_topic_lists_its_commands()
    {
        using var typed = new Typed();
        Assert.Equal(0, await typed.Run("help pipelines"));
        Assert.All(Catalog.All.Where(a => a.Name.StartsWith("pipelines", StringComparison.Ordinal)), a => Assert.Contains(a.Name, typed.Out, StringComparison.Ordinal));
    }

    [Fact]
    public void No_two_commands_share_a_name()
    {
        var names = Catalog.All.SelectMany(a => a.Aliases.Append(a.Name)).ToArray();
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
    }

    [Theory]
    [InlineData("pipelines:promot", "pipelines:promote")]
    [InlineData("relaeses", "releases")]
    [InlineData("whoam", "whoami")]
    public async Task An_unknown_command_is_answered_with_what_was_meant(string wrong, string meant)
    {
        using var typed = new Typed();
        Assert.Equal(64, await typed.Run(wrong));
        Assert.Contains($"Did you mean {meant}", typed.Error, StringComparison.Ordinal);
        Assert.Empty(typed.Out);
    }

    [Theory]
    [InlineData("apps --frob")]
    [InlineData("ps:scale --frob -a shop")]
    [InlineData("pipelines:info")]
    [InlineData("pipelines:update -a shop")]
    [InlineData("releases -n many -a shop")]
    [InlineData("completion tcsh")]
    public async Task What_is_not_understood_exits_64_and_asks_no_server(string line)
    {
        await using var server = await ScriptedServer.StartAsync();
        using var typed = new Typed(server);
        Assert.Equal(64, await typed.Run(line));
        Assert.StartsWith(" ›   Error: ", typed.Error, StringComparison.Ordinal);
        Assert.Empty(server.Asked);
    }

    [Theory]
    [InlineData("apps --frob", "--frob is no flag of this command.")]
    [InlineData("create Bad_Name --frob", "--frob is no flag of this command.")]
    [InlineData("logs --lines web.1 -n 2", "--lines is no flag of this command.")]
    [InlineData("pipelines:info --frob", "--frob is no flag of this command.")]
    [InlineData("version a b", "Not understood: a b")]
    [InlineData("config:unset -a shop", "NAME is missing.")]
    [InlineData("pipelines:update -a shop", "--stage STAGE is missing.")]
    [InlineData("promote --to", "--to APP,... needs a value.")]
    [InlineData("logs -n x -a shop", "--num N takes a whole number, not \"x\".")]
    [InlineData("completion tcsh", "SHELL is one of bash, fish, zsh, not \"tcsh\".")]
    public async Task What_is_not_understood_is_said_in_words_for_people(string line, string sentence)
    {
        using var typed = new Typed();
        Assert.Equal(64, await typed.Run(line));
        Assert.StartsWith($" ›   Error: {sentence}\n", typed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("argument", typed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_know_exits_77()
    {
        await using var server = (await ScriptedServer.StartAsync()).Refuse("GET /account", 401, "unauthorized", "Invalid credentials provided.");
        using var typed = new Typed(server);
        Assert.Equal(77, await typed.Run("whoami"));
        Assert.Contains("does not know this key. Log in again with: sluice login http://", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_exits_69()
    {
        using var typed = new Typed { Variables = { ["SLUICE_URL"] = "http://127.0.0.1:1", ["SLUICE_KEY"] = "a-key" } };
        Assert.Equal(69, await typed.Run("apps"));
        Assert.Contains("The server at http://127.0.0.1:1 does not answer", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_no_sluice_exits_69()
    {
        await using var server = (await ScriptedServer.StartAsync()).Raw("GET /account", "<html>hello</html>", type: "text/html");
        using var typed = new Typed(server);
        Assert.Equal(69, await typed.Run("whoami"));
        Assert.Contains("Is that its address?", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_knows_commands_flags_stages_and_the_servers_apps()
    {
        await using var server = (await ScriptedServer.StartAsync()).On<IReadOnlyList<AppWire>>("GET /apps", [Answers.App("shop"), Answers.App("blog")]);
        using var typed = new Typed(server);
        Assert.Equal(0, await typed.Run("complete", "--", "sluice pipelines:pro"));
        Assert.Equal("pipelines:promote\n", typed.Out);
        Assert.Equal(0, await typed.Run("complete", "--", "sluice promote -a "));
        Assert.Equal("blog\nshop\n", typed.Out);
        Assert.Equal(0, await typed.Run("complete", "--", "sluice promote --r"));
        Assert.Equal("--release\n--remote\n", typed.Out);
        Assert.Equal(0, await typed.Run("complete", "--", "sluice pipelines:add shop -s st"));
        Assert.Equal("staging\n", typed.Out);
        Assert.Equal(0, await typed.Run("complete", "--", "sluice completion "));
        Assert.Contains("bash\n", typed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bash_completion_cuts_what_bash_has_already_behind_a_colon()
    {
        using var typed = new Typed();
        Assert.Equal(0, await typed.Run("completion bash"));
        var script = typed.Out + """

            sluice() { printf 'pipelines:promote\npipelines:profile\n'; }
            COMP_LINE='sluice pipelines:pro'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(sluice pipelines : pro); COMP_WORDBREAKS=$' \t\n:'
            _sluice
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        using var bash = Process.Start(new ProcessStartInfo("bash", ["--norc", "-c", script]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        Assert.Equal("promote\nprofile\n", await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }
}
