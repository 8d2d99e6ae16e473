using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using Sluice.Storage;

namespace Sluice.Runtime;

/// <summary>All dynos of this agent, its own and those that it took over.</summary>
internal sealed class DynoHost(
    SandboxHost sandboxes, Func<SlugDigest, CancellationToken, Task<string>> layOut, DataFolder data, TimeProvider clock, DynoTimes times)
{
    /// <summary>The same for every dyno that has a network of its own.</summary>
    private const int Port = 5000;
    private const int EndedKept = 500;
    private const long FileSize = 1L << 30;
    private const string Output = "output";

    private readonly ConcurrentDictionary<DynoId, Lazy<Task<Dyno>>> dynos = new();
    private readonly ConcurrentDictionary<DynoId, RunningOneOff> oneOffs = new();
    private readonly ConcurrentQueue<DynoId> ended = new();
    private readonly ConcurrentDictionary<Channel<DynoStatus>, byte> watchers = new();
    private readonly Lazy<DynoLog> log = new(() => new DynoLog(Path.Combine(data.Sandboxes, Machine.SharedFolder, "lines"), new RealDisk()));

    /// <summary>Takes over what a former agent of this DIR started, and clears the rest.</summary>
    public async Task AdoptAsync()
    {
        foreach (var sandbox in await sandboxes.AdoptAsync(s => Dyno.Read(s.Folder) is not null))
        {
            var dyno = Watch(sandbox, Dyno.Read(sandbox.Folder)!, Open(Path.Combine(sandbox.Folder, Output), Libc.O_RDONLY | Libc.O_NONBLOCK));
            dynos[dyno.Status.Id] = new(Task.FromResult(dyno));
        }
    }

    /// <summary>A start with an id that is known answers its status, whatever became of it.</summary>
    public async Task<DynoStatus> StartAsync(DynoStart start)
    {
        var entry = dynos.GetOrAdd(start.Id, _ => new(() => BeginAsync(start)));
        try
        {
            return (await entry.Value).Status;
        }
        catch
        {
            dynos.TryRemove(new(start.Id, entry));
            throw;
        }
    }

    /// <summary>Returns when nothing of it is left; at once when there is no such dyno.</summary>
    public async Task StopAsync(DynoId id, TimeSpan grace, CancellationToken ct)
    {
        if (dynos.TryGetValue(id, out var entry))
            await (await entry.Value).StopAsync(grace, ct);
        if (oneOffs.TryGetValue(id, out var oneOff))
            await oneOff.StopAsync(grace, ct);
    }

    public Task StopAllAsync(TimeSpan grace, CancellationToken ct) => Task.WhenAll(dynos.Keys.Select(id => StopAsync(id, grace, ct)));

    public ImmutableArray<DynoStatus> List() =>
        [.. dynos.Values.Where(e => e.IsValueCreated && e.Value.IsCompletedSuccessfully).Select(e => e.Value.GetAwaiter().GetResult().Status).OrderBy(s => s.Id.Value)];

    public ImmutableArray<DynoUsage> Usage() => [.. List().Where(s => s.State is DynoState.Starting or DynoState.Up).Select(UsageOf).OfType<DynoUsage>()];

    private DynoUsage? UsageOf(DynoStatus dyno) =>
        sandboxes.UsageOf(dyno.Id.Value.ToString("N")) is var (memory, cpu) ? new DynoUsage(dyno.Id, dyno.App, memory, cpu) : null;

    public async Task WatchAsync(Func<DynoStatus, ValueTask> give, CancellationToken ct)
    {
        var changes = Channel.CreateUnbounded<DynoStatus>();
        watchers[changes] = 0;
        try
        {
            var given = new Dictionary<DynoId, DynoState>();
            foreach (var status in List())
                await GiveAsync(status);
            await foreach (var status in changes.Reader.ReadAllAsync(ct))
                await GiveAsync(status);

            // A change that came while the list was read is in both; a dyno's states only go on.
            async ValueTask GiveAsync(DynoStatus status)
            {
                if (given.TryGetValue(status.Id, out var last) && status.State <= last)
                    return;
                given[status.Id] = status.State;
                await give(status);
            }
        }
        finally
        {
            watchers.TryRemove(changes, out _);
        }
    }

    public Task LinesAsync(long after, Func<IReadOnlyList<DynoLine>, ValueTask> give, CancellationToken ct) => log.Value.ReadAsync(after, give, ct);

    public async Task<SandboxExit> RunAsync(OneOff run, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct)
    {
        var port = FreePort();
        var limits = LimitsOf(run.Size) with { Time = run.Limit };
        var spec = await SpecAsync(run.Id, run.App, run.Name, run.Slug, run.Env, run.Command, limits, port, keepUp: false, ct) with
        {
            Terminal = run.Terminal, TakesInput = run.TakesInput,
        };
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            return await sandboxes.RunAsync(spec, output, StartedAsync, ct);
        }
        finally
        {
            oneOffs.TryRemove(run.Id, out _);
            over.TrySetResult();
        }

        // From here on it takes what is typed: the caller is told so by an output of nothing.
        ValueTask StartedAsync(LiveSandbox sandbox, PipeStream? typed)
        {
            oneOffs[run.Id] = new RunningOneOff(sandbox, typed, over.Task, clock);
            return run.TakesInput ? output(default) : ValueTask.CompletedTask;
        }
    }

    public Task TypeAsync(DynoId id, ReadOnlyMemory<byte> bytes, bool isEnd, CancellationToken ct) =>
        oneOffs.TryGetValue(id, out var oneOff) ? oneOff.TypeAsync(bytes, isEnd, ct) : Task.CompletedTask;

    private async Task<Dyno> BeginAsync(DynoStart start)
    {
        var port = FreePort();
        // Somebody waits for what web dynos say: work in the background gives way to them.
        var limits = LimitsOf(start.Size) with { CpuWeight = start is { Type: "web", IsOneOff: false } ? 4 * SandboxLimits.Usual : SandboxLimits.Usual };
        var spec = await SpecAsync(start.Id, start.App, start.Name, start.Slug, start.Env, start.Command, limits, port, keepUp: true, CancellationToken.None);
        var folder = Directory.CreateDirectory(sandboxes.FolderOf(spec.Id)).FullName;
        var fifo = Path.Combine(folder, Output);
        var uid = sandboxes.UidOf(start.App, SandboxUse.Run);
        Libc.Check(Libc.mkfifo(fifo, 0x180), "Making a dyno's output");
        Libc.Check(Libc.chown(fifo, uid, uid), "Giving a dyno its output");
        // Held open for reading, too, by the dyno itself: without an agent it waits for one to come back, and never gets a SIGPIPE.
        var theirs = Open(fifo, Libc.O_RDWR);
        var ours = Open(fifo, Libc.O_RDONLY | Libc.O_NONBLOCK);
        try
        {
            SandboxHost.WidenPipe(theirs);
            var sandbox = await sandboxes.StartAsync(spec, theirs, input: null, CancellationToken.None);
            var dyno = Watch(sandbox, StatusOf(start, sandbox, port), ours);
            Tell(dyno.Status);
            return dyno;
        }
        catch
        {
            Libc.close(ours);
            throw;
        }
        finally
        {
            Libc.close(theirs);
        }
    }

    private DynoStatus StatusOf(DynoStart start, LiveSandbox sandbox, int port) => new()
    {
        Id = start.Id, App = start.App, Name = start.Name, Type = start.Type, Generation = start.Generation, Size = start.Size, Command = start.Command,
        State = DynoState.Starting, Address = start is { Type: "web", IsOneOff: false } ? sandbox.Note.Address : null, Port = port, Since = clock.GetUtcNow(),
        IsOneOff = start.IsOneOff, Health = start.Health, Until = start.Limit is { } limit ? clock.GetUtcNow() + limit : null, Limit = start.Limit,
    };

    private async Task<SandboxSpec> SpecAsync(
        DynoId id, AppId app, string name, SlugDigest slug, ImmutableDictionary<string, string> env, string command, SandboxLimits limits, int port, bool keepUp, CancellationToken ct) => new()
    {
        Id = id.Value.ToString("N"), App = app, Use = SandboxUse.Run, Hostname = name, Mounts = [], LayOut = await layOut(slug, ct),
        Env = env.SetItem("PORT", $"{port}").SetItem("DYNO", name), Command = command, Limits = limits, KeepUp = keepUp,
    };

    private static SandboxLimits LimitsOf(string size)
    {
        var found = DynoSize.Find(size) ?? throw Refuse.Invalid($"There is no dyno size {size}.");
        return new SandboxLimits { MemoryMb = found.MemoryMb, CpuPercent = found.CpuPercent, Processes = found.Processes, FileSizeBytes = FileSize };
    }

    private Dyno Watch(LiveSandbox sandbox, DynoStatus status, int output) =>
        Dyno.Watch(sandboxes, sandbox, status, new PipeStream(output, writes: false), log.Value, times, clock, OnChange);

    private void OnChange(DynoStatus status)
    {
        Tell(status);
        if (status.State is not (DynoState.Crashed or DynoState.Complete))
            return;
        ended.Enqueue(status.Id);
        while (ended.Count > EndedKept && ended.TryDequeue(out var oldest))
            dynos.TryRemove(oldest, out _);
    }

    private void Tell(DynoStatus status)
    {
        foreach (var watcher in watchers.Keys)
            watcher.Writer.TryWrite(status);
    }

    /// <summary>Without networks of their own dynos share the host's ports.</summary>
    private int FreePort()
    {
        if (sandboxes.Isolates)
            return Port;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static int Open(string path, int flags) => Libc.Check(Libc.open(path, flags | Libc.O_CLOEXEC, 0), $"Opening {path}");
}
