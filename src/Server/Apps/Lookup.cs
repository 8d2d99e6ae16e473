using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Apps;

/// <summary>An app as one person has it: with what they may do to it.</summary>
public sealed record AppAccess(App App, PermissionSet Granted, TeamRole? Role)
{
    /// <exception cref="RefusedException">Not found, when it may not even be seen; forbidden.</exception>
    public void Demand(Permission wanted) => Access.Demand(Granted, wanted, "app", App.Name, App.OwnerEmail);

    /// <summary>Why one may not, as <see cref="Demand"/> would say it; null when one may.</summary>
    public string? WhyNot(Permission wanted) => Access.WhyNot(Granted, wanted, "app", App.Name, App.OwnerEmail)?.Message;
}

/// <summary>From a caller's "id or name" to an app it may touch. Past this only an <see cref="App"/> travels, so permission was asked exactly once.</summary>
public sealed class Lookup(Db db)
{
    /// <summary>Most ids in one question to the database.</summary>
    private const int AtOnce = 500;

    /// <summary>Throws a refusal (not found) for an app that is unknown or foreign, and (forbidden) for one that the caller may see but not treat so.</summary>
    public async Task<App> AppAsync(string idOrName, Permission wanted, Principal who, CancellationToken ct) => (await AccessAsync(idOrName, wanted, who, ct)).App;

    /// <summary>As <see cref="AppAsync"/>, with all that the caller may do to it.</summary>
    public async Task<AppAccess> AccessAsync(string idOrName, Permission wanted, Principal who, CancellationToken ct)
    {
        var found = await db.FindAsync($"{Select(who)} WHERE apps.id = {idOrName} OR apps.name = {idOrName}", row => Read(row, who), ct)
            ?? throw Refuse.NotFound("app", idOrName);
        Access.Demand(found.Granted, wanted, "app", found.Granted.Has(Permission.View) ? found.App.Name : idOrName, found.App.OwnerEmail);
        return found;
    }

    /// <summary>The same question within a transaction. Null for an app that is unknown, or may not be seen; demand of it what is to be done.</summary>
    public static AppAccess? Find(Tx tx, AppId app, Principal who) =>
        tx.Find($"{Select(who)} WHERE apps.id = {app}", row => Read(row, who)) is { } found && found.Granted.Has(Permission.View) ? found : null;

    /// <summary>Those of <paramref name="ids"/> that exist and that the caller may see, by id.</summary>
    public async Task<ImmutableArray<App>> AppsAsync(IEnumerable<AppId> ids, Principal who, CancellationToken ct) =>
        [.. (await AccessesAsync(ids, who, ct)).Select(access => access.App)];

    /// <summary>The same, each with all that the caller may do to it.</summary>
    public async Task<ImmutableArray<AppAccess>> AccessesAsync(IEnumerable<AppId> ids, Principal who, CancellationToken ct)
    {
        var found = ImmutableArray.CreateBuilder<AppAccess>();
        foreach (var some in ids.Distinct().Chunk(AtOnce))
        {
            var accesses = await db.ListAsync($"{Select(who)} WHERE apps.id IN {Sql.In(some)}", row => Read(row, who), ct);
            found.AddRange(accesses.Where(access => access.Granted.Has(Permission.View)));
        }

        return [.. found.OrderBy(access => access.App.Id.ToString(), StringComparer.Ordinal)];
    }

    private static Sql Select(Principal who) => Sql.Part(
        $"""
        SELECT {AppCatalog.Columns}, m.role, c.permissions
          {AppCatalog.Tables}
          LEFT JOIN team_members m ON m.team_id = apps.owner_id AND m.account_id = {who.Account}
          LEFT JOIN collaborators c ON c.app_id = apps.id AND c.account_id = {who.Account}
        """);

    private static AppAccess Read(Row row, Principal who)
    {
        var (app, role) = (AppCatalog.Read(row), TeamRoles.Parse(row.TextOrNull("role")));
        return new AppAccess(app, Access.OnApp(new Standing(app.Owner == who.Account, role, app.IsLocked, PermissionSet.Parse(row.TextOrNull("permissions")))), role);
    }
}
