using Sluice.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Accounts;

public sealed class AuthorizationsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_key_has_its_scope_and_its_end(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var keys = new Authorizations(world.Db, world.Clock);
        var scope = KeyScope.Parse(["write", "read", "read"], Assert.Fail);
        var (made, key) = await keys.CreateAsync(world.Admin, "ci", scope, TimeSpan.FromMinutes(5), isLogin: false, None);
        Assert.Equal("read,write", (await world.Keys.WhoAsync(key.Reveal(), "r", None))!.Scope.ToString());
        Assert.Equal("sluice_**********" + key.Reveal()[^4..], made.Masked);
        Assert.Equal([made.Id], (await keys.ListAsync(world.Admin.Account, None)).Where(k => k.Description == "ci").Select(k => k.Id));

        world.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(await world.Keys.WhoAsync(key.Reveal(), "r", None));
        Assert.DoesNotContain(await keys.ListAsync(world.Admin.Account, None), k => k.Id == made.Id);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Rotating_replaces_the_text_and_revoking_ends_it(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var keys = new Authorizations(world.Db, world.Clock);
        var (made, old) = await keys.CreateAsync(world.Admin, "laptop", KeyScope.Global, null, isLogin: false, None);
        var (rotated, fresh) = await keys.RotateAsync(made, world.Admin, None);
        Assert.Null(await world.Keys.WhoAsync(old.Reveal(), "r", None));
        Assert.Equal(made.Id, (await world.Keys.WhoAsync(fresh.Reveal(), "r", None))!.Key);
        Assert.EndsWith(fresh.Hint, rotated.Masked);
        Assert.Equal("desk", (await keys.DescribeAsync(rotated, "desk", world.Admin, None)).Description);

        await keys.RevokeAsync(rotated, world.Admin, None);
        Assert.Null(await world.Keys.WhoAsync(fresh.Reveal(), "r", None));
        await Assert.ThrowsAsync<RefusedException>(() => keys.RevokeAsync(rotated, world.Admin, None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Nobody_revokes_the_last_key_that_opens_everything(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var keys = new Authorizations(world.Db, world.Clock);
        var first = (await keys.DefaultAsync(world.Admin.Account, None))!;
        await keys.CreateAsync(world.Admin, "reader", KeyScope.Parse(["read"], Assert.Fail), null, isLogin: false, None);
        await keys.CreateAsync(world.Admin, "for a while", KeyScope.Global, TimeSpan.FromDays(1), isLogin: false, None);
        Assert.Contains("your last key", (await Assert.ThrowsAsync<RefusedException>(() => keys.RevokeAsync(first, world.Admin, None))).Message);
        Assert.Equal(first, await keys.DefaultAsync(world.Admin.Account, None));
        await keys.CreateAsync(world.Admin, "second", KeyScope.Global, null, isLogin: false, None);
        await keys.RevokeAsync(first, world.Admin, None);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Other_peoples_keys_are_not_there(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var keys = new Authorizations(world.Db, world.Clock);
        var eve = await world.StrangerAsync();
        var (mine, _) = await keys.CreateAsync(world.Admin, "mine", KeyScope.Global, null, isLogin: false, None);
        Assert.Equal(RefusalKind.NotFound, (await Assert.ThrowsAsync<RefusedException>(() => keys.FindAsync(eve.Account, mine.Id.ToString(), None))).Kind);
        Assert.Empty(await keys.ListAsync(eve.Account, None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_public_key_is_kept_once_and_a_private_one_never(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var keys = new SshKeys(world.Db, world.Clock);
        const string Public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUpM3dEpRkB6z8bDTwwqBkBNVr0sMuI2sFWXZtIVPi";
        var added = await keys.AddAsync(Public + " ada@laptop\n", world.Admin, None);
        Assert.Equal("ada@laptop", added.Comment);
        Assert.Equal(added, await keys.FindAsync(world.Admin.Account, added.Fingerprint, None));
        Assert.Contains("added already", (await Assert.ThrowsAsync<RefusedException>(() => keys.AddAsync(Public, world.Admin, None))).Message);
        foreach (var bad in new[] { "", "ssh-ed25519", "ssh-rsa " + Public[12..], "ssh-ed25519 !!!!", Public + "\nssh-rsa x", "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret", new string('a', 50_000) })
            Assert.DoesNotContain("secret", (await Assert.ThrowsAsync<RefusedException>(() => keys.AddAsync(bad, world.Admin, None))).Message);
        await keys.RemoveAsync(added, world.Admin, None);
        Assert.Empty(await keys.ListAsync(world.Admin.Account, None));
    }
}
