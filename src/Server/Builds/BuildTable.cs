using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Apps;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Builds;

/// <summary>Every build, by app. A row ends once and is not edited after that.</summary>
public sealed class BuildTable(Db db, SlugCatalog slugs, TimeProvider clock)
{
    /// <summary>What a build row says before anything ran.</summary>
    internal Task AddAsync(Build build, string origin, string? sourceFile, string? requestId, CancellationToken ct) => db.WriteAsync(
        new Act("build.create", build.Id.ToString(), build.User, build.App, requestId),
        tx =>
        {
            tx.LockApp(build.App);
            var (most, waiting) = (QuotaTable.Of(tx, build.App, Quota.Builds), tx.Find($"SELECT COUNT(*) AS n FROM builds WHERE app_id = {build.App} AND status = 'pending'", row => row.Int("n")));
            if (waiting >= most)
                throw Refuse.TooMany(Quota.Builds.Sentence(most, "Wait until one has ended."));
            tx.Execute(
                $"""
                INSERT INTO builds (id, app_id, user_id, status, origin, source_url, source_file, commit_sha, commit_description, commit_author, checksum, buildpacks, stack,
                    created_at, updated_at)
                VALUES ({build.Id}, {build.App}, {build.User}, 'pending', {origin}, {build.SourceUrl}, {sourceFile}, {build.Commit}, {build.CommitDescription},
                    {build.CommitAuthor}, {build.Checksum},
                    {JsonSerializer.Serialize(build.Buildpacks)}, {build.Stack}, {build.CreatedAt}, {build.UpdatedAt})
                """);
        },
        ct);

    /// <summary>Slug and success in one transaction. False when the row had ended already (or its app is gone).</summary>
    internal Task<bool> SucceedAsync(BuildId id, Slug slug, ImmutableArray<BuildpackUsed> buildpacks, AccountId user, CancellationToken ct) => db.WriteAsync(
        new Act("build.succeed", id.ToString(), user, slug.App) { Data = JsonSerializer.Serialize(new { slug = slug.Id, digest = slug.Digest }) },
        tx =>
        {
            slugs.Add(tx, slug);
            return tx.Execute(
                $"""
                UPDATE builds SET status = 'succeeded', slug_id = {slug.Id}, buildpacks = {JsonSerializer.Serialize(buildpacks)}, stack = {slug.Stack}, source_file = NULL,
                       updated_at = {slug.CreatedAt}
                 WHERE id = {id} AND status = 'pending'
                """) == 1;
        },
        ct);

    /// <param name="status">failed or errored</param>
    internal Task EndAsync(BuildId id, AppId app, AccountId user, string status, string reason, CancellationToken ct) => db.WriteAsync(
        new Act("build.fail", id.ToString(), user, app) { Data = JsonSerializer.Serialize(new { status, reason }) },
        tx => tx.Execute(
            $"UPDATE builds SET status = {status}, reason = {reason}, source_file = NULL, updated_at = {clock.GetUtcNow()} WHERE id = {id} AND status = 'pending'"),
        ct);

    /// <summary>Notes which release a build led to. False when it has one already.</summary>
    public bool SetRelease(Tx tx, BuildId build, ReleaseId release) =>
        tx.Execute($"UPDATE builds SET release_id = {release}, updated_at = {clock.GetUtcNow()} WHERE id = {build} AND release_id IS NULL") == 1;

    /// <summary>Builds that wait or run, of all apps.</summary>
    public Task<long> CountPendingAsync(CancellationToken ct) => db.FindAsync($"SELECT COUNT(*) AS many FROM builds WHERE status = 'pending'", r => r.Long("many"), ct);

    public Task<Build?> FindAsync(AppId app, BuildId build, CancellationToken ct) => db.FindAsync(
        $"{Select} WHERE app_id = {app} AND id = {build}", Read, ct);

    /// <summary>Newest first.</summary>
    public Task<ImmutableArray<Build>> ListAsync(AppId app, CancellationToken ct) => db.ListAsync(
        $"{Select} WHERE app_id = {app} ORDER BY created_at DESC, id DESC", Read, ct);

    /// <summary>Those of some apps that wait or run, oldest first.</summary>
    public Task<ImmutableArray<Build>> PendingAsync(IReadOnlyCollection<AppId> apps, CancellationToken ct) => db.ListAsync(
        $"{Select} WHERE status = 'pending' AND app_id IN {Sql.In([.. apps])} ORDER BY created_at, id", Read, ct);

    /// <summary>Those that no release tells of: they wait, run, failed or errored, or have no release yet. Newest first.</summary>
    public Task<ImmutableArray<Build>> UnreleasedAsync(AppId app, DateTimeOffset before, int most, CancellationToken ct) => db.ListAsync(
        $"{Select} WHERE app_id = {app} AND created_at < {before} AND (status <> 'succeeded' OR release_id IS NULL) ORDER BY created_at DESC, id DESC LIMIT {most}", Read, ct);

    /// <summary>The build that led to a release; null when none did.</summary>
    public Task<Build?> OfReleaseAsync(AppId app, ReleaseId release, CancellationToken ct) => db.FindAsync(
        $"{Select} WHERE app_id = {app} AND release_id = {release}", Read, ct);

    /// <summary>API builds that are done and have no release yet: whoever makes releases pulls them from here. Oldest first.</summary>
    public Task<ImmutableArray<Build>> WithoutReleaseAsync(CancellationToken ct) => db.ListAsync(
        $"{Select} WHERE origin = 'api' AND status = 'succeeded' AND release_id IS NULL ORDER BY created_at, id", Read, ct);

    /// <summary>API builds that wait or were cut, with their tarball in DIR/uploads; oldest first.</summary>
    internal Task<ImmutableArray<BuildRequest>> PendingAsync(DataFolder data, CancellationToken ct) => db.ListAsync(
        $"SELECT id, app_id, user_id, source_file, commit_sha, commit_description FROM builds WHERE origin = 'api' AND status = 'pending' ORDER BY created_at, id",
        row => new BuildRequest
        {
            Id = new BuildId(row.Guid("id")),
            App = new AppId(row.Guid("app_id")),
            User = new AccountId(row.Guid("user_id")),
            SourceFile = Path.Combine(data.Uploads, row.TextOrNull("source_file") ?? "missing"),
            Commit = row.TextOrNull("commit_sha"),
            CommitDescription = row.TextOrNull("commit_description"),
        },
        ct);

    /// <summary>Plain names in DIR/uploads of the tarballs that builds are still to be made of.</summary>
    public Task<ImmutableArray<string>> SourceFilesAsync(CancellationToken ct) => db.ListAsync(
        $"SELECT source_file FROM builds WHERE status = 'pending' AND source_file IS NOT NULL", row => row.Text("source_file"), ct);

    /// <summary>At start: pushes that a dead server was building are over, their clients know no end. Answers which.</summary>
    internal Task<ImmutableArray<(AppId App, BuildId Build)>> FailCutPushesAsync(CancellationToken ct) => db.WriteAsync(
        new Act("build.interrupted", "*"),
        tx =>
        {
            var cut = tx.List($"SELECT app_id, id FROM builds WHERE origin = 'push' AND status = 'pending'", row => (new AppId(row.Guid("app_id")), new BuildId(row.Guid("id"))));
            tx.Execute(
                $"""
                UPDATE builds SET status = 'errored', reason = 'Interrupted by a restart of the server. Push again.', updated_at = {clock.GetUtcNow()}
                 WHERE origin = 'push' AND status = 'pending'
                """);
            return cut;
        },
        ct);

    private static Sql Select => Sql.Part(
        $"""
        SELECT id, app_id, user_id, status, reason, source_url, commit_sha, commit_description, commit_author, checksum, buildpacks, stack, slug_id, release_id,
               created_at, updated_at
          FROM builds
        """);

    private static Build Read(Row row) => new()
    {
        Id = new BuildId(row.Guid("id")),
        App = new AppId(row.Guid("app_id")),
        User = new AccountId(row.Guid("user_id")),
        Status = row.Text("status"),
        Reason = row.TextOrNull("reason"),
        SourceUrl = row.TextOrNull("source_url"),
        Commit = row.TextOrNull("commit_sha"),
        CommitDescription = row.TextOrNull("commit_description"),
        CommitAuthor = row.TextOrNull("commit_author"),
        Checksum = row.TextOrNull("checksum"),
        Buildpacks = JsonSerializer.Deserialize<ImmutableArray<BuildpackUsed>>(row.Text("buildpacks")),
        Stack = row.Text("stack"),
        Slug = row.GuidOrNull("slug_id") is { } slug ? new SlugId(slug) : null,
        Release = row.GuidOrNull("release_id") is { } release ? new ReleaseId(release) : null,
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
