using System.Collections.Immutable;
using System.Globalization;
using System.Text;
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
        dashboard.MapGet("/apps/{name}/logs/live", FollowLog).ForMyApp(Permission.View);
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
        return new Snapshot(parts, new Interests([view.Pipeline.Id.ToString(), .. shown.Select(a => a.ToString())], [.. shown], [.. growing]));
    }

    public async Task<Snapshot> OfAsync(OverviewView view)
    {
        var app = view.Head.Fact.App.Id;
        return new Snapshot(
            [
                new("runs", await views.MarkupAsync<AppRuns>(view.Head.Fact)),
                new("releases", await views.MarkupAsync<ReleaseSlot>(view)),
                new("formation", await views.MarkupAsync<ProcessSlot>(view)),
            ],
            new Interests([app.ToString()], [app], []));
    }

    private static Task FollowPipeline(HttpContext http, string pipeline, string? seen, LiveStream live, LivePages pages, PipelineFacts facts, PipelineCatalog pipelines, CancellationToken ct) => live.SendAsync(
        http, seen, async who => await pages.OfAsync(await facts.OfAsync(await pipelines.AccessAsync(pipeline, Permission.View, who, ct), who, ct)), ct);

    private static Task FollowApp(HttpContext http, App app, string? seen, LiveStream live, LivePages pages, AppViews apps, Lookup lookup, CancellationToken ct) => live.SendAsync(
        http, seen, async who => await pages.OfAsync(await AppPages.OverviewAsync(await lookup.AccessAsync(app.Id.ToString(), Permission.View, who, ct), apps, ct)), ct);

    /// <summary>Lines after the last one that the page has, many at a time when they come fast; ends soon after the right or the session has ended.</summary>
    private static Task FollowLog(HttpContext http, App app, Principal who, long? after, AppLogs appLogs, AppTickets tickets, Views views, CancellationToken ct) =>
        tickets.WhileAllowedAsync(new Held<App>(app.Id, Permission.View, who.Account, who.Key, app), ending => SendLogAsync(http, app, after, appLogs, views, ending), ct);

    private static async Task SendLogAsync(HttpContext http, App app, long? after, AppLogs appLogs, Views views, CancellationToken ct)
    {
        const int atOnce = 200;
        await StreamsApi.BeginAsync(http, "text/event-stream; charset=utf-8", ct);
        var last = long.TryParse(http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? seen : after ?? appLogs.LastOf(app.Id);
        await using var coming = appLogs.TailAsync(app.Id, last, LogFilter.All, ct).GetAsyncEnumerator(ct);
        var next = coming.MoveNextAsync().AsTask();
        while (true)
        {
            if (await Task.WhenAny(next, Task.Delay(TimeSpan.FromSeconds(15), ct)) != next)
            {
                ct.ThrowIfCancellationRequested();
                await WriteAsync(http, ":\n\n", ct);
                continue;
            }

            if (!await next)
                return;
            var lines = ImmutableArray.CreateBuilder<LogLine>();
            do
            {
                lines.Add(coming.Current);
                next = coming.MoveNextAsync().AsTask();
            }
            while (lines.Count < atOnce && next.IsCompletedSuccessfully && await next);
            var markup = await views.MarkupAsync<TailLines>(lines.ToImmutable());
            await WriteAsync(http, $"id: {lines[^1].Seq}\ndata: {markup.ReplaceLineEndings("\ndata: ")}\n\n", ct);
        }
    }

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken ct)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await http.Response.Body.FlushAsync(ct);
    }
}
