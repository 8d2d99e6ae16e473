using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Slugs;

/// <summary>What is known of each slug; its files are the agent's. A row outlives the app that it was made for: it goes when no release, build or upload names it.</summary>
public sealed class SlugCatalog(Db db)
{
    public void Add(Tx tx, Slug slug) => tx.Execute(
        $"""
        INSERT INTO slugs (id, app_id, digest, stack, commit_sha, commit_description, buildpack_description, process_types, size, host_packages, health_path, created_at, updated_at)
        VALUES ({slug.Id}, {slug.App}, {slug.Digest}, {slug.Stack}, {slug.Commit}, {slug.CommitDescription}, {slug.BuildpackDescription},
                {JsonSerializer.Serialize(slug.ProcessTypes)}, {slug.Size}, {slug.HostPackages}, {slug.HealthPath}, {slug.CreatedAt}, {slug.UpdatedAt})
        """);

    /// <summary>The files of a slug that was announced without them are here. False when it has or had files already: a slug never changes.</summary>
    public bool Fill(Tx tx, SlugId slug, SlugDigest digest, long size, DateTimeOffset now) => tx.Execute(
        $"UPDATE slugs SET digest = {digest}, size = {size}, updated_at = {now} WHERE id = {slug} AND digest IS NULL AND collected_at IS NULL") == 1;

    public Task<Slug?> FindAsync(SlugId slug, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT id, app_id, digest, stack, commit_sha, commit_description, buildpack_description, process_types, size, host_packages, health_path, collected_at, created_at, updated_at
          FROM slugs WHERE id = {slug}
        """, Read, ct);

    /// <summary>Those of these that there are.</summary>
    public async Task<ImmutableArray<Slug>> ListAsync(IEnumerable<SlugId> slugs, CancellationToken ct) => slugs.Distinct().ToArray() is { Length: > 0 } ids
        ? await db.ListAsync(
            $"""
            SELECT id, app_id, digest, stack, commit_sha, commit_description, buildpack_description, process_types, size, host_packages, health_path, collected_at, created_at, updated_at
              FROM slugs WHERE id IN {Sql.In(ids)}
            """, Read, ct)
        : [];

    /// <summary>Those of these that lost their files: they are known, and cannot be released any more.</summary>
    public async Task<ImmutableHashSet<SlugId>> NoLongerKeptAsync(IEnumerable<SlugId> slugs, CancellationToken ct) => slugs.Distinct().ToArray() is { Length: > 0 } ids
        ? [.. await db.ListAsync($"SELECT id FROM slugs WHERE collected_at IS NOT NULL AND id IN {Sql.In(ids)}", row => new SlugId(row.Guid("id")), ct)]
        : [];

    public Slug? Find(Tx tx, SlugId slug) => tx.Find(
        $"""
        SELECT id, app_id, digest, stack, commit_sha, commit_description, buildpack_description, process_types, size, host_packages, health_path, collected_at, created_at, updated_at
          FROM slugs WHERE id = {slug}
        """, Read);

    /// <summary>Those made for one app, newest first; slugs that were promoted to it are not among them.</summary>
    public Task<ImmutableArray<Slug>> MadeForAsync(AppId app, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT id, app_id, digest, stack, commit_sha, commit_description, buildpack_description, process_types, size, host_packages, health_path, collected_at, created_at, updated_at
          FROM slugs WHERE app_id = {app} ORDER BY created_at DESC, id DESC
        """, Read, ct);

    private static Slug Read(Row row) => new()
    {
        Id = new SlugId(row.Guid("id")),
        App = new AppId(row.Guid("app_id")),
        Digest = row.TextOrNull("digest") is { } hex ? SlugDigest.Parse(hex) : null,
        Stack = row.Text("stack"),
        Commit = row.TextOrNull("commit_sha"),
        CommitDescription = row.TextOrNull("commit_description"),
        BuildpackDescription = row.TextOrNull("buildpack_description"),
        ProcessTypes = JsonSerializer.Deserialize<ImmutableSortedDictionary<string, string>>(row.Text("process_types"))!,
        Size = row.LongOrNull("size"),
        HostPackages = row.TextOrNull("host_packages"),
        HealthPath = row.TextOrNull("health_path"),
        CollectedAt = row.TimeOrNull("collected_at"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
