using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>What one app runs that another does not: commits when git knows both, else the files that differ. Ours, not Heroku's.</summary>
internal static class DiffApi
{
    /// <summary>Most commits or files in one answer; how many there are is said all the same.</summary>
    private const int MaxShown = 1000;

    public static void MapDiff(this IEndpointRouteBuilder api) => api.MapGet("/apps/{name}/diff", Compare).ForApp(Permission.View);

    private static async Task<DiffWire> Compare(
        string? to, App app, Principal who, Lookup lookup, ReleaseLedger ledger, SlugCatalog slugs, Repositories repositories, SlugClient store, CancellationToken ct)
    {
        var other = await lookup.AppAsync(to ?? throw Refuse.Invalid("Say what to compare with: ?to=APP."), Permission.View, who, ct);
        var (ours, theirs) = (await SideAsync(app, ledger, slugs, ct), await SideAsync(other, ledger, slugs, ct));
        var answer = new DiffWire { From = ours.ToWire(), To = theirs.ToWire(), Method = "none", AheadBy = 0, Commits = [] };
        if (ours.Slug is not { Digest: { } mine } up || theirs.Slug is not { Digest: { } yours } down)
            return answer;
        if (mine == yours)
            return answer with { Method = "same" };
        if (Commit.IsSha(up.Commit) && Commit.IsSha(down.Commit) && await repositories.DiffAsync(other.Id, down.Commit!, app.Id, up.Commit!, ct) is { } diff)
            return answer with { Method = diff.Matched, AheadBy = diff.Ahead.Length, Commits = [.. diff.Ahead.Take(MaxShown).Select(ToWire)] };
        var files = await store.CompareAsync(yours, mine, ct);
        return answer with { Method = "tree", Files = [.. Files(files).Take(MaxShown)] };
    }

    private static async Task<Side> SideAsync(App app, ReleaseLedger ledger, SlugCatalog slugs, CancellationToken ct)
    {
        var release = await ledger.CurrentAsync(app.Id, ct);
        return new Side(app, release, release?.Slug is { } id ? await slugs.FindAsync(id, ct) : null);
    }

    private static IEnumerable<DiffFileWire> Files(SlugComparison files) =>
        files.Added.Select(path => new DiffFileWire(path, "added"))
            .Concat(files.Removed.Select(path => new DiffFileWire(path, "removed")))
            .Concat(files.Changed.Select(path => new DiffFileWire(path, "changed")))
            .OrderBy(file => file.Path, StringComparer.Ordinal);

    private static DiffCommitWire ToWire(Commit commit) => new(commit.Sha, commit.At, commit.Subject, commit.Author);

    private sealed record Side(App App, Release? Release, Slug? Slug)
    {
        public DiffSideWire ToWire() => new(App.ToNamed(), Release?.Version, Slug?.Commit, Slug?.Digest is { } digest ? $"SHA256:{digest}" : null);
    }
}
