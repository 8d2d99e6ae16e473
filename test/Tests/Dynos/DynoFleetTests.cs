using System.Collections.Immutable;
using Sluice.Dynos;
using Sluice.Runtime;
using Sluice.Tests.Releases;
using Sluice.Tests.Runtime;

namespace Sluice.Tests.Dynos;

public sealed class DynoFleetTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private Outside outside = null!;
    private ReleaseWorld world = null!;

    private ScriptedRuntime Runtime => outside.Runtime;

    private ScriptedRouter Router => outside.Router;

    public async ValueTask InitializeAsync()
    {
        outside = await Outside.MakeAsync();
        world = await new ReleaseWorld(outside).StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await world.DisposeAsync();
        await outside.DisposeAsync();
    }

    private static DynoPlan Plan(AppId app, int generation, params PlannedProcess[] processes) => new()
    {
        App = app, AppName = "shop", Generation = generation, Slug = SlugDigest.Of("slug"u8), Env = ImmutableDictionary<string, string>.Empty.Add("A", "1"),
        Processes = [.. processes], Hosts = ["shop.localhost"],
    };

    private static PlannedProcess Web(int quantity = 1) => new("web", "node web.js", quantity, "Basic");

    private static PlannedProcess Worker(int quantity = 1) => new("worker", "node worker.js", quantity, "Basic");

    private async Task<DynoStatus> UpAsync(AppId app, DynoPlan plan)
    {
        world.Fleet.Want(plan);
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.Any(d => d.App == app && d.State == DynoState.Up), "a dyno is up");
        return Runtime.Alive.Single(d => d.App == app);
    }

    private string[] LinesOf(AppId app) => [.. world.Log.Where(l => l.App == app).Select(l => $"{l.Dyno}: {l.Text}")];

    [Fact]
    public async Task What_is_wanted_runs_with_its_name_and_config()
    {
        var app = AppId.New();
        world.Fleet.Want(Plan(app, 1, Web(2), Worker()));
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.Count(d => d.App == app && d.State == DynoState.Up) == 3, "three dynos");
        Assert.Equal(["web.1", "web.2", "worker.1"], world.Fleet.Of(app).Select(d => d.Name));
        Assert.All(Runtime.Started, s => Assert.Equal((s.Name, "1"), (s.Env["DYNO"], s.Env["A"])));
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app)?.Targets.Length == 2, "two targets");
    }

    [Fact]
    public async Task An_app_that_starts_is_not_called_crashed()
    {
        var app = AppId.New();
        Runtime.Fates = _ => ScriptedRuntime.Fate.Hang;
        world.Fleet.Want(Plan(app, 1, Web()));
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app) is { Targets.IsEmpty: true, WhenEmpty: "H20" }, "a route that says it starts");
    }

    [Fact]
    public async Task A_dyno_that_crashes_is_shown_so_and_started_again()
    {
        var app = AppId.New();
        var first = await UpAsync(app, Plan(app, 1, Web()));
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app)?.Targets.Length == 1, "one target");
        Runtime.Crash(first.Id);
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app) is { Targets.IsEmpty: true, WhenEmpty: "H10" }, "no target");
        Assert.True(Assert.Single(world.Fleet.Of(app)) is { State: DynoState.Crashed, TryAgainAt: not null });
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app)?.Targets.Length == 1, "one target again");
    }

    [Fact]
    public async Task Dynos_outlive_the_server_and_are_taken_over_neither_doubled_nor_forgotten()
    {
        var app = await world.AppAsync("shop");
        await world.DeployAsync(app, null, "web: w", "worker: w");
        var route = Router.RouteOf(app.Id)!;
        await world.DisposeAsync();
        var stale = await Runtime.StartAsync(Start(app.Id, "web.1", generation: 1), None);
        var unknown = await Runtime.StartAsync(Start(AppId.New(), "web.1", generation: 9), None);
        Assert.Equal(3, Runtime.Alive.Length);
        world = await new ReleaseWorld(outside).StartAsync();
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.Length == 1, "strangers stop");
        Assert.Equal(route.Targets, Router.RouteOf(app.Id)!.Targets);
        Assert.Equal(3, Runtime.Started.Count);
        Assert.Superset(new HashSet<DynoId> { stale.Id, unknown.Id }, Runtime.Stopped.ToHashSet());
    }

    [Fact]
    public async Task A_start_that_was_under_way_when_the_server_was_killed_is_taken_back_at_once()
    {
        var app = await world.AppAsync("shop");
        await world.DeployAsync(app, null, "web: w");
        var late = await Runtime.StartAsync(Start(app.Id, "web.1", generation: 9), None);
        await ReleaseWorld.UntilAsync(() => Runtime.Stopped.Contains(late.Id), "what nobody here asked for stops");
        Assert.Equal(2, Assert.Single(Runtime.Alive).Generation);
    }

    [Fact]
    public async Task What_the_runtime_lost_is_noticed_and_started_again()
    {
        var app = AppId.New();
        var first = await UpAsync(app, Plan(app, 1, Web()));
        Runtime.Lose(first.Id);
        Runtime.HangUp();
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.Any(d => d.App == app && d.Id != first.Id && d.State == DynoState.Up), "another one");
    }

    [Fact]
    public async Task A_flip_waits_for_a_router_that_is_away_and_old_dynos_serve_meanwhile()
    {
        var app = AppId.New();
        var old = await UpAsync(app, Plan(app, 1, Web()));
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app)?.Targets.Length == 1, "one target");
        Router.IsAway = true;
        var next = Plan(app, 2, Web());
        Assert.IsType<Prepared.Healthy>(await world.Fleet.PrepareAsync(next, null, None));
        var flip = world.Fleet.FlipAsync(next, None);
        await Task.Delay(300);
        Assert.False(flip.IsCompleted);
        Assert.Equal(DynoState.Up, Runtime.Find(old.Id)?.State);
        Router.IsAway = false;
        await flip.WaitAsync(TimeSpan.FromSeconds(10));
        await ReleaseWorld.UntilAsync(() => Runtime.Find(old.Id) is null, "the old one stops");
        Assert.Contains("web.1: Stopping all processes with SIGTERM", LinesOf(app));
    }

    [Fact]
    public async Task A_restart_of_web_leaves_no_gap()
    {
        var app = AppId.New();
        var old = await UpAsync(app, Plan(app, 1, Web()));
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app)?.Targets.Length == 1, "one target");
        Router.History.Clear();
        await world.Fleet.RestartAsync(app, "web.1", None);
        await ReleaseWorld.UntilAsync(() => Runtime.Find(old.Id) is null, "the old one stops");
        Assert.DoesNotContain(Router.History, r => r.Targets.IsEmpty);
        Assert.NotEqual(old.Id, Assert.Single(Router.RouteOf(app)!.Targets).Dyno);
        await Assert.ThrowsAsync<RefusedException>(() => world.Fleet.RestartAsync(app, "web.7", None));
    }

    [Fact]
    public async Task A_dyno_that_is_stopped_by_hand_comes_back()
    {
        var app = AppId.New();
        var old = await UpAsync(app, Plan(app, 1, Worker()));
        await world.Fleet.StopAsync(app, "worker.1", None);
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.Any(d => d.App == app && d.Id != old.Id), "another one");
        Assert.All(Runtime.MostAtOnce.Values, most => Assert.Equal(1, most));
    }

    [Fact]
    public async Task An_app_that_is_gone_leaves_nothing_behind()
    {
        var app = AppId.New();
        await UpAsync(app, Plan(app, 1, Web()));
        world.Fleet.Forget(app);
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.IsEmpty && Router.RouteOf(app) is null, "nothing left");
        Assert.Empty(world.Fleet.Of(app));
    }

    [Fact]
    public async Task An_app_that_hangs_holds_up_no_other()
    {
        var (slow, quick) = (AppId.New(), AppId.New());
        Runtime.Fates = start => start.App == slow ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var hanging = world.Fleet.PrepareAsync(Plan(slow, 1, Web()), null, None);
        Assert.IsType<Prepared.Healthy>(await world.Fleet.PrepareAsync(Plan(quick, 1, Web()), null, None).WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.False(hanging.IsCompleted);
        await world.Fleet.DiscardAsync(slow, 1, None);
        await ReleaseWorld.UntilAsync(() => !Runtime.Alive.Any(d => d.App == slow), "given up");
    }

    [Fact]
    public async Task A_plan_of_an_older_generation_changes_nothing()
    {
        var app = AppId.New();
        await UpAsync(app, Plan(app, 5, Web()));
        world.Fleet.Want(Plan(app, 4, Worker(3)));
        await Task.Delay(100);
        Assert.Equal(["web.1"], world.Fleet.Of(app).Select(d => d.Name));
    }

    private static DynoStart Start(AppId app, string name, int generation) => new()
    {
        Id = DynoId.New(), App = app, Name = name, Type = name.Split('.')[0], Generation = generation, Slug = SlugDigest.Of("slug"u8),
        Env = ImmutableDictionary<string, string>.Empty, Command = "w", Size = "Basic",
    };

    /// <summary>Forward and back by more than any timer of the system takes.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(-60)]
    public async Task A_date_that_is_set_anew_fails_no_release_that_boots_and_keeps_no_dyno_that_crashed_from_starting(int days)
    {
        var clock = new JumpingClock();
        await world.DisposeAsync();
        world = await new ReleaseWorld(outside, time: clock).StartAsync();
        var app = AppId.New();
        var plan = Plan(app, 1, Web());
        Runtime.Fates = _ => ScriptedRuntime.Fate.Hang;
        var booting = world.Fleet.PrepareAsync(plan, clock.GetUtcNow(), None);
        await ReleaseWorld.UntilAsync(() => Runtime.Alive.Any(d => d.App == app), "a dyno that boots");
        clock.Jump = TimeSpan.FromDays(days);
        await Task.Delay(TimeSpan.FromSeconds(1.5), None);   // it looks every second
        Assert.False(booting.IsCompleted);
        var dyno = Runtime.Alive.Single(d => d.App == app);
        Assert.Equal(DynoState.Starting, Assert.Single(world.Fleet.Of(app)).State);
        Runtime.ComesUp(dyno.Id);
        Assert.IsType<Prepared.Healthy>(await booting);
        await world.Fleet.FlipAsync(plan, None);

        Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
        Runtime.Crash(dyno.Id);
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app) is { Targets.IsEmpty: true, WhenEmpty: "H10" }, "no target");
        clock.Jump = TimeSpan.FromDays(2 * days);
        world.Fleet.Want(plan);
        await ReleaseWorld.UntilAsync(() => Router.RouteOf(app)?.Targets.Length == 1, "one target again");
        Assert.Empty(world.Troubles);
    }
}
