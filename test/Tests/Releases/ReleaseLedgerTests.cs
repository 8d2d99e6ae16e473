using System.Security.Cryptography;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Releases;

/// <summary>The ledger alone, on both databases: nobody works on its releases but the test.</summary>
public sealed class ReleaseLedgerTests
{
    private const string Sha = "0f0a53b1111111111111111111111111111111111";
    private static readonly CancellationToken None = CancellationToken.None;

    private static async Task<(Outside, ReleaseWorld, App)> MakeAsync(string kind)
    {
        var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        return (outside, world, await world.AppAsync("shop"));
    }

    private static async Task<ReleaseId> AddAsync(ReleaseWorld world, App app, SlugId slug) =>
        await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, slug), None);

    private static async Task<int> EndAllAsync(ReleaseWorld world, string status = "succeeded")
    {
        for (var count = 0; ; count++)
        {
            if ((await world.Ledger.InFlightAsync(None)) is not [var release])
                return count;
            Assert.True(await world.Ledger.EndAsync(release, status, status == "failed" ? "It broke." : null, None));
        }
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Fifty_at_once_get_versions_without_a_gap_and_one_is_in_flight(string kind)
    {
        var (outside, world, app) = await MakeAsync(kind);
        await using var _ = outside;
        var slug = await world.SlugAsync(app, Sha, "web: w");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => AddAsync(world, app, slug))));
        Assert.Equal([2, 1], (await world.Ledger.ListAsync(app.Id, None)).Select(r => r.Version));
        Assert.Equal(50, await EndAllAsync(world));
        Assert.Equal(Enumerable.Range(1, 51).Reverse(), (await world.Ledger.ListAsync(app.Id, None)).Select(r => r.Version));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Those_that_wait_take_their_turn_in_order_with_the_config_of_that_moment(string kind)
    {
        var (outside, world, app) = await MakeAsync(kind);
        await using var _ = outside;
        await world.SetAsync(app, "A", "1");
        var slug = await world.SlugAsync(app, Sha, "web: w", "worker: w");
        var deploy = await AddAsync(world, app, slug);
        await world.SetAsync(app, "A", "2");
        var last = await AddAsync(world, app, await world.SlugAsync(app, null, "web: w"));
        await world.SetAsync(app, "B", "3");
        Assert.True(await world.Ledger.IsQueuedAsync(last, None));
        Assert.Null(await world.Ledger.FindAsync(last, None));
        Assert.Equal(4, await EndAllAsync(world));

        var all = (await world.Ledger.ListAsync(app.Id, None)).Reverse().ToArray();
        Assert.Equal(["Initial release", "Set A config vars", "Deploy 0f0a53b", "Set A config vars", "Deploy", "Set B config vars"], all.Select(r => r.Description));
        Assert.Equal(deploy, all[2].Id);
        Assert.Equal(last, all[4].Id);
        Assert.Equal([null, null, slug, slug], all[..4].Select(r => r.Slug));
        var configs = await Task.WhenAll(all.Select(r => world.Ledger.ConfigAsync(r, None)));
        Assert.Equal(["", "A=1", "A=1", "A=2 B=3", "A=2 B=3", "A=2 B=3"], configs.Select(c => string.Join(' ', c.Select(v => $"{v.Key}={v.Value}"))));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_rollback_brings_back_slug_and_config(string kind)
    {
        var (outside, world, app) = await MakeAsync(kind);
        await using var _ = outside;
        var slug = await world.SlugAsync(app, Sha, "web: w");
        await world.SetAsync(app, "A", "1");
        await AddAsync(world, app, slug);
        await EndAllAsync(world);
        await world.SetAsync(app, "A", "2");
        await AddAsync(world, app, await world.SlugAsync(app, "2222222222", "web: w"));
        await EndAllAsync(world);
        await world.Ledger.RollBackAsync(app.Id, ReleaseWorld.Ada.Account, "v3", null, None);
        await EndAllAsync(world);
        var current = (await world.Ledger.CurrentAsync(app.Id, None))!;
        Assert.Equal((6, "Rollback to v3", slug), (current.Version, current.Description, current.Slug!.Value));
        Assert.Equal("1", (await world.Ledger.ConfigAsync(current, None))["A"]);
        Assert.Equal("1", (await world.Apps.ConfigAsync(app, None))["A"]);
    }

    [Theory, InlineData("v1", "v1 has no slug"), InlineData("3", "v3 did not succeed"), InlineData("v9", "Couldn't find that release: v9."), InlineData("rubbish", "Couldn't find")]
    public async Task What_cannot_be_rolled_back_to_is_refused_by_a_sentence(string version, string sentence)
    {
        var (outside, world, app) = await MakeAsync("sqlite");
        await using var _ = outside;
        var slug = await world.SlugAsync(app, Sha, "web: w");
        await AddAsync(world, app, slug);
        await EndAllAsync(world);
        await AddAsync(world, app, slug);
        await EndAllAsync(world, "failed");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Ledger.RollBackAsync(app.Id, ReleaseWorld.Ada.Account, version, null, None));
        Assert.StartsWith(sentence, refused.Message);
        Assert.Equal(3, (await world.Ledger.ListAsync(app.Id, None)).Length);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_failed_config_change_stays_set_and_the_next_release_tries_it_again(string kind)
    {
        var (outside, world, app) = await MakeAsync(kind);
        await using var _ = outside;
        await AddAsync(world, app, await world.SlugAsync(app, Sha, "web: w"));
        await EndAllAsync(world);
        await world.SetAsync(app, "A", "bad");
        await EndAllAsync(world, "failed");
        Assert.Equal(2, (await world.Ledger.CurrentAsync(app.Id, None))!.Version);
        await world.SetAsync(app, "B", "2");
        await EndAllAsync(world);
        var current = (await world.Ledger.CurrentAsync(app.Id, None))!;
        Assert.Equal((4, "bad"), (current.Version, (await world.Ledger.ConfigAsync(current, None))["A"]));
    }

    [Fact]
    public async Task A_release_that_ended_is_never_edited()
    {
        var (outside, world, app) = await MakeAsync("sqlite");
        await using var _ = outside;
        var id = await AddAsync(world, app, await world.SlugAsync(app, Sha, "web: w"));
        await EndAllAsync(world);
        var ended = (await world.Ledger.FindAsync(id, None))!;
        Assert.False(await world.Ledger.EndAsync(ended, "failed", "late", None));
        Assert.False(await world.Ledger.NoteAsync(ended, "boot", None));
        Assert.Equal(ended, await world.Ledger.FindAsync(id, None));
    }

    [Fact]
    public async Task Setting_what_is_set_makes_no_release_and_removing_names_what_went()
    {
        var (outside, world, app) = await MakeAsync("sqlite");
        await using var _ = outside;
        var change = new Dictionary<string, string?> { ["FOO"] = "1", ["BAR"] = "2" };
        await world.Ledger.ChangeConfigAsync(app.Id, ReleaseWorld.Ada.Account, change, null, None);
        Assert.Null(await world.Ledger.ChangeConfigAsync(app.Id, ReleaseWorld.Ada.Account, change, null, None));
        await world.SetAsync(app, "FOO", null);
        Assert.Equal(["Remove FOO config vars", "Set FOO, BAR config vars", "Initial release"], (await world.Ledger.ListAsync(app.Id, None)).Select(r => r.Description));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.SetAsync(app, "1BAD", "x"));
        Assert.Equal(RefusalKind.Invalid, refused.Kind);
    }

    [Fact]
    public async Task The_first_release_with_web_scales_it_to_one_and_all_others_to_none()
    {
        var (outside, world, app) = await MakeAsync("sqlite");
        await using var _ = outside;
        await AddAsync(world, app, await world.SlugAsync(app, Sha, "web: w", "worker: w", "release: r"));
        Assert.Equal([("release", 0), ("web", 1), ("worker", 0)], (await world.Formations.ListAsync(app.Id, None)).Select(f => (f.Type, f.Quantity)));
    }

    [Fact]
    public async Task A_config_snapshot_opens_in_its_own_row_only_and_is_not_readable_in_the_database()
    {
        var (outside, world, app) = await MakeAsync("sqlite");
        await using var _ = outside;
        await world.SetAsync(app, "PASSWORD", "hunter2-hunter2");
        await world.SetAsync(app, "OTHER", "x");
        var all = await world.Ledger.ListAsync(app.Id, None);
        var bytes = (await world.Db.FindAsync($"SELECT config FROM releases WHERE id = {all[1].Id}", r => r.Bytes("config"), None))!;
        Assert.Equal(-1, bytes.AsSpan().IndexOf("hunter2"u8));
        await world.Db.WriteAsync(new Act("test", "x"), tx => tx.Execute($"UPDATE releases SET config = {bytes} WHERE id = {all[0].Id}"), None);
        await Assert.ThrowsAnyAsync<CryptographicException>(() => world.Ledger.ConfigAsync(all[0], None));
    }

    [Theory]
    [InlineData("0f0a53b1111", "Promote shop-staging v6 0f0a53b"), InlineData(null, "Promote shop-staging v6"), InlineData("0f0a", "Promote shop-staging v6 0f0a")]
    public void A_promotion_says_what_came_from_where(string? commit, string text) => Assert.Equal(text, Descriptions.Promote("shop-staging", 6, commit));

    [Fact]
    public void A_change_that_sets_and_removes_says_both() => Assert.Equal("Set A, B config vars, remove C config vars", Descriptions.Config(["A", "B"], ["C"]));
}
