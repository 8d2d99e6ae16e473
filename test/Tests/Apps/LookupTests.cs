using Sluice.Apps;
using Sluice.Tests.Accounts;

namespace Sluice.Tests.Apps;

public sealed class LookupTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task The_owner_may_everything_and_for_others_the_app_does_not_exist()
    {
        await using var world = await World.OpenAsync("sqlite");
        var app = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        var lookup = new Lookup(world.Db);
        var stranger = await world.StrangerAsync();
        var unknown = await RefusalAsync(() => lookup.AppAsync("nothing", Permission.View, world.Admin, None));
        Assert.Equal(RefusalKind.NotFound, unknown.Kind);

        foreach (var permission in Enum.GetValues<Permission>())
        {
            Assert.Equal(app, await lookup.AppAsync("shop", permission, world.Admin, None));
            foreach (var name in new[] { "shop", app.Id.ToString() })
            {
                var foreign = await RefusalAsync(() => lookup.AppAsync(name, permission, stranger, None));
                Assert.Equal((RefusalKind.NotFound, "app", unknown.Message.Replace("nothing", name)), (foreign.Kind, foreign.Resource, foreign.Message));
            }
        }

        Assert.Empty(await lookup.AppsAsync([app.Id], stranger, None));
        Assert.Equal([app], await lookup.AppsAsync([app.Id, AppId.New(), app.Id], world.Admin, None));
    }

    private static async Task<RefusedException> RefusalAsync(Func<Task> ask) => await Assert.ThrowsAsync<RefusedException>(ask);
}
