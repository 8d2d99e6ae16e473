using Sluice.Router;
using Route = Sluice.Router.Route;

namespace Sluice.Dynos;

/// <summary>Keeps the router's route of one app in step with its dynos: one push at a time, again until it is acknowledged.</summary>
/// <param name="now">The route as it should be; null for none. Needs the lock, as does <paramref name="step"/>, which is called after each acknowledgement.</param>
internal sealed class AppRoute(AppId app, FleetWorld world, Lock gate, Func<Route?> now, Action step)
{
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
        if (IsSettled_NeedsLock || isPublishing)
            return;
        isPublishing = true;
        _ = Task.Run(PublishAsync);
    }

    private async Task PublishAsync()
    {
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = DynoMoves.Longer(pause))
        {
            Route? route;
            lock (gate)
                route = now();
            try
            {
                await (route is null ? world.RemoveRoute(app, world.Stopping) : world.Publish(route, world.Stopping));
                lock (gate)
                {
                    (acknowledged, isPublishing, trouble) = (route, false, null);
                    step();
                }
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                world.Trouble(e, $"The route of app {app} could not be pushed");
                lock (gate)
                    trouble = e;
            }
            await world.PauseAsync(pause);
        }
    }

    private static bool Same(Route? a, Route? b) => a is null || b is null
        ? a is null && b is null
        : a with { Hosts = [], Targets = [] } == b with { Hosts = [], Targets = [] } && a.Hosts.SequenceEqual(b.Hosts) && a.Targets.SequenceEqual(b.Targets);
}
