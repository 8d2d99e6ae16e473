using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>What one app runs, or ran, that another does not: commits when git knows both, else the files that differ. Ours, not Heroku's.</summary>
internal static class DiffApi
{
    /// <summary>Most files in one answer.</summary>
    private const int MaxFiles = 1000;

    public static void MapDiff(this IEndpointRouteBuilder api) => api.MapGet("/apps/{name}/diff", Compare).ForApp(Permission.View);

    /// <param name="to">App to compare with; the app itself when only releases are named.</param>
    /// <param name="from_release">Id, <c>N</c> or <c>vN</c>; the current one when left out. So for <paramref name="to_release"/>.</param>
    private static async Task<DiffWire> Compare(
        string? to, string? from_release, string? to_release, App app, Principal who, Lookup lookup, ReleaseLedger ledger, SlugCatalog slugs, Comparison comparison,
        SlugClient store, CancellationToken ct)
    {
        if (to is null && from_release is null && to_release is null)
            throw Refuse.Invalid("Say what to compare with: ?to=APP, or releases of the app itself: ?from_release=v3&to_release=v2.");
        var other = to is null ? app : await lookup.AppAsync(to, Permission.View, who, ct);
        var (up, down) = (await SideAsync(app, from_release, ledger, slugs, ct), await SideAsync(other, to_release, ledger, slugs, ct));
        var answer = new DiffWire { From = up.ToWire(), To = down.ToWire(), Method = "none", AheadBy = 0, BehindBy = 0, Commits = [] };
        if (!up.HasFiles)
            return answer;
        if (!down.HasFiles)
            return Commit.IsSha(up.Commit) && await comparison.HistoryAsync(app.Id, up.Commit!, ct) is { } all ? With(answer, all, "none") : answer;
        if (up.Slug!.Id == down.Slug!.Id || (up.Slug.Digest is { } same && same == down.Slug.Digest))
            return answer with { Method = "same" };
        if (Commit.IsSha(up.Commit) && Commit.IsSha(down.Commit)
            && await comparison.DiffAsync([app.Id, other.Id], down.Commit!, up.Commit!, ct) is { } diff && diff.AheadBy + diff.BehindBy > 0)
            return With(answer, diff, diff.Matched);
        foreach (var side in new[] { up, down }.Where(s => s.Slug!.CollectedAt is not null))
            throw Refuse.Invalid($"The slug of v{side.Release!.Version} of {side.App.Name} is no longer kept, and git does not know both commits: there is nothing left to compare.");
        var files = await store.CompareAsync(down.Slug.Digest!.Value, up.Slug.Digest!.Value, ct);
        return answer with { Method = "tree", Files = [.. Files(files).Take(MaxFiles)] };
    }

    private static DiffWire With(DiffWire answer, CommitDiff diff, string method) =>
        answer with { Method = method, AheadBy = diff.AheadBy, BehindBy = diff.BehindBy, Commits = [.. diff.Ahead.Select(ToWire)] };

    private static async Task<Side> SideAsync(App app, string? named, ReleaseLedger ledger, SlugCatalog slugs, CancellationToken ct)
    {
        var release = named is null ? await ledger.CurrentAsync(app.Id, ct)
            : await ledger.FindAsync(app.Id, named, ct) ?? throw Refuse.NotFound("release", named);
        return new Side(app, release, release?.Slug is { } id ? await slugs.FindAsync(id, ct) : null);
    }

    private static IEnumerable<DiffFileWire> Files(SlugComparison files) =>
        files.Added.Select(path => new DiffFileWire(LogText.Escaped(path), "added"))
            .Concat(files.Removed.Select(path => new DiffFileWire(LogText.Escaped(path), "removed")))
            .Concat(files.Changed.Select(path => new DiffFileWire(LogText.Escaped(path), "changed")))
            .OrderBy(file => file.Path, StringComparer.Ordinal);

    private static DiffCommitWire ToWire(Commit commit) => new(commit.Sha, commit.At, commit.Subject, commit.Author);

    private sealed record Side(App App, Release? Release, Slug? Slug)
    {
        public string? Commit => Slug?.Commit;

        /// <summary>Or had, as long as it was kept.</summary>
        public bool HasFiles => Slug is { Digest: not null } or { CollectedAt: not null };

        public DiffSideWire ToWire() => new(App.ToNamed(), Release?.Version, Slug?.Commit, Slug?.Digest is { } digest ? $"SHA256:{digest}" : null);
    }
}
