using System.Collections.Concurrent;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Storage;
using Sluice.Teams;
using Sluice.Tests.Dynos;
using Sluice.Tests.Releases;

namespace Sluice.Tests.Pipelines;

/// <summary>
/// The power goes at every gate of a story, and then again in each recovery, one gate further each time, until one recovery gets through: so each
/// step is cut before, between and after, and so is the mending of what the cut before it left. Then the invariants are looked at.
/// </summary>
public sealed class PromotionCrashTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string, int> Stories => new()
    {
        { nameof(Shop.EachAloneAsync), 120 },
        { nameof(Shop.AllOrNothingAsync), 150 },
        { nameof(Shop.AllOrNothingThatFailsAsync), 90 },
        { nameof(Shop.OverlappingGroupsAsync), 1000 },
        { nameof(Shop.DayAsync), 450 },
        { nameof(Shop.ChangedPathsAsync), 40 },
        { nameof(Shop.TransfersAsync), 150 },
    };

    /// <param name="atLeast">So many cuts the story must give; fewer means that gates are missing.</param>
    [Theory, MemberData(nameof(Stories))]
    public async Task However_often_the_power_goes_all_is_old_or_all_is_new(string story, int atLeast)
    {
        var (gates, none) = await RunAsync(story, int.MaxValue);
        Assert.Equal(0, none);
        var cuts = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(1, gates), new ParallelOptions { MaxDegreeOfParallelism = 6 },
            async (cut, _) => Interlocked.Add(ref cuts, (await RunAsync(story, cut)).Cuts));
        TestContext.Current.SendDiagnosticMessage($"{story}: {gates} gates, {cuts} cuts");
        Assert.True(cuts >= atLeast, $"{story} was cut {cuts} times at {gates} gates");
    }

    private static async Task<(int Gates, int Cuts)> RunAsync(string story, int cutAt)
    {
        await using var outside = await Outside.MakeAsync();
        var shop = new Shop(outside);
        await using (var setup = await new ReleaseWorld(outside).StartAsync())
            await shop.OpenAsync(setup);
        var when = $"{story}, cut at gate {cutAt}";
        var (gates, wasCut) = await LiveAsync(outside, cutAt, (world, over) => shop.TellAsync(story, world, over), when);
        var cuts = 0;
        for (var next = 1; wasCut; next++)
        {
            cuts++;
            (_, wasCut) = await LiveAsync(outside, next, Shop.SettleAsync, $"{when}, recovery {next}");
        }
        await using var after = await new ReleaseWorld(outside).StartAsync();
        await Shop.SettleAsync(after, None).WaitAsync(TimeSpan.FromSeconds(20));
        await shop.CheckAsync(after, when);
        return (gates, cuts);
    }

    /// <summary>One life of the server, which ends at a gate or when the work is done.</summary>
    private static async Task<(int Gates, bool WasCut)> LiveAsync(Outside outside, int cutAt, Func<ReleaseWorld, CancellationToken, Task> work, string when)
    {
        using var over = new CancellationTokenSource();
        var passed = 0;
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        CrashGate.Watcher.Value = _ =>
        {
            if (Interlocked.Increment(ref passed) < cutAt)
                return;
            cut.TrySetResult();
            throw new PowerCutException();
        };
        var life = await new ReleaseWorld(outside).StartAsync();
        var working = Task.Run(() => work(life, over.Token));
        var first = await Task.WhenAny(working, cut.Task, Task.Delay(TimeSpan.FromSeconds(20)));
        await over.CancelAsync();
        await life.DisposeAsync();
        CrashGate.Watcher.Value = null;
        if (cut.Task.IsCompleted)
        {
            await working.WaitAsync(TimeSpan.FromSeconds(20)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return (passed, true);
        }
        Assert.True(first == working, $"It did not end: {when}");
        await working;
        return (passed, false);
    }

    private sealed class PowerCutException : Exception;

    /// <summary>A staging app and three in production, and what was acknowledged.</summary>
    private sealed class Shop(Outside outside)
    {
        private readonly ConcurrentBag<Release> acknowledged = [];
        private readonly ConcurrentBag<PromotionId> accepted = [];
        private readonly ConcurrentDictionary<string, bool> changes = new();
        private App staging = null!;
        private App[] targets = [];
        private Pipeline pipeline = null!;
        private SlugId plain, migrating;
        private CancellationToken over;
        private PipelineTransfers transfers = null!;
        private AppTransferTable appTransfers = null!;
        private Team team = null!;
        private bool ends;

        public async Task OpenAsync(ReleaseWorld world)
        {
            staging = await world.AppAsync("shop-staging");
            team = await new TeamTable(world.Db, TimeProvider.System).CreateAsync("bakers", ReleaseWorld.Ada, None);
            pipeline = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
            await world.Pipelines.AddAsync(pipeline, staging, "staging", ReleaseWorld.Ada, None);
            foreach (var name in new[] { "shop-asia", "shop-eu", "shop-us" })
            {
                targets = [.. targets, await world.AppAsync(name)];
                await world.Pipelines.AddAsync(pipeline, targets[^1], "production", ReleaseWorld.Ada, None);
            }
            plain = await world.SlugAsync(staging, "1111111111", "web: w");
            migrating = await world.SlugAsync(staging, "2222222222", "web: w", "release: migrate");
            await DeployAsync(world, staging, migrating);
        }

        public async Task TellAsync(string story, ReleaseWorld world, CancellationToken ending)
        {
            (over, transfers, appTransfers) = (ending, new PipelineTransfers(world.Db, TimeProvider.System), new AppTransferTable(world.Db, TimeProvider.System));
            await (story switch
            {
                nameof(EachAloneAsync) => EachAloneAsync(world),
                nameof(AllOrNothingAsync) => AllOrNothingAsync(world),
                nameof(AllOrNothingThatFailsAsync) => AllOrNothingThatFailsAsync(world),
                nameof(OverlappingGroupsAsync) => OverlappingGroupsAsync(world),
                nameof(DayAsync) => DayAsync(world),
                nameof(TransfersAsync) => TransfersAsync(world),
                _ => ChangedPathsAsync(world),
            });
            ends = true;
        }

        /// <summary>Each target stands alone; the release command of one fails.</summary>
        public async Task EachAloneAsync(ReleaseWorld world)
        {
            outside.Runtime.OneOffs = (run, _, _) => Task.FromResult(new SandboxExit(run.App == targets[1].Id ? 1 : 0, false, false));
            var ended = await PromoteAsync(world, allOrNothing: false);
            Assert.Equal(["succeeded", "failed", "succeeded"], ended.Targets.Select(t => t.Status));
        }

        public async Task AllOrNothingAsync(ReleaseWorld world)
        {
            var ended = await PromoteAsync(world, allOrNothing: true);
            Assert.All(ended.Targets, t => Assert.Equal("succeeded", t.Status));
        }

        public async Task AllOrNothingThatFailsAsync(ReleaseWorld world)
        {
            outside.Runtime.Fates = start => start.App == targets[2].Id ? ScriptedRuntime.Fate.Crash : ScriptedRuntime.Fate.Up;
            var ended = await PromoteAsync(world, allOrNothing: true);
            Assert.All(ended.Targets, t => Assert.Equal("failed", t.Status));
        }

        /// <summary>Deploys to two targets, three groups that wait behind them and behind each other, and one more promotion behind those.</summary>
        public async Task OverlappingGroupsAsync(ReleaseWorld world)
        {
            var deploys = new[] { DeployAsync(world, targets[0], plain), DeployAsync(world, targets[2], migrating) };
            await Task.WhenAll([.. deploys, .. Enumerable.Range(0, 3).Select(_ => PromoteAsync(world, allOrNothing: true))]);
            await PromoteAsync(world, allOrNothing: false);
        }

        /// <summary>What a day brings: a deploy, promotions, config changes, a rollback.</summary>
        public async Task DayAsync(ReleaseWorld world)
        {
            await PromoteAsync(world, allOrNothing: false);
            await DeployAsync(world, staging, plain);
            await world.SetAsync(targets[1], "GREETING", "hello");
            await PromoteAsync(world, allOrNothing: true);
            Acknowledge(await world.Releaser.EndOfAsync(await world.Ledger.RollBackAsync(targets[0].Id, ReleaseWorld.Ada.Account, "v2", null, over), null, over));
            await PromoteAsync(world, allOrNothing: true);
            await world.SetAsync(targets[0], "GREETING", null);
            await world.SetAsync(targets[0], "GREETING", "good day");
        }

        /// <summary>A pipeline goes to a team with all its apps or with none; then an app comes back.</summary>
        public async Task TransfersAsync(ReleaseWorld world)
        {
            await ChangeAsync("handed over", () => transfers.TransferAsync(pipeline.Id, team.Id.ToString(), toTeam: true, ReleaseWorld.Ada, over));
            await PromoteAsync(world, allOrNothing: true);
            await ChangeAsync("came back", () => appTransfers.HandOverAsync(targets[0].Id, ReleaseWorld.Ada.Email, locked: false, ReleaseWorld.Ada, over));
        }

        /// <summary>Stages, couplings and edges: each change is there or it is not, and one that was acknowledged is.</summary>
        public async Task ChangedPathsAsync(ReleaseWorld world)
        {
            await ChangeAsync("canary", () => world.Stages.AddAsync(pipeline, "canary", new StagePlace(null, "staging"), ReleaseWorld.Ada, None));
            var coupling = (await world.Pipelines.CouplingOfAsync(targets[0].Id, None))!;
            await ChangeAsync("moved", () => world.Pipelines.MoveAsync(coupling, "canary", ReleaseWorld.Ada, None));
            await ChangeAsync("edge", () => world.Edges.SetAsync(staging, targets[1], ReleaseWorld.Ada, None));
            await PromoteAsync(world, allOrNothing: false);
            await ChangeAsync("uncoupled", async () => await world.Pipelines.RemoveAsync((await world.Pipelines.CouplingOfAsync(targets[2].Id, None))!, ReleaseWorld.Ada, None));
        }

        public static async Task SettleAsync(ReleaseWorld world, CancellationToken over)
        {
            while (await world.Db.FindAsync(
                $"SELECT (SELECT COUNT(*) FROM releases WHERE status = 'pending') + (SELECT COUNT(*) FROM release_queue) AS waiting", r => r.Long("waiting"), None) > 0)
                await Task.Delay(5, over);
        }

        public async Task CheckAsync(ReleaseWorld world, string when)
        {
            foreach (var app in targets.Append(staging))
            {
                var all = await world.Ledger.ListAsync(app.Id, None);
                Assert.Equal(Enumerable.Range(1, all.Length).Reverse(), all.Select(r => r.Version));
                var current = (await world.Ledger.CurrentAsync(app.Id, None))!;
                await ReleaseWorld.UntilAsync(() => Agrees(app.Id, current), $"{app.Name} runs v{current.Version} alone, {when}");
            }
            foreach (var seen in acknowledged)
                Assert.Equal(seen, await world.Ledger.FindAsync(seen.Id, None));
            Assert.True(outside.Runtime.Ran.Count <= await RanAsync(world), $"a release command ran twice, {when}");
            var promotions = await world.Db.ListAsync($"SELECT id FROM promotions", r => new PromotionId(r.Guid("id")), None);
            Assert.Superset(accepted.ToHashSet(), promotions.ToHashSet());
            foreach (var id in promotions)
                await CheckAsync(world, (await world.Promoter.FindAsync(id, None))!, when);
            await CheckPathsAsync(world, when);
            outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
            outside.Runtime.OneOffs = (_, _, _) => Task.FromResult(new SandboxExit(0, false, false));
            var again = await world.Promoter.PromoteAsync(new PromotionRequest(null, staging.Id, null, [.. targets.Take(2).Select(t => t.Id)], Skip: true, AllOrNothing: true), ReleaseWorld.Ada, None);
            again = await world.Promoter.EndOfAsync(again.Id, None).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.True(again.Targets.All(t => t.Status == "succeeded"), $"what was left behind stands in the way: {again.Targets[0]}, {when}");
        }

        private static async Task<int> RanAsync(ReleaseWorld world) =>
            await world.Db.FindAsync($"SELECT COUNT(*) AS ran FROM releases WHERE has_output = 1", r => r.Int("ran"), None);

        private async Task CheckAsync(ReleaseWorld world, Promotion promotion, string when)
        {
            Assert.True(promotion.Status == "completed" && promotion.Targets.Length is 1 or 3, $"a promotion did not end, {when}");
            var source = (await world.Ledger.FindAsync(promotion.SourceRelease, None))!;
            foreach (var target in promotion.Targets)
            {
                var release = target.Release is { } id ? await world.Ledger.FindAsync(id, None) : null;
                Assert.True(target.Status == "failed" ? target.ErrorMessage is not null : release?.Slug == source.Slug, $"{target}, {when}");
            }
            if (!promotion.AllOrNothing)
                return;
            Assert.True(promotion.Targets.DistinctBy(t => t.Status).Count() == 1, $"half of it was flipped: {string.Join(' ', promotion.Targets)}, {when}");
            if (promotion.Targets[0].Status == "succeeded")
                await CheckTablesAsync(world, promotion, when);
        }

        /// <summary>No table that the router ever served by led to one target's new version and to another's old one.</summary>
        private async Task CheckTablesAsync(ReleaseWorld world, Promotion promotion, string when)
        {
            var versions = new Dictionary<AppId, int>();
            foreach (var target in promotion.Targets)
                versions[target.App] = (await world.Ledger.FindAsync(target.Release!.Value, None))!.Version;
            var generations = outside.Runtime.Started.ToDictionary(s => s.Id, s => s.Generation);
            foreach (var table in outside.Router.Tables)
            {
                var isNew = versions.Where(v => table.GetValueOrDefault(v.Key)?.Targets.IsEmpty == false)
                    .Select(v => table[v.Key].Targets.All(t => generations[t.Dyno] >= v.Value)).Distinct().ToArray();
                Assert.True(isNew.Length < 2, $"a table led to one target's new version and another's old one, {when}");
            }
        }

        private async Task CheckPathsAsync(ReleaseWorld world, string when)
        {
            var stages = (await world.Pipelines.FindAsync(pipeline.Id, None))!.Stages;
            var couplings = await world.Pipelines.CouplingsAsync(pipeline.Id, ReleaseWorld.Ada, None);
            Assert.All(couplings, c => Assert.Contains(c.Stage, stages));
            AccountId[] owners = [.. await Task.WhenAll(targets.Select(async t => (await world.Apps.FindAsync(t.Id, None))!.Owner))];
            Assert.True(owners[1..].Distinct().Count() == 1, $"half of the apps were handed over, {when}");
            var holds = new Dictionary<string, bool>
            {
                ["canary"] = stages.Contains("canary"),
                ["moved"] = couplings.Single(c => c.App == targets[0].Id).Stage == "canary",
                ["edge"] = (await world.Edges.FindAsync(staging.Id, None))?.Downstream == targets[1].Id,
                ["handed over"] = (await world.Pipelines.FindAsync(pipeline.Id, None))!.Owner == team.Id,
                ["came back"] = owners[0] == ReleaseWorld.Ada.Account && owners[1] == team.Id,
                ["uncoupled"] = couplings.All(c => c.App != targets[2].Id),
            };
            foreach (var (change, wasAcknowledged) in changes)
                Assert.True(holds[change] || !wasAcknowledged, $"{change} was lost, {when}");
            foreach (var change in holds.Where(h => h.Value))
                Assert.True(changes.ContainsKey(change.Key), $"{change.Key} came from nowhere, {when}");
            Assert.True(!ends || changes.Values.All(done => done), when);
        }

        private async Task ChangeAsync(string what, Func<Task> change)
        {
            changes[what] = false;
            await change();
            changes[what] = true;
        }

        private async Task DeployAsync(ReleaseWorld world, App app, SlugId slug) => Acknowledge(await world.Releaser.EndOfAsync(
            await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, slug), None), null, over));

        private async Task<Promotion> PromoteAsync(ReleaseWorld world, bool allOrNothing)
        {
            var promotion = await world.Promoter.PromoteAsync(new PromotionRequest(null, staging.Id, null, [], AllOrNothing: allOrNothing), ReleaseWorld.Ada, None);
            accepted.Add(promotion.Id);
            var ended = await world.Promoter.EndOfAsync(promotion.Id, over);
            foreach (var target in ended.Targets)
                Acknowledge((await world.Ledger.FindAsync(target.Release!.Value, None))!);
            return ended;
        }

        private void Acknowledge(Release release) => acknowledged.Add(release);

        private bool Agrees(AppId app, Release current)
        {
            var alive = outside.Runtime.Alive.Where(d => d.App == app).ToArray();
            var route = outside.Router.RouteOf(app)?.Targets ?? [];
            return current.Slug is null
                ? alive.Length == 0 && route.IsEmpty
                : alive is [var only] && only.Generation == current.Version && route is [var target] && target.Dyno == only.Id;
        }
    }
}
