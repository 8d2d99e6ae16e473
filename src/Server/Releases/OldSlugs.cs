using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// Which slugs an app's quota of releases lets go. A slug keeps its files while any release of any app that names it is kept: one of the app's newest N
/// (<see cref="Quota.Releases"/>), one in flight or named by one that waits, the current one, whatever ran within the last day (a one-off dyno may still do),
/// and the newest that ran with another slug than the current one, so that the last deploy can always be taken back.
/// </summary>
internal static class OldSlugs
{
    /// <summary>As long as a one-off dyno may run.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    /// <summary>Takes the files from all others. Answers how many; one transaction with whoever releases them at the same time.</summary>
    public static int Collect(Tx tx, DateTimeOffset now) => tx.Execute(
        $"""
        WITH bounds AS (
            SELECT n.app_id, MAX(n.version) - COALESCE((SELECT value FROM quotas q WHERE q.app_id = n.app_id AND q.name = {Quota.Releases.Name}), {Quota.Releases.Default}) AS newest
              FROM releases n GROUP BY n.app_id),
        ran AS (
            SELECT app_id, MAX(version) AS version FROM releases WHERE status = 'succeeded' AND updated_at < {now - Grace} GROUP BY app_id),
        current AS (
            SELECT r.app_id, r.slug_id FROM releases r
             WHERE r.version = (SELECT MAX(version) FROM releases c WHERE c.app_id = r.app_id AND c.status = 'succeeded')),
        previous AS (
            SELECT p.app_id, MAX(p.version) AS version FROM releases p JOIN current ON current.app_id = p.app_id
             WHERE p.status = 'succeeded' AND p.slug_id <> current.slug_id GROUP BY p.app_id),
        kept AS (
            SELECT r.slug_id FROM releases r
              JOIN bounds ON bounds.app_id = r.app_id
              LEFT JOIN ran ON ran.app_id = r.app_id
              LEFT JOIN previous ON previous.app_id = r.app_id
             WHERE r.slug_id IS NOT NULL
               AND (r.version > bounds.newest OR r.status = 'pending' OR ran.version IS NULL OR r.version >= ran.version OR r.version = previous.version
                    OR EXISTS (SELECT 1 FROM release_queue WHERE release_queue.request LIKE '%' || r.id || '%')))
        UPDATE slugs SET digest = NULL, collected_at = {now}
         WHERE digest IS NOT NULL
           AND id IN (SELECT slug_id FROM releases WHERE slug_id IS NOT NULL)
           AND id NOT IN (SELECT slug_id FROM kept)
           AND NOT EXISTS (SELECT 1 FROM release_queue WHERE release_queue.request LIKE '%' || slugs.id || '%')
        """);
}
