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
    AppFacts facts, PipelineCatalog pipelines, ReleaseLedger ledger, Releaser releaser, SlugCatalog slugs, FormationTable formations, DynoFleet fleet, AppLogs logs, People people, Commits commits)
{
    public const int LinesShown = 200;
    private const int LinesSearched = 20_000;

    public async Task<AppHeadView> HeadAsync(AppAccess access, AppTab tab, CancellationToken ct) =>
        new(await facts.OfAsync(access, ct), await pipelines.CouplingOfAsync(access.App.Id, ct), tab);

    /// <param name="before">Only lower versions.</param>
    public async Task<ReleasesView> ReleasesAsync(AppHeadView head, int most, int before, CancellationToken ct)
    {
        var all = await ledger.ListAsync(head.Fact.App.Id, ct);
        var shown = all.Where(r => r.Version < before).Take(most).ToArray();
        var names = await people.NamesAsync(shown.Select(r => r.User), ct);
        var older = all.ToDictionary(r => r.Version);
        return new ReleasesView(
            head, [.. shown.Select(r => Line(r, names[r.User], head.Fact.Current, older.GetValueOrDefault(r.Version - 1)))], all.Length,
            head.Fact.Access.WhyNot(Permission.Deploy), shown.Length > 0 && shown[^1].Version > 1 ? shown[^1].Version : null);
    }

    public async Task<ReleaseView> ReleaseAsync(AppHeadView head, string version, string? output, CancellationToken ct)
    {
        var app = head.Fact.App;
        var release = await ledger.FindAsync(app.Id, version, ct) ?? throw Refuse.NotFound("release", version);
        var since = (await ledger.ListAsync(app.Id, ct)).FirstOrDefault(r => r.Version < release.Version && r.Status == "succeeded");
        var slug = release.Slug is { } id ? await slugs.FindAsync(id, ct) : null;
        var by = (await people.NamesAsync([release.User], ct))[release.User];
        return new ReleaseView(
            head, Line(release, by, head.Fact.Current, null), slug, output, since, await BetweenAsync(app, since, release, ct),
            since is null ? null : await ConfigWordsAsync(head, since, release, ct), head.Fact.Access.WhyNot(Permission.Deploy))
        {
            Waits = Wait.Of(await releaser.WhyItWaitsAsync(release, ct), fleet.TroubleOf(app.Id)),
        };
    }

    public async Task<ComparePage.View> CompareAsync(AppHeadView head, string from, string to, CancellationToken ct)
    {
        var app = head.Fact.App;
        var (older, newer) = (await ledger.FindAsync(app.Id, from, ct) ?? throw Refuse.NotFound("release", from), await ledger.FindAsync(app.Id, to, ct) ?? throw Refuse.NotFound("release", to));
        return new ComparePage.View(head, older, newer, await BetweenAsync(app, older, newer, ct), await ConfigWordsAsync(head, older, newer, ct) ?? "The same.");
    }

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
        var all = await logs.RecentAsync(head.Fact.App.Id, filter == TailFilter.None ? lines : LinesSearched, LogFilter.All, ct);
        return new LogView(head, [.. all.Where(filter.Lets).TakeLast(lines)], filter, all.IsEmpty ? 0 : all[^1].Seq);
    }

    private static ReleaseLine Line(Release release, string by, Release? current, Release? before) => new(
        release, by, release.Id == current?.Id, release.Status == "succeeded" && release.Slug is not null && release.Id != current?.Id,
        release.Failure is { } failure ? Words.First(failure) : release.Slug is not null && before?.Slug == release.Slug ? $"same slug as v{before.Version}" : null);

    private async Task<Difference?> BetweenAsync(App app, Release? from, Release to, CancellationToken ct)
    {
        var (before, after) = (from?.Slug is { } a ? await slugs.FindAsync(a, ct) : null, to.Slug is { } b ? await slugs.FindAsync(b, ct) : null);
        return after?.Digest is null || (before is null && after.Commit is null) ? null : await commits.BetweenAsync(app.Id, after, app.Id, before, withFiles: true, ct);
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
