using System.Collections.Immutable;
using Sluice.Jobs;
using Sluice.Router;
using Route = Sluice.Router.Route;

namespace Sluice.Dynos;

/// <summary>Keeps the router's route of one app in step with its dynos: one push at a time, again until it is acknowledged.</summary>
/// <param name="now">The route as it should be; null for none. Needs the lock, as does <paramref name="step"/>, which is called after each acknowledgement.</param>
internal sealed class AppRoute(AppId app, FleetWorld world, Lock gate, Func<Route?> now, Action step)
{
    private readonly Pulse free = new();

    // Touched under the gate.
    private Route? acknowledged;
    private bool isPublishing;
    private Exception? trouble;

    /// <summary>Why the route cannot be pushed; null when it can, or there is none to push.</summary>
    public string? Trouble_NeedsLock => trouble is null ? null : $"{(trouble is RouterAwayException ? trouble.Message : "The router did not take the app's route.")} It is asked again until it does.";

    /// <summary>The router serves by the route as it should be.</summary>
    public bool IsSettled_NeedsLock => !isPublishing && Same(acknowledged, now());

    public bool IsGone_NeedsLock => !isPublishing && acknowledged is null;

    /// <summary>It was pushed with the whole table; null: it was not.</summary>
    public void Is_NeedsLock(Route? published) => acknowledged = published ?? acknowledged;

    /// <summary>A request may still come by the router. While a push is under way, who knows which of two routes it serves by.</summary>
    public bool MayLeadTo_NeedsLock(Dyno dyno) => (isPublishing && dyno.Slot.IsWeb) || acknowledged?.Targets.Any(t => t.Dyno == dyno.Id) == true;

    public void Follow_NeedsLock()
    {
        if (!IsSettled_NeedsLock && Take_NeedsLock())
            _ = Task.Run(PublishAsync);
    }

    /// <summary>Waits until nobody pushes the route; from then on the caller alone does, until <see cref="GiveBack"/>.</summary>
    public async Task TakeAsync(CancellationToken ct)
    {
        while (true)
        {
            Task signal;
            lock (gate)
            {
                signal = free.Next;
                if (Take_NeedsLock())
                    return;
            }
            await signal.WaitAsync(ct);
        }
    }

    /// <summary>The router has acknowledged that route.</summary>
    public void GiveBack(Route? published)
    {
        lock (gate)
        {
            (acknowledged, isPublishing, trouble) = (published, false, null);
            free.Beat();
            step();
        }
    }

    /// <summary>A push failed, and is tried again.</summary>
    public void Meets(Exception failure)
    {
        lock (gate)
            trouble = failure;
    }

    private bool Take_NeedsLock() => !isPublishing && (isPublishing = true);

    private async Task PublishAsync()
    {
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = DynoMoves.Longer(pause))
        {
            Route? route;
            lock (gate)
                route = now();
            try
            {
                await world.Publish(ImmutableDictionary<AppId, Route?>.Empty.Add(app, route), world.Stopping);
                GiveBack(route);
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                world.Trouble(e, $"The route of app {app} could not be pushed");
                Meets(e);
            }
            await world.PauseAsync(pause);
        }
    }

    private static bool Same(Route? a, Route? b) => a is null || b is null
        ? a is null && b is null
        : a with { Hosts = [], Targets = [] } == b with { Hosts = [], Targets = [] } && a.Hosts.SequenceEqual(b.Hosts) && a.Targets.SequenceEqual(b.Targets);
}
