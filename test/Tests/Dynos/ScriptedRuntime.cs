using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Sluice.Runtime;

namespace Sluice.Tests.Dynos;

/// <summary>A runtime whose dynos do what the test says: come up, crash, hang, or cannot be started at all. It outlives the server, as the agent does.</summary>
internal sealed class ScriptedRuntime : IRuntime
{
    private readonly ConcurrentDictionary<DynoId, DynoStatus> dynos = new();
    private readonly ConcurrentDictionary<Guid, Channel<DynoStatus>> listeners = new();
    private readonly Lock gate = new();

    public enum Fate
    {
        Up,
        Crash,
        Hang,
        CannotStart,
    }

    /// <summary>What becomes of a dyno that is started.</summary>
    public Func<DynoStart, Fate> Fates { get; set; } = _ => Fate.Up;

    /// <summary>What a one-off does: prints and returns its exit.</summary>
    public Func<OneOff, Func<string, Task>, CancellationToken, Task<SandboxExit>> OneOffs { get; set; } = (_, _, _) => Task.FromResult(new SandboxExit(0, false, false));

    public TimeSpan StopTakes { get; set; } = TimeSpan.Zero;

    public ConcurrentQueue<DynoStart> Started { get; } = new();

    public ConcurrentQueue<DynoId> Stopped { get; } = new();

    public ConcurrentQueue<OneOff> Ran { get; } = new();

    /// <summary>Most dynos of a type and index at once, by <c>app type.index</c>.</summary>
    public ConcurrentDictionary<string, int> MostAtOnce { get; } = new();

    public ImmutableArray<DynoStatus> Alive => [.. dynos.Values.Where(d => d.State is DynoState.Starting or DynoState.Up)];

    public DynoStatus? Find(DynoId id) => dynos.GetValueOrDefault(id);

    public async Task<DynoStatus> StartAsync(DynoStart start, CancellationToken ct)
    {
        await Task.Yield();
        var fate = Fates(start);
        if (fate == Fate.CannotStart)
            throw new AgentException("no more addresses");
        lock (gate)
        {
            if (dynos.TryGetValue(start.Id, out var old))
                return old;
            Started.Enqueue(start);
            Tell(new DynoStatus
            {
                Id = start.Id, App = start.App, Name = start.Name, Type = start.Type, Generation = start.Generation, Size = start.Size, Command = start.Command,
                State = DynoState.Starting, Since = DateTimeOffset.UnixEpoch, Address = start.Type == "web" ? "127.0.0.1" : null, Port = 5000,
            });
            var name = $"{start.App} {start.Name}";
            MostAtOnce.AddOrUpdate(name, 1, (_, most) => Math.Max(most, Alive.Count(d => d.App == start.App && d.Name == start.Name)));
            var status = dynos[start.Id];
            if (fate == Fate.Up)
                Tell(status with { State = DynoState.Up });
            if (fate == Fate.Crash)
                Tell(status with { State = DynoState.Crashed, ExitCode = 1 });
            return status;
        }
    }

    public async Task StopAsync(DynoId dyno, TimeSpan grace, CancellationToken ct)
    {
        await Task.Delay(StopTakes, ct);
        lock (gate)
        {
            if (dynos.TryGetValue(dyno, out var status) && status.State is DynoState.Up or DynoState.Starting)
                Tell(status with { State = DynoState.Complete, ExitCode = 143 });
            dynos.TryRemove(dyno, out _);
        }
        Stopped.Enqueue(dyno);
    }

    public void Crash(DynoId dyno)
    {
        lock (gate)
            Tell(dynos[dyno] with { State = DynoState.Crashed, ExitCode = 1 });
    }

    public void ComesUp(DynoId dyno)
    {
        lock (gate)
            Tell(dynos[dyno] with { State = DynoState.Up });
    }

    /// <summary>As if the machine had lost it without a word.</summary>
    public void Lose(DynoId dyno) => dynos.TryRemove(dyno, out _);

    public Task<ImmutableArray<DynoStatus>> ListAsync(CancellationToken ct) => Task.FromResult(dynos.Values.ToImmutableArray());

    public ConcurrentDictionary<DynoId, DynoUsage> Usage { get; } = new();

    public Task<ImmutableArray<DynoUsage>> UsageAsync(CancellationToken ct) => Task.FromResult(Usage.Values.ToImmutableArray());

    /// <summary>Ends what everyone listens to, as a restart of the agent does.</summary>
    public void HangUp()
    {
        foreach (var listener in listeners.Values)
            listener.Writer.TryComplete();
    }

    public async IAsyncEnumerable<DynoStatus> WatchAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var mine = Channel.CreateUnbounded<DynoStatus>();
        var key = Guid.NewGuid();
        lock (gate)
        {
            foreach (var status in dynos.Values)
                mine.Writer.TryWrite(status);
            listeners[key] = mine;
        }
        try
        {
            await foreach (var status in mine.Reader.ReadAllAsync(ct))
                yield return status;
        }
        finally
        {
            listeners.TryRemove(key, out _);
        }
    }

    public async IAsyncEnumerable<DynoLine> LinesAsync(long after, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Delay(Timeout.Infinite, ct);
        yield break;
    }

    public Task<SandboxExit> RunAsync(OneOff oneOff, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct)
    {
        Ran.Enqueue(oneOff);
        return OneOffs(oneOff, async text => await output(Encoding.UTF8.GetBytes(text)), ct);
    }

    /// <summary>What was typed to one-offs, in order; null for an end.</summary>
    public ConcurrentQueue<string?> Typed { get; } = new();

    public Task TypeAsync(DynoId dyno, ReadOnlyMemory<byte> bytes, bool isEnd, CancellationToken ct)
    {
        if (bytes.Length > 0)
            Typed.Enqueue(Encoding.UTF8.GetString(bytes.Span));
        if (isEnd)
            Typed.Enqueue(null);
        return Task.CompletedTask;
    }

    private void Tell(DynoStatus status)
    {
        dynos[status.Id] = status;
        foreach (var listener in listeners.Values)
            listener.Writer.TryWrite(status);
    }
}
