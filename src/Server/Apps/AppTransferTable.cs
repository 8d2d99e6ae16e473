using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Apps;

/// <summary>An app on its way to another person, who must accept it.</summary>
public sealed record AppTransfer
{
    public required Guid Id { get; init; }
    public required AppId App { get; init; }
    public required string AppName { get; init; }
    public required AccountId Owner { get; init; }
    public required string OwnerEmail { get; init; }
    public required AccountId Recipient { get; init; }
    public required string RecipientEmail { get; init; }

    /// <summary>pending, accepted, declined.</summary>
    public required string State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>
/// Hands apps to other owners. To a team that one is in, and from a team to somebody in it: at once. From person to person: when the recipient accepts.
/// </summary>
public sealed class AppTransferTable(Db db, TimeProvider clock)
{
    /// <summary>Those that someone sent or was sent, the newest first.</summary>
    public Task<ImmutableArray<AppTransfer>> ListAsync(Principal who, CancellationToken ct) => db.ListAsync(
        $"{Select(who)} WHERE t.owner_id = {who.Account} OR t.recipient_id = {who.Account} ORDER BY t.created_at DESC, t.id", Read, ct);

    /// <summary>Null when there is none, or it is between others.</summary>
    public Task<AppTransfer?> FindAsync(Guid transfer, Principal who, CancellationToken ct) => db.FindAsync(One(transfer, who), Read, ct);

    /// <summary>
    /// Offers a person's app to another person, which changes nothing until they accept; an app that goes to or comes from a team changes hands at once.
    /// </summary>
    public Task<AppTransfer> OfferAsync(AppId app, string recipient, Principal who, CancellationToken ct)
    {
        var (id, now) = (Guid.CreateVersion7(), clock.GetUtcNow());
        return db.WriteAsync(
            new Act("transfer.create", app.ToString(), who.Account, app, who.RequestId),
            tx =>
            {
                var mine = Owned(tx, app, who);
                var to = RecipientOf(tx, mine, recipient, who);
                var atOnce = to.IsTeam || mine.App.Team is not null;
                if (atOnce)
                    Move(tx, mine.App, to, now);
                tx.Execute($"DELETE FROM app_transfers WHERE app_id = {app} AND state = 'pending'");
                tx.Execute(
                    $"""
                    INSERT INTO app_transfers (id, app_id, app_name, owner_id, recipient_id, state, created_at, updated_at)
                    VALUES ({id}, {app}, {mine.App.Name}, {mine.App.Owner}, {to.Id}, {(atOnce ? "accepted" : "pending")}, {now}, {now})
                    """);
                return tx.Find($"{Select(who)} WHERE t.id = {id}", Read)!;
            },
            ct);
    }

    /// <summary>Hands an app over at once: to a team, or from a team to somebody in it.</summary>
    /// <param name="locked">Whether the team gets it locked. An app of a person cannot be, and then nothing changes.</param>
    public Task<App> HandOverAsync(AppId app, string recipient, bool locked, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.WriteAsync(
            new Act("app.transfer", app.ToString(), who.Account, app, who.RequestId),
            tx =>
            {
                var mine = Owned(tx, app, who);
                var to = RecipientOf(tx, mine, recipient, who);
                if (!to.IsTeam && mine.App.Team is null)
                    throw Refuse.Forbidden($"App {mine.App.Name} goes to {to.Email} only when they accept it: offer it with apps:transfer.");
                if (locked && !to.IsTeam)
                    throw Refuse.Invalid($"Only an app of a team can be locked, and {to.Email} is a person: leave locked out.");
                Move(tx, mine.App, to, now);
                if (locked)
                    tx.Execute($"UPDATE apps SET locked = 1 WHERE id = {app}");
                return tx.Find($"SELECT {AppCatalog.Columns} {AppCatalog.Tables} WHERE apps.id = {app}", AppCatalog.Read)!;
            },
            ct);
    }

    /// <summary>Accepts or declines, which only the recipient may.</summary>
    public async Task<AppTransfer> AnswerAsync(Guid transfer, bool accept, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return await db.WriteAsync(
            await ActAsync(accept ? "transfer.accept" : "transfer.decline", transfer, who, ct),
            tx =>
            {
                var found = tx.Find(One(transfer, who), Read) ?? throw Refuse.NotFound("transfer", transfer.ToString());
                if (found.Recipient != who.Account)
                    throw Refuse.Forbidden($"Only {found.RecipientEmail} may answer the offer of app {found.AppName}.");
                if (found.State != "pending")
                    throw Refuse.Invalid($"The offer of app {found.AppName} was {found.State} already.");
                tx.LockApp(found.App);
                var app = tx.Find($"SELECT {AppCatalog.Columns} {AppCatalog.Tables} WHERE apps.id = {found.App}", AppCatalog.Read)!;
                if (accept && app.Owner != found.Owner)
                    throw Refuse.Invalid($"App {found.AppName} does not belong to {found.OwnerEmail} any more.");
                if (accept)
                    Move(tx, app, new Recipient(who.Account, who.Email, IsTeam: false), now);
                var state = accept ? "accepted" : "declined";
                tx.Execute($"UPDATE app_transfers SET state = {state}, app_name = {app.Name}, updated_at = {now} WHERE id = {transfer}");
                return found with { State = state, UpdatedAt = now };
            },
            ct);
    }

    /// <summary>Takes an offer back.</summary>
    public async Task<AppTransfer> WithdrawAsync(Guid transfer, Principal who, CancellationToken ct) => await db.WriteAsync(
        await ActAsync("transfer.withdraw", transfer, who, ct),
        tx =>
        {
            var found = tx.Find(One(transfer, who), Read) ?? throw Refuse.NotFound("transfer", transfer.ToString());
            if (found.Owner != who.Account)
                throw Refuse.Forbidden($"Only {found.OwnerEmail} may take back the offer of app {found.AppName}. To refuse it, decline it.");
            if (found.State != "pending")
                throw Refuse.Invalid($"The offer of app {found.AppName} was {found.State} already.");
            tx.Execute($"DELETE FROM app_transfers WHERE id = {transfer}");
            return found;
        },
        ct);

    /// <summary>Names the app, so that its history and open pages tell of it; an offer that is not there is refused by what follows.</summary>
    private async Task<Act> ActAsync(string what, Guid transfer, Principal who, CancellationToken ct)
    {
        var apps = await db.ListAsync($"SELECT app_id FROM app_transfers WHERE id = {transfer}", row => new AppId(row.Guid("app_id")), ct);
        return new Act(what, transfer.ToString(), who.Account, apps.IsEmpty ? null : apps[0], who.RequestId);
    }

    /// <summary>
    /// The app has another owner. What a team's people were given on it ends when it leaves the team; who gives an app to another person stays on it
    /// as a collaborator; a team gets to know who works on it.
    /// </summary>
    public static void Move(Tx tx, App app, Recipient to, DateTimeOffset now)
    {
        tx.Execute($"UPDATE apps SET owner_id = {to.Id}, locked = 0, updated_at = {now} WHERE id = {app.Id}");
        NoteForeign(tx, Sql.Part($"app_id = {app.Id}"));
        tx.Execute($"DELETE FROM app_transfers WHERE app_id = {app.Id} AND state = 'pending' AND recipient_id <> {to.Id}");
        if (app.Team is not null)
            tx.Execute($"DELETE FROM collaborators WHERE app_id = {app.Id}");
        else
            tx.Execute($"DELETE FROM collaborators WHERE app_id = {app.Id} AND account_id = {to.Id}");
        if (to.IsTeam)
        {
            foreach (var account in tx.List($"SELECT account_id FROM collaborators WHERE app_id = {app.Id}", row => new AccountId(row.Guid("account_id"))))
                TeamTable.Acquaint(tx, to.Id, account, now);
        }
        else if (app.Team is null)
        {
            tx.Execute(
                $"""
                INSERT INTO collaborators (id, app_id, account_id, permissions, created_at, updated_at)
                VALUES ({Guid.CreateVersion7()}, {app.Id}, {app.Owner}, {CollaboratorTable.Usual.ToString()}, {now}, {now})
                """);
        }
    }

    /// <summary>Says of couplings anew whether app and pipeline belong to different owners: after one of them got another owner.</summary>
    public static void NoteForeign(Tx tx, Sql couplings) => tx.Execute(
        $"""
        UPDATE pipeline_couplings
           SET is_foreign = CASE WHEN (SELECT owner_id FROM apps WHERE apps.id = app_id) = (SELECT owner_id FROM pipelines WHERE pipelines.id = pipeline_id) THEN 0 ELSE 1 END
         WHERE {couplings}
        """);

    private static AppAccess Owned(Tx tx, AppId app, Principal who)
    {
        tx.LockApp(app);
        var mine = Lookup.Find(tx, app, who) ?? throw Refuse.NotFound("app", app.ToString());
        mine.Demand(Permission.Own);
        return mine;
    }

    /// <summary>Who an app may go to: a team that the caller may bring apps to, any person for a person's app, somebody in the team for a team's.</summary>
    private static Recipient RecipientOf(Tx tx, AppAccess mine, string recipient, Principal who)
    {
        var to = Find(tx, recipient, who);
        if (to.Id == mine.App.Owner)
            throw Refuse.Invalid($"App {mine.App.Name} belongs to {recipient} already.");
        if (!to.IsTeam && mine.App.Team is { } team && !TeamTable.RoleOf(tx, mine.App.Owner, to.Id).IsInside())
            throw Refuse.Forbidden($"App {mine.App.Name} belongs to team {team}, and {to.Email} is not in it: add them to the team first.");
        return to;
    }

    private static Recipient Find(Tx tx, string recipient, Principal who)
    {
        if (TeamTable.Find(tx, recipient, who) is { } team)
        {
            return team.Role.MayBring() ? new Recipient(team.Id, team.Email, IsTeam: true)
                : throw Refuse.Forbidden($"You are a {team.Role?.Word()} of team {team.Name}; only its members and admins may bring apps. Ask one of its admins.");
        }

        return AccountTable.Find(tx, recipient) is { } person ? new Recipient(person.Id, person.Email, IsTeam: false)
            : throw Refuse.Invalid($"There is no account {recipient}, and you are in no team of that name.");
    }

    /// <summary>Of an app that one may not see, one is told the name that it had when it was one's own or offered to one.</summary>
    private static Sql Select(Principal who) => Sql.Part(
        $"""
        SELECT t.id, t.app_id, CASE WHEN t.state = 'pending' OR {Access.SeesApp(who)} THEN apps.name ELSE t.app_name END AS app_name, t.owner_id, o.email AS owner_email, t.recipient_id, r.email AS recipient_email, t.state, t.created_at, t.updated_at
          FROM app_transfers t JOIN apps ON apps.id = t.app_id JOIN accounts o ON o.id = t.owner_id JOIN accounts r ON r.id = t.recipient_id
        """);

    private static Sql One(Guid transfer, Principal who) =>
        Sql.Part($"{Select(who)} WHERE t.id = {transfer} AND (t.owner_id = {who.Account} OR t.recipient_id = {who.Account})");

    private static AppTransfer Read(Row row) => new()
    {
        Id = row.Guid("id"),
        App = new AppId(row.Guid("app_id")),
        AppName = row.Text("app_name"),
        Owner = new AccountId(row.Guid("owner_id")),
        OwnerEmail = row.Text("owner_email"),
        Recipient = new AccountId(row.Guid("recipient_id")),
        RecipientEmail = row.Text("recipient_email"),
        State = row.Text("state"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}

/// <summary>Who gets an app.</summary>
public sealed record Recipient(AccountId Id, string Email, bool IsTeam);
