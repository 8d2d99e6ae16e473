using System.Collections.Immutable;
using System.Text;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Jobs;
using Sluice.Storage;

namespace Sluice.Drains;

/// <summary>The drains of apps; their addresses are sealed.</summary>
public sealed class DrainTable(Db db, Vault vault, Site site, TimeProvider clock)
{
    /// <summary>Nudged when there is one more or one less.</summary>
    internal Wakeup Changed { get; } = new();

    /// <summary>Oldest first.</summary>
    public Task<ImmutableArray<Drain>> ListAsync(AppId app, CancellationToken ct) =>
        db.ListAsync($"SELECT id, app_id, token, url, created_at, updated_at FROM log_drains WHERE app_id = {app} ORDER BY created_at, id", Read, ct);

    /// <summary>By id, token or address.</summary>
    /// <exception cref="RefusedException">Not found, or another app's.</exception>
    public async Task<Drain> FindAsync(AppId app, string named, CancellationToken ct) =>
        (await ListAsync(app, ct)).FirstOrDefault(drain => drain.IsNamed(named)) ?? throw new RefusedException(RefusalKind.NotFound, "Couldn't find that drain. `drains` lists them.", "drain");

    /// <exception cref="RefusedException">The address is no good, is there already, or there are enough.</exception>
    public async Task<Drain> AddAsync(App app, string url, Principal who, CancellationToken ct)
    {
        var faults = DrainAddress.Faults(url, site.PrivateDrains).ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        var now = clock.GetUtcNow();
        var drain = new Drain { Id = Guid.CreateVersion7(), App = app.Id, Address = DrainAddress.Parse(url), Token = $"d.{Guid.NewGuid()}", CreatedAt = now, UpdatedAt = now };
        await db.WriteAsync(new Act("drain.create", drain.Token, who.Account, app.Id, who.RequestId), tx => Insert(tx, drain), ct);
        Changed.Nudge();
        return drain;
    }

    public async Task RemoveAsync(Drain drain, Principal who, CancellationToken ct)
    {
        await db.WriteAsync(
            new Act("drain.destroy", drain.Token, who.Account, drain.App, who.RequestId), tx => tx.Execute($"DELETE FROM log_drains WHERE id = {drain.Id}"), ct);
        Changed.Nudge();
    }

    internal Task<ImmutableArray<Drain>> AllAsync(CancellationToken ct) =>
        db.ListAsync($"SELECT id, app_id, token, url, created_at, updated_at FROM log_drains ORDER BY id", Read, ct);

    internal static string Purpose(Guid id) => $"log_drains.url {id}";

    private void Insert(Tx tx, Drain drain)
    {
        tx.LockApp(drain.App);
        var there = tx.List($"SELECT id, app_id, token, url, created_at, updated_at FROM log_drains WHERE app_id = {drain.App}", Read);
        if (there.Any(d => d.Address.Url == drain.Address.Url))
            throw Refuse.Invalid("This app has that drain already.");
        if (QuotaTable.Of(tx, drain.App, Quota.Drains) is var most && there.Length >= most)
            throw Refuse.Invalid(Quota.Drains.Sentence(most, "Remove one first."));
        var address = vault.Seal(Purpose(drain.Id), Encoding.UTF8.GetBytes(drain.Address.Url));
        tx.Execute(
            $"""
            INSERT INTO log_drains (id, app_id, token, url, created_at, updated_at)
            VALUES ({drain.Id}, {drain.App}, {drain.Token}, {address}, {drain.CreatedAt}, {drain.UpdatedAt})
            """);
    }

    private Drain Read(Row row)
    {
        var id = row.Guid("id");
        return new Drain
        {
            Id = id,
            App = new AppId(row.Guid("app_id")),
            Token = row.Text("token"),
            Address = DrainAddress.Parse(Encoding.UTF8.GetString(vault.Open(Purpose(id), row.Bytes("url")))),
            CreatedAt = row.Time("created_at"),
            UpdatedAt = row.Time("updated_at"),
        };
    }
}
