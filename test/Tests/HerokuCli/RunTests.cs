using System.Text.RegularExpressions;
using Sluice.Tests.Api;
using Sluice.Tests.House;

namespace Sluice.Tests.HerokuCli;

/// <summary>Dynos by hand, with the Heroku CLI as people have it: over TLS, with the private authority that <c>sluice env</c> names.</summary>
public sealed class RunTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task A_command_runs_beside_the_app_and_its_exit_code_comes_back()
    {
        var ran = await RunAsync("heroku run -x -a shop-staging -e 'EXTRA=from the flag;MORE=1' -- 'echo \"$GREETING, $EXTRA, $MORE, $DYNO\"; ls server.pl; exit 3'");
        Assert.Equal(3, ran.ExitCode);
        Assert.Matches("Staging, from the flag, 1, run\\.[0-9]{4}\nserver.pl\n", ran.Output);
        Assert.DoesNotContain("heroku-command-exit-status", ran.Output);
        Assert.Contains("Process exited with code 3", ran.Said);
        Assert.Equal(0, (await RunAsync("heroku run -x -a shop-staging --no-tty true")).ExitCode);
        Assert.Contains("There is no dyno size huge", (await RunAsync("heroku run -a shop-staging -s huge true")).Said);
        Assert.Contains("shop has nothing to run yet: push code to it first.", (await RunAsync("heroku run -a shop true")).Said);
    }

    [Fact]
    public async Task What_is_piped_in_is_read_to_its_end_and_comes_out_as_it_is()
    {
        // More than any buffer on the way, and what looks like an end on the way, too.
        var ran = await RunAsync("(seq 1 60000; printf 'x\\004y\\n'; echo last) | heroku run -x -a shop-staging -- 'cat | sha256sum'");
        var here = await RunAsync("(seq 1 60000; printf 'x\\004y\\n'; echo last) | sha256sum");
        Assert.Equal(0, ran.ExitCode);
        Assert.Equal(here.Output, ran.Output);
    }

    [Fact]
    public async Task At_a_terminal_one_sees_its_size_types_into_a_shell_and_Ctrl_C_reaches_the_command()
    {
        await using var typist = await heroku.TypeAsync("heroku", "run", "-x", "-a", "shop-staging", "bash");
        await typist.UntilAsync("$ ");
        await typist.TypeAsync("stty size; echo \"$COLUMNS x $LINES, $TERM\"; test -t 0 && echo term'inal'\r");
        await typist.UntilAsync("30 90");
        await typist.UntilAsync("90 x 30, xterm");
        await typist.UntilAsync("terminal");
        await InterruptCatAsync(typist);
        await typist.UntilAsync("$ ");
        await typist.TypeAsync("exit 7\r");
        Assert.Equal(7, await typist.EndAsync());
    }

    [Fact]
    public async Task A_detached_one_is_in_ps_prints_into_the_log_and_can_be_stopped()
    {
        var started = await RunAsync("heroku run:detached -a shop-staging --type job -s standard-2x -- 'echo begun on $DYNO; sleep 1000'");
        Assert.Equal(0, started.ExitCode);
        var name = Regex.Match(started.Output, "job\\.[0-9]{4}").Value;
        await UntilAsync("heroku logs -a shop-staging --dyno " + name, $"app[{name}]: begun on {name}");
        await UntilAsync("heroku logs -a shop-staging -n 500", $"heroku[{name}]: Starting process with command `echo begun on $DYNO; sleep 1000`");
        var ps = await RunAsync("heroku ps -a shop-staging");
        Assert.Contains(name, ps.Said);
        Assert.Contains("(Standard-2X)", ps.Said);
        Assert.Equal(0, (await RunAsync("heroku ps:stop " + name + " -a shop-staging")).ExitCode);
        Assert.DoesNotContain(name, (await RunAsync("heroku ps -a shop-staging")).Said);
        await UntilAsync("heroku logs -a shop-staging --dyno " + name, "State changed from up to complete");
    }

    [Fact]
    public async Task One_that_is_attached_is_in_ps_too_and_stopping_it_ends_its_caller()
    {
        await using var typist = await heroku.TypeAsync("heroku", "run", "-a", "shop-staging", "echo here; sleep 1000");
        await typist.UntilAsync("here");
        var name = Regex.Match((await RunAsync("heroku ps -a shop-staging")).Output, "run\\.[0-9]{4}").Value;
        Assert.NotEqual("", name);
        Assert.Equal(0, (await RunAsync("heroku ps:kill " + name + " -a shop-staging")).ExitCode);
        await typist.EndAsync();
        Assert.DoesNotContain(name, await RunningAsync());
    }

    [Fact]
    public async Task The_command_line_of_Sluice_does_the_same()
    {
        var ran = await RunAsync($"(seq 1 5000; echo last) | {Sluice} run -a shop-staging -e EXTRA=1 -- 'wc -l; echo $EXTRA $GREETING; exit 5'");
        Assert.Equal(5, ran.ExitCode);
        Assert.Equal("5001\n1 Staging\n", ran.Output);
        Assert.Matches("Running .* on shop-staging... up, run\\.[0-9]{4}\n", ran.Errors);
        var named = await RunAsync($"{Sluice} run -a shop-staging release < /dev/null");
        Assert.Equal((0, "migrating for Staging\n"), (named.ExitCode, named.Output));
        Assert.Equal(2, (await RunAsync($"{Sluice} run -a shop -- true")).ExitCode);

        await using var typist = await heroku.TypeAsync("env", $"SLUICE_DATA={heroku.Sluice.Data.Root}", Binary, "run", "-a", "shop-staging", "bash");
        await typist.UntilAsync("$ ");
        await typist.TypeAsync("stty size\r");
        await typist.UntilAsync("30 90");
        await InterruptCatAsync(typist);
        await typist.UntilAsync("$ ");
        await typist.TypeAsync("exit 7\r");
        Assert.Equal(7, await typist.EndAsync());
    }

    [Fact]
    public async Task A_restart_of_server_or_agent_leaves_a_detached_one_alone_and_ends_an_attached_one_with_a_sentence()
    {
        var name = Regex.Match((await RunAsync("heroku run:detached -a shop-staging -- 'echo once; sleep 1000'")).Output, "run\\.[0-9]{4}").Value;
        await UntilAsync("heroku logs -a shop-staging --dyno " + name, $"app[{name}]: once");
        foreach (var role in new[] { "server", "agent" })
        {
            await using var typist = await heroku.TypeAsync("heroku", "run", "-a", "shop-staging", "echo here; sleep 1000");
            await typist.UntilAsync("here");
            var restarted = await RunAsync($"'{Built.Server}' restart {role} --data '{heroku.Sluice.Data.Root}'");
            Assert.True(restarted.ExitCode == 0, restarted.ToString());
            await typist.EndAsync();
            Assert.Contains(role == "server" ? "Sluice restarts" : "Platform error", typist.Seen);
            await HerokuCliWorld.UntilAsync(async () => (await RunningAsync()).SequenceEqual([name]));
        }

        Assert.Equal(0, (await RunAsync("heroku ps:stop " + name + " -a shop-staging")).ExitCode);
        Assert.Single(Regex.Matches((await RunAsync("heroku logs -n 1500 -a shop-staging --dyno " + name)).Output, "app.*once"));
    }

    /// <summary>What cat gives back was typed to it and to nobody else: it is in front, and Ctrl-C is for it.</summary>
    private static async Task InterruptCatAsync(Typist typist)
    {
        // The shell has left its line editor when it runs this: what is typed from here on is for cat.
        await typist.TypeAsync("echo rea'dy'; cat\r");
        await typist.UntilAsync("ready");
        await typist.TypeAsync("twice\r");
        await typist.UntilAsync("twice");
        await typist.UntilAsync("twice");
        await typist.TypeAsync("\u0003");
    }

    private static string Binary => Built.Cli;

    private string Sluice => $"SLUICE_DATA='{heroku.Sluice.Data.Root}' '{Binary}'";

    private Task<Ran> RunAsync(string script) => heroku.RunAsync(heroku.Sluice.Scratch("elsewhere"), heroku.WithKey, ["bash", "-c", script]);

    /// <summary>Names of the dynos that somebody runs by hand.</summary>
    private async Task<string[]> RunningAsync() =>
        [.. (await heroku.AskAsync("GET", "/apps/shop-staging/dynos")).EnumerateArray().Select(dyno => dyno.GetProperty("name").GetString()!).Where(name => name.StartsWith("run.", StringComparison.Ordinal))];

    private async Task UntilAsync(string script, string text)
    {
        for (var tries = 0; ; tries++)
        {
            var ran = await RunAsync(script);
            if (ran.Output.Contains(text, StringComparison.Ordinal))
                return;
            Assert.True(tries < 30, $"{script} does not say {text}: {ran}");
            await Task.Delay(500);
        }
    }
}
