using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dashboard.Shell;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;

namespace Sluice.Dashboard.AppPage;

/// <summary>Gathers what the pages of one app show. The door has asked already whether one may see the app.</summary>
internal sealed class AppViews(
    AppFacts facts, PipelineCatalog pipelines, ReleaseLedger ledger, ReleaseWaits waits, SlugCatalog slugs, FormationTable formations, DynoFleet fleet, AppLogs logs,
    OpenLogs outputs, BuildFacts builds, People people, Commits commits)
{
    public const int LinesShown = 200;
    private const int LinesSearched = 20_000;

    public async Task<AppHeadView> HeadAsync(AppAccess access, AppTab tab, CancellationToken ct) =>
        new(await facts.OfAsync(access, ct), await pipelines.CouplingOfAsync(access.App.Id, ct), tab);

    /// <summary>Releases, and among them the builds that no release tells of: at most half of the rows.</summary>
    /// <param name="before">Only what is older than this version; null for the newest.</param>
    public async Task<ReleasesView> ReleasesAsync(AppHeadView head, int most, int? before, CancellationToken ct)
    {
        var all = await ledger.ListAsync(head.Fact.App.Id, ct);
        var versions = all.ToDictionary(r => r.Version);
        var built = await builds.UnreleasedAsync(head.Fact.App, before is { } than && versions.TryGetValue(than, out var end) ? end.CreatedAt : DateTimeOffset.MaxValue, most / 2, ct);
        var releases = all.Where(r => before is null || r.Version < before).Take(most).ToArray();
        var names = await people.NamesAsync(releases.Select(r => r.User), ct);
        var gone = await slugs.NoLongerKeptAsync(releases.Select(r => r.Slug).OfType<SlugId>(), ct);
        var rows = releases.Select(r => new LedgerRow(Line(r, names[r.User], head.Fact.Current, versions.GetValueOrDefault(r.Version - 1), gone), null))
            .Concat(built.Select(b => new LedgerRow(null, b))).OrderByDescending(row => row.At).Take(most).ToArray();
        var last = rows.LastOrDefault(row => row.Release is not null)?.Release!.Release.Version;
        // What was built before the last release that is shown stands on the next page, below that release's successor.
        var shown = last > 1 ? rows.Reverse().SkipWhile(row => row.Release is null).Reverse() : rows;
        return new ReleasesView(head, [.. shown], all.Length, head.Fact.Access.WhyNot(Permission.Deploy), last > 1 ? last : null)
        {
            From = before, Pushes = before is null ? await builds.PushesAsync(head.Fact, ct) : [],
        };
    }

    public async Task<BuildView> BuildAsync(AppHeadView head, string id, bool withOutput, CancellationToken ct)
    {
        var line = await builds.FindAsync(head.Fact.App, id, ct);
        return new BuildView(
            head, line, withOutput ? await PrintedOutput.ReadAsync(line.Output, line.IsPending, ct) : PrintedOutput.None,
            line.Build.Slug is { } slug ? await slugs.FindAsync(slug, ct) : null, line.Build.Release is { } release ? await ledger.FindAsync(release, ct) : null);
    }

    public async Task<ReleaseView> ReleaseAsync(AppHeadView head, string version, CancellationToken ct)
    {
        var app = head.Fact.App;
        var release = await ledger.FindAsync(app.Id, version, ct) ?? throw Refuse.NotFound("release", version);
        var since = (await ledger.ListAsync(app.Id, ct)).FirstOrDefault(r => r.Version < release.Version && r.Status == "succeeded");
        var slug = release.Slug is { } id ? await slugs.FindAsync(id, ct) : null;
        var by = (await people.NamesAsync([release.User], ct))[release.User];
        var output = release.HasOutput && outputs.Exists(release.Id) ? (await PrintedOutput.ReadAsync(outputs.PathOf(release.Id), grows: false, ct)).Text : null;
        return new ReleaseView(
            head, Line(release, by, head.Fact.Current, null, slug?.CollectedAt is null ? [] : [slug.Id]), slug, output, since, await BetweenAsync(app, since, release, ct),
            since is null ? null : await ConfigWordsAsync(head, since, release, ct), head.Fact.Access.WhyNot(Permission.Deploy))
        {
            Waits = await waits.OfAsync(release, ct),
            Build = await builds.OfReleaseAsync(app, release.Id, ct),
        };
    }

    public async Task<ComparePage.View> CompareAsync(AppHeadView head, string from, string to, CancellationToken ct)
    {
        var app = head.Fact.App;
        var (older, newer) = (await ledger.FindAsync(app.Id, from, ct) ?? throw Refuse.NotFound("release", from), await ledger.FindAsync(app.Id, to, ct) ?? throw Refuse.NotFound("release", to));
        return new ComparePage.View(head, older, newer, await BetweenAsync(app, older, newer, ct), await ConfigWordsAsync(head, older, newer, ct) ?? "The same.", await ProcfileWordsAsync(older, newer, ct));
    }

    private async Task<string?> ProcfileWordsAsync(Release from, Release to, CancellationToken ct) =>
        from.Slug is { } a && to.Slug is { } b && await slugs.FindAsync(a, ct) is { } before && await slugs.FindAsync(b, ct) is { } after
            ? ProcfileChange.Between(before, after)?.Told ?? "The same process types." : null;

    public async Task<ImmutableArray<ProcessView>> ProcessesAsync(AppFact fact, CancellationToken ct)
    {
        if (fact.Slug is not { } slug)
            return [];
        var running = fleet.Of(fact.App.Id).Where(d => d.Generation == fact.Current!.Version).ToImmutableArray();
        return
        [
            .. (await formations.ListAsync(fact.App.Id, ct)).Where(row => slug.ProcessTypes.ContainsKey(row.Type) && row.Type != ReleasePhase.ProcessType)
                .OrderBy(row => row.Type == "web" ? "" : row.Type, StringComparer.Ordinal).Select(row => new ProcessView(row, slug.ProcessTypes[row.Type],
                    TypeState.Of([row], [row.Type], running) is [var state] ? state : new TypeState(row.Type, 0, 0, 0, null))),
        ];
    }

    /// <summary>The newest lines that the filter lets through, of those that are kept.</summary>
    public async Task<LogView> LogAsync(AppHeadView head, int lines, TailFilter filter, CancellationToken ct)
    {
        var past = await logs.PastAsync(head.Fact.App.Id, filter == TailFilter.None ? lines : LinesSearched, LogFilter.All, ct);
        var shown = past.Lines.Where(filter.Lets).TakeLast(lines).ToImmutableArray();
        return new LogView(head, shown.Length < lines ? (past with { Lines = shown }).Said : shown, filter, past.Said.IsEmpty ? 0 : past.Said[^1].Seq);
    }

    private static ReleaseLine Line(Release release, string by, Release? current, Release? before, ImmutableHashSet<SlugId> gone)
    {
        var isGone = release is { Status: "succeeded", Slug: { } slug } && gone.Contains(slug);
        return new(
            release, by, release.Id == current?.Id, release.Status == "succeeded" && release.Slug is not null && !isGone && release.Id != current?.Id,
            release.Failure is { } failure ? Words.First(failure)
                : isGone ? "its slug is no longer kept" : release.Slug is not null && before?.Slug == release.Slug ? $"same slug as v{before.Version}" : null);
    }

    private async Task<Difference?> BetweenAsync(App app, Release? from, Release to, CancellationToken ct)
    {
        var (before, after) = (from?.Slug is { } a ? await slugs.FindAsync(a, ct) : null, to.Slug is { } b ? await slugs.FindAsync(b, ct) : null);
        return after is null or { Digest: null, CollectedAt: null } || (before is null && after.Commit is null) ? null : await commits.BetweenAsync(app.Id, after, app.Id, before, withFiles: true, ct);
    }

    /// <summary>By name, never by value, and only for those who may read them. Null when nothing differs.</summary>
    private async Task<string?> ConfigWordsAsync(AppHeadView head, Release from, Release to, CancellationToken ct)
    {
        if (!head.Fact.Access.Granted.Has(Permission.Deploy))
            return "Config vars are for those who may deploy.";
        var (before, after) = (await ledger.ConfigAsync(from, ct), await ledger.ConfigAsync(to, ct));
        var set = after.Where(v => before.GetValueOrDefault(v.Key) != v.Value).Select(v => v.Key).ToArray();
        var removed = before.Keys.Where(key => !after.ContainsKey(key)).ToArray();
        var words = new[] { set.Length > 0 ? $"Set {string.Join(", ", set)}." : null, removed.Length > 0 ? $"Removed {string.Join(", ", removed)}." : null };
        return string.Join(' ', words.OfType<string>()) is { Length: > 0 } told ? told : null;
    }
}
