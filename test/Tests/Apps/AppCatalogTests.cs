using Sluice.Apps;
using Sluice.Storage;
using Sluice.Tests.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Apps;

public sealed class AppCatalogTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Action<Tx, App> Nothing = (_, _) => { };

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task An_app_is_found_by_its_name_and_by_its_id(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var made = await world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None);

        Assert.Equal(made, await world.Apps.FindAsync("shop", None));
        Assert.Equal(made, await world.Apps.FindAsync(made.Id.ToString(), None));
        Assert.Null(await world.Apps.FindAsync("shops", None));
        Assert.Equal([made], await new AppList(world.Db).PageAsync(AppScope.All, Slice.First(10), world.Admin, None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task An_app_without_a_name_gets_a_good_one(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var made = await world.Apps.CreateAsync(null, null, world.Admin, Nothing, None);
        Assert.Matches("^[a-z]+-[a-z]+-[0-9]{5}$", made.Name);
        Assert.Empty(AppName.Faults(made.Name));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_taken_name_is_refused_and_free_again_once_its_app_is_gone(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var made = await world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None));
        Assert.Equal("Name shop is already taken. Choose another one.", refused.Message);

        await world.Apps.DestroyAsync(made, world.Admin, None);

        Assert.NotEqual(made.Id, (await world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None)).Id);
        Assert.Equal(RefusalKind.NotFound, (await Assert.ThrowsAsync<RefusedException>(() => world.Apps.DestroyAsync(made, world.Admin, None))).Kind);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task What_comes_with_an_app_comes_whole_or_the_app_does_not(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => throw new InvalidOperationException("no first release"), None));
        Assert.Null(await world.Apps.FindAsync("shop", None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_rename_moves_the_name_and_nothing_else(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var shop = await world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None);
        await world.Apps.CreateAsync("store", null, world.Admin, Nothing, None);
        Assert.Equal(RefusalKind.Invalid, (await Assert.ThrowsAsync<RefusedException>(() => world.Apps.ChangeAsync(shop, new AppChange("store"), world.Admin, None))).Kind);

        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var renamed = await world.Apps.ChangeAsync(shop, new AppChange("boutique"), world.Admin, None);

        Assert.Equal(shop with { Name = "boutique", UpdatedAt = world.Clock.GetUtcNow() }, renamed);
        Assert.Equal(renamed, await world.Apps.FindAsync(shop.Id, None));
        Assert.Null(await world.Apps.FindAsync("shop", None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_change_keeps_what_somebody_else_changed_meanwhile(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var looked = await world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None);
        await world.Apps.ChangeAsync(looked, new AppChange("boutique"), world.Admin, None);

        var changed = await world.Apps.ChangeAsync(looked, new AppChange(Maintenance: true), world.Admin, None);

        Assert.Equal(("boutique", true), (changed.Name, changed.Maintenance));
        Assert.Equal(changed, await world.Apps.FindAsync(looked.Id, None));
    }

    [Fact]
    public async Task All_faults_of_a_request_are_told_together()
    {
        await using var world = await World.OpenAsync("sqlite");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Apps.CreateAsync("A!", "heroku-18", world.Admin, Nothing, None));
        Assert.Equal(
            "An app's name has 3 to 30 characters; this one has 2. An app's name starts with a letter, ends with a letter or digit, and has only lower-case "
            + "letters, digits and dashes. There is no stack heroku-18; there is debian-12.",
            refused.Message);
    }

    [Fact]
    public async Task Config_is_sealed_in_its_row()
    {
        await using var world = await World.OpenAsync("sqlite");
        var app = await world.Apps.CreateAsync("shop", null, world.Admin, Nothing, None);
        Assert.Empty(await world.Apps.ConfigAsync(app, None));
        var box = ConfigVars.Seal(world.Vault, app.Id, new Dictionary<string, string> { ["SECRET"] = "hunter2" });
        await world.Db.WriteAsync(new Act("test", "shop"), tx => tx.Execute($"UPDATE apps SET config = {box} WHERE id = {app.Id}"), None);

        Assert.Equal("hunter2", (await world.Apps.ConfigAsync(app, None))["SECRET"]);
        Assert.Equal(-1, box.AsSpan().IndexOf("hunter2"u8));
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => ConfigVars.Open(world.Vault, AppId.New(), box));
    }
}

public sealed class AppNameTests
{
    [Theory]
    [InlineData("shop"), InlineData("a1b"), InlineData("shop-staging-2"), InlineData("abcdefghijklmnopqrstuvwxyz1234")]
    public void Good(string name) => Assert.Empty(AppName.Faults(name));

    [Theory]
    [InlineData(""), InlineData("ab"), InlineData("1shop"), InlineData("-shop"), InlineData("shop-"), InlineData("Shop"), InlineData("sh op"), InlineData("shöp")]
    [InlineData("shop\n"), InlineData("shop.de"), InlineData("../etc"), InlineData("abcdefghijklmnopqrstuvwxyz12345"), InlineData("localhost")]
    public void Bad(string name) => Assert.NotEmpty(AppName.Faults(name));
}

public sealed class ConfigVarsTests
{
    [Fact]
    public void A_change_sets_and_removes()
    {
        var before = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("A", "1").Add("B", "2");
        Assert.Equal([new("A", "3"), new("C", "4")], before.Apply(new Dictionary<string, string?> { ["A"] = "3", ["B"] = null, ["C"] = "4", ["D"] = null }));
    }

    [Theory]
    [InlineData("A-B"), InlineData("1A"), InlineData(""), InlineData("A=B"), InlineData("A B"), InlineData("../A"), InlineData("A\n")]
    public void A_bad_name_is_refused(string name) => Assert.Single(ConfigVars.Faults(new Dictionary<string, string?> { [name] = "x" }));

    [Fact]
    public void A_fault_never_repeats_a_value()
    {
        var faults = ConfigVars.Faults(new Dictionary<string, string?> { ["A"] = "hunter2\0", ["-"] = "hunter2" });
        Assert.DoesNotContain("hunter2", string.Join(' ', faults));
        Assert.Equal(2, faults.Count());
    }

    [Fact]
    public void All_together_have_a_limit()
    {
        Assert.Empty(ConfigVars.SizeFaults(new Dictionary<string, string> { ["A"] = new('x', ConfigVars.MaxBytes - 1) }));
        Assert.Single(ConfigVars.SizeFaults(new Dictionary<string, string> { ["A"] = new('x', ConfigVars.MaxBytes) }));
    }
}
