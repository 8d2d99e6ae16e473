using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Sluice.Slugs;
using Sluice.Sources;

namespace Sluice.Dashboard;

/// <summary>What one app would get from another: in commits, or in files when git knows neither.</summary>
/// <param name="Commits">Null without git.</param>
/// <param name="Files">Null while nobody has compared them.</param>
public sealed record Difference(CommitDiff? Commits, SlugComparison? Files)
{
    public int Ahead => Commits?.AheadBy ?? 0;

    public int Behind => Commits?.BehindBy ?? 0;

    public int FilesChanged => Files is null ? 0 : Files.Added.Length + Files.Removed.Length + Files.Changed.Length;

    public DateTimeOffset? Oldest => Commits is { Ahead.IsEmpty: false } ? Commits.Ahead.Min(c => c.At) : null;

    /// <summary>New files that look like steps of a database's schema.</summary>
    public ImmutableArray<string> Migrations => Files is null ? [] : [.. Files.Added.Where(path => DifferenceRules.Migration().IsMatch(path))];
}

internal static partial class DifferenceRules
{
    [GeneratedRegex(@"(?:^|/)(?:migrations?|migrate|alembic/versions)/", RegexOptions.IgnoreCase)]
    public static partial Regex Migration();
}

/// <summary>
/// Commits and comparisons, remembered: a commit never changes, nor does what lies between two of them, so each costs git once. Who asks has been allowed to
/// see both apps.
/// </summary>
internal sealed class Commits(Repositories repositories, Comparison comparison, SlugClient store)
{
    private const int MostKept = 4000;

    private readonly ConcurrentDictionary<string, Commit> commits = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string From, string To), CommitDiff> diffs = [];
    private readonly ConcurrentDictionary<(SlugDigest From, SlugDigest To), SlugComparison> files = [];

    /// <summary>Null when the slug came without git, or its app's repository lacks the commit.</summary>
    public async Task<Commit?> CommitAsync(AppId app, string? sha, CancellationToken ct)
    {
        if (!Commit.IsSha(sha))
            return null;
        if (commits.TryGetValue(sha!, out var known))
            return known;
        var found = await repositories.CommitAsync(app, sha!, null, ct);
        if (found is not null)
            Keep(commits, sha!, found);
        return found;
    }

    /// <summary>What <paramref name="to"/> (which <paramref name="up"/> runs) has and <paramref name="from"/> (which <paramref name="down"/> runs) lacks. Files are
    /// compared only when asked for, or when there are no commits to tell.</summary>
    public async Task<Difference> BetweenAsync(AppId up, Slug to, AppId down, Slug? from, bool withFiles, CancellationToken ct)
    {
        var isSame = from is not null && (from.Id == to.Id || (from.Digest is not null && from.Digest == to.Digest));
        var diff = isSame ? null : await DiffAsync(up, to.Commit, down, from?.Commit, ct);
        var compared = (withFiles || diff is null) && !isSame && from?.Digest is { } before && to.Digest is { } after ? await FilesAsync(before, after, ct) : null;
        return new Difference(diff, compared);
    }

    /// <summary>How many commits <paramref name="to"/> has that <paramref name="from"/> lacks; null when git does not know both, or not in time.</summary>
    public async Task<int?> AheadAsync(AppId up, Slug to, AppId down, Slug from, CancellationToken moment)
    {
        try
        {
            return diffs.TryGetValue((from.Commit ?? "", to.Commit ?? ""), out var known) ? known.AheadBy
                : moment.IsCancellationRequested ? null
                : (await DiffAsync(up, to.Commit, down, from.Commit, moment))?.AheadBy;
        }
        catch (OperationCanceledException)
        {
            return null;   // the next look may have more time
        }
    }

    private async Task<CommitDiff?> DiffAsync(AppId up, string? to, AppId down, string? from, CancellationToken ct)
    {
        if (!Commit.IsSha(to) || (from is not null && !Commit.IsSha(from)))
            return null;
        if (diffs.TryGetValue((from ?? "", to!), out var known))
            return known;
        var found = from is null ? await comparison.HistoryAsync(up, to!, ct) : await comparison.DiffAsync([up, down], from, to!, ct);
        if (found is not null)
            Keep(diffs, (from ?? "", to!), found);
        return found;
    }

    private async Task<SlugComparison> FilesAsync(SlugDigest from, SlugDigest to, CancellationToken ct)
    {
        if (files.TryGetValue((from, to), out var known))
            return known;
        var found = await store.CompareAsync(from, to, ct);
        Keep(files, (from, to), found);
        return found;
    }

    private static void Keep<TKey, TValue>(ConcurrentDictionary<TKey, TValue> kept, TKey key, TValue value) where TKey : notnull
    {
        if (kept.Count > MostKept)
            kept.Clear();
        kept[key] = value;
    }
}
