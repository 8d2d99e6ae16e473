using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Teams;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Teams;

public sealed class TeamTableTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task The_last_admin_of_a_team_neither_leaves_nor_steps_down(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var admin = world["admin"];
        foreach (var attempt in new Func<Task>[]
        {
            () => world.Teams.RemoveAsync(world.Acme, "admin@example.com", admin, None),
            () => world.Teams.PutAsync(world.Acme, "admin@example.com", TeamRole.Member, mustBeIn: true, admin, None),
        })
        {
            var refused = await Assert.ThrowsAsync<RefusedException>(attempt);
            Assert.Equal("admin@example.com is the last admin of team acme: make somebody else one first.", refused.Message);
        }

        await world.Teams.PutAsync(world.Acme, "member@example.com", TeamRole.Admin, mustBeIn: true, admin, None);
        await world.Teams.RemoveAsync(world.Acme, "admin@example.com", admin, None);
        Assert.Null(await world.Teams.FindAsync("acme", admin, None));
        Assert.Equal("", await world.MayAsync("admin", "shop-dev"));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Who_leaves_a_team_is_off_all_its_apps(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        await world.Collaborators.AddAsync(world.All["shop"].Id, "member@example.com", PermissionSet.Parse("manage"), world["admin"], None);
        await world.Collaborators.AddAsync(world.All["blog"].Id, "member@example.com", null, world["ada"], None);
        await world.Teams.RemoveAsync(world.Acme, "member@example.com", world["admin"], None);
        Assert.Equal(("", "", "view,deploy,operate"), (await world.MayAsync("member", "shop-dev"), await world.MayAsync("member", "shop"), await world.MayAsync("member", "blog")));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_team_is_there_for_those_in_it_alone_and_its_name_is_its_own(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Teams.GetAsync("acme", TeamRole.Collaborator, world["eve"], None));
        Assert.Equal((RefusalKind.NotFound, "Couldn't find that team: acme."), (refused.Kind, refused.Message));
        refused = await Assert.ThrowsAsync<RefusedException>(() => world.Teams.GetAsync("acme", TeamRole.Admin, world["member"], None));
        Assert.Equal("You are a member of team acme; only an admin may do that. Ask one of its admins.", refused.Message);
        Assert.Equal("Name acme is already taken by another team. Choose another one.", (await Assert.ThrowsAsync<RefusedException>(() => world.Teams.CreateAsync("acme", world["eve"], None))).Message);
        Assert.Equal(RefusalKind.Invalid, (await Assert.ThrowsAsync<RefusedException>(() => world.Teams.CreateAsync("A!", world["eve"], None))).Kind);
        Assert.Null(await world.Accounts.FindAsync("acme@herokumanager.com", None));

        var renamed = await world.Teams.RenameAsync(world.Acme, "acme-two", world["admin"], None);
        Assert.Equal("acme-two@herokumanager.com", (await world.Apps.FindAsync("shop", None))!.OwnerEmail);
        Assert.Equal(renamed.Name, (await world.Teams.FindAsync("acme-two@herokumanager.com", world["viewer"], None))!.Name);
        refused = await Assert.ThrowsAsync<RefusedException>(() => world.Teams.DestroyAsync(renamed, world["admin"], None));
        Assert.Equal("Team acme-two still owns shop, shop, shop-dev and more: hand that over or destroy it first.", refused.Message);
    }

    [Fact]
    public async Task Who_has_no_account_is_not_put_into_a_team()
    {
        await using var world = await TeamWorld.OpenAsync("sqlite");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Teams.PutAsync(world.Acme, "new@example.com", TeamRole.Member, mustBeIn: false, world["admin"], None));
        Assert.Equal("There is no account new@example.com. An administrator of this Sluice makes it, with: sluice accounts:create new@example.com", refused.Message);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_account_that_leaves_nothing_behind_can_be_closed_and_opened_again(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var keys = new KeyRing(world.Db, TimeProvider.System);
        foreach (var (name, left) in new[]
        {
            ("ada", "ada@example.com owns app blog, owns pipeline blog. Hand that over first."),
            ("admin", "admin@example.com is the only admin of team acme. Hand that over first."),
        })
        {
            var account = (await world.Accounts.FindAsync(world[name].Account, None))!;
            Assert.Equal(left, (await Assert.ThrowsAsync<RefusedException>(() => world.Accounts.CloseAsync(account, world.Administrator, None))).Message);
        }

        var member = (await world.Accounts.FindAsync("Member@example.com", None))!;
        var key = await keys.IssueAsync(member.Id, "laptop", expires: null, world.Administrator, None);
        await world.Accounts.CloseAsync(member, world.Administrator, None);
        Assert.Null(await keys.WhoAsync(key.Reveal(), "r", None));
        Assert.Null(await world.Accounts.FindAsync("member@example.com", None));
        Assert.Equal("", await world.MayAsync("member", "shop-dev"));

        var (again, fresh) = await world.Accounts.CreateAsync("member@example.com", "Mem", false, world.Administrator, None);
        Assert.Equal(member.Id, again.Id);
        Assert.Equal(again.Id, (await keys.WhoAsync(fresh.Reveal(), "r", None))!.Account);
        Assert.Equal("", await world.MayAsync("member", "shop-dev"));
        await Assert.ThrowsAsync<RefusedException>(() => world.Accounts.CreateAsync("MEMBER@example.com", null, false, world.Administrator, None));
    }
}
