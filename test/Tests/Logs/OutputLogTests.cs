using System.Text;
using Sluice.Logs;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Logs;

public sealed class OutputLogTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TempFolder folder = new();
    private readonly OpenLogs logs;

    public OutputLogTests() => logs = new OpenLogs(new DataFolder(folder.Path), TimeProvider.System);

    [Fact]
    public async Task Readers_get_everything_from_the_first_line_until_it_is_closed()
    {
        var build = BuildId.New();
        var log = logs.Begin(build);
        await log.WriteLineAsync("-----> Node.js app detected", None);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() => ReadAsync(build))).ToArray();
        for (var i = 0; i < 500; i++)
            await log.WriteLineAsync($"line {i}", None);
        Assert.All(readers, r => Assert.False(r.IsCompleted));
        await log.DisposeAsync();

        var expected = "-----> Node.js app detected\n" + string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"));
        foreach (var reader in readers)
            Assert.Equal(expected, await reader.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(expected, await ReadAsync(build));
    }

    [Fact]
    public async Task A_line_reaches_a_reader_while_the_log_is_open()
    {
        var release = ReleaseId.New();
        await using var log = logs.Begin(release);
        await using var reader = logs.FollowAsync(release, None).GetAsyncEnumerator();
        for (var i = 0; i < 3; i++)
        {
            var next = reader.MoveNextAsync().AsTask();
            await log.WriteLineAsync($"{i}", None);
            Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(10)));
            Assert.Equal($"{i}\n", Encoding.UTF8.GetString(reader.Current.Span));
        }
    }

    [Fact]
    public async Task A_log_whose_writer_died_ends_where_it_ends()
    {
        var build = BuildId.New();
        Directory.CreateDirectory(Path.GetDirectoryName(logs.PathOf(build))!);
        await File.WriteAllTextAsync(logs.PathOf(build), "half a li");
        Assert.Equal("half a li", await ReadAsync(build).WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal("", await ReadAsync(BuildId.New()));
        Assert.False(logs.Exists(BuildId.New()));
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_cut_and_says_so()
    {
        var build = BuildId.New();
        await using (var log = logs.Begin(build))
        {
            for (var i = 0; i < 12; i++)
                await log.WriteAsync(new byte[1024 * 1024], None);
        }
        Assert.EndsWith("[the output is longer than 10 MB: the rest is not shown]\n", await ReadAsync(build));
        Assert.InRange(new FileInfo(logs.PathOf(build)).Length, OpenLogs.LimitBytes, OpenLogs.LimitBytes + 100);
    }

    [Fact]
    public async Task A_build_that_begins_again_begins_its_log_anew()
    {
        var build = BuildId.New();
        await using (var log = logs.Begin(build))
        {
            Assert.Throws<InvalidOperationException>(() => logs.Begin(build));
            await log.WriteLineAsync("first", None);
        }
        await using (var log = logs.Begin(build))
            await log.WriteLineAsync("second", None);
        Assert.Equal("second\n", await ReadAsync(build));
    }

    public void Dispose() => folder.Dispose();

    private async Task<string> ReadAsync(BuildId build)
    {
        var bytes = new List<byte>();
        await foreach (var chunk in logs.FollowAsync(build, None))
            bytes.AddRange(chunk.Span);
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
