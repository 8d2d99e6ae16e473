using System.Text;
using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

public sealed class AgentTests : IDisposable
{
    private readonly DataFolder data = new(Directory.CreateTempSubdirectory("sluice-agent-").FullName);
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private sealed record Ask(string Word, int Times);

    private CancellationToken Ct => stop.Token;

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
        Directory.Delete(data.Root, recursive: true);
    }

    [Fact]
    public async Task Output_comes_in_order_and_frame_by_frame_before_the_result()
    {
        Serve(new AgentHost(data).On<Ask, int>("say", async (ask, write, _) =>
        {
            for (var i = 0; i < ask.Times; i++)
                await write(Encoding.UTF8.GetBytes(ask.Word + i));
            return ask.Times;
        }));
        var heard = new List<string>();
        var result = await new AgentClient(data).CallAsync<Ask, int>("say", new Ask("x", 1000), bytes => { heard.Add(Encoding.UTF8.GetString(bytes.Span)); return default; }, Ct);
        Assert.Equal(1000, result);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"x{i}"), heard);
    }

    [Fact]
    public async Task A_refusal_arrives_as_the_same_refusal_and_a_break_as_an_agents()
    {
        Serve(new AgentHost(data)
            .On<Ask, int>("refuse", (_, _, _) => throw Refuse.NotFound("app", "shop"))
            .On<Ask, int>("break", (_, _, _) => throw new IOException("The disk is full.")));
        var client = new AgentClient(data);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => client.CallAsync<Ask, int>("refuse", new Ask("", 0), null, Ct));
        Assert.Equal((RefusalKind.NotFound, "Couldn't find that app: shop.", "app"), (refused.Kind, refused.Message, refused.Resource));
        Assert.Equal("The disk is full.", (await Assert.ThrowsAsync<AgentException>(() => client.CallAsync<Ask, int>("break", new Ask("", 0), null, Ct))).Message);
        Assert.Contains("`unknown`", (await Assert.ThrowsAsync<AgentException>(() => client.CallAsync<Ask, int>("unknown", new Ask("", 0), null, Ct))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_was_followed_by_another_is_refused_and_learns_that_it_is_stale()
    {
        var asked = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Serve(new AgentHost(data).On<Ask, int>("start", (ask, _, _) => { asked.Enqueue(ask.Word); return Task.FromResult(1); }));
        var old = ServerTerm.Take(data, TimeProvider.System);
        Assert.Equal(1, await new AgentClient(data, old).CallAsync<Ask, int>("start", new Ask("old", 0), null, Ct));

        var fresh = ServerTerm.Take(data, TimeProvider.System);
        Assert.True(fresh.Number > old.Number);
        Assert.Equal(1, await new AgentClient(data, fresh).CallAsync<Ask, int>("start", new Ask("fresh", 0), null, Ct));
        Assert.False(old.Superseded.IsCompleted);
        var refused = await Assert.ThrowsAsync<AgentException>(() => new AgentClient(data, old).CallAsync<Ask, int>("start", new Ask("stale", 0), null, Ct));
        Assert.Equal(ServerTerm.Sentence, refused.Message);
        Assert.True(old.Superseded.IsCompleted);
        Assert.Equal(RefusalKind.Unavailable, Assert.Throws<RefusedException>(old.Demand).Kind);

        fresh.Demand();
        Assert.Equal(1, await new AgentClient(data).CallAsync<Ask, int>("start", new Ask("supervisor", 0), null, Ct));
        Assert.Equal(["old", "fresh", "supervisor"], asked);
    }

    [Fact]
    public async Task A_caller_that_leaves_cancels_its_request()
    {
        var cancelled = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        Serve(new AgentHost(data).On<Ask, int>("wait", async (_, _, ct) =>
        {
            ct.Register(cancelled.SetResult);
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, ct);
            return 0;
        }));
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var call = new AgentClient(data).CallAsync<Ask, int>("wait", new Ask("", 0), null, leave.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(5), Ct);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(5), Ct);
    }

    [Fact]
    public async Task A_call_while_the_agent_restarts_waits_for_it()
    {
        var call = new AgentClient(data).CallAsync<Ask, string>("echo", new Ask("hello", 0), null, Ct);
        await Task.Delay(300, Ct);
        Assert.False(call.IsCompleted);
        Serve(new AgentHost(data).On<Ask, string>("echo", (ask, _, _) => Task.FromResult(ask.Word)));
        Assert.Equal("hello", await call);
    }

    [Fact]
    public async Task Large_requests_and_many_callers_at_once_are_served()
    {
        Serve(new AgentHost(data).On<Ask, int>("length", (ask, _, _) => Task.FromResult(ask.Word.Length + ask.Times)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => new AgentClient(data).CallAsync<Ask, int>("length", new Ask(new string('y', 200_000), i), null, Ct)));
        Assert.Equal(Enumerable.Range(200_000, 50), answers);
    }

    [Fact]
    public async Task Another_user_is_cut_off_even_if_it_can_open_the_socket()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root to become someone else.");
        Serve(new AgentHost(data).On<Ask, int>("say", (_, _, _) => Task.FromResult(1)));
        File.SetUnixFileMode(data.Root, (UnixFileMode)511);
        File.SetUnixFileMode(data.Run, (UnixFileMode)511);
        File.SetUnixFileMode(data.AgentSocket, (UnixFileMode)511);
        const string Script = "import socket,sys;s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1]);s.sendall(b'{\"op\":\"say\",\"body\":{\"word\":\"\",\"times\":0}}\\n');print(len(s.recv(99)))";
        var ask = new Command("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", "/usr/bin/python3", "-c", Script, data.AgentSocket);
        var root = new Command("/usr/bin/python3", "-c", Script, data.AgentSocket);
        Assert.Equal("6\n", await Shell.TextAsync(root, Ct));
        var result = await Shell.RunAsync(ask, Ct);
        Assert.True(result.Text == "0\n" || result.Errors.Contains("Connection reset", StringComparison.Ordinal) || result.Errors.Contains("Broken pipe", StringComparison.Ordinal), result.Text + result.Errors);
    }

    private void Serve(AgentHost host)
    {
        Directory.CreateDirectory(data.Run);
        _ = host.ServeAsync(Ct);
    }
}
