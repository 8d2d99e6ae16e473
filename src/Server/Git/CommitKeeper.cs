using Sluice.Jobs;
using Sluice.Releases;
using Sluice.Sources;
using Sluice.Storage;

namespace Sluice.Git;

/// <summary>
/// An app's repository has the commit of everything the app ever ran, also of what was promoted to it: this looks at new releases and takes
/// over what is missing, so that a comparison needs no app but the two that are compared, whatever became of the others.
/// </summary>
internal sealed partial class CommitKeeper(Db db, Repositories repositories, RepositoryCare care, TimeProvider clock, ILogger<CommitKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(2);

    internal TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Calm.AfterStartAsync(clock, stoppingToken);
        var seen = DateTimeOffset.UnixEpoch;
        while (!stoppingToken.IsCancellationRequested)
        {
            // Since the date was set back, what is new is older than what was seen.
            if (clock.GetUtcNow() is var now && seen > now)
                seen = now - Again;
            foreach (var ran in await RanSinceAsync(seen, stoppingToken))
            {
                seen = ran.At;
                await TakeAsync(ran, stoppingToken);
            }
            await Task.Delay(LookEvery, clock, stoppingToken);
        }
    }

    internal async Task TakeAsync(Ran ran, CancellationToken ct)
    {
        try
        {
            if (ran.App == ran.MadeFor)
                await repositories.KeepAsync(ran.App, ran.Digest, ran.Commit, ct);
            else if (await repositories.TakeAsync(ran.App, ran.Digest, ran.MadeFor, ct))
                care.Nudge(ran.App);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogNotTaken(ran.App, ran.Commit, e);   // a comparison falls back to files; the others go on
        }
    }

    /// <summary>Releases of slugs with a commit, oldest first; the last one seen comes again, which is harmless.</summary>
    private Task<System.Collections.Immutable.ImmutableArray<Ran>> RanSinceAsync(DateTimeOffset since, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT releases.app_id, slugs.app_id AS made_for, slugs.digest, slugs.commit_sha, releases.created_at
          FROM releases JOIN slugs ON slugs.id = releases.slug_id
         WHERE releases.created_at >= {since} AND slugs.commit_sha IS NOT NULL AND slugs.digest IS NOT NULL
         ORDER BY releases.created_at
        """,
        row => new Ran(new AppId(row.Guid("app_id")), new AppId(row.Guid("made_for")), SlugDigest.Parse(row.Text("digest")), row.Text("commit_sha"), row.Time("created_at")),
        ct);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The commit {Commit} that {App} ran was not taken into its repository")]
    private partial void LogNotTaken(AppId app, string commit, Exception cause);
}

/// <summary>An app ran a slug that was made, of a commit, for that app or another.</summary>
internal sealed record Ran(AppId App, AppId MadeFor, SlugDigest Digest, string Commit, DateTimeOffset At);
