using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Storage;
using Sluice.Teams;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Teams;

/// <summary>Development open to the team, staging and production to some: what everybody gets, by every way of asking.</summary>
public sealed class AccessMatrixTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private const string All = "view,deploy,operate,manage,own", Work = "view,deploy,operate";

    /// <summary>Who; what they may do to shop-dev (open), shop-staging (locked), shop (locked), blog (Ada's).</summary>
    private static readonly (string Who, string Dev, string Staging, string Production, string Blog)[] Before =
    [
        ("admin", All, All, All, ""),
        ("member", Work, "", "", ""),
        ("viewer", "view", "", "", ""),
        ("collaborator", "", "", "", ""),
        ("ada", "", "", "", All),
        ("eve", "", "", "", ""),
    ];

    /// <summary>After the member was let into staging, the viewer into production to look, the collaborator into production to deploy, Eve onto the blog.</summary>
    private static readonly (string Who, string Dev, string Staging, string Production, string Blog)[] After =
    [
        ("admin", All, All, All, ""),
        ("member", Work, "view,deploy", "", ""),
        ("viewer", "view", "", "view", ""),
        ("collaborator", "", "", "view,deploy", ""),
        ("ada", "", "", "", All),
        ("eve", "", "", "", "view,operate"),
    ];

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Development_staging_and_production_are_open_to_different_people(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        await DemandAsync(world, Before);

        await AddAsync("shop-staging", "member", "deploy", "admin");
        await AddAsync("shop", "viewer", "view", "admin");
        await AddAsync("shop", "collaborator", "deploy", "admin");
        await AddAsync("blog", "eve", "operate", "ada");
        await DemandAsync(world, After);

        // An administrator of the server is nobody among apps.
        world.People["administrator"] = world.Administrator;
        Assert.Equal("", await world.MayAsync("administrator", "shop"));

        Task AddAsync(string app, string person, string permission, string by) =>
            world.Collaborators.AddAsync(world.All[app].Id, $"{person}@example.com", PermissionSet.Parse(permission), world[by], None);
    }

    private static async Task DemandAsync(TeamWorld world, (string Who, string Dev, string Staging, string Production, string Blog)[] matrix)
    {
        foreach (var (who, dev, staging, production, blog) in matrix)
        {
            Assert.Equal((who, dev, staging, production, blog), (who, await world.MayAsync(who, "shop-dev"), await world.MayAsync(who, "shop-staging"), await world.MayAsync(who, "shop"), await world.MayAsync(who, "blog")));
            await EveryPermissionIsAskedAsync(world, who);
            await ListsAgreeAsync(world, who);
        }
    }

    /// <summary>Granted means let in; the rest is forbidden to who may view, and not there for others. Within a transaction as without.</summary>
    private static async Task EveryPermissionIsAskedAsync(TeamWorld world, string who)
    {
        foreach (var app in world.All.Values)
        {
            var granted = await world.MayAsync(who, app.Name);
            foreach (var permission in Enum.GetValues<Permission>())
            {
                var wanted = granted.Split(',').Contains(permission.Word()) ? null : granted.Length > 0 ? RefusalKind.Forbidden : (RefusalKind?)RefusalKind.NotFound;
                Assert.Equal(wanted, await OutcomeAsync(() => world.Lookup.AppAsync(app.Name, permission, world[who], None)));
                Assert.Equal(wanted, await OutcomeAsync(() => world.Db.WriteAsync(
                    new Act("test", app.Name),
                    tx => (Lookup.Find(tx, app.Id, world[who]) ?? throw Refuse.NotFound("app", app.Name)).Demand(permission), None)));
            }
        }
    }

    private static async Task ListsAgreeAsync(TeamWorld world, string who)
    {
        var seen = new List<string>();
        foreach (var app in world.All.Keys.Order(StringComparer.Ordinal))
        {
            if ((await world.MayAsync(who, app)).Length > 0)
                seen.Add(app);
        }

        var me = world[who];
        Assert.Equal(seen, (await new AppList(world.Db).PageAsync(AppScope.All, Slice.First(100), me, None)).Select(app => app.Name));
        Assert.Equal(seen.Order(), (await world.Lookup.AppsAsync(world.All.Values.Select(app => app.Id), me, None)).Select(app => app.Name).Order());
        Assert.Equal(seen.Order(), (await world.Pipelines.CouplingsAsync(Slice.First(100), me, None)).Select(c => c.AppName).Order());
        Assert.Equal(seen.Where(name => name != "blog").Order(), (await world.Pipelines.CouplingsAsync(world.AcmePipeline.Id, me, None)).Select(c => c.AppName).Order());
        var inTeam = (await world.Teams.FindAsync("acme", me, None))?.Role.IsInside() == true;
        string[] pipelines = [.. seen.Contains("blog") ? ["blog"] : Array.Empty<string>(), .. seen.Any(name => name != "blog") || inTeam ? ["shop"] : Array.Empty<string>()];
        Assert.Equal(pipelines, (await new PipelineList(world.Db).PageAsync(Slice.First(100), me, None)).Select(p => p.Name));
        Assert.Equal(pipelines.Contains("shop") ? 1 : 0, (await world.Pipelines.NamedAsync("shop", me, None)).Length);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_stage_tells_no_names_of_apps_that_one_may_not_see(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var stages = new StageList(world.Db, TimeProvider.System);
        var pipeline = await stages.AddAsync(world.AcmePipeline, "canary", new StagePlace(null, "staging"), world["admin"], None);
        var locked = (await world.Pipelines.CouplingsAsync(pipeline.Id, world["admin"], None)).Single(c => c.AppName == "shop-staging");
        await world.Pipelines.MoveAsync(locked, "canary", world["admin"], None);

        var told = await Assert.ThrowsAsync<RefusedException>(() => stages.RemoveAsync(pipeline, "canary", world["member"], None));
        Assert.Contains("has apps: 1 that you may not see.", told.Message, StringComparison.Ordinal);
        told = await Assert.ThrowsAsync<RefusedException>(() => stages.RemoveAsync(pipeline, "canary", world["admin"], None));
        Assert.Contains("has apps: shop-staging.", told.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_list_comes_page_by_page_in_any_order_with_nothing_twice_and_nothing_left_out(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var (admin, list) = (world["admin"], new AppList(world.Db));
        foreach (var (name, team) in new[] { ("a-b", world.Acme), ("abb", null), ("a-c", world.Acme), ("abc", world.Acme), ("zz9", null), ("zz-9", world.Acme) })
            await world.AppAsync(name, team, isLocked: false, admin);
        await world.Collaborators.AddAsync(world.All["blog"].Id, "admin@example.com", null, world["ada"], None);
        await world.Collaborators.AddAsync(world.All["shop-dev"].Id, "member@example.com", null, admin, None);
        foreach (var who in new[] { "admin", "member", "ada" })
        {
            var whole = (await list.PageAsync(AppScope.All, Slice.First(100), world[who], None)).Select(app => app.Id).ToArray();
            foreach (var (key, descending) in new[] { ("name", false), ("name", true), ("id", false), ("id", true), ("updated_at", false) })
            {
                var (all, from) = (new List<AppId>(), "");
                while (true)
                {
                    var page = await list.PageAsync(AppScope.All, new Slice(key, from, from.Length > 0, "", key == "updated_at" ? 100 : 2, descending), world[who], None);
                    var shown = page.Take(2).ToArray();
                    all.AddRange(key == "updated_at" ? page.Select(app => app.Id) : shown.Select(app => app.Id));
                    if (key == "updated_at" || page.Length <= 2)
                        break;
                    from = key == "name" ? shown[^1].Name : shown[^1].Id.ToString();
                }

                Assert.Equal(whole.Length, all.Count);
                Assert.Equal(whole.ToHashSet(), all.ToHashSet());
            }
        }

        var asMember = await world.Teams.FindAsync("acme", world["member"], None);
        Assert.Equal(["a-b", "a-c", "abc", "shop-dev", "zz-9"], (await list.PageAsync(asMember!, Slice.First(100), world["member"], None)).Select(a => a.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["abb", "blog", "zz9"], (await list.PageAsync(AppScope.Personal, Slice.First(100), admin, None)).Select(a => a.Name).Order(StringComparer.Ordinal));
    }

    private static async Task<RefusalKind?> OutcomeAsync(Func<Task> ask)
    {
        try
        {
            await ask();
            return null;
        }
        catch (RefusedException e)
        {
            return e.Kind;
        }
    }
}
