using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Dashboard.Home;

/// <summary>
/// What the first page shows, with a handful of questions however much there is. Distances cost git: those that are not known within a moment are left
/// out, and the page says "other code" instead of a number.
/// </summary>
internal sealed class HomeLines(
    Db db, PipelineList pipelines, PipelineCatalog catalog, ReleaseHeads heads, SlugCatalog slugs, AppFacts facts, Commits commits)
{
    private const int PageSize = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(60);

    /// <param name="query">Part of a name; empty for all.</param>
    /// <param name="from">Name that the page begins after; empty for the first page.</param>
    public async Task<HomeView> OfAsync(string query, string from, string fromAlone, Principal who, CancellationToken ct)
    {
        var slice = new Slice("name", from, FromIsExclusive: true, "", PageSize, IsDescending: false) { Containing = query };
        var found = await pipelines.PageAsync(slice, who, ct);
        if (query.Length > 0 && from.Length == 0)
            found = [.. found.Concat(await WithAppAsync(query, who, ct)).DistinctBy(p => p.Id)];
        var lines = await LinesAsync([.. found.Take(PageSize)], who, ct);
        var alone = await AloneAsync(slice with { From = fromAlone }, who, ct);
        var known = await facts.OfAsync(alone.Take(PageSize), who, ct);
        return new HomeView(
            query, lines, [.. known.Values.OrderBy(a => a.Name, StringComparer.Ordinal)],
            found.Length > PageSize ? found[PageSize - 1].Name : null,
            alone.Length > PageSize ? known.Values.Max(a => a.Name) : null);
    }

    /// <summary>Those with an app of such a name that one may see.</summary>
    private Task<ImmutableArray<Pipeline>> WithAppAsync(string query, Principal who, CancellationToken ct)
    {
        var key = AppList.Keys[0];
        var slice = Slice.First(PageSize) with { Containing = query };
        return db.ListAsync(
            $"""
            SELECT {PipelineCatalog.Columns} {PipelineCatalog.Tables} WHERE pipelines.id IN (
              SELECT c.pipeline_id FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id WHERE {Access.SeesApp(who)} AND {slice.Within(key)})
             ORDER BY pipelines.name LIMIT {PageSize}
            """, PipelineCatalog.Read, ct);
    }

    private Task<ImmutableArray<AppId>> AloneAsync(Slice slice, Principal who, CancellationToken ct)
    {
        var key = AppList.Keys[0];
        return db.ListAsync(
            $"""
            SELECT apps.id FROM apps
             WHERE {Access.SeesApp(who)} AND {slice.Within(key)} AND NOT EXISTS (SELECT 1 FROM pipeline_couplings c WHERE c.app_id = apps.id)
            {slice.Cut(key.Column)}
            """, row => new AppId(row.Guid("id")), ct);
    }

    private async Task<ImmutableArray<PipelineLine>> LinesAsync(ImmutableArray<Pipeline> shown, Principal who, CancellationToken ct)
    {
        var couplings = await catalog.CouplingsAsync([.. shown.Select(p => p.Id)], who, ct);
        var standing = await heads.OfAsync(couplings.Select(c => c.App), ct);
        var running = (await slugs.ListAsync(standing.Values.Select(h => h.Current?.Slug).OfType<SlugId>(), ct)).ToDictionary(s => s.Id);
        var placed = couplings.Select(c => Placed.Of(c, standing.GetValueOrDefault(c.App), running)).ToLookup(p => p.Coupling.Pipeline);
        using var moment = CancellationTokenSource.CreateLinkedTokenSource(ct);
        moment.CancelAfter(Patience);
        return [.. await Task.WhenAll(shown.Select(pipeline => LineAsync(pipeline, [.. placed[pipeline.Id]], moment.Token)))];
    }

    private async Task<PipelineLine> LineAsync(Pipeline pipeline, Placed[] apps, CancellationToken moment)
    {
        var stages = pipeline.Stages.Where(Levels.IsOnMainLine).Select(stage => (Stage: stage, Apps: apps.Where(a => a.Coupling.Stage == stage).ToArray()))
            .Where(s => s.Apps.Length > 0).ToArray();
        var newest = stages.Select(s => s.Apps.MaxBy(a => a.Head?.Current?.Version ?? 0)).FirstOrDefault(a => a?.Slug is not null);
        var reaches = ImmutableArray.CreateBuilder<LineReach>();
        for (var i = 0; i < stages.Length; i++)
        {
            var behind = await FurthestAsync(newest, stages[i].Apps, moment);
            var gate = i + 1 < stages.Length ? await GateAsync(stages[i].Apps, stages[i + 1].Apps, moment) : null;
            reaches.Add(new LineReach(stages[i].Stage, behind, gate));
        }

        return new PipelineLine
        {
            Pipeline = pipeline,
            Reaches = reaches.ToImmutable(),
            Apps = [.. apps.OrderBy(a => pipeline.Stages.IndexOf(a.Coupling.Stage)).Select(a => new LineApp(a.Coupling.AppName, $"{a.Coupling.Stage}{(a.Head?.Current is { } r ? $", v{r.Version}" : "")}"))],
            State = StateOf(apps, reaches),
        };
    }

    private async Task<int> FurthestAsync(Placed? newest, Placed[] apps, CancellationToken moment)
    {
        var lowest = Levels.Newest;
        foreach (var app in apps.DistinctBy(a => a.Slug?.Digest))
        {
            var level = newest?.Slug is null || app.Slug is null ? Levels.Dry
                : Levels.Of(app.Slug.Digest == newest.Slug.Digest, app.Slug.Digest == newest.Slug.Digest ? 0 : await AheadAsync(newest, app, moment));
            lowest = Math.Min(lowest, level);
        }

        return lowest;
    }

    private async Task<string?> GateAsync(Placed[] from, Placed[] to, CancellationToken moment)
    {
        if (from.FirstOrDefault(a => a.Slug is not null) is not { } source || to.All(t => t.Slug?.Digest == source.Slug!.Digest))
            return null;
        var ahead = new List<int?>();
        foreach (var target in to.Where(t => t.Slug is not null && t.Slug.Digest != source.Slug!.Digest).DistinctBy(t => t.Slug!.Digest))
            ahead.Add(await AheadAsync(source, target, moment));
        return ahead.Max() is { } most and > 0 ? $"{most} ahead" : "other code";
    }

    private Task<int?> AheadAsync(Placed up, Placed down, CancellationToken moment) =>
        commits.AheadAsync(up.Coupling.App, up.Slug!, down.Coupling.App, down.Slug!, moment);

    private static LineState StateOf(Placed[] apps, IEnumerable<LineReach> reaches)
    {
        var going = apps.FirstOrDefault(a => a.Head?.Newest is { IsTerminal: false });
        if (going is not null)
            return new LineState("run", going.Head!.Newest.Reason == ReleaseReason.Promotion ? $"Promoting to {going.Coupling.Stage}" : "Releasing", $"{going.Coupling.AppName} gets v{going.Head.Newest.Version}");
        var broken = apps.FirstOrDefault(a => a.Head is { } head && head.Newest.Id != head.Current?.Id);
        if (broken is not null)
            return new LineState(
                broken.Head!.Newest.Status == "errored" ? "error" : "fail", $"v{broken.Head.Newest.Version} {broken.Head.Newest.Status}",
                $"{broken.Coupling.AppName} {(broken.Head.Current is { } kept ? $"keeps v{kept.Version}" : "runs nothing")},", broken.Head.Newest.UpdatedAt);
        if (apps.Length == 0)
            return new LineState("off", "No apps yet", "Add one to begin");
        var line = apps.Where(a => Levels.IsOnMainLine(a.Coupling.Stage)).ToArray();
        if (line.All(a => a.Slug is null))
            return new LineState("off", "Nothing pushed yet", "Push to its first app");
        if (line.Length > 1 && line[0].Slug is { } first && line.All(a => a.Slug?.Digest == first.Digest))
            return new LineState("ok", "Same slug everywhere", "for", line.Max(a => a.Head!.Current!.CreatedAt));
        var drop = reaches.Select(r => r.Drop).FirstOrDefault(d => d is not null);
        return new LineState("off", drop is null ? "One stage in use" : drop == "other code" ? "Something to promote" : $"{drop[..drop.IndexOf(' ')]} to promote", "pushed", line.Where(a => a.Slug is not null).Max(a => a.Slug!.CreatedAt));
    }

    private sealed record Placed(Coupling Coupling, ReleaseHead? Head, Slug? Slug)
    {
        public static Placed Of(Coupling coupling, ReleaseHead? head, IReadOnlyDictionary<SlugId, Slug> running) =>
            new(coupling, head, head?.Current?.Slug is { } id ? running.GetValueOrDefault(id) : null);
    }
}
