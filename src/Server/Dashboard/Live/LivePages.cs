using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Dashboard.AppPage;
using Sluice.Dashboard.PipelinePage;
using Sluice.Logs;
using Sluice.Pipelines;

namespace Sluice.Dashboard.Live;

/// <summary>The parts of pages that follow along, as server-sent events.</summary>
internal sealed class LivePages(OpenLogs logs, Views views)
{
    public static void Map(IEndpointRouteBuilder dashboard)
    {
        dashboard.MapGet("/pipelines/{pipeline}/live", FollowPipeline).ForMe();
        dashboard.MapGet("/apps/{name}/live", FollowApp).ForMyApp(Permission.View);
        dashboard.MapGet("/apps/{name}/activity/live", FollowActivity).ForMyApp(Permission.View);
        dashboard.MapGet("/apps/{name}/builds/{build}/live", FollowBuild).ForMyApp(Permission.View);
    }

    /// <summary>A pipeline's page: the sentence, the drawing, each card and each gate, the promotions.</summary>
    public async Task<Snapshot> OfAsync(PipelineView view)
    {
        var parts = new List<Part> { new("channel", await views.MarkupAsync<Channel>(view)), new("verdict", await views.MarkupAsync<VerdictLine>(view)), new("moves", await views.MarkupAsync<Moves>(view.Moves)) };
        // The drawing is sent whole only when its shape changes; else the cards and gates in it.
        parts[0] = parts[0] with { Shape = view.Shape };
        foreach (var card in view.Stages.SelectMany(s => s.Cards))
            parts.Add(new($"card-{card.Fact.App.Id}", await views.MarkupAsync<Slot>(new Slot.View(card, view.Path, view.Pipeline.Name))));
        foreach (var gate in view.Stages.Select(s => s.Gate).OfType<GateView>())
            parts.Add(new($"gate-{gate.From}", await views.MarkupAsync<GateSlot>(new GateSlot.View(gate, view.Path))));
        AppId[] shown = [.. view.Stages.SelectMany(s => s.Cards).Select(c => c.Fact.App.Id)];
        var growing = view.Moves.Where(m => m.IsRunning).SelectMany(m => m.Targets).Select(t => t.Release?.Id).OfType<ReleaseId>().Select(logs.PathOf);
        var beginning = view.Stages.SelectMany(s => s.Cards).Select(c => c.Fact.Building?.Awaited).OfType<string>();
        return new Snapshot(parts, new Interests([view.Pipeline.Id.ToString(), .. shown.Select(a => a.ToString())], [.. shown], [.. growing, .. beginning]));
    }

    public async Task<Snapshot> OfAsync(OverviewView view)
    {
        var ledger = await OfAsync(view.Releases);
        return ledger with { Parts = [.. ledger.Parts, new("formation", await views.MarkupAsync<ProcessSlot>(view))] };
    }

    /// <summary>What an app did, and does.</summary>
    public async Task<Snapshot> OfAsync(ReleasesView view) => Of(
        view.Head, view.Rows.Select(row => row.Build), new("runs", await views.MarkupAsync<AppRuns>(view.Head.Fact)), new("releases", await views.MarkupAsync<ReleaseList>(view)));

    public async Task<Snapshot> OfAsync(BuildView view) => Of(
        view.Head, [view.Line], new("runs", await views.MarkupAsync<AppRuns>(view.Head.Fact)), new("build", await views.MarkupAsync<BuildState>(view)));

    private static Snapshot Of(AppHeadView head, IEnumerable<BuildLine?> builds, params Part[] parts) => new(
        parts, new Interests([head.Fact.App.Id.ToString()], [head.Fact.App.Id], [.. builds.Select(b => b?.Awaited).OfType<string>()]));

    private static Task FollowPipeline(
        HttpContext http, string pipeline, string? seen, LiveStream live, LivePages pages, PipelineFacts facts, PipelineCatalog pipelines, TimeProvider clock, CancellationToken ct)
    {
        var window = new MovesWindow(clock);
        return live.SendAsync(
            http, seen, async who => await pages.OfAsync(await facts.OfAsync(await pipelines.AccessAsync(pipeline, Permission.View, who, ct), window, who, ct)), ct);
    }

    /// <exception cref="RefusedException">The app is gone, or not for this person any more; or it has another name now, so that no link of the page leads anywhere.</exception>
    private static async Task<AppAccess> AccessAsync(App app, Principal who, Lookup lookup, CancellationToken ct)
    {
        var access = await lookup.AccessAsync(app.Id.ToString(), Permission.View, who, ct);
        return access.App.Name == app.Name ? access : throw Refuse.Conflict($"{app.Name} is called {access.App.Name} now. Open it by that name.");
    }

    private static Task FollowApp(HttpContext http, App app, string? seen, LiveStream live, LivePages pages, AppViews apps, Lookup lookup, CancellationToken ct) => live.SendAsync(
        http, seen, async who => await pages.OfAsync(await AppPages.OverviewAsync(await AccessAsync(app, who, lookup, ct), apps, ct)), ct);

    private static Task FollowActivity(HttpContext http, App app, string? seen, int? before, LiveStream live, LivePages pages, AppViews apps, Lookup lookup, CancellationToken ct) => live.SendAsync(
        http, seen, async who => await pages.OfAsync(await AppPages.ActivityAsync(await AccessAsync(app, who, lookup, ct), before, apps, ct)), ct);

    private static Task FollowBuild(HttpContext http, App app, string build, string? seen, LiveStream live, LivePages pages, AppViews apps, Lookup lookup, CancellationToken ct) => live.SendAsync(
        http, seen, async who => await pages.OfAsync(await AppPages.BuildAsync(await AccessAsync(app, who, lookup, ct), build, withOutput: false, apps, ct)), ct);
}
