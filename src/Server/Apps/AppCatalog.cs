using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Apps;

/// <summary>What may be changed of an app; null leaves it as it is.</summary>
public sealed record AppChange(string? Name = null, bool? Maintenance = null, string? Stack = null, bool? IsLocked = null)
{
    internal App Of(App app) => app with
    {
        Name = Name ?? app.Name,
        Maintenance = Maintenance ?? app.Maintenance,
        Stack = Stack ?? app.Stack,
        IsLocked = IsLocked ?? app.IsLocked,
    };

    /// <summary>What is wrong with it, a sentence each; none when it is good.</summary>
    public IEnumerable<string> Faults()
    {
        if (Name is not null)
        {
            foreach (var fault in AppName.Faults(Name))
                yield return fault;
        }

        if (Stack is not null && !AppCatalog.Stacks.Contains(Stack))
            yield return $"There is no stack {Stack}; there is {string.Join(", ", AppCatalog.Stacks)}.";
    }
}

/// <summary>An app to be made; name and stack are chosen when null, and it belongs to who makes it when there is no team.</summary>
public sealed record NewApp(string? Name, string? Stack, Team? Team = null, bool IsLocked = false);

/// <summary>All apps, by id and by name.</summary>
public sealed class AppCatalog(Db db, Vault vault, TimeProvider clock)
{
    /// <summary>The stack that apps are made for when nobody says otherwise.</summary>
    public const string DefaultStack = "debian-12";

    /// <summary>Stacks that this server can build and run on.</summary>
    public static readonly ImmutableArray<string> Stacks = [DefaultStack];

    /// <summary>Generated names that are tried before giving up.</summary>
    private const int GeneratedNames = 20;

    /// <summary>By id or by name; null when there is none.</summary>
    public Task<App?> FindAsync(string idOrName, CancellationToken ct) => db.FindAsync($"SELECT {Columns} {Tables} WHERE apps.id = {idOrName} OR apps.name = {idOrName}", Read, ct);

    public Task<App?> FindAsync(AppId app, CancellationToken ct) => db.FindAsync($"SELECT {Columns} {Tables} WHERE apps.id = {app}", Read, ct);

    /// <summary>Every app there is, by name: for the platform itself.</summary>
    public Task<ImmutableArray<App>> AllAsync(CancellationToken ct) => db.ListAsync($"SELECT {Columns} {Tables} ORDER BY apps.name", Read, ct);

    /// <summary>Makes an app that belongs to who makes it.</summary>
    public Task<App> CreateAsync(string? name, string? stack, Principal who, Action<Tx, App> with, CancellationToken ct) =>
        CreateAsync(new NewApp(name, stack), who, with, ct);

    /// <summary>
    /// Makes an app, with a generated name when none is given. <paramref name="with"/> runs in the same transaction, so that what every app has from
    /// its first moment (its first release) cannot be missing; it must touch nothing but its <see cref="Tx"/>.
    /// </summary>
    public Task<App> CreateAsync(NewApp wanted, Principal who, Action<Tx, App> with, CancellationToken ct)
    {
        var faults = new AppChange(wanted.Name, Stack: wanted.Stack).Faults().ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        var now = clock.GetUtcNow();
        string[] names = wanted.Name is null ? [.. Enumerable.Range(0, GeneratedNames).Select(_ => AppName.Generate())] : [wanted.Name];
        var fresh = new App
        {
            Id = AppId.New(),
            Name = names[0],
            Owner = wanted.Team?.Id ?? who.Account,
            OwnerEmail = wanted.Team?.Email ?? who.Email,
            IsLocked = wanted.IsLocked,
            Stack = wanted.Stack ?? DefaultStack,
            Maintenance = false,
            CreatedAt = now,
            UpdatedAt = now,
        };
        var config = ConfigVars.Seal(vault, fresh.Id, ImmutableSortedDictionary<string, string>.Empty);
        return db.WriteAsync(
            new Act("app.create", fresh.Id.ToString(), who.Account, fresh.Id, who.RequestId),
            tx =>
            {
                var name = names.FirstOrDefault(n => Insert(tx, fresh with { Name = n }, config)) ?? throw Taken(names[0]);
                var app = fresh with { Name = name };
                with(tx, app);
                return app;
            },
            ct);
    }

    private static string OnOff(bool isOn) => isOn ? "on" : "off";

    /// <summary>Renames, turns maintenance on or off, sets the stack; all faults are refused together.</summary>
    public async Task<App> ChangeAsync(App app, AppChange change, Principal who, CancellationToken ct)
    {
        var faults = change.Faults().ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        if (change.Of(app) == app)
            return app;
        var (now, wanted) = (clock.GetUtcNow(), change.Of(app));
        return await db.WriteAsync(
            new Act("app.update", app.Id.ToString(), who.Account, app.Id, who.RequestId).Changing(
                ("name", app.Name, wanted.Name), ("maintenance", OnOff(app.Maintenance), OnOff(wanted.Maintenance)), ("stack", app.Stack, wanted.Stack), ("lock", OnOff(app.IsLocked), OnOff(wanted.IsLocked))),
            tx =>
            {
                // The row as it is now: what somebody else changed meanwhile (a lock, a name) stays.
                tx.LockApp(app.Id);
                var before = tx.Find($"SELECT {Columns} {Tables} WHERE apps.id = {app.Id}", Read) ?? throw Refuse.NotFound("app", app.Name);
                if (change.IsLocked == true && before.Team is null)
                    throw Refuse.Invalid($"Only an app of a team can be locked; {before.Name} belongs to {before.OwnerEmail}.");
                var changed = change.Of(before) with { UpdatedAt = now };
                if (tx.Find($"SELECT id FROM apps WHERE name = {changed.Name} AND id <> {app.Id}", row => row.Text("id")) is not null)
                    throw Taken(changed.Name);
                tx.Execute(
                    $"""
                    UPDATE apps SET name = {changed.Name}, maintenance = {changed.Maintenance}, stack = {changed.Stack}, locked = {changed.IsLocked},
                           updated_at = {changed.UpdatedAt}
                     WHERE id = {app.Id}
                    """);
                return changed;
            },
            ct);
    }

    public Task DestroyAsync(App app, Principal who, CancellationToken ct) => DestroyAsync(app, _ => { }, who, ct);

    /// <summary>Removes the app with its releases, config and formation; its name is free again. Its dynos, routes and repository are the caller's.</summary>
    /// <param name="before">Runs in the same transaction, while all of the app is still there.</param>
    public Task DestroyAsync(App app, Action<Tx> before, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("app.destroy", app.Id.ToString(), who.Account, app.Id, who.RequestId),
        tx =>
        {
            tx.LockApp(app.Id);
            before(tx);
            if (tx.Execute($"DELETE FROM apps WHERE id = {app.Id}") == 0)
                throw Refuse.NotFound("app", app.Name);
        },
        ct);

    /// <summary>Config vars as they were last set; the newest release may still have others.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> ConfigAsync(App app, CancellationToken ct)
    {
        var stored = await db.FindAsync($"SELECT config FROM apps WHERE id = {app.Id}", row => row.Bytes("config"), ct);
        return ConfigVars.Open(vault, app.Id, stored ?? throw Refuse.NotFound("app", app.Name));
    }

    private static bool Insert(Tx tx, App app, byte[] config) => tx.Execute(
        $"""
        INSERT INTO apps (id, name, owner_id, stack, config, locked, created_at, updated_at)
        VALUES ({app.Id}, {app.Name}, {app.Owner}, {app.Stack}, {config}, {app.IsLocked}, {app.CreatedAt}, {app.UpdatedAt})
        ON CONFLICT (name) DO NOTHING
        """) == 1;

    private static RefusedException Taken(string name) => Refuse.Invalid($"Name {name} is already taken. Choose another one.");

    internal static Sql Columns => Sql.Part(
        $"apps.id, apps.name, apps.owner_id, accounts.email, apps.locked, apps.stack, apps.maintenance, apps.acm, apps.released_at, apps.created_at, apps.updated_at");

    /// <summary>The tables that <see cref="Columns"/> are of.</summary>
    internal static Sql Tables => Sql.Part($"FROM apps JOIN accounts ON accounts.id = apps.owner_id");

    internal static App Read(Row row) => new()
    {
        Id = new AppId(row.Guid("id")),
        Name = row.Text("name"),
        Owner = new AccountId(row.Guid("owner_id")),
        OwnerEmail = row.Text("email"),
        IsLocked = row.Flag("locked"),
        Stack = row.Text("stack"),
        Maintenance = row.Flag("maintenance"),
        HasAutomaticCertificates = row.Flag("acm"),
        ReleasedAt = row.TimeOrNull("released_at"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
