using System.Text;
using Sluice.Cli.Commands.Runs;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class RunCommandTests
{
    [Fact]
    public async Task A_detached_run_sends_command_variables_size_and_type_and_names_the_log()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("POST /apps/shop/dynos", Answers.Dyno("shop", "job.4711", "starting"), 201);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("run:detached", "-a", "shop", "-e", "A=1;B=x=y z", "-s", "standard-2x", "--type", "job", "--", "rake", "say", "a b", "-v"));
        Assert.Equal("Run sluice logs --app shop --dyno job.4711 to view the output.\n", typed.Out);
        Assert.Equal("Running rake say \"a b\" -v on shop... done, job.4711\n", typed.Error);
        var body = Assert.Single(server.Asked);
        Assert.Contains("\"command\":\"rake say \\\"a b\\\" -v\"", body.Replace("\\u0022", "\\\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("\"attach\":false,\"env\":{\"A\":\"1\",\"B\":\"x=y z\"},\"size\":\"standard-2x\",\"type\":\"job\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_without_a_value_are_refused_before_anything_is_asked()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var typed = new Typed(server);
        Assert.Equal(64, await typed.Run("run:detached", "-a", "shop", "-e", "A", "true"));
        Assert.Contains("--env has \"A\", which is no NAME=VALUE.", typed.Error, StringComparison.Ordinal);
        Assert.Empty(server.Asked);
    }

    [Fact]
    public void Output_is_shown_without_the_line_that_tells_the_exit_code_however_it_is_cut()
    {
        var bytes = Encoding.UTF8.GetBytes("one\n\uFFFF two｡\uFFFF heroku-command-exit-status: 42\n");
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var output = new OutputWithExit();
            byte[] shown = [.. output.Of(bytes.AsMemory(0, cut)).Span, .. output.Of(bytes.AsMemory(cut)).Span, .. output.Rest().Span];
            Assert.Equal("one\n\uFFFF two｡", Encoding.UTF8.GetString(shown));
            Assert.Equal(42, output.ExitCode);
        }
    }

    [Fact]
    public void An_output_that_breaks_off_is_shown_whole_and_tells_no_exit_code()
    {
        var output = new OutputWithExit();
        byte[] shown = [.. output.Of("half\uFFFF hero"u8.ToArray()).Span, .. output.Rest().Span];
        Assert.Equal("half\uFFFF hero", Encoding.UTF8.GetString(shown));
        Assert.Null(output.ExitCode);
    }
}
