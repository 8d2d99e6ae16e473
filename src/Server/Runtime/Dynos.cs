using System.Collections.Immutable;

namespace Sluice.Runtime;

/// <summary>Memory and CPU of a dyno, by Heroku's name (<c>Standard-1X</c>). Names are matched in any case and shown as written here.</summary>
public sealed record DynoSize(string Name, int MemoryMb, int CpuPercent, int Processes)
{
    public static readonly ImmutableArray<DynoSize> All =
    [
        new("Eco", 512, 100, 256), new("Basic", 512, 100, 256), new("Standard-1X", 512, 100, 256), new("Standard-2X", 1024, 200, 512),
        new("Performance-M", 2560, 400, 2048), new("Performance-L", 14336, 800, 4096), new("Performance-L-RAM", 30720, 400, 4096),
        new("Performance-XL", 63488, 800, 4096), new("Performance-2XL", 129024, 1600, 4096),
        // Ours: for what hardly runs, and between the two worlds.
        new("Micro", 256, 50, 128), new("Standard-4X", 2048, 400, 1024),
    ];

    public static DynoSize Default => All[1];

    public static DynoSize? Find(string name) => All.FirstOrDefault(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Everything a dyno is started from. Secrets are in <see cref="Env"/>: never logged, never in an argument vector.</summary>
public sealed record DynoStart
{
    public required DynoId Id { get; init; }
    public required AppId App { get; init; }

    /// <summary><c>web.1</c>: type and index. An old and a new dyno of one app may both be <c>web.1</c> for a moment.</summary>
    public required string Name { get; init; }
    public required string Type { get; init; }

    /// <summary>The release version it runs.</summary>
    public required int Generation { get; init; }
    public required SlugDigest Slug { get; init; }
    public required ImmutableDictionary<string, string> Env { get; init; }
    public required string Command { get; init; }
    public required string Size { get; init; }

    /// <summary>What to ask while it boots; null when accepting on its port is enough.</summary>
    public HealthCheck? Health { get; init; }

    /// <summary>Started by hand: runs once, fills no place of a formation, has no port that anybody waits for.</summary>
    public bool IsOneOff { get; init; }

    /// <summary>How long it may run; null for as long as it likes.</summary>
    public TimeSpan? Limit { get; init; }
}

/// <summary>A dyno's life as Heroku names it.</summary>
/// <code>Starting ─► Up ─► Crashed | Complete (exited or stopped)</code>
public enum DynoState
{
    Starting,
    Up,
    Crashed,
    Complete,
}

/// <summary>What the agent says of one dyno. <see cref="Up"/> for a web dyno means that it accepts on its port, and answers well on its health path if it has one; for others, alive for 2 s.</summary>
public sealed record DynoStatus
{
    public required DynoId Id { get; init; }
    public required AppId App { get; init; }
    public required string Name { get; init; }
    public required string Type { get; init; }
    public required int Generation { get; init; }
    public required string Size { get; init; }
    public required string Command { get; init; }
    public required DynoState State { get; init; }

    /// <summary>Where the router reaches it; null for other types than web.</summary>
    public string? Address { get; init; }
    public int Port { get; init; }
    public int? ExitCode { get; init; }

    /// <summary>Why it is not up, a sentence (<c>R10: did not accept on $PORT within 60 s</c>); null when well.</summary>
    public string? Reason { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>When one that crashed is started again; null for all others.</summary>
    public DateTimeOffset? TryAgainAt { get; init; }

    /// <summary>Started by hand, see <see cref="DynoStart.IsOneOff"/>.</summary>
    public bool IsOneOff { get; init; }

    /// <summary>See <see cref="DynoStart.Health"/>.</summary>
    public HealthCheck? Health { get; init; }

    /// <summary>When it is ended whatever it does; null for never.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>How long it may run. What counts is the kernel's clock: <see cref="Until"/> is what people are told.</summary>
    public TimeSpan? Limit { get; init; }
}

/// <summary>A command run once in an app's sandbox: release phase or <c>run</c>.</summary>
public sealed record OneOff
{
    public required DynoId Id { get; init; }
    public required AppId App { get; init; }

    /// <summary><c>release.1234</c></summary>
    public required string Name { get; init; }
    public required SlugDigest Slug { get; init; }
    public required ImmutableDictionary<string, string> Env { get; init; }
    public required string Command { get; init; }
    public required string Size { get; init; }
    public required TimeSpan Limit { get; init; }

    /// <summary>Its streams are a terminal of this size; null for pipes.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>It reads what <see cref="IRuntime.TypeAsync"/> sends; otherwise its input is empty.</summary>
    public bool TakesInput { get; init; }
}

/// <summary>One line that a dyno printed. <paramref name="Seq"/> grows by one per line over the agent's life and goes on after its restart.</summary>
public sealed record DynoLine(long Seq, AppId App, string Dyno, DateTimeOffset At, string Text);

/// <summary>
/// Where dynos run: the seam between one machine (the agent's sandboxes) and Docker Swarm. Asking twice is harmless: a start
/// with an id that runs answers its status, a stop of what is gone succeeds.
/// </summary>
/// <summary>What a dyno uses.</summary>
/// <param name="MemoryBytes">Now, without files that the kernel keeps only because there is room.</param>
/// <param name="CpuTime">Since its start, of all its processes together.</param>
public sealed record DynoUsage(DynoId Dyno, AppId App, long MemoryBytes, TimeSpan CpuTime);

public interface IRuntime
{
    /// <summary>Starts it; returns as soon as the process exists, long before it is up.</summary>
    Task<DynoStatus> StartAsync(DynoStart start, CancellationToken ct);

    /// <summary>SIGTERM to every process inside, up to <paramref name="grace"/>, then SIGKILL. Returns when nothing is left.</summary>
    Task StopAsync(DynoId dyno, TimeSpan grace, CancellationToken ct);

    Task<ImmutableArray<DynoStatus>> ListAsync(CancellationToken ct);

    /// <summary>What each dyno that runs uses. Empty in one-team mode, where nobody measures.</summary>
    Task<ImmutableArray<DynoUsage>> UsageAsync(CancellationToken ct);

    /// <summary>Every change of a dyno's state from now on, first the state of all as it is. Ends when the runtime goes away: ask again.</summary>
    IAsyncEnumerable<DynoStatus> WatchAsync(CancellationToken ct);

    /// <summary>Lines after <paramref name="after"/>, then as they come. Lines older than what the runtime kept are gone.</summary>
    IAsyncEnumerable<DynoLine> LinesAsync(long after, CancellationToken ct);

    /// <summary>Runs to the end, or until cancelled, when all of it is killed; <see cref="StopAsync"/> with its id ends it, too. To one that takes input can be
    /// typed after its first output, which may be of no bytes.</summary>
    Task<SandboxExit> RunAsync(OneOff oneOff, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct);

    /// <summary>Gives bytes to a one-off that runs; returns when it has taken them. What none runs for any more is dropped.</summary>
    /// <param name="isEnd">No more will come.</param>
    Task TypeAsync(DynoId dyno, ReadOnlyMemory<byte> bytes, bool isEnd, CancellationToken ct);
}
