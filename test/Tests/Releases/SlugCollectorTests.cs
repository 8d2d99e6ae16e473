using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Releases;

/// <summary>Which slugs may be thrown away: only those that nothing names.</summary>
public sealed class SlugCollectorTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task What_a_release_names_or_one_that_waits_stays_and_what_nothing_names_goes(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var app = await world.AppAsync("shop");
        var inFlight = await world.SlugAsync(app, "a", "web: w");
        var waits = await world.SlugAsync(app, "b", "web: w");
        var unused = await world.SlugAsync(app, "c", "web: w");
        await AddAsync(world, app.Id, inFlight);
        await AddAsync(world, app.Id, waits);

        var kept = await Collector(world).ForgetUnusedAsync(None);

        Assert.Equal(await DigestsAsync(world, inFlight, waits), kept.ToHashSet());
        Assert.Null(await world.Slugs.FindAsync(unused, None));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_slug_that_was_promoted_outlives_the_app_it_was_made_for(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var (staging, production) = (await world.AppAsync("shop-staging"), await world.AppAsync("shop"));
        var promoted = await world.SlugAsync(staging, "a", "web: w");
        var neverPromoted = await world.SlugAsync(staging, "b", "web: w");
        await AddAsync(world, staging.Id, promoted);
        await AddAsync(world, staging.Id, neverPromoted);
        await world.Ledger.AddAsync(new ReleaseRequest.Promotion(production.Id, ReleaseWorld.Ada.Account, null, promoted, "shop-staging", 2), None);
        await world.Apps.DestroyAsync(staging, ReleaseWorld.Ada, None);

        Assert.Equal(await DigestsAsync(world, promoted), (await Collector(world).ForgetUnusedAsync(None)).ToHashSet());
    }

    [Fact]
    public async Task A_young_slug_stays_since_its_release_may_be_on_the_way()
    {
        await using var outside = await Outside.MakeAsync();
        var world = new ReleaseWorld(outside);
        var app = await world.AppAsync("shop");
        var young = await world.SlugAsync(app, "a", "web: w");
        await world.Db.WriteAsync(
            new Act("test", "slug"), tx => tx.Execute($"UPDATE slugs SET updated_at = {TimeProvider.System.GetUtcNow()} WHERE id = {young}"), None);

        Assert.Single(await Collector(world).ForgetUnusedAsync(None));
    }

    private static Task AddAsync(ReleaseWorld world, AppId app, SlugId slug) =>
        world.Ledger.AddAsync(new ReleaseRequest.Deploy(app, ReleaseWorld.Ada.Account, null, slug), None);

    private static SlugCollector Collector(ReleaseWorld world) =>
        new(world.Db, new SlugClient(new AgentClient(world.Outside.Data)), TimeProvider.System, NullLogger<SlugCollector>.Instance);

    private static async Task<HashSet<SlugDigest>> DigestsAsync(ReleaseWorld world, params SlugId[] slugs)
    {
        var digests = new HashSet<SlugDigest>();
        foreach (var slug in slugs)
            digests.Add((await world.Slugs.FindAsync(slug, None))!.Digest!.Value);
        return digests;
    }
}
