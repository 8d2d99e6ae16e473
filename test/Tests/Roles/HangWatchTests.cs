using System.Collections.Concurrent;
using System.Net.Sockets;
using Sluice.Roles;
using Sluice.Runtime;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Roles;

/// <summary>The watch over a process that says it is ready and does nothing: the test answers in its place, or not.</summary>
public sealed class HangWatchTests : IAsyncDisposable
{
    private readonly TempFolder folder = new();
    private readonly DataFolder data;
    private readonly ConcurrentQueue<string> said = new();
    private readonly CancellationTokenSource stop = new();
    private RoleKeeper keeper = null!;
    private HangWatch watch = null!;
    private Task kept = Task.CompletedTask;
    private Socket? listening;

    public HangWatchTests()
    {
        data = new DataFolder(folder.Path);
        Directory.CreateDirectory(data.Run);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_is_silent_for_the_whole_limit_is_replaced_and_killed_and_then_left_alone_for_a_while()
    {
        await KeepAsync(Launch.Server, StopsItself);
        Listen(data.ServerSocket);
        var first = keeper.Ready!;
        await LookAsync(12);
        Assert.Empty(said);
        await LookAsync(1);
        Assert.Equal(["The server has not answered for 60 s; replacing it.", "The server was replaced."], said);
        Assert.Equal(137, await first.Exit.WaitAsync(TimeSpan.FromSeconds(60), Ct));

        // Rounds in which its keeper is not yet at rest are excused: there may be some more than sixty.
        var rounds = 0;
        for (; said.Count == 2 && rounds < 10_000; rounds++)
        {
            await LookAsync(1);
            await Task.Delay(1, Ct);
        }
        Assert.InRange(rounds, 60, 9_999);
        Assert.Equal(4, said.Count);
    }

    [Fact]
    public async Task A_late_answer_is_an_answer()
    {
        await KeepAsync(Launch.Server, Sleeps);
        Listen(data.ServerSocket);
        var process = keeper.Ready;
        for (var times = 0; times < 3; times++)
        {
            await LookAsync(11);
            await AnswerAsync();
            await LookAsync(1);
        }
        Assert.Empty(said);
        Assert.Same(process, keeper.Ready);
    }

    [Fact]
    public async Task Rounds_that_come_late_count_nothing()
    {
        await KeepAsync(Launch.Server, Sleeps);
        Listen(data.ServerSocket);
        await LookAsync(100, isLate: true);
        Assert.Empty(said);
    }

    [Fact]
    public async Task Who_has_not_said_that_it_is_ready_is_not_asked()
    {
        await KeepAsync(Launch.Server, Sleeps);
        File.WriteAllText(data.PidFile(Launch.Server), "1\n");
        await LookAsync(100);
        Assert.Null(watch.Question);
        Assert.Empty(said);
    }

    [Theory]
    [InlineData(Launch.Server)]
    [InlineData(Launch.Agent)]
    public async Task Where_nobody_listens_nobody_answers(string role)
    {
        await KeepAsync(role, Sleeps);
        var first = keeper.Ready;
        for (var round = 0; round < 13; round++)
        {
            await LookAsync(1);
            if (role == Launch.Server)
                await watch.Question!.ContinueWith(_ => { }, TaskScheduler.Default);
        }
        Assert.NotEqual(first, keeper.Ready);
    }

    [Fact]
    public async Task A_router_that_hangs_is_replaced_after_a_third_and_killed_and_its_socket_goes_with_it()
    {
        await KeepAsync(Launch.Router, StopsItself);
        var first = keeper.Ready!;
        Listen(data.RouterSocket(first.Pid));
        await LookAsync(4);
        Assert.Empty(said);
        await LookAsync(1);
        Assert.Equal(["The router has not answered for 20 s; replacing it.", "The router was replaced."], said);
        Assert.Equal(137, await first.Exit.WaitAsync(TimeSpan.FromSeconds(60), Ct));
        await UntilAsync(() => data.RouterSockets.Length == 0);
    }

    [Fact]
    public async Task A_router_that_answers_after_all_drains_in_peace()
    {
        await KeepAsync(Launch.Router, NotesEachEnd);
        var first = keeper.Ready!;
        Assert.True(await keeper.ReplaceHungAsync(first, answer: Task.CompletedTask, Ct));
        await UntilAsync(() => File.Exists(folder.At("ends")));
        await Task.WhenAny(first.Exit, Task.Delay(200, Ct));
        Assert.False(first.Exit.IsCompleted);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listening?.Dispose();
        await keeper.StopAsync(TimeSpan.Zero, TimeSpan.Zero);
        await kept.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        folder.Dispose();
    }

    // READY is where it says that it is.
    private const string Sleeps = "READY; exec sleep 600";
    private const string StopsItself = "trap '' TERM; READY; kill -STOP $$";
    private const string NotesEachEnd = "trap 'echo asked to end >> ends' TERM; READY; while :; do sleep 0.02; done";

    private async Task KeepAsync(string role, string script)
    {
        var mark = data.PidFile(role);
        keeper = new RoleKeeper(role, () => new SpawnSpec
        {
            File = "/bin/sh",
            Args = ["sh", "-c", script.Replace("READY", $"echo $$ > '{mark}.new'; mv '{mark}.new' '{mark}'", StringComparison.Ordinal)],
            Env = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("PATH", "/usr/bin:/bin"),
            WorkingDirectory = folder.Path,
        }, data, said.Enqueue, TimeProvider.System);
        kept = keeper.KeepAsync(stop.Token);
        await keeper.ReadyAsync(Ct);
        watch = new HangWatch(keeper, new SignOfLife(data), TimeSpan.FromSeconds(60), said.Enqueue, TimeProvider.System);
    }

    private void Listen(string socket)
    {
        listening = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listening.Bind(new UnixDomainSocketEndPoint(socket));
        listening.Listen(8);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 3000, "It did not come about within 60 s.");
            await Task.Delay(20, Ct);
        }
    }

    private async Task LookAsync(int rounds, bool isLate = false)
    {
        for (var round = 0; round < rounds; round++)
            await watch.LookAsync(isLate, Ct);
    }

    /// <summary>Answers the question that stands, and returns when the answer has come.</summary>
    private async Task AnswerAsync()
    {
        var question = watch.Question!;
        using var asking = await listening!.AcceptAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct);
        await asking.SendAsync("HTTP/1.1 503 Service Unavailable\r\n\r\n"u8.ToArray(), Ct);
        asking.Shutdown(SocketShutdown.Both);
        await question.WaitAsync(TimeSpan.FromSeconds(60), Ct);
    }
}
