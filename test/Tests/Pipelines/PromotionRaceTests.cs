using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Tests.Releases;

namespace Sluice.Tests.Pipelines;

/// <summary>"Promote what I looked at" against a deploy to the same app: it is the release that was looked at, and it was the current one, or it is refused.</summary>
public sealed class PromotionRaceTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private int promoted, refused;

    [Theory, InlineData("sqlite", 10, 100), InlineData("postgres", 4, 15)]
    public async Task What_was_looked_at_is_promoted_or_refused(string kind, int pairs, int races)
    {
        await using var outside = await Outside.MakeAsync(kind);
        await using var world = await new ReleaseWorld(outside).StartAsync();
        var apps = new List<(App Source, App Target, SlugId[] Slugs)>();
        for (var i = 0; i < pairs; i++)
        {
            var (source, target) = (await world.AppAsync($"source-{i}"), await world.AppAsync($"target-{i}"));
            await world.Edges.SetAsync(source, target, ReleaseWorld.Ada, None);
            // Nothing that runs: the race is over the records.
            apps.Add((source, target, [await world.SlugAsync(source, "1111111111", "worker: a"), await world.SlugAsync(source, "2222222222", "worker: b")]));
            await DeployAsync(world, source, apps[i].Slugs[0]);
        }
        await Task.WhenAll(apps.Select(a => Task.Run(async () =>
        {
            var took = TimeSpan.FromMilliseconds(5);
            for (var i = 1; i <= races; i++)
                took = await RaceAsync(world, a.Source, a.Target, a.Slugs[i % 2], took);
        })));
        Assert.Equal(pairs * races, promoted + refused);
        Assert.True(promoted > 0 && refused > 0, $"no race at all: {promoted} promoted, {refused} refused");
    }

    /// <summary>Starts the promotion somewhere within the time that a deploy takes here and now, or a little later; returns that time.</summary>
    private async Task<TimeSpan> RaceAsync(ReleaseWorld world, App source, App target, SlugId next, TimeSpan took)
    {
        var start = TimeProvider.System.GetTimestamp();
        var looked = (await world.Ledger.CurrentAsync(source.Id, None))!;
        var deploying = Task.Run(async () => (Release: await DeployAsync(world, source, next), Took: TimeProvider.System.GetElapsedTime(start)));
        if (Random.Shared.Next(4) != 0)
            await Task.Delay(took * (1.5 * Random.Shared.NextDouble()));
        try
        {
            var promotion = await world.Promoter.PromoteAsync(new PromotionRequest(null, source.Id, looked.Id, [], IfCurrent: true), ReleaseWorld.Ada, None);
            var (deployed, ended) = ((await deploying).Release, await world.Promoter.EndOfAsync(promotion.Id, None));
            Assert.Equal((looked.Id, looked.Slug), (ended.SourceRelease, (await world.Ledger.FindAsync(ended.Targets[0].Release!.Value, None))!.Slug));
            Assert.Equal(ended.Targets[0].Release, (await world.Ledger.CurrentAsync(target.Id, None))!.Id);
            // Every commit has its row here: what was promoted was the current one when the promotion was accepted.
            Assert.True(await EventAsync(world, "promotion.create", promotion.Id.ToString()) < await EventAsync(world, "release.succeeded", deployed.Id.ToString()));
            Interlocked.Increment(ref promoted);
        }
        catch (RefusedException no)
        {
            var deployed = (await deploying).Release;
            Assert.Equal((RefusalKind.Conflict, true), (no.Kind, no.Message.StartsWith($"{source.Name} moved on: it runs v{deployed.Version} now, not v{looked.Version}.", StringComparison.Ordinal)));
            Interlocked.Increment(ref refused);
        }
        return (await deploying).Took;
    }

    private static async Task<Release> DeployAsync(ReleaseWorld world, App app, SlugId slug) =>
        await world.EndOfAsync(await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, slug), None));

    private static Task<long> EventAsync(ReleaseWorld world, string what, string subject) =>
        world.Db.FindAsync($"SELECT id FROM events WHERE what = {what} AND subject = {subject}", r => r.Long("id"), None);
}
