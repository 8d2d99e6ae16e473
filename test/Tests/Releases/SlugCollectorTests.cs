using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Apps;
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

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Of_old_releases_those_beyond_the_quota_lose_their_slug_and_say_so(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var (shop, production) = (await world.AppAsync("shop"), await world.AppAsync("production"));
        await new QuotaTable(world.Db).SetAsync(shop, new Dictionary<string, long?> { ["releases"] = 2 }, ReleaseWorld.Ada, None);
        var ran = new List<SlugId>();
        foreach (var commit in (string[])["aaaaaaa1", "bbbbbbb2", "ccccccc3", "ddddddd4", "eeeeeee5", "fffffff6"])   // v2 … v7
            ran.Add(await RanAsync(world, shop, await world.SlugAsync(shop, commit, "web: w")));
        await RanAsync(world, production, ran[0]);
        for (var i = 0; i < 2; i++)
            await world.Ledger.EndAsync((await world.Ledger.FindAsync((await world.Ledger.ChangeConfigAsync(shop.Id, ReleaseWorld.Ada.Account, new Dictionary<string, string?> { ["A"] = $"{i}" }, null, None))!.Value, None))!, "succeeded", null, None);   // v8, v9
        var inFlight = await world.SlugAsync(shop, "0000007", "web: w");
        await AddAsync(world, shop.Id, inFlight);                                                               // v10
        await world.Ledger.RollBackAsync(shop.Id, ReleaseWorld.Ada.Account, "v3", null, None);                   // waits
        SlugId[] all = [.. ran, inFlight];

        Assert.Equal(await DigestsAsync(world, all), (await Collector(world).ForgetUnusedAsync(None)).ToHashSet());   // all of it ran a moment ago
        var kept = await Collector(world, InTwoDays).ForgetUnusedAsync(None);

        // Kept: what production runs, what the rollback that waits names, what ran before the current slug, the current one, the one in flight.
        Assert.Equal(await DigestsAsync(world, ran[0], ran[1], ran[4], ran[5], inFlight), kept.ToHashSet());
        Assert.Equal(new[] { ran[2], ran[3] }.ToHashSet(), (await world.Slugs.NoLongerKeptAsync(all, None)).ToHashSet());
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Ledger.RollBackAsync(shop.Id, ReleaseWorld.Ada.Account, "v4", null, None));
        Assert.Equal("The slug of v4 is no longer kept (this app keeps those of its last 2 releases). Push its commit ccccccc again.", refused.Message);
        Assert.Equal(RefusalKind.Invalid, refused.Kind);
        refused = await Assert.ThrowsAsync<RefusedException>(() => AddAsync(world, production.Id, ran[3]));
        Assert.Equal($"Slug {ran[3]} is no longer kept: only old releases name it. Push its commit ddddddd again.", refused.Message);
        Assert.Equal("is no longer kept. Build it again.", await new SlugPresence(world.Slugs, new SlugClient(new AgentClient(outside.Data))).LackAsync(ran[3], None));
        Assert.False(await world.Db.WriteAsync(new Act("test", "slug"), tx => world.Slugs.Fill(tx, ran[3], SlugDigest.Of("x"u8), 1, DateTimeOffset.UnixEpoch), None));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Who_releases_an_old_slug_while_it_goes_gets_it_or_the_sentence_and_never_a_release_without_its_files(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var (shop, other) = (await world.AppAsync("shop"), await world.AppAsync("other"));
        await new QuotaTable(world.Db).SetAsync(shop, new Dictionary<string, long?> { ["releases"] = 1 }, ReleaseWorld.Ada, None);
        var (back, forth) = (0, 0);
        for (var round = 0; round < 8; round++)
        {
            var old = await RanAsync(world, shop, await world.SlugAsync(shop, $"old{round}", "web: w"));
            var version = (await world.Ledger.CurrentAsync(shop.Id, None))!.Version;
            for (var i = 0; i < 2; i++)
                await RanAsync(world, shop, await world.SlugAsync(shop, $"new{round}.{i}", "web: w"));
            var isOther = round % 2 == 1;
            var early = round / 2 % 2 == 1;

            var release = early ? ReleaseOldAsync() : null;
            var sweep = Collector(world, InTwoDays).ForgetUnusedAsync(None);
            var why = await (release ?? ReleaseOldAsync());
            await sweep;

            var files = (await world.Slugs.FindAsync(old, None))!.Digest;
            Assert.Equal(files is null, why is not null);
            Assert.Contains(why is null ? "" : "no longer kept", why ?? "", StringComparison.Ordinal);
            _ = why is null ? forth++ : back++;
            foreach (var app in new[] { shop, other })
            {
                foreach (var pending in (await world.Ledger.ListAsync(app.Id, None)).Where(r => r.Status == "pending"))
                    await world.Ledger.EndAsync(pending, "succeeded", null, None);
            }

            async Task<string?> ReleaseOldAsync()
            {
                await Task.Yield();
                try
                {
                    if (isOther)
                        await AddAsync(world, other.Id, old);
                    else
                        await world.Ledger.RollBackAsync(shop.Id, ReleaseWorld.Ada.Account, $"v{version}", null, None);
                    return null;
                }
                catch (RefusedException e)
                {
                    return e.Message;
                }
            }
        }
        Assert.Equal(8, back + forth);
    }

    private static readonly TimeProvider InTwoDays = new Later();

    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddDays(2);
    }

    private static async Task<SlugId> RanAsync(ReleaseWorld world, App app, SlugId slug)
    {
        var id = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, slug), None);
        await world.Ledger.EndAsync((await world.Ledger.FindAsync(id, None))!, "succeeded", null, None);
        return slug;
    }

    private static Task AddAsync(ReleaseWorld world, AppId app, SlugId slug) =>
        world.Ledger.AddAsync(new ReleaseRequest.Deploy(app, ReleaseWorld.Ada.Account, null, slug), None);

    private static SlugCollector Collector(ReleaseWorld world, TimeProvider? clock = null) =>
        new(world.Db, new SlugClient(new AgentClient(world.Outside.Data)), clock ?? TimeProvider.System, NullLogger<SlugCollector>.Instance);

    private static async Task<HashSet<SlugDigest>> DigestsAsync(ReleaseWorld world, params SlugId[] slugs)
    {
        var digests = new HashSet<SlugDigest>();
        foreach (var slug in slugs)
            digests.Add((await world.Slugs.FindAsync(slug, None))!.Digest!.Value);
        return digests;
    }
}
