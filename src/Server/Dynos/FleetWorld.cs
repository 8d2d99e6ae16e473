using System.Collections.Immutable;
using Sluice.Logs;
using Sluice.Router;
using Sluice.Runtime;
using Route = Sluice.Router.Route;

namespace Sluice.Dynos;

/// <summary>All that the fleet touches outside itself.</summary>
internal sealed record FleetWorld
{
    public required IRuntime Runtime { get; init; }

    /// <summary>Some apps' routes (null: none any more) in one table; returns when the router has acknowledged it.</summary>
    public required Func<ImmutableDictionary<AppId, Route?>, CancellationToken, Task> Publish { get; init; }
    public required Func<ImmutableArray<Route>, CancellationToken, Task> PublishAll { get; init; }

    /// <summary>Waits until no request is in flight to that dyno, at most so long.</summary>
    public required Func<DynoId, TimeSpan, CancellationToken, Task<bool>> Drained { get; init; }

    /// <summary>A line of the platform's own about one dyno in its app's log. Must not block.</summary>
    public required Action<AppId, string, string> Log { get; init; }
    public required TimeProvider Clock { get; init; }

    /// <summary>Dynos that were started by hand: the runtime's words on them are passed on. Null when there are none.</summary>
    public OneOffs? OneOffs { get; init; }

    /// <summary>Platform trouble, for the operator's log.</summary>
    public required Action<Exception, string> Trouble { get; init; }

    /// <summary>Cancelled when the server stops; dynos go on without it.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Returns early, without a word, when the server stops.</summary>
    public async Task PauseAsync(TimeSpan pause) => await Task.Delay(pause, Clock, Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public static FleetWorld Of(
        IRuntime runtime, Routes routes, RouterClient router, AppLogs logs, OneOffs oneOffs, TimeProvider clock, Action<Exception, string> trouble, CancellationToken stopping) => new()
    {
        Runtime = runtime,
        Publish = routes.PublishAsync,
        PublishAll = routes.PublishAllAsync,
        Drained = router.DrainedAsync,
        Log = logs.Say,
        Clock = clock,
        OneOffs = oneOffs,
        Trouble = trouble,
        Stopping = stopping,
    };
}
