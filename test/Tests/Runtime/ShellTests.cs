using System.Text;
using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

public sealed class ShellTests
{
    private readonly CancellationToken ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Words_reach_the_program_untouched()
    {
        var text = await Shell.TextAsync(new Command("printf", "%s|", "a b", "$(id)", "--x", "'", ""), ct);
        Assert.Equal("a b|$(id)|--x|'||", text);
    }

    [Fact]
    public async Task Input_comes_back_whole_through_a_filter_even_when_it_is_large()
    {
        var input = new byte[3_000_000];
        Random.Shared.NextBytes(input);
        var result = await Shell.RunAsync(new Command("cat"), ct, input);
        Assert.Equal(input, result.Output);
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("kill -SEGV $$", 139)]
    public async Task The_exit_code_is_the_shells(string script, int code) =>
        Assert.Equal(code, (await Shell.RunAsync(new Command("sh", "-c", script), ct)).ExitCode);

    [Fact]
    public async Task Only_the_given_environment_and_the_three_streams_reach_it()
    {
        Assert.Equal("A=1\nPATH=" + Shell.Path + "\n", string.Join('\n', (await Shell.TextAsync(new Command("env").With("A", "1"), ct)).Split('\n').Order().Skip(1)) + "\n");
        Assert.Equal("0\n1\n2\n3\n", await Shell.TextAsync(new Command("ls", "/proc/self/fd"), ct));   // 3 is ls's own
    }

    [Fact]
    public async Task A_failure_says_what_was_run_without_its_secrets()
    {
        var command = new Command("sh", "-c", "echo $1 >&2; exit 3", "sh", "hunter2") { Secrets = ["hunter2"] };
        var failure = await Assert.ThrowsAsync<CommandFailedException>(() => Shell.TextAsync(command, ct));
        Assert.DoesNotContain("hunter2", failure.Message + failure.Result.Errors, StringComparison.Ordinal);
        Assert.Contains("ended with 3: [redacted]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_missing_is_said_by_name() =>
        Assert.Contains("`no-such-program` is not installed", (await Assert.ThrowsAsync<IOException>(() => Shell.RunAsync(new Command("no-such-program"), ct))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Cancelling_kills_it()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(ct);
        cancel.CancelAfter(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Shell.RunAsync(new Command("sleep", "60"), cancel.Token));
    }

    [Fact]
    public async Task Many_at_once_lose_no_exit_code()
    {
        var codes = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i => (await Shell.RunAsync(new Command("sh", "-c", "exit $1", "sh", $"{i}"), ct)).ExitCode));
        Assert.Equal(Enumerable.Range(0, 100), codes);
    }

    [Fact]
    public async Task A_descriptor_keeps_its_number_and_the_name_in_the_process_list_is_free()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using var file = File.Open(path, FileMode.Create);
        var pid = Spawn.Start(new SpawnSpec
        {
            File = "/bin/sh", Args = ["sluice router", "-c", "cat /proc/$$/cmdline >&5"], Descriptors = [((int)file.SafeFileHandle.DangerousGetHandle(), 5)],
            Env = new Dictionary<string, string> { ["PATH"] = Shell.Path }.ToImmutable(),
        });
        Assert.Equal(0, await Spawn.WaitAsync(pid, ct));
        file.Dispose();
        Assert.StartsWith("sluice router\0", Encoding.UTF8.GetString(await File.ReadAllBytesAsync(path, ct)), StringComparison.Ordinal);
        File.Delete(path);
    }
}

internal static class Immutable
{
    public static System.Collections.Immutable.ImmutableDictionary<string, string> ToImmutable(this Dictionary<string, string> from) =>
        System.Collections.Immutable.ImmutableDictionary.ToImmutableDictionary(from);
}
