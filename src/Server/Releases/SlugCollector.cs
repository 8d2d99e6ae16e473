using System.Collections.Immutable;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// Gives back the space of slugs, once a day: of those that only old releases name (<see cref="OldSlugs"/>), whose rows stay, and of those that nothing names any
/// more, no release, no release that waits, no build, no upload. Rows go first, in one transaction: a slug that is about to lose its files can no longer
/// be released; the store keeps what is younger than a day in any case.
/// </summary>
internal sealed partial class SlugCollector(Db db, SlugClient slugs, TimeProvider clock, ILogger<SlugCollector> logger) : BackgroundService
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromMinutes(10), Every = TimeSpan.FromHours(24), Grace = TimeSpan.FromHours(24);

    /// <summary>One round: forgets unused slugs and answers those whose files must stay.</summary>
    public async Task<ImmutableArray<SlugDigest>> ForgetUnusedAsync(CancellationToken ct)
    {
        await db.WriteAsync(new Act("slug.collect", "slugs"), tx =>
        {
            OldSlugs.Collect(tx, clock.GetUtcNow());
            ForgetUnused(tx);
        }, ct);
        return await db.ListAsync(
            $"SELECT DISTINCT digest FROM slugs WHERE digest IS NOT NULL", r => SlugDigest.Parse(r.Text("digest")), ct);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var pause = FirstAfter; ; pause = Every)
        {
            await Task.Delay(pause, clock, stoppingToken);
            using var span = Traces.Start("slug.collect");
            try
            {
                var freed = await slugs.CollectAsync(await ForgetUnusedAsync(stoppingToken), stoppingToken);
                LogCollected(freed);
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogTrouble(trouble);   // nothing is lost but space; tomorrow again
            }
        }
    }

    private void ForgetUnused(Tx tx) => tx.Execute(
        $"""
        DELETE FROM slugs
         WHERE updated_at < {clock.GetUtcNow() - Grace}
           AND NOT EXISTS (SELECT 1 FROM releases WHERE releases.slug_id = slugs.id)
           AND NOT EXISTS (SELECT 1 FROM builds WHERE builds.slug_id = slugs.id)
           AND NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.slug_id = slugs.id)
           AND NOT EXISTS (SELECT 1 FROM release_queue WHERE release_queue.request LIKE '%' || slugs.id || '%')
        """);

    [LoggerMessage(Level = LogLevel.Information, Message = "Collected slugs that nothing names: {Bytes} bytes freed")]
    private partial void LogCollected(long bytes);

    [LoggerMessage(Level = LogLevel.Error, Message = "Slugs could not be collected; tried again in a day")]
    private partial void LogTrouble(Exception trouble);
}
