using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Teams;

public sealed class CollaboratorTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Nobody_gives_what_they_do_not_have(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var shop = world.All["shop"].Id;
        await world.Collaborators.AddAsync(shop, "member@example.com", PermissionSet.Parse("manage"), world["admin"], None);

        var refused = await RefusedAsync(() => world.Collaborators.AddAsync(shop, "viewer@example.com", PermissionSet.Parse("deploy"), world["member"], None));
        Assert.Equal("You may not give deploy on app shop: nobody gives what they do not have themselves.", refused);
        await RefusedAsync(() => world.Collaborators.ChangeAsync(shop, "member@example.com", PermissionSet.All, world["member"], None));
        Assert.Equal("view,manage", await world.MayAsync("member", "shop"));

        await world.Collaborators.AddAsync(shop, "viewer@example.com", PermissionSet.Parse("view"), world["member"], None);
        await world.Collaborators.ChangeAsync(shop, "viewer@example.com", PermissionSet.Parse("operate,deploy"), world["admin"], None);
        // What somebody had already is not given anew.
        await world.Collaborators.ChangeAsync(shop, "viewer@example.com", PermissionSet.Parse("deploy"), world["member"], None);
        Assert.Equal("view,deploy", await world.MayAsync("viewer", "shop"));
        await RefusedAsync(() => world.Collaborators.RemoveAsync(shop, "member@example.com", world["viewer"], None));
        await world.Collaborators.RemoveAsync(shop, "viewer@example.com", world["member"], None);
        Assert.Equal("", await world.MayAsync("viewer", "shop"));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task People_join_and_leave_apps_of_their_team_that_are_not_locked(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var (dev, shop) = (world.All["shop-dev"], world.All["shop"]);
        Assert.Equal("You have not joined app shop-dev: what you may do with it comes from team acme.",
            await RefusedAsync(() => world.Collaborators.RemoveAsync(dev.Id, "member@example.com", world["member"], None)));
        foreach (var (who, gets) in new[] { ("member", "view,deploy,operate"), ("viewer", "view") })
        {
            var joined = await world.Collaborators.AddAsync(dev.Id, $"{who}@example.com", null, world[who], None);
            Assert.Equal(gets, joined.Permissions.ToString());
            await RefusedAsync(() => world.Collaborators.AddAsync(shop.Id, $"{who}@example.com", null, world[who], None));
        }

        // Locked now: who joined before stays.
        await world.Apps.ChangeAsync(dev, new AppChange(IsLocked: true), world["admin"], None);
        Assert.Equal("view,deploy,operate", await world.MayAsync("member", "shop-dev"));
        await world.Collaborators.RemoveAsync(dev.Id, "member@example.com", world["member"], None);
        Assert.Equal("", await world.MayAsync("member", "shop-dev"));
        await RefusedAsync(() => world.Collaborators.AddAsync(dev.Id, "viewer@example.com", PermissionSet.All, world["viewer"], None));
        await RefusedAsync(() => world.Collaborators.AddAsync(dev.Id, "eve@example.com", null, world["eve"], None));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Who_is_added_to_an_app_of_a_team_is_known_to_the_team(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        await world.Collaborators.AddAsync(world.All["shop"].Id, "Eve@example.com", null, world["admin"], None);
        Assert.Equal("collaborator", (await world.Teams.MembersAsync(world.Acme, None)).Single(m => m.Email == "eve@example.com").Role.ToString().ToLowerInvariant());
        Assert.Equal(("", "view,deploy,operate"), (await world.MayAsync("eve", "shop-dev"), await world.MayAsync("eve", "shop")));
        await RefusedAsync(() => world.Collaborators.AddAsync(world.All["shop"].Id, "eve@example.com", null, world["admin"], None));
        await RefusedAsync(() => world.Collaborators.AddAsync(world.All["shop"].Id, "nobody@example.com", null, world["admin"], None));
        await RefusedAsync(() => world.Collaborators.AddAsync(world.All["blog"].Id, "ada@example.com", null, world["ada"], None));
        Assert.Equal("You own app blog: hand it to somebody else with apps:transfer.",
            await RefusedAsync(() => world.Collaborators.RemoveAsync(world.All["blog"].Id, "ada@example.com", world["ada"], None)));
        // Whose accounts there are is for those who may give access.
        Assert.StartsWith("You may not manage app shop-dev.",
            await RefusedAsync(() => world.Collaborators.AddAsync(world.All["shop-dev"].Id, "nobody@example.com", null, world["viewer"], None)), StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(Func<Task> attempt) => (await Assert.ThrowsAsync<RefusedException>(attempt)).Message;
}
