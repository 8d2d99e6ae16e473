using System.Collections.Immutable;
using Sluice.Storage;
using Route = Sluice.Router.Route;

namespace Sluice.Dynos;

/// <summary>
/// One flip of several apps. 1. It takes their routes, so that none of them is pushed alone; 2. tells each app what to keep; 3. pushes one table with all
/// routes, until the router has acknowledged it; 4. gives them back, so that what is old drains. When the server stops in between it ends where it is: the
/// next start pushes the whole table.
/// </summary>
/// <param name="apps">In the order of their ids, so that two flips never wait for each other.</param>
internal sealed class SharedFlip(FleetWorld world, ImmutableArray<(AppDynos Dynos, DynoPlan Plan)> apps)
{
    public async Task MakeAsync()
    {
        foreach (var (dynos, _) in apps)
            await dynos.Published.TakeAsync(world.Stopping);
        CrashGate.Pass("flip.taken");
        foreach (var (dynos, plan) in apps)
            dynos.Want(plan);
        CrashGate.Pass("flip.wanted");
        var published = await PushAsync();
        CrashGate.Pass("flip.pushed");
        foreach (var (dynos, plan) in apps)
            dynos.Published.GiveBack(published[plan.App]);
    }

    private async Task<ImmutableDictionary<AppId, Route?>> PushAsync()
    {
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = DynoMoves.Longer(pause))
        {
            var routes = apps.ToImmutableDictionary(a => a.Plan.App, a => a.Dynos.RouteNow());
            try
            {
                await world.Publish(routes, world.Stopping);
                return routes;
            }
            catch (Exception trouble) when (!world.Stopping.IsCancellationRequested)
            {
                world.Trouble(trouble, $"The routes of {apps.Length} apps could not be pushed together");
                foreach (var (dynos, _) in apps)
                    dynos.Published.Meets(trouble);
            }
            await Task.Delay(pause, world.Clock, world.Stopping);
        }
    }
}
