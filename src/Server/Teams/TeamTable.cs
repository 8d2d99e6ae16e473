using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;

namespace Sluice.Teams;

/// <summary>Teams, and who is what in them. What one is not in does not exist for one.</summary>
public sealed class TeamTable(Db db, TimeProvider clock)
{
    /// <summary>By id, name or address. Null when there is none, or the caller is nothing in it.</summary>
    public Task<Team?> FindAsync(string idOrName, Principal who, CancellationToken ct) => db.FindAsync(ByName(idOrName, who), Read, ct);

    /// <summary>As <see cref="FindAsync"/>, within a transaction.</summary>
    public static Team? Find(Tx tx, string idOrName, Principal who) => tx.Find(ByName(idOrName, who), Read);

    /// <summary>One team that the caller has at least this role in.</summary>
    /// <exception cref="RefusedException">Not found (also when the caller is nothing in it), or forbidden.</exception>
    public async Task<Team> GetAsync(string idOrName, TeamRole atLeast, Principal who, CancellationToken ct)
    {
        var team = await FindAsync(idOrName, who, ct) ?? throw Refuse.NotFound("team", idOrName);
        return team.Role <= atLeast ? team : throw Refuse.Forbidden(
            $"You are a {team.Role?.Word()} of team {team.Name}; only {(atLeast == TeamRole.Admin ? "an admin" : $"a {atLeast.Word()}")} may do that. Ask one of its admins.");
    }

    /// <summary>Those that the caller is in, by name.</summary>
    public Task<ImmutableArray<Team>> ListAsync(Principal who, CancellationToken ct) =>
        db.ListAsync($"{Select(who)} WHERE m.role IS NOT NULL ORDER BY teams.name", Read, ct);

    /// <summary>Makes a team; who makes it is its first admin.</summary>
    public async Task<Team> CreateAsync(string name, Principal who, CancellationToken ct)
    {
        Demand(name);
        var now = clock.GetUtcNow();
        var team = new Team { Id = AccountId.New(), Name = name, Role = TeamRole.Admin, CreatedAt = now, UpdatedAt = now };
        await WriteNameAsync("team.create", team, who, tx =>
        {
            tx.Execute($"INSERT INTO accounts (id, email, kind, created_at, updated_at) VALUES ({team.Id}, {team.Email}, 'team', {now}, {now})");
            tx.Execute($"INSERT INTO teams (id, name, created_at, updated_at) VALUES ({team.Id}, {name}, {now}, {now})");
            Put(tx, team.Id, who.Account, TeamRole.Admin, now);
        }, ct);
        return team;
    }

    public async Task<Team> RenameAsync(Team team, string name, Principal who, CancellationToken ct)
    {
        Demand(name);
        var renamed = team with { Name = name, UpdatedAt = clock.GetUtcNow() };
        await WriteNameAsync("team.update", renamed, who, tx =>
        {
            tx.Execute($"UPDATE teams SET name = {name}, updated_at = {renamed.UpdatedAt} WHERE id = {team.Id}");
            tx.Execute($"UPDATE accounts SET email = {renamed.Email}, updated_at = {renamed.UpdatedAt} WHERE id = {team.Id}");
        }, ct);
        return renamed;
    }

    /// <summary>Ends a team that owns nothing any more.</summary>
    public Task DestroyAsync(Team team, Principal who, CancellationToken ct) => db.WriteAsync(
        ActOf("team.destroy", team, who),
        tx =>
        {
            var owned = tx.List(
                $"""
                SELECT name FROM apps WHERE owner_id = {team.Id} UNION ALL SELECT name FROM pipelines WHERE owner_id = {team.Id} ORDER BY name LIMIT 4
                """, row => row.Text("name"));
            if (!owned.IsEmpty)
                throw Refuse.Invalid($"Team {team.Name} still owns {string.Join(", ", owned.Take(3))}{(owned.Length > 3 ? " and more" : "")}: hand that over or destroy it first.");
            tx.Execute($"DELETE FROM accounts WHERE id = {team.Id}");
        },
        ct);

    /// <summary>By address.</summary>
    public Task<ImmutableArray<Member>> MembersAsync(Team team, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT accounts.id, accounts.email, accounts.name, m.role, m.created_at, m.updated_at
          FROM team_members m JOIN accounts ON accounts.id = m.account_id WHERE m.team_id = {team.Id} ORDER BY accounts.email
        """, ReadMember, ct);

    /// <summary>Puts someone into the team, or gives who is in it another role.</summary>
    public Task<Member> PutAsync(Team team, string email, TeamRole role, bool mustBeIn, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.WriteAsync(
            ActOf("team.member", team, who) with { Data = $$"""{"role":"{{role.Word()}}"}""" },
            tx =>
            {
                var account = AccountTable.Find(tx, email) ?? throw Refuse.Invalid(
                    $"There is no account {email}. An administrator of this Sluice makes it, with: sluice accounts:create {email}");
                var old = RoleOf(tx, team.Id, account.Id);
                if (old is null && mustBeIn)
                    throw Refuse.NotFound("team member", email);
                if (old == TeamRole.Admin && role != TeamRole.Admin)
                    DemandAnotherAdmin(tx, team, account);
                Put(tx, team.Id, account.Id, role, now);
                // What someone took by joining came from the role: with another role it is to be taken anew.
                if (old != role)
                    tx.Execute($"DELETE FROM collaborators WHERE joined = 1 AND account_id = {account.Id} AND app_id IN (SELECT id FROM apps WHERE owner_id = {team.Id})");
                return new Member(account.Id, account.Email, account.Name, role, now, now);
            },
            ct);
    }

    /// <summary>Takes someone out of the team, and with that off all of its apps.</summary>
    public Task<Member> RemoveAsync(Team team, string email, Principal who, CancellationToken ct) => db.WriteAsync(
        ActOf("team.leave", team, who),
        tx =>
        {
            var account = AccountTable.Find(tx, email);
            var role = account is null ? null : RoleOf(tx, team.Id, account.Id);
            if (account is null || role is null)
                throw Refuse.NotFound("team member", email);
            if (role == TeamRole.Admin)
                DemandAnotherAdmin(tx, team, account);
            var now = clock.GetUtcNow();
            tx.Execute($"DELETE FROM team_members WHERE team_id = {team.Id} AND account_id = {account.Id}");
            tx.Execute($"DELETE FROM collaborators WHERE account_id = {account.Id} AND app_id IN (SELECT id FROM apps WHERE owner_id = {team.Id})");
            return new Member(account.Id, account.Email, account.Name, role.Value, now, now);
        },
        ct);

    /// <summary>What someone is in a team; null when nothing, and for what is no team.</summary>
    public static TeamRole? RoleOf(Tx tx, AccountId team, AccountId account) =>
        TeamRoles.Parse(tx.Find($"SELECT role FROM team_members WHERE team_id = {team} AND account_id = {account}", row => row.Text("role")));

    /// <summary>Makes someone a collaborator of the team, unless they are in it already: who works on one of its apps is known to it.</summary>
    public static void Acquaint(Tx tx, AccountId team, AccountId account, DateTimeOffset now) => tx.Execute(
        $"""
        INSERT INTO team_members (team_id, account_id, role, created_at, updated_at) VALUES ({team}, {account}, 'collaborator', {now}, {now})
        ON CONFLICT (team_id, account_id) DO NOTHING
        """);

    private static void Put(Tx tx, AccountId team, AccountId account, TeamRole role, DateTimeOffset now) => tx.Execute(
        $"""
        INSERT INTO team_members (team_id, account_id, role, created_at, updated_at) VALUES ({team}, {account}, {role.Word()}, {now}, {now})
        ON CONFLICT (team_id, account_id) DO UPDATE SET role = {role.Word()}, updated_at = {now}
        """);

    private static void DemandAnotherAdmin(Tx tx, Team team, Account leaving)
    {
        if (tx.Find($"SELECT account_id FROM team_members WHERE team_id = {team.Id} AND role = 'admin' AND account_id <> {leaving.Id} LIMIT 1", _ => true) != true)
            throw Refuse.Forbidden($"{leaving.Email} is the last admin of team {team.Name}: make somebody else one first.");
    }

    private async Task WriteNameAsync(string what, Team team, Principal who, Action<Tx> job, CancellationToken ct)
    {
        try
        {
            await db.WriteAsync(ActOf(what, team, who), job, ct);
        }
        catch (ConstraintException e) when (e.Constraint == Constraint.Unique)
        {
            throw Refuse.Invalid($"Name {team.Name} is already taken by another team. Choose another one.");
        }
    }

    private static void Demand(string name)
    {
        if (Team.NameFaults(name).ToArray() is { Length: > 0 } faults)
            throw Refuse.Invalid(faults);
    }

    private static Act ActOf(string what, Team team, Principal who) => new(what, team.Id.ToString(), who.Account, null, who.RequestId);

    private static Sql Select(Principal who) => Sql.Part(
        $"""
        SELECT teams.id, teams.name, teams.created_at, teams.updated_at, m.role
          FROM teams LEFT JOIN team_members m ON m.team_id = teams.id AND m.account_id = {who.Account}
        """);

    private static Sql ByName(string idOrName, Principal who)
    {
        var name = Team.NameOf(idOrName);
        return Sql.Part($"{Select(who)} WHERE m.role IS NOT NULL AND (teams.id = {name} OR teams.name = {name})");
    }

    private static Team Read(Row row) => new()
    {
        Id = new AccountId(row.Guid("id")),
        Name = row.Text("name"),
        Role = TeamRoles.Parse(row.TextOrNull("role")),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };

    private static Member ReadMember(Row row) => new(
        new AccountId(row.Guid("id")), row.Text("email"), row.TextOrNull("name"), TeamRoles.Parse(row.Text("role"))!.Value, row.Time("created_at"), row.Time("updated_at"));
}
