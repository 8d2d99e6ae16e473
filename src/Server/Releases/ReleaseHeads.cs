using System.Collections.Immutable;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>Where one app's ledger stands.</summary>
/// <param name="Current">What runs; null before the first success.</param>
/// <param name="Newest">The highest version, however it ended or is going; the same as <paramref name="Current"/> when all is quiet.</param>
public sealed record ReleaseHead(Release? Current, Release Newest);

/// <summary>Where the ledgers of many apps stand, in one question.</summary>
public sealed class ReleaseHeads(Db db)
{
    /// <summary>Most apps in one question to the database.</summary>
    private const int AtOnce = 500;

    public async Task<ImmutableDictionary<AppId, ReleaseHead>> OfAsync(IEnumerable<AppId> apps, CancellationToken ct)
    {
        var heads = ImmutableDictionary.CreateBuilder<AppId, ReleaseHead>();
        foreach (var some in apps.Distinct().Chunk(AtOnce))
        {
            var rows = await db.ListAsync(
                $"""
                SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
                  FROM releases r
                 WHERE app_id IN {Sql.In(some)}
                   AND (version = (SELECT MAX(version) FROM releases n WHERE n.app_id = r.app_id)
                        OR version = (SELECT MAX(version) FROM releases c WHERE c.app_id = r.app_id AND c.status = 'succeeded'))
                """, ReleaseRow.Read, ct);
            foreach (var app in rows.GroupBy(r => r.App))
                heads[app.Key] = new ReleaseHead(app.Where(r => r.Status == "succeeded").MaxBy(r => r.Version), app.MaxBy(r => r.Version)!);
        }

        return heads.ToImmutable();
    }
}
