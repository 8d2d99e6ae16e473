using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Apps;

/// <summary>Which of the apps that someone may see.</summary>
public enum AppScope
{
    /// <summary>All.</summary>
    All,

    /// <summary>One's own, and other people's that one was added to: no team's.</summary>
    Personal,

    /// <summary>Those of teams.</summary>
    Teams,
}

/// <summary>
/// The apps that someone may see, a page at a time. Each owner's are read from the index in the wanted order and no further than the page goes, so
/// that it costs the same with ten apps and with a hundred thousand.
/// </summary>
public sealed class AppList(Db db)
{
    /// <summary>With more owners than this, their apps are sorted together.</summary>
    private const int OwnersOneByOne = 50;

    public static readonly ImmutableArray<SortKey> Keys =
    [
        new("name", Sql.Part($"apps.name")),
        new("id", Sql.Part($"apps.id")),
        new("updated_at", Sql.Part($"apps.updated_at"), IsTime: true),
    ];

    /// <summary>One more than the slice holds, when there is more.</summary>
    public async Task<ImmutableArray<App>> PageAsync(AppScope scope, Slice slice, Principal who, CancellationToken ct)
    {
        var owners = new List<Owner>();
        if (scope != AppScope.Teams)
            owners.Add(new Owner(who.Account, SeesLocked: true));
        if (scope != AppScope.Personal)
            owners.AddRange(await TeamsAsync(who, ct));
        return await ReadAsync(owners, scope, team: null, slice, who, ct);
    }

    /// <summary>Those of one team.</summary>
    public Task<ImmutableArray<App>> PageAsync(Team team, Slice slice, Principal who, CancellationToken ct)
    {
        Owner[] owners = team.Role.IsInside() ? [new Owner(team.Id, team.Role == TeamRole.Admin)] : [];
        return ReadAsync(owners, AppScope.Teams, team.Id, slice, who, ct);
    }

    private Task<ImmutableArray<App>> ReadAsync(IReadOnlyList<Owner> owners, AppScope scope, AccountId? team, Slice slice, Principal who, CancellationToken ct)
    {
        var key = Keys.FirstOrDefault(k => k.Name == slice.Key) ?? Keys[0];
        var groups = owners.Count <= OwnersOneByOne ? owners.Select(owner => new[] { owner }) : owners.GroupBy(owner => owner.SeesLocked).Select(group => group.ToArray());
        var parts = groups.Select(group => Part(
            Sql.Part($"{AppCatalog.Tables}"),
            Sql.Part($"apps.owner_id {Is(group)} {(group[0].SeesLocked ? Sql.Part($"") : Sql.Part($"AND apps.locked = 0"))}"), key, slice));
        var added = Part(
            Sql.Part($"FROM collaborators JOIN apps ON apps.id = collaborators.app_id JOIN accounts ON accounts.id = apps.owner_id"),
            Sql.Part($"collaborators.account_id = {who.Account} {OfScope(scope, team)}"), key, slice);
        var sql = parts.Append(added).Aggregate((all, next) => Sql.Part($"{all} UNION {next}"));
        return db.ListAsync($"{sql} {slice.Cut(Sql.Literal(key.Name))}", AppCatalog.Read, ct);
    }

    private static Sql Part(Sql tables, Sql where, SortKey key, Slice slice) => Sql.Part(
        $"""
        SELECT id, name, owner_id, email, locked, stack, maintenance, acm, released_at, created_at, updated_at
          FROM (SELECT {AppCatalog.Columns} {tables} WHERE {where} AND {slice.Within(key)} {slice.Cut(key.Column)}) AS part
        """);

    private static Sql Is(Owner[] owners) => owners is [var only] ? Sql.Part($"= {only.Id}") : Sql.Part($"IN {Sql.In([.. owners.Select(o => o.Id)])}");

    private static Sql OfScope(AppScope scope, AccountId? team) => (scope, team) switch
    {
        (_, { } one) => Sql.Part($"AND apps.owner_id = {one}"),
        (AppScope.Personal, _) => Sql.Part($"AND accounts.kind = 'person'"),
        (AppScope.Teams, _) => Sql.Part($"AND accounts.kind = 'team'"),
        _ => Sql.Part($""),
    };

    private Task<ImmutableArray<Owner>> TeamsAsync(Principal who, CancellationToken ct) => db.ListAsync(
        $"SELECT team_id, role FROM team_members WHERE account_id = {who.Account} AND role <> 'collaborator' ORDER BY team_id",
        row => new Owner(new AccountId(row.Guid("team_id")), row.Text("role") == "admin"), ct);

    private sealed record Owner(AccountId Id, bool SeesLocked);
}
