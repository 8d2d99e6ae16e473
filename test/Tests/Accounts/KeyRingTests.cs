using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Accounts;

public sealed class KeyRingTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_key_stands_for_its_account(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var key = await world.Keys.IssueAsync(world.Admin.Account, "laptop", expires: null, world.Admin, None);

        var who = await world.Keys.WhoAsync(key.Reveal(), "request-1", None);

        Assert.NotNull(who!.Key);
        Assert.Equal(world.Admin with { RequestId = "request-1", Key = who.Key }, who);
        Assert.StartsWith(ApiKey.Prefix, key.Reveal());
        Assert.Equal(ApiKey.Prefix.Length + 43, key.Reveal().Length);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Only_a_hash_of_a_key_is_kept(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var key = await world.Keys.IssueAsync(world.Admin.Account, "laptop", expires: null, world.Admin, None);

        var stored = await world.Db.ListAsync($"SELECT sha256 FROM api_keys ORDER BY created_at", row => row.Text("sha256"), None);

        Assert.Contains(key.Sha256, stored);
        Assert.DoesNotContain(key.Reveal(), string.Join(' ', stored));
        Assert.DoesNotContain(key.Reveal(), $"{key}");
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Nobody_comes_in_with_a_wrong_empty_huge_or_expired_key(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var key = await world.Keys.IssueAsync(world.Admin.Account, "short-lived", world.Clock.GetUtcNow().AddMinutes(5), world.Admin, None);
        Assert.NotNull(await world.Keys.WhoAsync(key.Reveal(), "r", None));

        world.Clock.Advance(TimeSpan.FromMinutes(5));

        foreach (var wrong in new[] { key.Reveal(), "undefined", "", ApiKey.New().Reveal(), new string('a', 100_000), "' OR 1=1 --" })
            Assert.Null(await world.Keys.WhoAsync(wrong, "r", None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Last_use_is_noted_but_not_with_every_request(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var key = (await File.ReadAllTextAsync(world.Data.AdminKey, None)).Trim();
        await world.Keys.WhoAsync(key, "r", None);
        var first = await LastUseAsync(world.Db);
        world.Clock.Advance(TimeSpan.FromMinutes(59));
        await world.Keys.WhoAsync(key, "r", None);
        Assert.Equal(first, await LastUseAsync(world.Db));
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.Keys.WhoAsync(key, "r", None);
        Assert.Equal(first + TimeSpan.FromHours(1), await LastUseAsync(world.Db));
    }

    private static Task<DateTimeOffset> LastUseAsync(Db db) => db.FindAsync($"SELECT last_used_at FROM api_keys", row => row.Time("last_used_at"), None);
}

public sealed class FirstStartTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task The_first_start_makes_one_account_and_a_key_file_for_its_owner_alone()
    {
        await using var world = await World.OpenAsync("sqlite");
        var key = await File.ReadAllTextAsync(world.Data.AdminKey, None);

        Assert.EndsWith("\n", key);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(world.Data.AdminKey));
        Assert.Equal(Account.Admin, (await world.Keys.WhoAsync(key.Trim(), "r", None))!.Email);
    }

    [Fact]
    public async Task Another_start_never_rewrites_the_key_even_if_the_file_is_gone()
    {
        await using var world = await World.OpenAsync("sqlite");
        var key = await File.ReadAllTextAsync(world.Data.AdminKey, None);
        await world.First.EnsureAdminAsync(None);
        Assert.Equal(key, await File.ReadAllTextAsync(world.Data.AdminKey, None));

        File.Delete(world.Data.AdminKey);
        await world.First.EnsureAdminAsync(None);

        Assert.False(File.Exists(world.Data.AdminKey));
        Assert.NotNull(await world.Keys.WhoAsync(key.Trim(), "r", None));
    }

    [Fact]
    public async Task A_start_cut_after_the_key_file_goes_on_with_that_key()
    {
        using var folder = new TempFolder();
        await using var test = await TestDb.OpenAsync("sqlite");
        var data = new DataFolder(folder.Path);
        var first = new FirstStart(test.Db, data, new RealDisk(), TimeProvider.System);
        CrashGate.Watcher.Value = gate => { if (gate == "accounts.key-written") throw new InvalidOperationException("cut"); };
        await Assert.ThrowsAsync<InvalidOperationException>(() => first.EnsureAdminAsync(None));
        CrashGate.Watcher.Value = null;
        var key = await File.ReadAllTextAsync(data.AdminKey, None);

        await first.EnsureAdminAsync(None);

        Assert.Equal(key, await File.ReadAllTextAsync(data.AdminKey, None));
        Assert.NotNull(await new KeyRing(test.Db, TimeProvider.System).WhoAsync(key.Trim(), "r", None));
    }
}
