using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Which app is in which stage of which pipeline. To change it, one must be allowed to on both.</summary>
internal static class CouplingsApi
{
    private static readonly Key<Coupling>[] Keys = [new("id", c => c.Id.ToString()), new("created_at", c => c.CreatedAt.UtcDateTime.ToString("O"))];

    public static void MapCouplings(this IEndpointRouteBuilder api)
    {
        api.MapGet("/pipeline-couplings", ListAll).ForAccount();
        api.MapPost("/pipeline-couplings", Create).AskedInside(Permission.Operate);
        api.MapGet("/pipeline-couplings/{coupling}", Info).AskedInside(Permission.View);
        api.MapPatch("/pipeline-couplings/{coupling}", Move).AskedInside(Permission.Operate);
        api.MapDelete("/pipeline-couplings/{coupling}", Remove).AskedInside(Permission.Operate);
        api.MapGet("/pipelines/{pipeline}/pipeline-couplings", ListOfPipeline).AskedInside(Permission.View);
        api.MapGet("/apps/{name}/pipeline-couplings", InfoOfApp).ForApp(Permission.View);
    }

    private static async Task<IReadOnlyList<CouplingWire>> ListAll(HttpContext http, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var page = Page.Of(http, await pipelines.CouplingsAsync(who, ct), coupling => coupling, Keys);
        var known = (await pipelines.ListAsync(who, ct)).ToDictionary(p => p.Id);
        return [.. page.Where(c => known.ContainsKey(c.Pipeline)).Select(c => c.ToWire(known[c.Pipeline]))];
    }

    private static async Task<IReadOnlyList<CouplingWire>> ListOfPipeline(
        HttpContext http, string pipeline, Principal who, PipelineCatalog pipelines, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        var downstream = (await edges.OfPipelineAsync(found.Id, ct)).ToDictionary(edge => edge.App, edge => edge.Downstream);
        var visible = (await lookup.AppsAsync(downstream.Values, who, ct)).ToDictionary(app => app.Id, app => new NamedWire(app.Id.Value, app.Name));
        NamedWire? DownstreamOf(Coupling coupling) => downstream.TryGetValue(coupling.App, out var app) ? visible.GetValueOrDefault(app) : null;
        return Page.Of(http, await pipelines.CouplingsAsync(found.Id, ct), coupling => coupling.ToWire(found) with { Downstream = DownstreamOf(coupling) }, Keys);
    }

    /// <summary>One object, since an app is in one stage at most.</summary>
    private static async Task<CouplingWire> InfoOfApp(App app, Principal who, PipelineCatalog pipelines, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var coupling = await pipelines.CouplingOfAsync(app.Id, ct)
            ?? throw new RefusedException(RefusalKind.NotFound, $"{app.Name} is in no pipeline. Add it to one with pipelines:add.", "pipeline_coupling");
        var downstream = await edges.FindAsync(app.Id, ct) is { } edge ? await lookup.AppsAsync([edge.Downstream], who, ct) : [];
        return coupling.ToWire((await pipelines.FindAsync(coupling.Pipeline, ct))!) with
        {
            Downstream = downstream is [var seen] ? new NamedWire(seen.Id.Value, seen.Name) : null,
        };
    }

    private static async Task<CouplingWire> Info(string coupling, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var (found, pipeline) = await FindAsync(coupling, Permission.View, who, pipelines, ct);
        return found.ToWire(pipeline);
    }

    private static async Task<Created<CouplingWire>> Create(RequestBody body, Principal who, PipelineCatalog pipelines, Lookup lookup, CancellationToken ct)
    {
        var (appName, pipelineName, stage) = (body.NeedReference("app"), body.NeedReference("pipeline"), body.NeedText("stage"));
        body.RefuseFaults();
        var pipeline = await pipelines.GetAsync(pipelineName, Permission.Operate, who, ct);
        var app = await lookup.AppAsync(appName, Permission.Operate, who, ct);
        var made = await pipelines.AddAsync(pipeline, app, stage, who, ct);
        return TypedResults.Created($"/pipeline-couplings/{made.Id}", made.ToWire(pipeline));
    }

    private static async Task<CouplingWire> Move(
        string coupling, RequestBody body, Principal who, PipelineCatalog pipelines, Lookup lookup, CancellationToken ct)
    {
        var (found, pipeline) = await FindAsync(coupling, Permission.Operate, who, pipelines, ct);
        await lookup.AppAsync(found.App.ToString(), Permission.Operate, who, ct);
        var stage = body.NeedText("stage");
        body.RefuseFaults();
        return (await pipelines.MoveAsync(found, stage, who, ct)).ToWire(pipeline);
    }

    private static async Task<CouplingWire> Remove(string coupling, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var (found, pipeline) = await FindAsync(coupling, Permission.Operate, who, pipelines, ct);
        await pipelines.RemoveAsync(found, who, ct);
        return found.ToWire(pipeline);
    }

    private static async Task<(Coupling, Pipeline)> FindAsync(string id, Permission wanted, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var found = Guid.TryParse(id, out var guid) ? await pipelines.FindAsync(new CouplingId(guid), ct) : null;
        var pipeline = found is null ? null : await pipelines.FindAsync(found.Pipeline, ct);
        if (found is null || pipeline is null)
            throw Refuse.NotFound("pipeline coupling", id);
        Access.Demand(who, pipeline.Owner, wanted, "pipeline coupling", id);
        return (found, pipeline);
    }

    private static CouplingWire ToWire(this Coupling coupling, Pipeline pipeline) => new()
    {
        Id = coupling.Id.Value,
        App = new NamedWire(coupling.App.Value, coupling.AppName),
        Pipeline = new NamedWire(coupling.Pipeline.Value, coupling.PipelineName),
        Stage = Stages.OnTheWire(pipeline.Stages, coupling.Stage),
        StageName = coupling.Stage,
        CreatedAt = coupling.CreatedAt,
        UpdatedAt = coupling.UpdatedAt,
    };
}
