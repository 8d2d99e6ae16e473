using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Apps;

/// <summary>Someone who was added to an app by name.</summary>
public sealed record Collaborator
{
    public required Guid Id { get; init; }
    public required AccountId Account { get; init; }
    public required string Email { get; init; }
    public required PermissionSet Permissions { get; init; }

    /// <summary>What they are in the team that owns the app; null when nothing.</summary>
    public required TeamRole? Role { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>
/// Who, beside its owner, may do what with one app. Nobody gives what they do not have themselves; anybody may leave.
/// </summary>
public sealed class CollaboratorTable(Db db, TimeProvider clock)
{
    /// <summary>What someone gets who is added without a word about it.</summary>
    public static readonly PermissionSet Usual = PermissionSet.Of(Permission.View, Permission.Deploy, Permission.Operate);

    /// <summary>By address. The owner is not among them.</summary>
    public Task<ImmutableArray<Collaborator>> ListAsync(App app, CancellationToken ct) => db.ListAsync($"{Select} WHERE c.app_id = {app.Id} ORDER BY accounts.email", Read, ct);

    /// <summary>By id or address; null when they were not added.</summary>
    public Task<Collaborator?> FindAsync(App app, string idOrEmail, CancellationToken ct) => db.FindAsync(One(app.Id, idOrEmail), Read, ct);

    /// <summary>Those of <paramref name="apps"/> that someone was added to by name.</summary>
    public async Task<ImmutableHashSet<AppId>> JoinedAsync(AccountId account, IReadOnlyList<AppId> apps, CancellationToken ct) => apps.Count == 0 ? []
        : [.. await db.ListAsync($"SELECT app_id FROM collaborators WHERE account_id = {account} AND app_id IN {Sql.In(apps)}", row => new AppId(row.Guid("app_id")), ct)];

    /// <summary>
    /// Adds someone. Without <paramref name="wanted"/> they get the usual, and who adds themselves (joins) what their role allows them anyway.
    /// </summary>
    public Task<Collaborator> AddAsync(AppId app, string idOrEmail, PermissionSet? wanted, Principal who, CancellationToken ct)
    {
        var (id, now) = (Guid.CreateVersion7(), clock.GetUtcNow());
        return db.WriteAsync(
            ActOf("access.add", app, who),
            tx =>
            {
                var mine = Mine(tx, app, who);
                var account = AccountTable.Find(tx, idOrEmail);
                var joins = account?.Id == who.Account;
                if (!joins)
                    mine.Demand(Permission.Manage);
                if (account is null)
                    throw Refuse.Invalid($"There is no account {idOrEmail}. An administrator of this Sluice makes it, with: sluice accounts:create EMAIL");
                if (joins && (mine.Role is null || mine.Granted.Has(Permission.Own)))
                    throw Refuse.Invalid($"You have access to app {mine.App.Name} already.");
                var given = wanted ?? (joins ? mine.Granted : Usual);
                DemandOwn(mine, given);
                if (account.Id == mine.App.Owner)
                    throw Refuse.Invalid($"{account.Email} owns app {mine.App.Name} and may do everything with it.");
                if (tx.Find(One(app, account.Id.ToString()), Read) is not null)
                    throw Refuse.Invalid($"{account.Email} has access to app {mine.App.Name} already. Change it with access:update.");
                if (mine.App.Team is not null)
                    TeamTable.Acquaint(tx, mine.App.Owner, account.Id, now);
                tx.Execute(
                    $"""
                    INSERT INTO collaborators (id, app_id, account_id, permissions, joined, created_at, updated_at)
                    VALUES ({id}, {app}, {account.Id}, {given.ToString()}, {joins}, {now}, {now})
                    """);
                return tx.Find(One(app, account.Id.ToString()), Read)!;
            },
            ct);
    }

    /// <summary>Gives someone who was added other permissions.</summary>
    public Task<Collaborator> ChangeAsync(AppId app, string idOrEmail, PermissionSet wanted, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.WriteAsync(
            ActOf("access.update", app, who),
            tx =>
            {
                var mine = Mine(tx, app, who);
                mine.Demand(Permission.Manage);
                var old = tx.Find(One(app, idOrEmail), Read) ?? throw Refuse.NotFound("collaborator", idOrEmail);
                DemandOwn(mine, PermissionSet.Of([.. wanted.Beyond(old.Permissions)]));
                tx.Execute($"UPDATE collaborators SET permissions = {wanted.ToString()}, updated_at = {now} WHERE id = {old.Id}");
                return old with { Permissions = wanted, UpdatedAt = now };
            },
            ct);
    }

    /// <summary>Takes someone off the app. Who takes off themselves leaves.</summary>
    public Task<Collaborator> RemoveAsync(AppId app, string idOrEmail, Principal who, CancellationToken ct) => db.WriteAsync(
        ActOf("access.remove", app, who),
        tx =>
        {
            var mine = Mine(tx, app, who);
            var old = tx.Find(One(app, idOrEmail), Read);
            if (old is null && AccountTable.Find(tx, idOrEmail)?.Id == who.Account)
                throw Refuse.Invalid(WhyNotLeave(mine));
            if (old?.Account != who.Account)
                mine.Demand(Permission.Manage);
            if (old is null)
                throw Refuse.NotFound("collaborator", idOrEmail);
            tx.Execute($"DELETE FROM collaborators WHERE id = {old.Id}");
            return old;
        },
        ct);

    /// <summary>Said to somebody whose access is of another kind than a collaborator's.</summary>
    private static string WhyNotLeave(AppAccess mine) => mine.App.Team is { } team
        ? $"You have not joined app {mine.App.Name}: what you may do with it comes from team {team}."
        : $"You own app {mine.App.Name}: hand it to somebody else with apps:transfer.";

    /// <summary>Asked anew within the transaction: what one may do can have changed since the door was passed.</summary>
    private static AppAccess Mine(Tx tx, AppId app, Principal who) => Lookup.Find(tx, app, who) ?? throw Refuse.NotFound("app", app.ToString());

    private static void DemandOwn(AppAccess mine, PermissionSet given)
    {
        if (PermissionSet.Of([.. given.Each.Where(p => p != Permission.Own)]).Beyond(mine.Granted) is { IsEmpty: false } beyond)
            throw Refuse.Forbidden($"You may not give {string.Join(", ", beyond.Select(p => p.Word()))} on app {mine.App.Name}: nobody gives what they do not have themselves.");
    }

    private static Act ActOf(string what, AppId app, Principal who) => new(what, app.ToString(), who.Account, app, who.RequestId);

    private static Sql Select => Sql.Part(
        $"""
        SELECT c.id, c.account_id, accounts.email, c.permissions, m.role, c.created_at, c.updated_at
          FROM collaborators c JOIN accounts ON accounts.id = c.account_id JOIN apps ON apps.id = c.app_id
          LEFT JOIN team_members m ON m.team_id = apps.owner_id AND m.account_id = c.account_id
        """);

    private static Sql One(AppId app, string idOrEmail)
    {
        var email = idOrEmail.ToLowerInvariant();
        return Sql.Part($"{Select} WHERE c.app_id = {app} AND (c.account_id = {email} OR accounts.email = {email})");
    }

    private static Collaborator Read(Row row) => new()
    {
        Id = row.Guid("id"),
        Account = new AccountId(row.Guid("account_id")),
        Email = row.Text("email"),
        Permissions = PermissionSet.Parse(row.Text("permissions")),
        Role = TeamRoles.Parse(row.TextOrNull("role")),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
