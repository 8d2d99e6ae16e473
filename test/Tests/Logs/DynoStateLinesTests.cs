using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Sluice.Runtime;

namespace Sluice.Tests.Logs;

public sealed class DynoStateLinesTests
{
    private static readonly AppId App = AppId.New();
    private static readonly DynoId Old = DynoId.New(), Web = DynoId.New();

    [Fact]
    public async Task Dynos_are_told_of_in_Herokus_words_and_only_when_something_changed()
    {
        var runtime = new Told(
            [
                [Status(Old, DynoState.Up) with { Since = DateTimeOffset.UnixEpoch }, Status(Web, DynoState.Starting), Status(Web, DynoState.Up)],
                [Status(Old, DynoState.Up), Status(Web, DynoState.Crashed) with { ExitCode = 1, Reason = "The process ended." }],
                [Status(Web, DynoState.Crashed), Status(Old, DynoState.Complete) with { ExitCode = 0 }],
            ]);
        var lines = new DynoStateLines(runtime, TimeProvider.System);
        List<string> told = [];
        for (var watch = 0; watch < 3; watch++)
        {
            await foreach (var line in lines.ReadAsync(CancellationToken.None))
                told.Add($"{line.Source}[{line.Dyno}]: {line.Text}");
        }
        Assert.Equal(
            [
                "heroku[web.1]: Starting process with command `node index.js`",
                "heroku[web.1]: State changed from starting to up",
                "heroku[web.1]: The process ended.",
                "heroku[web.1]: Process exited with status 1",
                "heroku[web.1]: State changed from up to crashed",
                "heroku[web.1]: Process exited with status 0",
                "heroku[web.1]: State changed from up to complete",
            ],
            told);
    }

    [Fact]
    public async Task Dynos_are_told_of_also_when_the_date_was_set_back_since()
    {
        var later = Status(DynoId.New(), DynoState.Starting) with { Since = DateTimeOffset.UnixEpoch.AddDays(1) };
        var lines = new DynoStateLines(new Told([[Status(Old, DynoState.Up) with { Since = DateTimeOffset.UnixEpoch }, later]]), TimeProvider.System);
        List<string> told = [];
        await foreach (var line in lines.ReadAsync(CancellationToken.None))
            told.Add(line.Text);
        Assert.Equal(["Starting process with command `node index.js`"], told);
    }

    [Fact]
    public async Task What_is_up_at_once_was_started_all_the_same()
    {
        var lines = new DynoStateLines(new Told([[Status(Old, DynoState.Up) with { Since = DateTimeOffset.UnixEpoch }, Status(Web, DynoState.Up)]]), TimeProvider.System);
        List<string> told = [];
        await foreach (var line in lines.ReadAsync(CancellationToken.None))
            told.Add(line.Text);
        Assert.Equal(["Starting process with command `node index.js`", "State changed from starting to up"], told);
    }

    private static DynoStatus Status(DynoId id, DynoState state) => new()
    {
        Id = id, App = App, Name = "web.1", Type = "web", Generation = 2, Size = "Basic", Command = "node index.js", State = state, Since = DateTimeOffset.MaxValue,
    };

    /// <summary>Says what it is told to, watch after watch.</summary>
    private sealed class Told(DynoStatus[][] watches) : IRuntime
    {
        private int next;

        public async IAsyncEnumerable<DynoStatus> WatchAsync([EnumeratorCancellation] CancellationToken ct)
        {
            foreach (var status in watches[next++])
            {
                await Task.Yield();
                yield return status;
            }
        }

        public Task<DynoStatus> StartAsync(DynoStart start, CancellationToken ct) => throw new NotSupportedException();

        public Task TypeAsync(DynoId dyno, ReadOnlyMemory<byte> bytes, bool isEnd, CancellationToken ct) => throw new NotSupportedException();

        public Task StopAsync(DynoId dyno, TimeSpan grace, CancellationToken ct) => throw new NotSupportedException();

        /// <summary>At its start there is one from before, and one of its own.</summary>
        public Task<ImmutableArray<DynoStatus>> ListAsync(CancellationToken ct) => Task.FromResult<ImmutableArray<DynoStatus>>([Status(Old, DynoState.Up) with { Since = DateTimeOffset.UnixEpoch }, Status(Web, DynoState.Up)]);

        public Task<ImmutableArray<DynoUsage>> UsageAsync(CancellationToken ct) => throw new NotSupportedException();

        public IAsyncEnumerable<DynoLine> LinesAsync(long after, CancellationToken ct) => throw new NotSupportedException();

        public Task<SandboxExit> RunAsync(OneOff oneOff, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct) => throw new NotSupportedException();
    }
}
