using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Tests.Releases;

/// <summary>
/// The power goes between any two durable steps of deploy, config change, promotion and rollback: count the gates once, then for each of them cut
/// there, throw away all memory, start again over what outlives a server, and look at the invariants.
/// </summary>
public sealed class CrashTests
{
    private const string Sha = "0f0a53b1111111111111111111111111111111111";
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_cut_between_any_two_steps_ends_all_old_or_all_new()
    {
        var gates = await RunAsync(int.MaxValue);
        Assert.InRange(gates, 40, 200);
        await Parallel.ForEachAsync(
            Enumerable.Range(1, gates), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (cut, _) => await RunAsync(cut));
    }

    /// <summary>Returns how many gates were passed.</summary>
    private static async Task<int> RunAsync(int cutAt)
    {
        await using var outside = await Outside.MakeAsync();
        outside.Runtime.OneOffs = async (_, print, _) =>
        {
            await print("migrated\n");
            return new SandboxExit(0, false, false);
        };
        var story = new Story();
        await using (var setup = new ReleaseWorld(outside))
            await story.BeginAsync(setup);

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
        var telling = story.TellAsync(life);
        await Task.WhenAny(telling, cut.Task).WaitAsync(TimeSpan.FromSeconds(60));
        await life.DisposeAsync();
        CrashGate.Watcher.Value = null;
        if (cutAt == int.MaxValue)
            await telling;
        else
            await ((Task)telling).WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var gates = passed;

        await using var after = await new ReleaseWorld(outside).StartAsync();
        await story.CheckAsync(after, outside, $"cut at gate {cutAt}");
        return gates;
    }

    private sealed class PowerCutException : Exception;

    private sealed class Story
    {
        private readonly List<Release> acknowledged = [];
        private Sluice.Apps.App staging = null!, production = null!;
        private Pipeline pipeline = null!;
        private SlugId first, second;

        public async Task BeginAsync(ReleaseWorld world)
        {
            (staging, production) = (await world.AppAsync("shop-staging"), await world.AppAsync("shop"));
            pipeline = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
            await world.Pipelines.AddAsync(pipeline, staging, "staging", ReleaseWorld.Ada, None);
            await world.Pipelines.AddAsync(pipeline, production, "production", ReleaseWorld.Ada, None);
            await world.SetAsync(production, "NAME", "production");
            first = await world.SlugAsync(staging, Sha, "web: w", "release: migrate");
            second = await world.SlugAsync(staging, "2222222222", "web: w");
        }

        public async Task TellAsync(ReleaseWorld world)
        {
            await Done(world, await world.Ledger.AddAsync(new ReleaseRequest.Deploy(staging.Id, ReleaseWorld.Ada.Account, null, first), None));
            await PromoteAsync(world);
            await world.SetAsync(production, "GREETING", "hello");
            await Done(world, await world.Ledger.AddAsync(new ReleaseRequest.Deploy(staging.Id, ReleaseWorld.Ada.Account, null, second), None));
            await PromoteAsync(world);
            await Done(world, await world.Ledger.RollBackAsync(production.Id, ReleaseWorld.Ada.Account, "v3", null, None));
        }

        private async Task PromoteAsync(ReleaseWorld world)
        {
            var promotion = await world.Promoter.PromoteAsync(new PromotionRequest(pipeline.Id, staging.Id, null, []), ReleaseWorld.Ada, None);
            var ended = await world.Promoter.EndOfAsync(promotion.Id, None);
            acknowledged.Add((await world.Ledger.FindAsync(Assert.Single(ended.Targets).Release!.Value, None))!);
        }

        private async Task Done(ReleaseWorld world, ReleaseId id) => acknowledged.Add(await world.Releaser.EndOfAsync(id, null, None));

        public async Task CheckAsync(ReleaseWorld world, Outside outside, string when)
        {
            await ReleaseWorld.UntilAsync(() => world.Ledger.InFlightAsync(None).GetAwaiter().GetResult().IsEmpty, "everything ends, " + when);
            Assert.Empty(await world.Db.ListAsync($"SELECT id FROM release_queue", r => r.Text("id"), None));
            foreach (var app in new[] { staging, production })
            {
                var all = await world.Ledger.ListAsync(app.Id, None);
                Assert.Equal(Enumerable.Range(1, all.Length).Reverse(), all.Select(r => r.Version));
                var current = (await world.Ledger.CurrentAsync(app.Id, None))!;
                await ReleaseWorld.UntilAsync(() => Agrees(outside, app.Id, current), $"{app.Name} runs v{current.Version} alone, {when}");
                Assert.All(all, r => Assert.True(r.Status is "succeeded" || r.Failure!.Contains("does not run it twice"), $"v{r.Version} {r.Status}: {r.Failure}, {when}"));
            }
            foreach (var seen in acknowledged)
                Assert.Equal(seen, await world.Ledger.FindAsync(seen.Id, None));
            var phases = (await world.Ledger.ListAsync(staging.Id, None)).Concat(await world.Ledger.ListAsync(production.Id, None)).Count(r => r.HasOutput);
            Assert.True(outside.Runtime.Ran.Count <= phases, $"a release command ran twice, {when}");
            foreach (var id in await world.Db.ListAsync($"SELECT id FROM promotions", r => new PromotionId(r.Guid("id")), None))
            {
                var promotion = (await world.Promoter.FindAsync(id, None))!;
                Assert.Equal("completed", promotion.Status);
                Assert.Single(promotion.Targets);
            }
        }

        private static bool Agrees(Outside outside, AppId app, Release current)
        {
            var alive = outside.Runtime.Alive.Where(d => d.App == app).ToArray();
            var targets = outside.Router.RouteOf(app)?.Targets ?? [];
            return current.Slug is null
                ? alive.Length == 0 && targets.IsEmpty
                : alive is [var only] && only.Generation == current.Version && targets is [var target] && target.Dyno == only.Id;
        }
    }
}
