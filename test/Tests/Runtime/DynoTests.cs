using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sluice.Runtime;
using Sluice.Slugs;

namespace Sluice.Tests.Runtime;

/// <summary>A real agent process on a fresh DIR with one slug in its store; asked as the server asks it.</summary>
public sealed class RunningAgent : IAsyncDisposable
{
    private readonly CancellationToken ct = TestContext.Current.CancellationToken;
    private readonly string[] flags;
    private int pid;

    private readonly uint? uid;

    private RunningAgent(string[] flags, uint? uid)
    {
        (this.flags, this.uid) = (flags, uid);
        File.SetUnixFileMode(Data.Root, (UnixFileMode)Convert.ToInt32("755", 8));
        Runtime = new LocalRuntime(new AgentClient(Data));
    }

    internal DataFolder Data { get; } = new(Directory.CreateTempSubdirectory("sluice-dyno-").FullName);
    internal LocalRuntime Runtime { get; }
    internal SlugDigest Slug { get; private set; }
    internal AppId App { get; } = AppId.New();

    internal static Task<RunningAgent> StartAsync(params string[] flags) => StartAsync(null, flags);

    /// <summary>As another user: from a copy of the binary, since the folder of the tests may be closed to it.</summary>
    internal static async Task<RunningAgent> StartAsync(uint? uid, params string[] flags)
    {
        var agent = new RunningAgent(flags, uid);
        var tree = Directory.CreateDirectory(Path.Combine(agent.Data.Builds, "tree")).FullName;
        await File.WriteAllTextAsync(Path.Combine(tree, "hello.txt"), "hello from the slug\n");
        await File.WriteAllTextAsync(Path.Combine(tree, "web.py"), """
            import http.server, os, signal, sys, threading
            class Hello(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200); self.end_headers(); self.wfile.write((os.environ["DYNO"] + " " + open("hello.txt").read()).encode())
                def log_message(self, *a): print("asked", a[1], flush=True)
            server = http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Hello)
            def stop(*a): print("stopping", flush=True); threading.Thread(target=server.shutdown).start()
            signal.signal(signal.SIGTERM, stop)
            print("listening", flush=True)
            server.serve_forever()
            print("bye", flush=True)
            """);
        using (var store = new SlugStore(agent.Data))
            agent.Slug = (await store.PutAsync(tree, "debian-12", TestContext.Current.CancellationToken)).Digest;
        Directory.CreateDirectory(agent.Data.Run);
        if (uid is not null)
        {
            await Shell.TextAsync(new Command("cp", "-r", AppContext.BaseDirectory, Path.Combine(agent.Data.Root, "copy")), TestContext.Current.CancellationToken);
            await Shell.TextAsync(new Command("chown", "-R", $"{uid}:{uid}", agent.Data.Root), TestContext.Current.CancellationToken);
        }
        agent.Begin();
        // On a busy machine its self-check takes longer than a client waits for an agent.
        for (var tries = 0; tries < 600 && !File.Exists(agent.Data.AgentSocket); tries++)
            await Task.Delay(100, TestContext.Current.CancellationToken);
        return agent;
    }

    /// <summary>Starts the process; answered once it takes requests.</summary>
    internal void Begin()
    {
        pid = Spawn.Start(new SpawnSpec
        {
            File = uid is null ? Path.Combine(AppContext.BaseDirectory, "sluice") : "/usr/bin/setpriv",
            Args = [.. uid is null ? ["sluice"] : new[] { "setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", Path.Combine(Data.Root, "copy", "sluice") }, "agent", "--data", Data.Root, .. flags],
            Descriptors = [(2, 1), (2, 2)],
            Env = ImmutableDictionary<string, string>.Empty.Add("PATH", Shell.Path).Add("HOME", Data.Root).Add("DOTNET_ROOT", Path.GetDirectoryName(Environment.ProcessPath is { } p && p.EndsWith("dotnet", StringComparison.Ordinal) ? p : "/usr/share/dotnet/dotnet")!),
        });
    }

    internal async Task KillAsync()
    {
        Spawn.Kill(pid, 9);
        await Spawn.WaitAsync(pid, ct);
    }

    internal DynoStart Start(string type, string command, params (string Name, string Value)[] env) => new()
    {
        Id = DynoId.New(), App = App, Name = $"{type}.1", Type = type, Generation = 1, Slug = Slug, Env = env.ToImmutableDictionary(e => e.Name, e => e.Value), Command = command, Size = "Basic",
    };

    internal async Task<DynoStatus> BecomesAsync(DynoId id, DynoState state)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(TimeSpan.FromSeconds(20));
        var seen = new List<DynoStatus>();
        try
        {
            await foreach (var status in Runtime.WatchAsync(late.Token))
            {
                if (status.Id != id)
                    continue;
                seen.Add(status);
                if (status.State == state)
                    return status;
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Said below.
        }
        throw new InvalidOperationException($"Never became {state}: {string.Join(", ", seen)}");
    }

    internal async Task<List<DynoLine>> LinesUntilAsync(string text, long after = 0)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(TimeSpan.FromSeconds(20));
        var lines = new List<DynoLine>();
        await foreach (var line in Runtime.LinesAsync(after, late.Token))
        {
            lines.Add(line);
            if (line.Text == text)
                break;
        }
        return lines;
    }

    internal async Task<string> GetAsync(DynoStatus dyno)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        return await http.GetStringAsync($"http://{dyno.Address}:{dyno.Port}/", ct);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var dyno in await Runtime.ListAsync(CancellationToken.None))
            await Runtime.StopAsync(dyno.Id, TimeSpan.Zero, CancellationToken.None);
        Spawn.Kill(pid, 15);
        await Spawn.WaitAsync(pid, CancellationToken.None);
        Directory.Delete(Data.Root, recursive: true);
    }
}

public sealed class DynoTests
{
    private readonly CancellationToken ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_web_dyno_answers_at_its_address_prints_its_lines_and_stops_when_told()
    {
        await using var agent = await RunningAgent.StartAsync();
        var start = agent.Start("web", "python3 web.py");
        Assert.Equal(DynoState.Starting, (await agent.Runtime.StartAsync(start, ct)).State);
        var up = await agent.BecomesAsync(start.Id, DynoState.Up);
        Assert.Equal("web.1 hello from the slug\n", await agent.GetAsync(up));
        Assert.Equal(up, await agent.Runtime.StartAsync(start, ct));
        if (Environment.IsPrivilegedProcess)
        {
            // An interpreter with a web server needs a few megabytes and some milliseconds.
            var usage = Assert.Single(await agent.Runtime.UsageAsync(ct));
            Assert.Equal((start.Id, start.App), (usage.Dyno, usage.App));
            Assert.InRange(usage.MemoryBytes, 1 << 20, 512 << 20);
            Assert.InRange(usage.CpuTime, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        }

        var began = Stopwatch.GetTimestamp();
        await agent.Runtime.StopAsync(start.Id, TimeSpan.FromSeconds(20), ct);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
        var stopped = Assert.Single(await agent.Runtime.ListAsync(ct));
        Assert.Equal((DynoState.Complete, 0, null), (stopped.State, stopped.ExitCode, stopped.Reason));
        var lines = await agent.LinesUntilAsync("bye");
        Assert.Equal(["listening", "asked", "stopping", "bye"], lines.Select(l => l.Text.Split(' ')[0]).Where(l => l.Length > 0));
        Assert.True(lines.Zip(lines.Skip(1)).All(p => p.First.Seq + 1 == p.Second.Seq));
        Assert.False(Directory.Exists(Path.Combine(agent.Data.Sandboxes, start.Id.Value.ToString("N"))));
        await agent.Runtime.StopAsync(start.Id, TimeSpan.Zero, ct);
    }

    [Fact]
    public async Task A_dyno_survives_the_agents_death_and_the_next_agent_takes_it_over()
    {
        await using var agent = await RunningAgent.StartAsync();
        var web = agent.Start("web", "python3 web.py");
        var worker = agent.Start("worker", "sleep 2; exit 3");
        await agent.Runtime.StartAsync(web, ct);
        await agent.Runtime.StartAsync(worker, ct);
        var up = await agent.BecomesAsync(web.Id, DynoState.Up);
        var seq = (await agent.LinesUntilAsync("listening"))[^1].Seq;

        await agent.KillAsync();
        Assert.Equal("web.1 hello from the slug\n", await agent.GetAsync(up));   // prints a line while nobody reads
        agent.Begin();

        Assert.Equal(up, (await agent.Runtime.ListAsync(ct)).Single(d => d.Id == web.Id));
        var crashed = await agent.BecomesAsync(worker.Id, DynoState.Crashed);
        Assert.Equal(3, crashed.ExitCode);
        Assert.Equal("web.1 hello from the slug\n", await agent.GetAsync(up));
        var lines = await agent.LinesUntilAsync("asked GET / HTTP/1.1", seq);
        Assert.All(lines, l => Assert.True(l.Seq > seq));
        await agent.Runtime.StopAsync(web.Id, TimeSpan.FromSeconds(20), ct);
        Assert.Equal((DynoState.Complete, 0), (await agent.Runtime.ListAsync(ct)).Where(d => d.Id == web.Id).Select(d => (d.State, d.ExitCode!.Value)).Single());
    }

    [Fact]
    public async Task What_ignores_sigterm_is_killed_after_its_grace()
    {
        await using var agent = await RunningAgent.StartAsync();
        var start = agent.Start("worker", "trap '' TERM; echo ready; while :; do sleep 0.1; done");
        await agent.Runtime.StartAsync(start, ct);
        await agent.LinesUntilAsync("ready");
        await agent.Runtime.StopAsync(start.Id, TimeSpan.FromMilliseconds(500), ct);
        var stopped = Assert.Single(await agent.Runtime.ListAsync(ct));
        Assert.Equal((DynoState.Complete, 137), (stopped.State, stopped.ExitCode));
        Assert.StartsWith("R12", stopped.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_is_not_web_is_up_when_it_lives_for_two_seconds_and_crashed_when_it_exits_badly()
    {
        await using var agent = await RunningAgent.StartAsync();
        var (good, bad) = (agent.Start("worker", "sleep 60"), agent.Start("clock", "echo oh; exit 9"));
        await agent.Runtime.StartAsync(good, ct);
        await agent.Runtime.StartAsync(bad, ct);
        Assert.Equal(9, (await agent.BecomesAsync(bad.Id, DynoState.Crashed)).ExitCode);
        Assert.Null((await agent.BecomesAsync(good.Id, DynoState.Up)).Address);
    }

    [Fact]
    public async Task Where_processors_are_short_a_web_dyno_comes_before_a_worker()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "without root there are no control groups");
        await using var agent = await RunningAgent.StartAsync();
        const string Weight = "cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>/dev/null; echo said; sleep 60";
        var (web, worker) = (agent.Start("web", Weight), agent.Start("worker", Weight));
        await agent.Runtime.StartAsync(web, ct);
        var first = await agent.LinesUntilAsync("said");
        await agent.Runtime.StartAsync(worker, ct);
        var second = await agent.LinesUntilAsync("said", first[^1].Seq);
        Assert.Equal(4 * int.Parse(second[0].Text, CultureInfo.InvariantCulture), int.Parse(first[0].Text, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_one_off_command_gives_its_output_and_code()
    {
        await using var agent = await RunningAgent.StartAsync();
        var output = new MemoryStream();
        var run = new OneOff
        {
            Id = DynoId.New(), App = agent.App, Name = "release.1", Slug = agent.Slug, Env = ImmutableDictionary<string, string>.Empty.Add("GREETING", "hi"), Command = "echo $GREETING from $DYNO >&2; cat hello.txt; exit 4",
            Size = "Basic", Limit = TimeSpan.FromSeconds(20),
        };
        var exit = await agent.Runtime.RunAsync(run, bytes => { output.Write(bytes.Span); return default; }, ct);
        Assert.Equal(new SandboxExit(4, false, false), exit);
        Assert.Equal("hi from release.1\nhello from the slug\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task A_one_off_at_a_terminal_reads_what_is_typed_and_cannot_type_itself()
    {
        await using var agent = await RunningAgent.StartAsync();
        var (output, typed) = (new MemoryStream(), false);
        var run = new OneOff
        {
            Id = DynoId.New(), App = agent.App, Name = "run.1", Slug = agent.Slug, Env = ImmutableDictionary<string, string>.Empty, Size = "Basic", Limit = TimeSpan.FromSeconds(60),
            Command = "stty size; perl -e '$x = \"x\"; print ioctl(STDIN, 0x5412, $x) ? \"typed\" : \"denied\", \"\\n\"'; read line; echo \"got $line\"; exit 6",
            Terminal = new TerminalSize(90, 30), TakesInput = true,
        };
        var exit = await agent.Runtime.RunAsync(run, async bytes =>
        {
            output.Write(bytes.Span);
            if (!typed)
                await agent.Runtime.TypeAsync(run.Id, "hello\n"u8.ToArray(), isEnd: false, ct);
            typed = true;
        }, ct);
        var seen = Encoding.UTF8.GetString(output.ToArray());
        Assert.Equal(new SandboxExit(6, false, false), exit);
        Assert.Contains("30 90\r\n", seen);
        Assert.Contains("denied\r\n", seen);
        Assert.Contains("got hello\r\n", seen);
    }

    [Fact]
    public async Task A_detached_one_off_needs_no_port_and_ends_at_its_limit_whoever_is_agent_then()
    {
        await using var agent = await RunningAgent.StartAsync();
        var start = agent.Start("web", "sleep 600") with { Name = "web.4711", IsOneOff = true, Limit = TimeSpan.FromSeconds(5) };
        await agent.Runtime.StartAsync(start, ct);
        Assert.Null((await agent.BecomesAsync(start.Id, DynoState.Up)).Address);
        await agent.KillAsync();
        agent.Begin();
        Assert.Equal("Ran longer than it may, and was stopped", (await agent.BecomesAsync(start.Id, DynoState.Crashed)).Reason);
    }

    [Fact]
    public async Task Without_root_dynos_run_all_the_same_each_on_its_own_port()
    {
        await using var agent = await RunningAgent.StartAsync(uid: 23456);
        var (one, two) = (agent.Start("web", "python3 web.py"), agent.Start("web", "python3 web.py") with { Name = "web.2" });
        await agent.Runtime.StartAsync(one, ct);
        await agent.Runtime.StartAsync(two, ct);
        var (first, second) = (await agent.BecomesAsync(one.Id, DynoState.Up), await agent.BecomesAsync(two.Id, DynoState.Up));
        Assert.NotEqual(first.Port, second.Port);
        Assert.Equal("web.1 hello from the slug\n", await agent.GetAsync(first));
        Assert.Equal("web.2 hello from the slug\n", await agent.GetAsync(second));

        await agent.KillAsync();
        agent.Begin();
        Assert.Equal("web.1 hello from the slug\n", await agent.GetAsync(first));
        await agent.Runtime.StopAsync(one.Id, TimeSpan.FromSeconds(10), ct);
        Assert.Equal((DynoState.Complete, 0), (await agent.Runtime.ListAsync(ct)).Where(d => d.Id == one.Id).Select(d => (d.State, d.ExitCode!.Value)).Single());

        var exit = await agent.Runtime.RunAsync(new OneOff
        {
            Id = DynoId.New(), App = agent.App, Name = "run.1", Slug = agent.Slug, Env = ImmutableDictionary<string, string>.Empty, Command = "sleep 600", Size = "Basic", Limit = TimeSpan.FromMilliseconds(500),
        }, _ => default, ct);
        Assert.Equal(new SandboxExit(137, false, true), exit);
    }
}
