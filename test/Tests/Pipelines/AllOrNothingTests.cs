using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Storage;
using Sluice.Tests.Dynos;
using Sluice.Tests.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Pipelines;

public sealed class AllOrNothingTests : IAsyncDisposable
{
    private const string Sha = "0f0a53b1111111111111111111111111111111111";
    private static readonly CancellationToken None = CancellationToken.None;
    private Outside outside = null!;
    private ReleaseWorld world = null!;
    private App staging = null!, eu = null!, us = null!;

    private async Task StartAsync(string kind, params string[] types)
    {
        outside = await Outside.MakeAsync(kind);
        world = await new ReleaseWorld(outside).StartAsync();
        (staging, eu, us) = (await world.AppAsync("shop-staging"), await world.AppAsync("shop-eu"), await world.AppAsync("shop-us"));
        var pipeline = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
        await world.Pipelines.AddAsync(pipeline, staging, "staging", ReleaseWorld.Ada, None);
        await world.Pipelines.AddAsync(pipeline, eu, "production", ReleaseWorld.Ada, None);
        await world.Pipelines.AddAsync(pipeline, us, "production", ReleaseWorld.Ada, None);
        await world.DeployAsync(staging, Sha, types);
    }

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
            await world.DisposeAsync();
        if (outside is not null)
            await outside.DisposeAsync();
    }

    private Task<Promotion> BeginAsync() => world.Promoter.PromoteAsync(new PromotionRequest(null, staging.Id, null, [], AllOrNothing: true), ReleaseWorld.Ada, None);

    private Task<Promotion> EndOfAsync(Promotion promotion) => world.Promoter.EndOfAsync(promotion.Id, None).WaitAsync(TimeSpan.FromSeconds(30));

    private async Task NothingFlippedAsync()
    {
        foreach (var app in new[] { eu, us })
        {
            Assert.Null((await world.Ledger.CurrentAsync(app.Id, None))?.Slug);
            await ReleaseWorld.UntilAsync(() => !outside.Runtime.Alive.Any(d => d.App == app.Id), $"what was prepared for {app.Name} stops");
            Assert.DoesNotContain(outside.Router.History, r => r.App == app.Id && !r.Targets.IsEmpty);
        }
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task All_flip_when_all_are_prepared(string kind)
    {
        await StartAsync(kind, "web: w", "release: migrate");
        var held = new TaskCompletionSource();
        outside.Runtime.OneOffs = async (run, _, _) =>
        {
            if (run.App == us.Id)
                await held.Task;
            return new SandboxExit(0, false, false);
        };
        var promotion = await BeginAsync();
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Any(d => d.App == eu.Id && d.State == DynoState.Up), "eu is prepared");
        await Task.Delay(200);
        Assert.Null((await world.Ledger.CurrentAsync(eu.Id, None))!.Slug);
        Assert.DoesNotContain(outside.Router.History, r => r.App == eu.Id && !r.Targets.IsEmpty);
        held.SetResult();
        var ended = await EndOfAsync(promotion);
        Assert.True(ended.AllOrNothing);
        Assert.All(ended.Targets, t => Assert.Equal(("succeeded", null), (t.Status, t.ErrorMessage)));
        Assert.All(new[] { eu, us }, app => Assert.Single(outside.Router.RouteOf(app.Id)!.Targets));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task All_flip_in_one_table_whatever_else_changes_then(string kind)
    {
        await StartAsync(kind, "web: w");
        await EndOfAsync(await BeginAsync());
        using var over = new CancellationTokenSource();
        // Who changes something of an app nudges, also between the decision and the flip.
        var nudging = Task.Run(async () =>
        {
            for (; !over.IsCancellationRequested; await Task.Delay(1, None))
                world.Plans.Nudge(eu.Id);
        }, None);
        for (var generation = 3; generation < 8; generation++)
        {
            outside.Router.Tables.Clear();
            Assert.All((await EndOfAsync(await BeginAsync())).Targets, t => Assert.Equal("succeeded", t.Status));
            var seen = outside.Router.Tables.Select(t => (Eu: GenerationIn(t, eu), Us: GenerationIn(t, us))).Distinct().ToArray();
            Assert.Equal([(generation, generation)], seen.Where(s => s != (generation - 1, generation - 1)));
        }
        await over.CancelAsync();
        await nudging;
    }

    [Fact]
    public async Task A_router_that_is_away_flips_all_when_it_is_back_and_the_targets_say_what_they_wait_for()
    {
        await StartAsync("sqlite", "web: w");
        await EndOfAsync(await BeginAsync());
        outside.Router.IsAway = true;
        var promotion = await BeginAsync();
        foreach (var app in new[] { eu, us })
            await ReleaseWorld.UntilAsync(() => world.Fleet.TroubleOf(app.Id) == "The router does not answer. It is asked again until it does.", "it says so");
        Assert.All((await world.Promoter.FindAsync(promotion.Id, None))!.Targets, t => Assert.Equal("pending", t.Status));
        outside.Router.IsAway = false;
        Assert.All((await EndOfAsync(promotion)).Targets, t => Assert.Equal("succeeded", t.Status));
        Assert.DoesNotContain(outside.Router.Tables, t => GenerationIn(t, eu) != GenerationIn(t, us));
    }

    /// <summary>Which version's dynos a table leads to; 0 for none.</summary>
    private int GenerationIn(System.Collections.Immutable.ImmutableDictionary<AppId, Sluice.Router.Route> table, App app) =>
        table.GetValueOrDefault(app.Id)?.Targets is [var target] ? outside.Runtime.Started.First(s => s.Id == target.Dyno).Generation : 0;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task One_that_crashes_while_it_boots_leaves_the_others_as_they_were(string kind)
    {
        await StartAsync(kind, "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.Crash : ScriptedRuntime.Fate.Up;
        var ended = await EndOfAsync(await BeginAsync());
        Assert.Equal(["failed", "failed"], ended.Targets.Select(t => t.Status));
        Assert.Equal("web.1 crashed while it booted: exited with status 1. The app's log shows what it said.", ended.Targets[1].ErrorMessage);
        Assert.StartsWith("Another target failed. ", ended.Targets[0].ErrorMessage);
        Assert.EndsWith("All targets of this promotion flip together or none does, so this one was left as it was.", ended.Targets[0].ErrorMessage);
        await NothingFlippedAsync();
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
        Assert.All((await EndOfAsync(await BeginAsync())).Targets, t => Assert.Equal("succeeded", t.Status));
    }

    [Fact]
    public async Task A_release_command_that_fails_on_one_fails_all()
    {
        await StartAsync("sqlite", "web: w", "release: migrate");
        outside.Runtime.OneOffs = (run, _, _) => Task.FromResult(new SandboxExit(run.App == us.Id ? 3 : 0, false, false));
        var ended = await EndOfAsync(await BeginAsync());
        Assert.Equal("The release command exited with status 3.", ended.Targets[1].ErrorMessage);
        Assert.StartsWith("Another target failed. ", ended.Targets[0].ErrorMessage);
        await NothingFlippedAsync();
    }

    [Fact]
    public async Task A_release_command_that_runs_when_another_fails_is_stopped_and_holds_nobody_up()
    {
        await StartAsync("sqlite", "web: w", "release: migrate");
        var began = new TaskCompletionSource();
        outside.Runtime.OneOffs = async (run, _, ct) =>
        {
            if (run.App == eu.Id)
            {
                began.SetResult();
                await Task.Delay(Timeout.Infinite, ct);
            }
            await began.Task;
            return new SandboxExit(3, false, false);
        };
        var ended = await EndOfAsync(await BeginAsync());
        Assert.StartsWith("Another target failed. ", ended.Targets[0].ErrorMessage);
        Assert.Equal("The release command exited with status 3.", ended.Targets[1].ErrorMessage);
        outside.Runtime.OneOffs = (_, _, _) => Task.FromResult(new SandboxExit(0, false, false));
        Assert.All((await EndOfAsync(await BeginAsync())).Targets, t => Assert.Equal("succeeded", t.Status));
        Assert.Equal("The release command was stopped, since the promotion failed on another target.\n", await File.ReadAllTextAsync(new Sluice.Logs.OpenLogs(outside.Data, TimeProvider.System).PathOf(ended.Targets[0].Release!.Value), None));
    }

    [Fact]
    public async Task A_platform_that_cannot_start_one_fails_all()
    {
        await StartAsync("sqlite", "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.CannotStart : ScriptedRuntime.Fate.Up;
        var ended = await EndOfAsync(await BeginAsync());
        Assert.StartsWith("Platform error: ", ended.Targets[1].ErrorMessage);
        Assert.StartsWith("Another target failed. ", ended.Targets[0].ErrorMessage);
        await NothingFlippedAsync();
    }

    [Fact]
    public async Task One_that_dies_while_it_waits_for_the_others_fails_all()
    {
        await StartAsync("sqlite", "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var promotion = await BeginAsync();
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Any(d => d.App == eu.Id && d.State == DynoState.Up), "eu is prepared");
        await Task.Delay(100);
        outside.Runtime.Crash(outside.Runtime.Alive.Single(d => d.App == eu.Id).Id);
        outside.Runtime.Crash((await UntilOneAsync(us)).Id);
        Assert.All((await EndOfAsync(promotion)).Targets, t => Assert.Equal("failed", t.Status));
        await NothingFlippedAsync();
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task One_whose_app_is_destroyed_fails_all(string kind)
    {
        await StartAsync(kind, "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var promotion = await BeginAsync();
        await UntilOneAsync(us);
        await world.Apps.DestroyAsync(us, ReleaseWorld.Ada, None);
        world.Plans.Nudge(us.Id);
        var ended = await EndOfAsync(promotion);
        Assert.All(ended.Targets, t => Assert.StartsWith("Another target was destroyed. ", t.ErrorMessage));
        await NothingFlippedAsync();
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task One_that_waits_for_its_turn_holds_the_others_and_what_comes_behind(string kind)
    {
        await StartAsync(kind, "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var slow = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(us.Id, ReleaseWorld.Ada.Account, null, await world.SlugAsync(us, null, "web: slow")), None);
        var hanging = await UntilOneAsync(us);
        var (first, second) = (await BeginAsync(), await BeginAsync());
        await Task.Delay(200);
        Assert.DoesNotContain(outside.Runtime.Alive, d => d.App == eu.Id);   // nothing boots for a group that cannot be decided yet
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
        outside.Runtime.Crash(hanging.Id);
        Assert.Equal("failed", (await world.EndOfAsync(slow)).Status);
        Assert.All((await EndOfAsync(first)).Targets.Concat((await EndOfAsync(second)).Targets), t => Assert.Equal("succeeded", t.Status));
        Assert.Equal((3, 4), ((await world.Ledger.CurrentAsync(eu.Id, None))!.Version, (await world.Ledger.CurrentAsync(us.Id, None))!.Version));
    }

    [Fact]
    public async Task A_restart_keeps_what_is_prepared_and_what_still_boots()
    {
        var promotion = await HalfPreparedAsync();
        await world.DisposeAsync();
        world = await new ReleaseWorld(outside).StartAsync();
        outside.Runtime.ComesUp((await UntilOneAsync(us)).Id);
        Assert.All((await EndOfAsync(promotion)).Targets, t => Assert.Equal("succeeded", t.Status));
        Assert.All(new[] { eu, us }, app => Assert.Equal(outside.Runtime.Started.Single(s => s.App == app.Id).Id, Assert.Single(outside.Router.RouteOf(app.Id)!.Targets).Dyno));
    }

    /// <summary>The one that had been ready gets a minute for new dynos; the one that was booting has had its own.</summary>
    [Theory, InlineData("ready", "succeeded"), InlineData("boot", "failed")]
    public async Task A_restart_gives_a_new_minute_only_to_who_had_been_ready(string step, string ends)
    {
        var promotion = await HalfPreparedAsync();
        await world.DisposeAsync();
        await outside.Records.Db.WriteAsync(
            new Act("test.wait", "x"), tx => Assert.Equal(1, tx.Execute($"UPDATE releases SET updated_at = {DateTimeOffset.UtcNow.AddMinutes(-2)} WHERE status = 'pending' AND step = {step}")), None);
        foreach (var dyno in outside.Runtime.Alive)
            outside.Runtime.Lose(dyno.Id);
        outside.Runtime.Fates = start => step == "boot" && start.App == us.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        world = await new ReleaseWorld(outside).StartAsync();
        Assert.All((await EndOfAsync(promotion)).Targets, t => Assert.Equal(ends, t.Status));
    }

    /// <summary>eu waits for us, which boots.</summary>
    private async Task<Promotion> HalfPreparedAsync()
    {
        await StartAsync("sqlite", "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var promotion = await BeginAsync();
        foreach (var (app, step) in new[] { (eu, "ready"), (us, "boot") })
        {
            for (var end = DateTime.UtcNow.AddSeconds(20); await world.Db.FindAsync($"SELECT 1 AS yes FROM releases WHERE app_id = {app.Id} AND step = {step}", r => r.Flag("yes"), None) is false; await Task.Delay(10, None))
                Assert.True(DateTime.UtcNow < end, $"{app.Name} is not at {step}");
        }
        await UntilOneAsync(us);
        return promotion;
    }

    private async Task<DynoStatus> UntilOneAsync(App app)
    {
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Any(d => d.App == app.Id), $"{app.Name} boots");
        return outside.Runtime.Alive.First(d => d.App == app.Id);
    }
}
