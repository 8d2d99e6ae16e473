using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>Process type × size × quantity, per app. Knows no slug: types come with releases.</summary>
public sealed class FormationTable(Db db, TimeProvider clock)
{
    /// <summary>By type.</summary>
    public Task<ImmutableArray<Formation>> ListAsync(AppId app, CancellationToken ct) => db.ListAsync(Select(app), Read, ct);

    /// <summary>Of several apps at once.</summary>
    public async Task<ImmutableArray<Formation>> ListAsync(IReadOnlyList<AppId> apps, CancellationToken ct) => apps.Count == 0 ? []
        : await db.ListAsync($"SELECT id, app_id, type, quantity, size, created_at, updated_at FROM formation WHERE app_id IN {Sql.In(apps)} ORDER BY type", Read, ct);

    public static ImmutableArray<Formation> List(Tx tx, AppId app) => tx.List(Select(app), Read);

    /// <summary>
    /// Makes rows for process types that a release brings and the app did not have. The first release with a <c>web</c> type scales it to 1; all
    /// others start at 0. Types that have a row keep it.
    /// </summary>
    public static void Adopt(Tx tx, AppId app, IEnumerable<string> types, DateTimeOffset now)
    {
        foreach (var type in types)
        {
            var id = Guid.CreateVersion7();
            var quantity = type == "web" ? 1 : 0;
            tx.Execute(
                $"""
                INSERT INTO formation (id, app_id, type, quantity, size, created_at, updated_at)
                VALUES ({id}, {app}, {type}, {quantity}, {DynoSize.Default.Name}, {now}, {now})
                ON CONFLICT (app_id, type) DO NOTHING
                """);
        }
    }

    /// <summary>Scales; all faults of all changes are refused together, and then nothing changed. Returns the whole formation.</summary>
    /// <param name="known">Process types that the app has; another one is a fault.</param>
    public Task<ImmutableArray<Formation>> ScaleAsync(
        App app, IReadOnlyCollection<Scale> changes, IReadOnlyCollection<string> known, Principal who, CancellationToken ct)
    {
        var faults = Faults(app, changes, known).ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        return db.WriteAsync(
            new Act("formation.update", app.Name, who.Account, app.Id, who.RequestId).Changing(
                [.. changes.DistinctBy(change => change.Type).Select(change => (change.Type, (string?)null, $"{change.Quantity} {change.Size}".Trim()))]),
            tx =>
            {
                tx.LockApp(app.Id);
                Adopt(tx, app.Id, known.Where(type => type != "web"), clock.GetUtcNow());
                var before = List(tx, app.Id);
                var rows = before.ToDictionary(row => row.Type, StringComparer.Ordinal);
                foreach (var change in changes)
                    Apply(tx, app.Id, change, rows.GetValueOrDefault(change.Type), clock.GetUtcNow());
                var now = List(tx, app.Id);
                RefuseMore(tx, app.Id, Quota.Dynos, before, now, row => row.Quantity);
                RefuseMore(tx, app.Id, Quota.MemoryMb, before, now, row => (long)row.Quantity * (DynoSize.Find(row.Size) ?? DynoSize.Default).MemoryMb);
                return now;
            },
            ct);
    }

    /// <summary>What is wrong with changes to an app that can run the known types, a sentence each; none when they are good.</summary>
    public static IEnumerable<string> Faults(App app, IReadOnlyCollection<Scale> changes, IReadOnlyCollection<string> known) =>
        [.. changes.SelectMany(change => change.Faults()), .. changes.Where(c => !known.Contains(c.Type)).Select(c => UnknownType(c.Type, app, known))];

    /// <summary>What a new app shall have once a release brings these types; the changes are without faults.</summary>
    public static void Set(Tx tx, AppId app, ImmutableArray<Scale> changes, DateTimeOffset now)
    {
        foreach (var change in changes)
            Apply(tx, app, change, null, now);
    }

    private static void Apply(Tx tx, AppId app, Scale change, Formation? row, DateTimeOffset now)
    {
        change.TryQuantity(row?.Quantity ?? 0, out var quantity);
        if (quantity > Scale.MaxQuantity)
            throw Refuse.Invalid($"One process type may have {Scale.MaxQuantity} dynos; this asks for {quantity} of {change.Type}.");
        var size = DynoSize.Find(change.Size ?? row?.Size ?? "") ?? DynoSize.Default;
        var id = Guid.CreateVersion7();
        tx.Execute(
            $"""
            INSERT INTO formation (id, app_id, type, quantity, size, created_at, updated_at)
            VALUES ({id}, {app}, {change.Type}, {quantity}, {size.Name}, {now}, {now})
            ON CONFLICT (app_id, type) DO UPDATE SET quantity = excluded.quantity, size = excluded.size, updated_at = excluded.updated_at
            """);
    }

    /// <summary>Less is always allowed, also when it is still too much.</summary>
    private static void RefuseMore(Tx tx, AppId app, Quota quota, ImmutableArray<Formation> before, ImmutableArray<Formation> now, Func<Formation, long> much)
    {
        var (wanted, limit) = (now.Sum(much), QuotaTable.Of(tx, app, quota));
        if (wanted > limit && wanted > before.Sum(much))
            throw Refuse.Invalid(quota.Sentence(limit, $"This would make {wanted}."));
    }

    private static string UnknownType(string type, App app, IReadOnlyCollection<string> known) => known.Count == 0
        ? $"{app.Name} has no process type {type}: deploy something first."
        : $"{app.Name} has no process type {type}; it has {string.Join(", ", known)}.";

    private static Sql Select(AppId app)
    {
        Sql sql = $"SELECT id, app_id, type, quantity, size, created_at, updated_at FROM formation WHERE app_id = {app} ORDER BY type";
        return sql;
    }

    private static Formation Read(Row row) => new()
    {
        Id = row.Guid("id"),
        App = new AppId(row.Guid("app_id")),
        Type = row.Text("type"),
        Quantity = row.Int("quantity"),
        Size = row.Text("size"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
