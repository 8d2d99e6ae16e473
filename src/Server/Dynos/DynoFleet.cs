using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sluice.Router;
using Sluice.Runtime;
using Route = Sluice.Router.Route;

namespace Sluice.Dynos;

/// <summary>
/// All dynos of all apps: desired against running. Keeps what <see cref="Want"/> said; restarts what crashed, with back-off; and moves an app
/// from one generation to the next in three steps that may each be repeated: prepare, flip, drain. Knows no release.
/// Nothing starts or stops before <see cref="OpenAsync"/>.
/// </summary>
public sealed class DynoFleet
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    private readonly FleetWorld world;
    private readonly ConcurrentDictionary<AppId, AppDynos> apps = new();
    private volatile string? closedBecause;
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal DynoFleet(FleetWorld world) => this.world = world;

    /// <summary>
    /// Takes over after a start: every app's plan, the dynos that outlived the server, and the router's whole table. A dyno that fills a slot of
    /// its app's plan goes on as if nothing had been; all others stop. Tries until runtime and router answer.
    /// </summary>
    public async Task OpenAsync(ImmutableArray<DynoPlan> plans, CancellationToken ct)
    {
        foreach (var plan in plans)
            Want(plan);
        foreach (var status in await InsistAsync(() => world.Runtime.ListAsync(ct), "The runtime does not answer", ct))
            Adopt(status);
        var routes = apps.ToDictionary(a => a.Key, a => a.Value.RouteNow());
        await InsistAsync(
            async () =>
            {
                await world.PublishAll([.. routes.Values.OfType<Route>()], ct);
                return true;
            },
            "The router does not answer", ct);
        opened.TrySetResult();
        foreach (var (id, app) in apps)
            app.Open(routes.GetValueOrDefault(id));
    }

    /// <summary>Completes when the fleet has taken over.</summary>
    public Task Opened => opened.Task;

    /// <summary>Sets what should run now and nudges; the same plan again does nothing, one of an older generation neither. For a scale change, maintenance, a new name.</summary>
    public void Want(DynoPlan plan) => AppOf(plan.App).Want(plan);

    /// <summary>The app is gone: stop everything of it.</summary>
    public void Forget(AppId app)
    {
        world.OneOffs?.Forget(app);
        AppOf(app).Forget();
    }

    /// <summary>Boots the web dynos of <paramref name="plan"/> beside those that run, and waits until all accept on their port (60 s at most).
    /// An app with no web planned is healthy at once. Unhealthy: the new ones are stopped again, the old ones were not touched.</summary>
    /// <param name="since">When that boot began, if an earlier server began it: the limit does not begin anew. Null: now.</param>
    /// <exception cref="AgentException">The platform cannot start dynos now.</exception>
    public async Task<Prepared> PrepareAsync(DynoPlan plan, DateTimeOffset? since, CancellationToken ct)
    {
        await opened.Task.WaitAsync(ct);
        return await AppOf(plan.App).PrepareAsync(plan, since, ct);
    }

    /// <summary>Says before <see cref="OpenAsync"/> that this plan was being prepared and will be again, so that what booted meanwhile is kept.</summary>
    public void Expect(DynoPlan plan) => AppOf(plan.App).Expect(plan);

    /// <summary>What a preparation or a flip of this app waits for: one sentence; null when nothing keeps it up.</summary>
    public string? TroubleOf(AppId app) => !opened.Task.IsCompleted ? closedBecause : apps.TryGetValue(app, out var dynos) ? dynos.Trouble() : null;

    /// <summary>Whether what <see cref="PrepareAsync"/> found healthy still is; null while one of its dynos starts again. Unhealthy: it was given up.</summary>
    /// <exception cref="AgentException">The platform cannot start dynos now.</exception>
    public Prepared? Look(DynoPlan plan) => AppOf(plan.App).Look(plan, isTooLate: false);

    /// <summary>Makes <paramref name="plan"/> the one to keep: routes to its web dynos (acknowledged by the router), stops old workers and starts new ones.
    /// Old web dynos get no new request after this returns; they drain in the background. Waits for a router that is away.</summary>
    public async Task FlipAsync(DynoPlan plan, CancellationToken ct)
    {
        await opened.Task.WaitAsync(ct);
        await AppOf(plan.App).FlipAsync(plan, ct);
    }

    /// <summary>The same for several apps at once, at most one plan of each: one table has all their new routes.</summary>
    public async Task FlipAsync(ImmutableArray<DynoPlan> plans, CancellationToken ct)
    {
        await opened.Task.WaitAsync(ct);
        await new SharedFlip(world, [.. plans.OrderBy(p => p.App.Value).Select(p => (AppOf(p.App), p))]).MakeAsync().WaitAsync(ct);
    }

    /// <summary>Gives up a preparation: stops what it started.</summary>
    public Task DiscardAsync(AppId app, int generation, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        AppOf(app).Discard(generation);
        return Task.CompletedTask;
    }

    /// <summary>Stops and starts again: all of an app (null), one type, or one dyno by name. A web dyno that is up serves until its successor is.</summary>
    /// <exception cref="RefusedException">Nothing of that type or name.</exception>
    public Task RestartAsync(AppId app, string? typeOrName, CancellationToken ct) =>
        RequireAsync(AppOf(app).Restart(typeOrName), typeOrName, ct);

    /// <summary>Stops one dyno by name, or all of a type; the fleet starts them again (as Heroku's ps:stop).</summary>
    /// <exception cref="RefusedException">Nothing of that type or name.</exception>
    public Task StopAsync(AppId app, string typeOrName, CancellationToken ct) =>
        RequireAsync(AppOf(app).Stop(typeOrName), typeOrName, ct);

    /// <summary>What runs now, the current generation first; what rests after a crash is shown as crashed.</summary>
    public ImmutableArray<DynoStatus> Of(AppId app) => apps.TryGetValue(app, out var dynos) ? dynos.Statuses() : [];

    /// <summary>Listens to the runtime until cancelled. Between two connections, and every so often, it compares what runs with what it believes.</summary>
    internal async Task WatchAsync(CancellationToken ct)
    {
        await opened.Task.WaitAsync(ct);
        var looking = LookAsync(ct);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await foreach (var status in world.Runtime.WatchAsync(ct))
                    Adopt(status);   // one that nobody here asked for, too: a start may have been under way when the server before this one was killed
                await CompareAsync(ct);
            }
            catch (Exception trouble) when (!ct.IsCancellationRequested)
            {
                world.Trouble(trouble, "The runtime went away; asking again");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), world.Clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await looking;
    }

    private async Task LookAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await Task.Delay(LookEvery, world.Clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (!ct.IsCancellationRequested)
                    await CompareAsync(ct);
            }
            catch (Exception trouble) when (!ct.IsCancellationRequested)
            {
                world.Trouble(trouble, "The runtime does not answer");
            }
        }
    }

    private async Task CompareAsync(CancellationToken ct)
    {
        // Asked before the list: one that starts meanwhile is not missed.
        var detached = world.OneOffs?.Detached() ?? [];
        var believed = apps.Values.SelectMany(app => app.Running().Select(id => (app, id))).ToArray();
        var listed = await world.Runtime.ListAsync(ct);
        foreach (var status in listed)
            Adopt(status);
        var known = listed.Select(s => s.Id).ToHashSet();
        foreach (var (app, id) in believed.Where(b => !known.Contains(b.id)))
            app.Lost(id);
        foreach (var id in detached.Where(id => !known.Contains(id)))
            world.OneOffs?.Lost(id);
        foreach (var (id, app) in apps.Where(a => a.Value.IsEmpty))
        {
            if (apps.TryRemove(id, out _))
                app.Dispose();
        }
    }

    private void Adopt(DynoStatus status)
    {
        if (status.IsOneOff)
            world.OneOffs?.See(status);
        else
            AppOf(status.App).Adopt(status);
    }

    private AppDynos AppOf(AppId app)
    {
        var dynos = apps.GetOrAdd(app, id => new AppDynos(id, world));
        if (opened.Task.IsCompleted)
            dynos.OpenIfClosed();
        return dynos;
    }

    private async Task<T> InsistAsync<T>(Func<Task<T>> ask, string trouble, CancellationToken ct)
    {
        for (var pause = TimeSpan.FromMilliseconds(50); ; pause = pause < TimeSpan.FromSeconds(2) ? pause * 2 : pause)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                world.Trouble(e, trouble);
                closedBecause = trouble + " since the server started. It is asked again until it does.";
            }
            await Task.Delay(pause, world.Clock, ct);
        }
    }

    private static Task RequireAsync(bool found, string? typeOrName, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return found ? Task.CompletedTask : throw Refuse.NotFound("process", typeOrName!);
    }
}
