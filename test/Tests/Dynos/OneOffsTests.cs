using Sluice.Apps;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Runtime;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Dynos;

public sealed class OneOffsTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ScriptedRuntime runtime = new();
    private readonly AppId shop = AppId.New();
    private readonly OneOffs oneOffs;

    public OneOffsTests() => oneOffs = new OneOffs(runtime, new AppLogs(new DataFolder(folder.Path), TimeProvider.System), TimeProvider.System);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_app_has_so_many_at_once_and_no_more_and_another_app_has_its_own()
    {
        for (var i = 0; i < Quota.OneOffs.Default; i++)
            await oneOffs.StartAsync(Plan(), CancellationToken.None);
        Assert.Equal(Quota.OneOffs.Default, oneOffs.Of(shop).Select(d => d.Name).Distinct().Count());
        var refused = Assert.Throws<RefusedException>(() => oneOffs.Await(Plan()));
        Assert.StartsWith("An app may have 20 one-off dynos at once. Stop one with ps:stop run.", refused.Message);
        await oneOffs.StartAsync(Plan() with { App = AppId.New() }, CancellationToken.None);

        oneOffs.See((await oneOffs.StartAsync(Plan() with { App = AppId.New() }, CancellationToken.None)) with { State = DynoState.Complete });
        Assert.True(await oneOffs.StopAsync(shop, "run", CancellationToken.None));
        Assert.Equal(Quota.OneOffs.Default, runtime.Stopped.Count);
    }

    [Fact]
    public async Task One_that_cannot_be_started_takes_no_place()
    {
        runtime.Fates = _ => ScriptedRuntime.Fate.CannotStart;
        await Assert.ThrowsAsync<AgentException>(() => oneOffs.StartAsync(Plan(), CancellationToken.None));
        Assert.Empty(oneOffs.Of(shop));
    }

    [Fact]
    public async Task An_address_is_for_one_caller_once_and_stopping_it_before_they_come_takes_it_away()
    {
        var waiting = oneOffs.Await(Plan());
        Assert.Equal(DynoState.Starting, Assert.Single(oneOffs.Of(shop)).State);
        Assert.NotNull(oneOffs.Take(waiting.Id));
        Assert.Null(oneOffs.Take(waiting.Id));
        var stopped = oneOffs.Await(Plan());
        Assert.True(await oneOffs.StopAsync(shop, stopped.Name, CancellationToken.None));
        Assert.Null(oneOffs.Take(stopped.Id));
        Assert.False(await oneOffs.StopAsync(shop, "run.0001", CancellationToken.None));
        Assert.Empty(runtime.Ran);
    }

    [Fact]
    public async Task The_callers_end_of_input_is_the_programs_and_an_exit_status_is_told_last()
    {
        runtime.OneOffs = async (_, print, ct) =>
        {
            await print("");
            while (!runtime.Typed.Contains(null))
                await Task.Delay(10, ct);
            await print("read all of it\n");
            return new SandboxExit(3, false, false);
        };
        var (caller, running) = await MeetAsync(Plan() with { TellsExit = true }, CancellationToken.None);
        await caller.WriteAsync("one\u0004two\u0004"u8.ToArray());
        Assert.Equal("read all of it\n\uFFFF heroku-command-exit-status: 3\n", await ReadAsync(caller));
        await running;
        Assert.Equal("one\u0004two", string.Concat(runtime.Typed.OfType<string>()));
        Assert.Empty(oneOffs.Of(shop));
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_it()
    {
        runtime.OneOffs = async (oneOff, print, ct) =>
        {
            await print("up\n");
            while (!runtime.Stopped.Contains(oneOff.Id))
                await Task.Delay(10, ct);
            return new SandboxExit(143, false, false);
        };
        var (caller, running) = await MeetAsync(Plan(), CancellationToken.None);
        await caller.ReadExactlyAsync(new byte[3]);
        caller.Dispose();
        await running.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(oneOffs.Of(shop));
    }

    [Fact]
    public async Task What_ends_it_from_outside_is_told_in_a_sentence_and_it_is_run_only_once()
    {
        runtime.OneOffs = (_, _, _) => throw new AgentException("The agent went away.");
        var (caller, running) = await MeetAsync(Plan(), CancellationToken.None);
        Assert.Equal("\r\nPlatform error: The agent went away. It was ended; run it again.\r\n", await ReadAsync(caller));
        await running;
        Assert.Single(runtime.Ran);

        runtime.OneOffs = async (_, print, ct) =>
        {
            await print("");
            await Task.Delay(Timeout.Infinite, ct);
            throw new InvalidOperationException();
        };
        using var stop = new CancellationTokenSource();
        (caller, running) = await MeetAsync(Plan(), stop.Token);
        await stop.CancelAsync();
        Assert.Contains("Sluice restarts", await ReadAsync(caller));
        await running;

        runtime.OneOffs = (_, _, _) => Task.FromResult(new SandboxExit(137, false, TimedOut: true));
        (caller, running) = await MeetAsync(Plan(), CancellationToken.None);
        Assert.Matches(@"run\.[0-9]{4} ran for 24 h, which is as long as it may, and was ended\.", await ReadAsync(caller));
        await running;
    }

    private OneOffPlan Plan() => new()
    {
        App = shop, Generation = 3, Slug = SlugDigest.Parse(new string('a', 64)), Env = ImmutableDictionary<string, string>.Empty, Type = "run", Command = "cat", Size = "Basic",
        Limit = OneOffs.Longest, By = "ada@example.com",
    };

    /// <summary>The caller's end of a connection to a dyno that runs.</summary>
    private async Task<(NetworkStream Caller, Task Running)> MeetAsync(OneOffPlan plan, CancellationToken ct)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var caller = new TcpClient();
        await caller.ConnectAsync((IPEndPoint)listener.LocalEndpoint, CancellationToken.None);
        var server = await listener.AcceptTcpClientAsync(CancellationToken.None);
        var attached = oneOffs.Take(oneOffs.Await(plan).Id)!;
        return (caller.GetStream(), RunAsync());

        async Task RunAsync()
        {
            using (server)
                await attached.RunAsync(server.GetStream(), ct);
        }
    }

    private static async Task<string> ReadAsync(Stream caller)
    {
        using var reader = new StreamReader(caller, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }
}
