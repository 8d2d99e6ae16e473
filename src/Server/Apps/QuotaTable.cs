using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>Quotas of apps: what administrators set; <see cref="Quota.Default"/> where they set nothing.</summary>
public sealed class QuotaTable(Db db)
{
    /// <summary>Inside the transaction that adds what is limited, with the app locked: two who add at once cannot both be the last.</summary>
    public static long Of(Tx tx, AppId app, Quota quota) => tx.Find(Select(app, quota), row => (long?)row.Long("value")) ?? quota.Default;

    public async Task<long> OfAsync(AppId app, Quota quota, CancellationToken ct) => await db.FindAsync(Select(app, quota), row => (long?)row.Long("value"), ct) ?? quota.Default;

    /// <summary>The apps for which administrators set it, with what they set.</summary>
    internal Task<ImmutableArray<(AppId App, long Limit)>> OfAllAsync(Quota quota, CancellationToken ct) => db.ListAsync(
        $"SELECT app_id, value FROM quotas WHERE name = {quota.Name}", row => (new AppId(row.Guid("app_id")), row.Long("value")), ct);

    /// <summary>All quotas, in the order of <see cref="Quota.All"/>, with what holds for this app.</summary>
    public async Task<ImmutableArray<(Quota Quota, long Limit)>> ListAsync(AppId app, CancellationToken ct)
    {
        var set = (await db.ListAsync($"SELECT name, value FROM quotas WHERE app_id = {app}", row => (Name: row.Text("name"), Value: row.Long("value")), ct))
            .ToDictionary(q => q.Name, q => q.Value, StringComparer.Ordinal);
        return [.. Quota.All.Select(quota => (quota, set.GetValueOrDefault(quota.Name, quota.Default)))];
    }

    /// <summary>Sets some; null puts the default back. What an app has beyond a lower limit stays; it gets no more.</summary>
    /// <exception cref="RefusedException">A sentence for each name that is none, and each number that cannot be.</exception>
    public Task SetAsync(App app, IReadOnlyDictionary<string, long?> limits, Principal who, CancellationToken ct)
    {
        var faults = limits.Keys.Where(name => Quota.All.All(q => q.Name != name))
            .Select(name => $"There is no quota {(name.Length <= 40 ? name : name[..37] + "...")}; there is {string.Join(", ", Quota.All.Select(q => q.Name))}.")
            .Concat(Quota.All.Where(q => limits.GetValueOrDefault(q.Name) is { } limit && (limit < q.Lowest || limit > Quota.Most))
                .Select(q => $"The quota {q.Name} is a whole number from {q.Lowest} to {Quota.Most}: {limits[q.Name]} is not."))
            .ToArray();
        if (faults.Length > 0)
            throw Refuse.Invalid(faults);
        return db.WriteAsync(new Act("quota.update", app.Name, who.Account, app.Id, who.RequestId), tx =>
        {
            foreach (var (name, limit) in limits)
            {
                tx.Execute($"DELETE FROM quotas WHERE app_id = {app.Id} AND name = {name}");
                if (limit is { } value)
                    tx.Execute($"INSERT INTO quotas (app_id, name, value) VALUES ({app.Id}, {name}, {value})");
            }
        }, ct);
    }

    private static Sql Select(AppId app, Quota quota)
    {
        Sql sql = $"SELECT value FROM quotas WHERE app_id = {app} AND name = {quota.Name}";
        return sql;
    }
}
