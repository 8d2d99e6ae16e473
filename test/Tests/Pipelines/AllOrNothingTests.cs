using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Runtime;
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
    public async Task A_restart_while_some_are_prepared_prepares_them_again()
    {
        await StartAsync("sqlite", "web: w");
        outside.Runtime.Fates = start => start.App == us.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var promotion = await BeginAsync();
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Any(d => d.App == eu.Id && d.State == DynoState.Up), "eu is prepared");
        await UntilOneAsync(us);
        await world.DisposeAsync();
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
        world = await new ReleaseWorld(outside).StartAsync();
        Assert.All((await EndOfAsync(promotion)).Targets, t => Assert.Equal("succeeded", t.Status));
        Assert.All(new[] { eu, us }, app => Assert.Single(outside.Router.RouteOf(app.Id)!.Targets));
    }

    private async Task<DynoStatus> UntilOneAsync(App app)
    {
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Any(d => d.App == app.Id), $"{app.Name} boots");
        return outside.Runtime.Alive.First(d => d.App == app.Id);
    }
}
