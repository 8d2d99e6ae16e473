using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Apps;
using Sluice.Jobs;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// The append-only list of releases, per app. The only place that gives out versions: MAX + 1 in the transaction that inserts the row, under
/// the app's lock and a unique constraint. One release of an app is in flight; others wait in order in release_queue, and the next one
/// takes its turn in the transaction that ends the one before.
/// </summary>
/// <param name="wakeup">Nudged when there may be work for the releaser.</param>
public sealed class ReleaseLedger(Db db, Vault vault, SlugCatalog slugs, Wakeup wakeup, TimeProvider clock)
{
    /// <summary>Beats when a release was added, got on or ended in this process.</summary>
    public Pulse Changed { get; } = new();

    /// <summary>Inserts the release, or queues it behind the one in flight, inside a transaction of the caller's. Returns the id it has or will have.
    /// One without a slug has nothing to run and succeeds at once.</summary>
    /// <exception cref="RefusedException">Its slug has no files yet, or it cannot be rolled back to.</exception>
    public ReleaseId Add(Tx tx, ReleaseRequest request, ReleaseId? id = null)
    {
        tx.LockApp(request.App);
        Check(tx, request);
        var release = id ?? ReleaseId.New();
        if (IsBusy(tx, request.App))
            Queue(tx, request, release);
        else
            Begin(tx, request, release);
        return release;
    }

    /// <summary>The same in a transaction of its own, durable when it returns; the releaser is told.</summary>
    public async Task<ReleaseId> AddAsync(ReleaseRequest request, CancellationToken ct)
    {
        var id = ReleaseId.New();
        await db.WriteAsync(ActOf(request, id), tx => Add(tx, request, id), ct);
        Tell();
        return id;
    }

    /// <summary>Slug and config of an old version as a new release. <paramref name="idOrVersion"/>: id, <c>N</c> or <c>vN</c>.</summary>
    public async Task<ReleaseId> RollBackAsync(AppId app, AccountId user, string idOrVersion, string? requestId, CancellationToken ct)
    {
        var to = await FindAsync(app, idOrVersion, ct) ?? throw Refuse.NotFound("release", idOrVersion);
        return await AddAsync(new ReleaseRequest.Rollback(app, user, requestId, to.Id), ct);
    }

    /// <summary>Sets and removes (null) config vars and adds the release that carries them, in one transaction. Null when nothing changed.</summary>
    /// <exception cref="RefusedException">A name or a value is no good, or all together are too large: every fault of the change.</exception>
    public async Task<ReleaseId?> ChangeConfigAsync(
        AppId app, AccountId user, IReadOnlyDictionary<string, string?> changes, string? requestId, CancellationToken ct)
    {
        var faults = ConfigVars.Faults(changes).ToArray();
        if (faults.Length > 0)
            throw Refuse.Invalid(faults);
        var id = ReleaseId.New();
        var added = await db.WriteAsync(new Act("config.update", app.ToString(), user, app, requestId), tx => ChangeConfig(tx, app, user, changes, requestId, id), ct);
        Tell();
        return added ? id : null;
    }
    /// <summary>The config vars of one version.</summary>
    public async Task<ImmutableSortedDictionary<string, string>> ConfigAsync(Release release, CancellationToken ct) =>
        ConfigSnapshot.Open(vault, release.App, release.Version, await db.FindAsync(
            $"SELECT config FROM releases WHERE id = {release.Id}", r => r.Bytes("config"), ct) ?? throw Refuse.NotFound("release", release.Id.ToString()));

    /// <summary>The release that should be running now: the highest version that succeeded. Null before the first.</summary>
    public Task<Release?> CurrentAsync(AppId app, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} AND status = 'succeeded' ORDER BY version DESC LIMIT 1
        """, Read, ct);

    /// <summary>The same, inside a transaction.</summary>
    public Release? Current(Tx tx, AppId app) => tx.Find(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} AND status = 'succeeded' ORDER BY version DESC LIMIT 1
        """, Read);

    /// <summary>What the app's dynos run or, after a decision, must come to run: the current release, or the one that was decided to follow it.</summary>
    public Task<Release?> DecidedAsync(AppId app, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} AND (status = 'succeeded' OR (status = 'pending' AND step = 'decided')) ORDER BY version DESC LIMIT 1
        """, Read, ct);

    /// <summary>Null when there is none of that id, or while it waits for its turn.</summary>
    public Task<Release?> FindAsync(ReleaseId release, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE id = {release}
        """, Read, ct);

    /// <summary>The same, inside a transaction.</summary>
    public Release? Find(Tx tx, ReleaseId release) => tx.Find(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE id = {release}
        """, Read);

    /// <summary>By id, <c>N</c> or <c>vN</c>; null when there is none.</summary>
    public async Task<Release?> FindAsync(AppId app, string idOrVersion, CancellationToken ct)
    {
        if (Guid.TryParse(idOrVersion, out var id))
            return await FindAsync(new ReleaseId(id), ct) is { } found && found.App == app ? found : null;
        if (!int.TryParse(idOrVersion.StartsWith('v') ? idOrVersion[1..] : idOrVersion, out var version))
            return null;
        return await db.FindAsync(
            $"""
            SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
              FROM releases WHERE app_id = {app} AND version = {version}
            """, Read, ct);
    }

    /// <summary>Newest first. Those that wait for their turn have no version yet and are not among them.</summary>
    public Task<ImmutableArray<Release>> ListAsync(AppId app, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} ORDER BY version DESC
        """, Read, ct);

    /// <summary>The release in flight of every app that has one.</summary>
    public Task<ImmutableArray<Release>> InFlightAsync(CancellationToken ct) => db.ListAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, user_id, created_at, updated_at
          FROM releases WHERE status = 'pending'
        """, Read, ct);

    /// <summary>It was accepted and waits behind another release of its app.</summary>
    public Task<bool> IsQueuedAsync(ReleaseId release, CancellationToken ct) =>
        db.FindAsync($"SELECT 1 AS yes FROM release_queue WHERE id = {release}", r => r.Flag("yes"), ct);

    /// <summary>Notes where a release in flight has got to, so that it goes on there after a crash. False when it is over or gone.</summary>
    internal async Task<bool> NoteAsync(Release release, string step, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var noted = await db.WriteAsync(ActOf("release." + step, release), tx =>
        {
            if (step == "phase")
                tx.Execute($"UPDATE releases SET has_output = 1 WHERE id = {release.Id} AND status = 'pending'");
            return tx.Execute($"UPDATE releases SET step = {step}, updated_at = {now} WHERE id = {release.Id} AND status = 'pending'") == 1;
        }, ct);
        Changed.Beat();
        return noted;
    }

    /// <summary>Ends a release and gives the next one its turn, in one transaction. False when it had ended before: terminal rows are never edited.</summary>
    internal async Task<bool> EndAsync(Release release, string status, string? failure, CancellationToken ct)
    {
        var ended = await db.WriteAsync(ActOf("release." + status, release), tx => End(tx, release, status, failure), ct);
        Tell();
        return ended;
    }

    private void Tell()
    {
        Changed.Beat();
        wakeup.Nudge();
    }

    private bool End(Tx tx, Release release, string status, string? failure)
    {
        var now = clock.GetUtcNow();
        tx.LockApp(release.App);
        var ended = tx.Execute(
            $"UPDATE releases SET status = {status}, step = 'done', failure = {failure}, updated_at = {now} WHERE id = {release.Id} AND status = 'pending'") == 1;
        if (ended && status == "succeeded")
            tx.Execute($"UPDATE apps SET released_at = {now} WHERE id = {release.App}");
        while (!IsBusy(tx, release.App) && TakeFromQueue(tx, release.App) is var (next, id))
            Begin(tx, next, id);
        return ended;
    }

    private void Check(Tx tx, ReleaseRequest request)
    {
        var slug = request switch
        {
            ReleaseRequest.Deploy deploy => deploy.Slug,
            ReleaseRequest.Promotion promotion => promotion.Slug,
            ReleaseRequest.Api api => api.Slug,
            _ => (SlugId?)null,
        };
        if (slug is { } id && slugs.Find(tx, id) is not { Digest: not null })
            throw Refuse.Invalid($"Slug {id} has no files yet: upload them first.");
        if (request is ReleaseRequest.Rollback rollback)
            CheckRollback(Find(tx, rollback.To) is { } to && to.App == request.App ? to : throw Refuse.NotFound("release", rollback.To.ToString()));
    }

    private static void CheckRollback(Release to)
    {
        if (to.Slug is null)
            throw Refuse.Invalid($"v{to.Version} has no slug, so there is nothing to roll back to.");
        if (to.Status != "succeeded")
            throw Refuse.Invalid($"v{to.Version} did not succeed, so it cannot be rolled back to.");
    }

    private static bool IsBusy(Tx tx, AppId app) =>
        tx.Find($"SELECT 1 AS yes FROM releases WHERE app_id = {app} AND status = 'pending'", r => r.Flag("yes"));

    private void Queue(Tx tx, ReleaseRequest request, ReleaseId id) => tx.Execute(
        $"""
        INSERT INTO release_queue (id, app_id, place, reason, request, user_id, created_at)
        SELECT {id}, {request.App}, COALESCE(MAX(place), 0) + 1, {Word(request.Reason)}, {JsonSerializer.Serialize(request)}, {request.User}, {clock.GetUtcNow()}
          FROM release_queue WHERE app_id = {request.App}
        """);

    private static (ReleaseRequest Request, ReleaseId Id)? TakeFromQueue(Tx tx, AppId app)
    {
        var head = tx.Find<(string Request, ReleaseId Id)?>(
            $"SELECT id, request FROM release_queue WHERE app_id = {app} ORDER BY place LIMIT 1",
            r => (r.Text("request"), new ReleaseId(r.Guid("id"))));
        if (head is not var (request, id))
            return null;
        tx.Execute($"DELETE FROM release_queue WHERE id = {id}");
        return (JsonSerializer.Deserialize<ReleaseRequest>(request)!, id);
    }

    /// <summary>Its turn: version, slug and config are fixed here.</summary>
    private void Begin(Tx tx, ReleaseRequest request, ReleaseId id)
    {
        var now = clock.GetUtcNow();
        var (app, user) = (request.App, request.User);
        var version = 1 + (tx.Find<int?>($"SELECT MAX(version) AS highest FROM releases WHERE app_id = {app}", r => r.IntOrNull("highest")) ?? 0);
        var (slug, config, description) = ContentOf(tx, request);
        var isOver = slug is null;
        var sealedConfig = ConfigSnapshot.Seal(vault, app, version, config);
        tx.Execute(
            $"""
            INSERT INTO releases (id, app_id, version, slug_id, config, reason, description, status, step, has_output, user_id, created_at, updated_at)
            VALUES ({id}, {app}, {version}, {slug?.Id}, {sealedConfig}, {Word(request.Reason)}, {description},
                    {(isOver ? "succeeded" : "pending")}, {(isOver ? "done" : "waiting")}, 0, {user}, {now}, {now})
            """);
        if (slug is not null)
            FormationTable.Adopt(tx, app, slug.ProcessTypes.Keys, now);
        else
            tx.Execute($"UPDATE apps SET released_at = {now} WHERE id = {app}");
    }

    private (Slug? Slug, ImmutableSortedDictionary<string, string> Config, string Description) ContentOf(Tx tx, ReleaseRequest request)
    {
        switch (request)
        {
            case ReleaseRequest.Rollback { To: var to }:
                var old = Find(tx, to)!;
                var oldConfig = tx.Find($"SELECT config FROM releases WHERE id = {to}", r => r.Bytes("config"))!;
                var config = ConfigSnapshot.Open(vault, old.App, old.Version, oldConfig);
                SetConfig(tx, request.App, config);
                return (SlugOf(tx, old), config, Descriptions.RollBack(old.Version));
            case ReleaseRequest.Deploy { Slug: var id }:
                var deployed = slugs.Find(tx, id);
                return (deployed, CurrentConfig(tx, request.App), Descriptions.Deploy(deployed?.Commit));
            case ReleaseRequest.Promotion promotion:
                var promoted = slugs.Find(tx, promotion.Slug);
                return (promoted, CurrentConfig(tx, request.App), Descriptions.Promote(promotion.SourceApp, promotion.SourceVersion, promoted?.Commit));
            case ReleaseRequest.Api { Slug: var id, Description: var text }:
                var given = slugs.Find(tx, id);
                return (given, CurrentConfig(tx, request.App), string.IsNullOrWhiteSpace(text) ? Descriptions.Deploy(given?.Commit) : text);
            case ReleaseRequest.Config { Set: var set, Removed: var removed }:
                return (SlugOf(tx, Current(tx, request.App)), CurrentConfig(tx, request.App), Descriptions.Config(set, removed));
            default:
                return (null, CurrentConfig(tx, request.App), Descriptions.Initial);
        }
    }

    private Slug? SlugOf(Tx tx, Release? release) => release?.Slug is { } slug ? slugs.Find(tx, slug) : null;

    private bool ChangeConfig(
        Tx tx, AppId app, AccountId user, IReadOnlyDictionary<string, string?> changes, string? requestId, ReleaseId id)
    {
        tx.LockApp(app);
        var before = CurrentConfig(tx, app);
        var set = changes.Where(c => c.Value is not null && before.GetValueOrDefault(c.Key) != c.Value).Select(c => c.Key).ToImmutableArray();
        var removed = changes.Where(c => c.Value is null && before.ContainsKey(c.Key)).Select(c => c.Key).ToImmutableArray();
        if (set.IsEmpty && removed.IsEmpty)
            return false;
        var after = before.Apply(changes);
        var faults = ConfigVars.SizeFaults(after).ToArray();
        if (faults.Length > 0)
            throw Refuse.Invalid(faults);
        SetConfig(tx, app, after);
        Add(tx, new ReleaseRequest.Config(app, user, requestId, set, removed), id);
        return true;
    }

    private ImmutableSortedDictionary<string, string> CurrentConfig(Tx tx, AppId app) =>
        ConfigVars.Open(vault, app, tx.Find($"SELECT config FROM apps WHERE id = {app}", r => r.Bytes("config")) ?? throw Refuse.NotFound("app", app.ToString()));

    private void SetConfig(Tx tx, AppId app, ImmutableSortedDictionary<string, string> config) =>
        tx.Execute($"UPDATE apps SET config = {ConfigVars.Seal(vault, app, config)}, updated_at = {clock.GetUtcNow()} WHERE id = {app}");

    private static Act ActOf(ReleaseRequest request, ReleaseId id) =>
        new("release.create", id.ToString(), request.User, request.App, request.RequestId);

    private static Act ActOf(string what, Release release) => new(what, release.Id.ToString(), null, release.App) { Data = $$"""{"version":{{release.Version}}}""" };

    private static string Word(ReleaseReason reason) => reason == ReleaseReason.AddOn ? "add-on" : reason.ToString().ToLowerInvariant();

    private static Release Read(Row row) => new()
    {
        Id = new ReleaseId(row.Guid("id")),
        App = new AppId(row.Guid("app_id")),
        Version = row.Int("version"),
        Slug = row.GuidOrNull("slug_id") is { } slug ? new SlugId(slug) : null,
        Reason = row.Text("reason") is "add-on" ? ReleaseReason.AddOn : Enum.Parse<ReleaseReason>(row.Text("reason"), ignoreCase: true),
        Description = row.Text("description"),
        Status = row.Text("status"),
        Step = row.Text("step"),
        Failure = row.TextOrNull("failure"),
        HasOutput = row.Flag("has_output"),
        User = new AccountId(row.Guid("user_id")),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
