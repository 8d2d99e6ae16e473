using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Accounts;

/// <summary>A data folder after its first start, without any server: a database, a vault, the first account.</summary>
internal sealed class World : IAsyncDisposable
{
    private readonly TempFolder folder = new();
    private readonly TestDb test;

    private World(TestDb test, MovableClock clock)
    {
        this.test = test;
        Clock = clock;
        Data = new DataFolder(folder.Path);
        Vault = Vault.OpenOrCreate(Data.SecretKey, new RealDisk());
        Keys = new KeyRing(Db, clock);
        First = new FirstStart(Db, Data, new RealDisk(), clock);
        Apps = new AppCatalog(Db, Vault, clock);
    }

    public MovableClock Clock { get; }
    public DataFolder Data { get; }
    public Vault Vault { get; }
    public Db Db => test.Db;
    public KeyRing Keys { get; }
    public FirstStart First { get; }
    public AppCatalog Apps { get; }
    public Principal Admin { get; private set; } = null!;

    public static async Task<World> OpenAsync(string kind)
    {
        var clock = new MovableClock();
        var world = new World(await TestDb.OpenAsync(kind, clock), clock);
        await world.First.EnsureAdminAsync(CancellationToken.None);
        var admin = await new AccountTable(world.Db, clock).FindAsync(Account.Admin, CancellationToken.None);
        world.Admin = new Principal(admin!.Id, admin.Email, "first") { IsAdministrator = admin.IsAdministrator };
        return world;
    }

    /// <summary>Another account, without any rights.</summary>
    public async Task<Principal> StrangerAsync()
    {
        var id = AccountId.New();
        var email = $"{id}@localhost";
        var now = Clock.GetUtcNow();
        await Db.WriteAsync(
            new Act("account.create", email),
            tx => tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({id}, {email}, {now}, {now})"),
            CancellationToken.None);
        return new Principal(id, email, "strange");
    }

    public async ValueTask DisposeAsync()
    {
        await test.DisposeAsync();
        folder.Dispose();
    }
}

/// <summary>Stands still until it is told to go on.</summary>
internal sealed class MovableClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => now.Ticks;

    public void Advance(TimeSpan by) => now += by;
}
