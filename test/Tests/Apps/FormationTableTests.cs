using Sluice.Apps;
using Sluice.Storage;
using Sluice.Tests.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Apps;

public sealed class FormationTableTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_new_web_type_starts_at_one_and_others_at_none(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var (app, table) = await SetUpAsync(world, "web", "worker");
        Assert.Equal([("web", 1), ("worker", 0)], await QuantitiesAsync(table, app));

        await table.ScaleAsync(app, [new Scale("web", "0", null)], ["web", "worker"], world.Admin, None);
        await AdoptAsync(world, app, "web", "worker", "clock");

        Assert.Equal([("clock", 0), ("web", 0), ("worker", 0)], await QuantitiesAsync(table, app));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Counts_and_changes_of_counts_are_understood(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var (app, table) = await SetUpAsync(world, "web", "worker");

        await table.ScaleAsync(app, [new Scale("web", "3", "standard-2x"), new Scale("worker", "+2", null)], ["web", "worker"], world.Admin, None);
        await table.ScaleAsync(app, [new Scale("web", "-1", null), new Scale("worker", "-5", null)], ["web", "worker"], world.Admin, None);

        Assert.Equal([("web", 2), ("worker", 0)], await QuantitiesAsync(table, app));
        Assert.Equal("Standard-2X", (await table.ListAsync(app.Id, None))[0].Size);
    }

    [Fact]
    public async Task All_faults_are_told_together_and_nothing_changes()
    {
        await using var world = await World.OpenAsync("sqlite");
        var (app, table) = await SetUpAsync(world, "web");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => table.ScaleAsync(
            app, [new Scale("web", "2", null), new Scale("web", "many", "giant"), new Scale("wrk", "1", null)], ["web"], world.Admin, None));
        Assert.Equal(
            "The quantity of web is a whole number, or a change like +1 or -1; this is many. There is no dyno size giant; there are Eco, Basic, Standard-1X, "
            + "Standard-2X, Performance-M, Performance-L, Performance-L-RAM, Performance-XL, Performance-2XL, Micro, Standard-4X. shop has no process type wrk; it has web.",
            refused.Message);
        await Assert.ThrowsAsync<RefusedException>(() => table.ScaleAsync(app, [new Scale("web", "1000000", null)], ["web"], world.Admin, None));
        await Assert.ThrowsAsync<RefusedException>(() => table.ScaleAsync(app, [new Scale("web", "99999999999", null)], ["web"], world.Admin, None));
        Assert.Equal([("web", 1)], await QuantitiesAsync(table, app));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Quotas_limit_dynos_and_memory_of_all_types_together_and_less_is_always_allowed(string database)
    {
        await using var world = await World.OpenAsync(database);
        var (app, table) = await SetUpAsync(world, "web", "worker");
        var quotas = new QuotaTable(world.Db);
        await quotas.SetAsync(app, new Dictionary<string, long?> { ["dynos"] = 4, ["memory-mb"] = 2048 }, world.Admin, None);
        Task Scale(params Scale[] changes) => table.ScaleAsync(app, changes, ["web", "worker"], world.Admin, None);

        await Scale(new Scale("web", "2", null), new Scale("worker", "2", null));
        var dynos = await Assert.ThrowsAsync<RefusedException>(() => Scale(new Scale("worker", "+1", null)));
        Assert.Equal("An app may have 4 dynos, of all process types together. This would make 5. An administrator can change that: sluice quotas:set dynos=N.", dynos.Message);
        var memory = await Assert.ThrowsAsync<RefusedException>(() => Scale(new Scale("web", null, "Standard-2X")));
        Assert.Equal("An app may have 2048 MB of memory, of all its dynos together. This would make 3072. An administrator can change that: sluice quotas:set memory-mb=N.", memory.Message);

        await quotas.SetAsync(app, new Dictionary<string, long?> { ["dynos"] = 1, ["memory-mb"] = null }, world.Admin, None);
        await Scale(new Scale("worker", "1", null));
        Assert.Equal([("web", 2), ("worker", 1)], await QuantitiesAsync(table, app));
        Assert.Equal(Quota.MemoryMb.Default, await quotas.OfAsync(app.Id, Quota.MemoryMb, None));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => quotas.SetAsync(app, new Dictionary<string, long?> { ["dinos"] = 1, ["drains"] = -1, ["slug-mb"] = 0, ["releases"] = 0, ["dynos"] = 0 }, world.Admin, None));
        Assert.Contains("There is no quota dinos; there is dynos,", refused.Message, StringComparison.Ordinal);
        Assert.Contains("The quota drains is a whole number from 0 to 1000000000: -1 is not.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("The quota slug-mb is a whole number from 1 to 1000000000: 0 is not.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("The quota releases is a whole number from 1", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("quota dynos", refused.Message, StringComparison.Ordinal);   // none at all is a sensible wish
    }

    private static async Task<(App, FormationTable)> SetUpAsync(World world, params string[] types)
    {
        var app = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        await AdoptAsync(world, app, types);
        return (app, new FormationTable(world.Db, world.Clock));
    }

    private static Task AdoptAsync(World world, App app, params string[] types) =>
        world.Db.WriteAsync(new Act("test", "shop"), tx => FormationTable.Adopt(tx, app.Id, types, world.Clock.GetUtcNow()), None);

    private static async Task<(string, int)[]> QuantitiesAsync(FormationTable table, App app) =>
        [.. (await table.ListAsync(app.Id, None)).Select(row => (row.Type, row.Quantity))];
}

public sealed class BuildpackListTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Names_and_addresses_keep_their_order()
    {
        await using var world = await World.OpenAsync("sqlite");
        var app = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        var list = new BuildpackList(world.Db);
        await list.ReplaceAsync(app, ["heroku/nodejs", "https://github.com/heroku/heroku-buildpack-go#v1"], world.Admin, None);
        Assert.Equal(["urn:buildpack:heroku/nodejs", "https://github.com/heroku/heroku-buildpack-go#v1"], await list.ListAsync(app.Id, None));
        Assert.Equal("heroku/nodejs", BuildpackList.NameOf("urn:buildpack:heroku/nodejs"));
        await list.ReplaceAsync(app, [], world.Admin, None);
        Assert.Empty(await list.ListAsync(app.Id, None));
    }

    [Theory]
    [InlineData("nodejs"), InlineData("--upload-pack=evil"), InlineData("ext::sh -c id"), InlineData("file:///etc"), InlineData("https://"), InlineData("ssh://git@host/x"), InlineData("/etc/passwd")]
    public async Task What_is_neither_is_refused(string buildpack)
    {
        await using var world = await World.OpenAsync("sqlite");
        var app = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        await Assert.ThrowsAsync<RefusedException>(() => new BuildpackList(world.Db).ReplaceAsync(app, [buildpack], world.Admin, None));
    }

    [Theory]
    [InlineData("There is no buildpack heroku/ruby. Bundled are heroku/nodejs,", "heroku/ruby")]
    [InlineData("heroku/nodejs would run twice: name a buildpack once.", "heroku/nodejs", "heroku/python", "heroku/nodejs")]
    [InlineData("heroku/nodejs and heroku/node would run twice", "heroku/nodejs", "urn:buildpack:heroku/node")]
    [InlineData("https://example.com/b.git would run twice", "https://example.com/b.git", "https://example.com/b.git")]
    [InlineData("The address of a buildpack at example.com holds a user name or password", "https://ada:hunter2@example.com/b.git", "https://ada:hunter2@example.com/b.git")]
    [InlineData("A buildpack is the name of a bundled one or an http(s) address.", "ftp://ada:hunter2@example.com/b.git")]
    [InlineData("no blanks among them", "https://example.com/a b")]
    public async Task A_list_that_cannot_be_built_with_is_refused_when_it_is_set(string sentence, params string[] buildpacks)
    {
        await using var world = await World.OpenAsync("sqlite");
        var app = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        var list = new BuildpackList(world.Db);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => list.ReplaceAsync(app, [.. buildpacks], world.Admin, None));
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await list.ListAsync(app.Id, None));
    }
}
