using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>The stages of a pipeline, in order. Ours: Heroku's clients know the four standard ones only. Every answer is the whole list.</summary>
internal static class StagesApi
{
    public static void MapStages(this IEndpointRouteBuilder api)
    {
        api.MapGet("/pipelines/{pipeline}/stages", List).AskedInside(Permission.View);
        api.MapPost("/pipelines/{pipeline}/stages", Add).AskedInside(Permission.Operate);
        api.MapPatch("/pipelines/{pipeline}/stages/{stage}", Move).AskedInside(Permission.Operate);
        api.MapDelete("/pipelines/{pipeline}/stages/{stage}", Remove).AskedInside(Permission.Operate);
    }

    private static async Task<IReadOnlyList<StageWire>> List(string pipeline, Principal who, PipelineCatalog pipelines, CancellationToken ct) =>
        await ToWireAsync(await pipelines.GetAsync(pipeline, Permission.View, who, ct), who, pipelines, ct);

    private static async Task<Created<IReadOnlyList<StageWire>>> Add(
        string pipeline, RequestBody body, Principal who, PipelineCatalog pipelines, StageList stages, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        var (name, place) = (body.NeedText("name"), PlaceIn(body));
        body.RefuseFaults();
        var changed = await stages.AddAsync(found, name, place, who, ct);
        return TypedResults.Created($"/pipelines/{found.Id}/stages", await ToWireAsync(changed, who, pipelines, ct));
    }

    private static async Task<IReadOnlyList<StageWire>> Move(
        string pipeline, string stage, RequestBody body, Principal who, PipelineCatalog pipelines, StageList stages, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        var place = PlaceIn(body);
        body.RefuseFaults();
        return await ToWireAsync(await stages.MoveAsync(found, stage, place, who, ct), who, pipelines, ct);
    }

    private static async Task<IReadOnlyList<StageWire>> Remove(
        string pipeline, string stage, Principal who, PipelineCatalog pipelines, StageList stages, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        return await ToWireAsync(await stages.RemoveAsync(found, stage, who, ct), who, pipelines, ct);
    }

    private static StagePlace PlaceIn(RequestBody body) => new(body.Text("before"), body.Text("after"));

    private static async Task<IReadOnlyList<StageWire>> ToWireAsync(Pipeline pipeline, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var apps = (await pipelines.CouplingsAsync(pipeline.Id, who, ct)).CountBy(c => c.Stage).ToImmutableDictionary(StringComparer.Ordinal);
        return
        [
            .. pipeline.Stages.Select(stage => new StageWire(
                stage, Stages.Default.Contains(stage), Stages.OnTheWire(pipeline.Stages, stage), apps.GetValueOrDefault(stage))),
        ];
    }
}
