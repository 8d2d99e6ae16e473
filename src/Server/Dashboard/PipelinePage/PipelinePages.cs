using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dashboard.Live;
using Sluice.Pipelines;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>The page of a pipeline: what is where.</summary>
internal static class PipelinePages
{
    public static void MapPipelinePages(this IEndpointRouteBuilder dashboard)
    {
        dashboard.MapGet("/pipelines/{pipeline}", Show).ForMe();
        dashboard.MapGet("/promotions/{promotion}", ShowMove).ForMe();
    }

    public static Crumb[] CrumbsOf(Pipeline pipeline, string? here = null) =>
        here is null ? [new(pipeline.Name, PathOf(pipeline))] : [new(pipeline.Name, PathOf(pipeline)), new(here, null)];

    public static string PathOf(Pipeline pipeline) => $"/dashboard/pipelines/{pipeline.Id}";

    private static async Task<IResult> Show(string pipeline, Principal who, PipelineCatalog pipelines, PipelineFacts facts, LivePages live, Views views, TimeProvider clock, CancellationToken ct)
    {
        var access = await pipelines.AccessAsync(pipeline, Permission.View, who, ct);
        var view = await facts.OfAsync(access, new MovesWindow(clock), who, ct);
        return await views.PageAsync<StagesPage>(access.Pipeline.Name, CrumbsOf(access.Pipeline), view with { Seen = Part.KeyOf((await live.OfAsync(view)).Parts) });
    }

    private static async Task<IResult> ShowMove(string promotion, Principal who, MoveHistory moves, PipelineCatalog pipelines, Views views, CancellationToken ct)
    {
        var move = await moves.OfAsync(promotion, who, ct);
        var pipeline = move.Promotion.Pipeline is { } id ? await pipelines.FindAsync(id, ct) : null;
        Crumb[] crumbs = [.. pipeline is null ? [] : CrumbsOf(pipeline), new Crumb($"Promotion {move.Number}", $"/dashboard/promotions/{promotion}")];
        return await views.PageAsync<MovePage>($"Promotion {move.Number}", crumbs, move);
    }
}
