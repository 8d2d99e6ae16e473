using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Accounts;

public sealed class LoginTests
{
    private const string Good = "correct horse battery";
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_password_opens_its_account_alone_until_it_is_changed_or_taken_away_and_lies_nowhere(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        using var passwords = new Passwords(world.Db, world.Clock);
        var (login, stranger, keys) = (LoginOf(world, passwords), await world.StrangerAsync(), new Authorizations(world.Db, world.Clock));
        await passwords.SetAsync(world.Admin, Good, None);
        var who = await login.WhoAsync("ADMIN@localhost ", Good, "here", "r", None);
        Assert.Equal((world.Admin.Account, true, null), (who.Account, who.IsAdministrator, who.Key));
        Assert.Equal(world.Clock.GetUtcNow(), await passwords.ChangedAtAsync(who.Account, None));
        foreach (var (email, wrong) in new[] { (Account.Admin, Good + "!"), (Account.Admin, ""), (stranger.Email, Good), ("nobody@localhost", Good) })
            Assert.Equal(RefusalKind.Unauthorized, (await Assert.ThrowsAsync<RefusedException>(() => login.WhoAsync(email, wrong, "here", "r", None))).Kind);
        Assert.DoesNotContain(Good, await world.Db.FindAsync($"SELECT hash FROM passwords", row => row.Text("hash"), None), StringComparison.Ordinal);
        Assert.Null(await world.Keys.WhoAsync(Good, "r", None));

        var (mine, _) = await keys.CreateAsync(world.Admin, "this browser", KeyScope.Global, null, isLogin: true, None);
        await keys.CreateAsync(world.Admin, "another browser", KeyScope.Global, null, isLogin: true, None);
        await passwords.SetAsync(world.Admin with { Key = mine.Id }, "another good one", None);
        Assert.Equal([mine.Id], (await keys.ListAsync(world.Admin.Account, None)).Where(k => k.IsLogin).Select(k => k.Id));
        await Assert.ThrowsAsync<RefusedException>(() => login.WhoAsync(Account.Admin, Good, "here", "r", None));
        await login.WhoAsync(Account.Admin, "another good one", "here", "r", None);
        await passwords.RemoveAsync(world.Admin, None);
        await Assert.ThrowsAsync<RefusedException>(() => login.WhoAsync(Account.Admin, "another good one", "here", "r", None));
        Assert.Null(await passwords.ChangedAtAsync(world.Admin.Account, None));
    }

    [Fact]
    public void A_password_that_is_short_long_the_address_or_like_a_key_is_refused_without_being_said()
    {
        var short_ = "tiny";
        Assert.DoesNotContain(short_, Assert.Single(Passwords.Faults(short_, "ada@example.com")), StringComparison.Ordinal);
        Assert.Single(Passwords.Faults(new string('a', 201), "ada@example.com"));
        Assert.Single(Passwords.Faults("Ada@Example.com", "ada@example.com"));
        Assert.Single(Passwords.Faults("sluice_0123456789", "ada@example.com"));
        Assert.Single(Passwords.Faults("twelve chars\n", "ada@example.com"));
        Assert.Empty(Passwords.Faults(Good, "ada@example.com"));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Who_guesses_waits_and_the_owner_still_comes_in_with_a_key(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        using var passwords = new Passwords(world.Db, world.Clock);
        var throttle = new SignInThrottle(world.Clock);
        var login = LoginOf(world, passwords, throttle);
        await passwords.SetAsync(world.Admin, Good, None);
        for (var i = 0; i < 10; i++)
            Assert.Equal(RefusalKind.Unauthorized, (await Assert.ThrowsAsync<RefusedException>(() => login.WhoAsync(Account.Admin, "sluice_guess", "there", "r", None))).Kind);
        Assert.Equal(RefusalKind.TooMany, (await Assert.ThrowsAsync<RefusedException>(() => login.WhoAsync(Account.Admin, Good, "there", "r", None))).Kind);
        await login.WhoAsync(Account.Admin, Good, "here", "r", None);

        for (var i = 0; i < 100; i++)
            throttle.Wrong(Account.Admin, $"192.0.2.{i}");
        Assert.Equal(RefusalKind.TooMany, (await Assert.ThrowsAsync<RefusedException>(() => login.WhoAsync(Account.Admin, Good, "here", "r", None))).Kind);
        await login.WhoAsync(Account.Admin, File.ReadAllText(world.Data.AdminKey), "here", "r", None);
        world.Clock.Advance(TimeSpan.FromMinutes(6));
        await login.WhoAsync(Account.Admin, Good, "there", "r", None);
    }

    private static Login LoginOf(World world, Passwords passwords, SignInThrottle? throttle = null) =>
        new(world.Keys, passwords, new AccountTable(world.Db, world.Clock), throttle ?? new SignInThrottle(world.Clock));
}
