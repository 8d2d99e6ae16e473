using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Jobs;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// The append-only list of releases, per app. One release of an app is in flight; others wait in order, and the next one takes its turn in the
/// transaction that ends the one before (<see cref="ReleaseTurns"/>).
/// </summary>
public sealed class ReleaseLedger
{
    private readonly Db db;
    private readonly Wakeup wakeup;
    private readonly TimeProvider clock;
    private readonly Vault vault;
    private readonly SlugCatalog slugs;
    private readonly ReleaseTurns turns;
    private readonly ReleaseGroups groups;

    /// <param name="wakeup">Nudged when there may be work for the releaser.</param>
    public ReleaseLedger(Db db, Vault vault, SlugCatalog slugs, Wakeup wakeup, TimeProvider clock)
    {
        (this.db, this.vault, this.slugs, this.wakeup, this.clock) = (db, vault, slugs, wakeup, clock);
        turns = new ReleaseTurns(vault, slugs, clock);
        groups = new ReleaseGroups(turns, clock);
    }

    /// <summary>Beats when a release was added, got on or ended in this process.</summary>
    public Pulse Changed { get; } = new();

    /// <summary>Inserts the release, or queues it behind the one in flight, inside a transaction of the caller's. Returns the id it has or will have.
    /// One without a slug has nothing to run and succeeds at once.</summary>
    /// <exception cref="RefusedException">Its slug has no files yet, or it cannot be rolled back to.</exception>
    /// <param name="group">Decided together with the others of that group: <see cref="OpenGroup"/> first.</param>
    public ReleaseId Add(Tx tx, ReleaseRequest request, ReleaseId? id = null, ReleaseGroupId? group = null)
    {
        tx.LockApp(request.App);
        Check(tx, request);
        var release = id ?? ReleaseId.New();
        turns.Take(tx, request, release, group);
        return release;
    }

    /// <summary>Says which releases are decided together: all of them become current, or none does. They are added in the same transaction.</summary>
    public void OpenGroup(Tx tx, ReleaseGroupId group, ImmutableArray<GroupMember> members) => groups.Open(tx, group, members);

    /// <summary>The same in a transaction of its own, durable when it returns; the releaser is told.</summary>
    public async Task<ReleaseId> AddAsync(ReleaseRequest request, CancellationToken ct)
    {
        var id = ReleaseId.New();
        Traces.Hand(id.Value);
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
        Traces.Hand(id.Value);
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
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} AND status = 'succeeded' ORDER BY version DESC LIMIT 1
        """, ReleaseRow.Read, ct);

    /// <summary>The same, inside a transaction.</summary>
    public Release? Current(Tx tx, AppId app) => ReleaseRow.Current(tx, app);

    /// <summary>What the app's dynos run or, after a decision, must come to run: the current release, or the one that was decided to follow it.</summary>
    public Task<Release?> DecidedAsync(AppId app, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} AND (status = 'succeeded' OR (status = 'pending' AND step = 'decided')) ORDER BY version DESC LIMIT 1
        """, ReleaseRow.Read, ct);

    /// <summary>The members of a group that were decided and have not ended yet.</summary>
    internal Task<ImmutableArray<Release>> DecidedAsync(ReleaseGroupId group, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE group_id = {group} AND status = 'pending' AND step = 'decided' ORDER BY app_id
        """, ReleaseRow.Read, ct);

    /// <summary>Null when there is none of that id, or while it waits for its turn.</summary>
    public Task<Release?> FindAsync(ReleaseId release, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE id = {release}
        """, ReleaseRow.Read, ct);

    /// <summary>Its slug was built on a machine with other packages than this one had when its turn came: another machine, or before an upgrade.</summary>
    internal Task<bool> IsOfOtherPackagesAsync(ReleaseId release, CancellationToken ct) =>
        db.FindAsync($"SELECT 1 AS yes FROM releases JOIN slugs ON slugs.id = slug_id WHERE releases.id = {release} AND {OtherPackages}", r => r.Flag("yes"), ct);

    /// <summary>The same as a condition on the two tables; not true where either is unknown.</summary>
    internal static Sql OtherPackages => Sql.Part($"releases.host_packages <> '' AND slugs.host_packages <> '' AND releases.host_packages <> slugs.host_packages");

    /// <summary>The same, inside a transaction.</summary>
    public Release? Find(Tx tx, ReleaseId release) => ReleaseRow.Find(tx, release);

    /// <summary>By id, <c>N</c> or <c>vN</c>; null when there is none.</summary>
    public async Task<Release?> FindAsync(AppId app, string idOrVersion, CancellationToken ct)
    {
        if (Guid.TryParse(idOrVersion, out var id))
            return await FindAsync(new ReleaseId(id), ct) is { } found && found.App == app ? found : null;
        if (!int.TryParse(idOrVersion.StartsWith('v') ? idOrVersion[1..] : idOrVersion, out var version))
            return null;
        return await db.FindAsync(
            $"""
            SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
              FROM releases WHERE app_id = {app} AND version = {version}
            """, ReleaseRow.Read, ct);
    }

    /// <summary>Newest first. Those that wait for their turn have no version yet and are not among them.</summary>
    public Task<ImmutableArray<Release>> ListAsync(AppId app, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE app_id = {app} ORDER BY version DESC
        """, ReleaseRow.Read, ct);

    /// <summary>How many there are of each outcome, of all apps; <c>queued</c> are those that wait for their turn.</summary>
    public Task<ImmutableArray<(string Outcome, long Count)>> CountAsync(CancellationToken ct) => db.ListAsync(
        $"SELECT status AS outcome, COUNT(*) AS many FROM releases GROUP BY status UNION ALL SELECT 'queued' AS outcome, COUNT(*) AS many FROM release_queue",
        r => (r.Text("outcome"), r.Long("many")), ct);

    /// <summary>Apps that this slug was released to.</summary>
    public Task<ImmutableArray<AppId>> AppsOfAsync(SlugId slug, CancellationToken ct) =>
        db.ListAsync($"SELECT DISTINCT app_id FROM releases WHERE slug_id = {slug}", r => new AppId(r.Guid("app_id")), ct);

    /// <summary>The release in flight of every app that has one, but for those of a group of which one still waits for its turn.</summary>
    public Task<ImmutableArray<Release>> InFlightAsync(CancellationToken ct) => db.ListAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases
         WHERE status = 'pending' AND NOT EXISTS (SELECT 1 FROM release_queue WHERE release_queue.group_id = releases.group_id)
        """, ReleaseRow.Read, ct);

    /// <summary>It was accepted and waits behind another release of its app.</summary>
    public Task<bool> IsQueuedAsync(ReleaseId release, CancellationToken ct) =>
        db.FindAsync($"SELECT 1 AS yes FROM release_queue WHERE id = {release}", r => r.Flag("yes"), ct);

    /// <summary>The release that one which waits for its turn is behind; null when it does not wait.</summary>
    internal Task<Release?> AheadOfAsync(ReleaseId queued, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
          FROM releases WHERE status = 'pending' AND app_id = (SELECT app_id FROM release_queue WHERE id = {queued})
        """, ReleaseRow.Read, ct);

    /// <summary>A member of that group still waits for its turn.</summary>
    internal Task<bool> IsIncompleteAsync(ReleaseGroupId group, CancellationToken ct) =>
        db.FindAsync($"SELECT 1 AS yes FROM release_queue WHERE group_id = {group} LIMIT 1", r => r.Flag("yes"), ct);

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
        var ended = await db.WriteAsync(ActOf("release." + status, release), tx => groups.End(tx, release, status, failure), ct);
        Tell();
        return ended;
    }

    /// <summary>How many members a group has.</summary>
    internal Task<int> SizeOfAsync(ReleaseGroupId group, CancellationToken ct) =>
        db.FindAsync($"SELECT size FROM release_groups WHERE id = {group}", r => r.Int("size"), ct);

    /// <summary>Decides for all members of a group, which are prepared: one transaction. False when it is not open any more.</summary>
    internal async Task<bool> DecideAsync(ReleaseGroupId group, CancellationToken ct)
    {
        var decided = await db.WriteAsync(new Act("release.group.decide", group.ToString()), tx => groups.Decide(tx, group), ct);
        Changed.Beat();
        return decided;
    }

    /// <summary>Fails those open groups of which a member went with its app.</summary>
    internal async Task EndBrokenGroupsAsync(CancellationToken ct)
    {
        var broken = await db.ListAsync(
            $"""
            SELECT id FROM release_groups g
             WHERE state = 'open' AND size > (SELECT COUNT(*) FROM releases WHERE group_id = g.id) + (SELECT COUNT(*) FROM release_queue WHERE group_id = g.id)
            """, r => new ReleaseGroupId(r.Guid("id")), ct);
        foreach (var group in broken)
        {
            await db.WriteAsync(new Act("release.group.fail", group.ToString()), tx => groups.FailIfBroken(tx, group), ct);
            Tell();
        }
    }

    private void Tell()
    {
        Changed.Beat();
        wakeup.Nudge();
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
        if (slug is { } id && slugs.Find(tx, id) is var found && found is not { Digest: not null })
        {
            throw Refuse.Invalid(found?.CollectedAt is null ? $"Slug {id} has no files yet: upload them first."
                : $"Slug {id} is no longer kept: only old releases name it. {Again(found)}");
        }
        if (request is ReleaseRequest.Rollback rollback)
            CheckRollback(tx, Find(tx, rollback.To) is { } to && to.App == request.App ? to : throw Refuse.NotFound("release", rollback.To.ToString()));
    }

    private void CheckRollback(Tx tx, Release to)
    {
        if (to.Slug is null)
            throw Refuse.Invalid($"v{to.Version} has no slug, so there is nothing to roll back to.");
        if (to.Status != "succeeded")
            throw Refuse.Invalid($"v{to.Version} did not succeed, so it cannot be rolled back to.");
        if (slugs.Find(tx, to.Slug.Value) is { CollectedAt: not null } slug)
        {
            var kept = QuotaTable.Of(tx, to.App, Quota.Releases);
            throw Refuse.Invalid($"The slug of v{to.Version} is no longer kept (this app keeps {(kept == 1 ? "that of its last release" : $"those of its last {kept} releases")}). {Again(slug)}");
        }
    }

    private static string Again(Slug gone) => gone.Commit is { } commit ? $"Push its commit {Descriptions.Short(commit)} again." : "Build or upload it again.";

    private bool ChangeConfig(
        Tx tx, AppId app, AccountId user, IReadOnlyDictionary<string, string?> changes, string? requestId, ReleaseId id)
    {
        tx.LockApp(app);
        var before = turns.ConfigOf(tx, app);
        var set = changes.Where(c => c.Value is not null && before.GetValueOrDefault(c.Key) != c.Value).Select(c => c.Key).ToImmutableArray();
        var removed = changes.Where(c => c.Value is null && before.ContainsKey(c.Key)).Select(c => c.Key).ToImmutableArray();
        if (set.IsEmpty && removed.IsEmpty)
            return false;
        var after = before.Apply(changes);
        var faults = ConfigVars.SizeFaults(after).ToArray();
        if (faults.Length > 0)
            throw Refuse.Invalid(faults);
        turns.SetConfig(tx, app, after);
        Add(tx, new ReleaseRequest.Config(app, user, requestId, set, removed), id);
        return true;
    }

    private static Act ActOf(ReleaseRequest request, ReleaseId id) =>
        new("release.create", id.ToString(), request.User, request.App, request.RequestId);

    private static Act ActOf(string what, Release release) => new(what, release.Id.ToString(), null, release.App) { Data = $$"""{"version":{{release.Version}}}""" };
}
