using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Which app is in which stage of which pipeline. To put it there or to move it, one must be allowed to on both.</summary>
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
        var slice = Page.SliceOf(http, PipelineCatalog.CouplingKeys);
        return Page.Cut(http, slice, await pipelines.CouplingsAsync(slice, who, ct), ToWire, Keys);
    }

    private static async Task<IReadOnlyList<CouplingWire>> ListOfPipeline(
        HttpContext http, string pipeline, Principal who, PipelineCatalog pipelines, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        var downstream = (await edges.OfPipelineAsync(found.Id, ct)).ToDictionary(edge => edge.App, edge => edge.Downstream);
        var visible = (await lookup.AppsAsync(downstream.Values, who, ct)).ToDictionary(app => app.Id, app => new NamedWire(app.Id.Value, app.Name));
        NamedWire? DownstreamOf(Coupling coupling) => downstream.TryGetValue(coupling.App, out var app) ? visible.GetValueOrDefault(app) : null;
        return Page.Of(http, await pipelines.PlacesAsync(found.Id, who, ct), coupling => coupling.ToWire() with { Downstream = DownstreamOf(coupling) }, Keys);
    }

    /// <summary>One object, since an app is in one stage at most.</summary>
    private static async Task<CouplingWire> InfoOfApp(App app, Principal who, PipelineCatalog pipelines, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var coupling = await pipelines.CouplingOfAsync(app.Id, ct)
            ?? throw new RefusedException(RefusalKind.NotFound, $"{app.Name} is in no pipeline. Add it to one with pipelines:add.", "pipeline_coupling");
        var downstream = await edges.FindAsync(app.Id, ct) is { } edge ? await lookup.AppsAsync([edge.Downstream], who, ct) : [];
        return coupling.ToWire() with { Downstream = downstream is [var seen] ? new NamedWire(seen.Id.Value, seen.Name) : null };
    }

    private static async Task<CouplingWire> Info(string coupling, Principal who, PipelineCatalog pipelines, CancellationToken ct) =>
        (await FindAsync(coupling, who, pipelines, ct)).ToWire();

    private static async Task<Created<CouplingWire>> Create(RequestBody body, Principal who, PipelineCatalog pipelines, Lookup lookup, CancellationToken ct)
    {
        var (appName, pipelineName, stage) = (body.NeedReference("app"), body.NeedReference("pipeline"), body.NeedText("stage"));
        body.RefuseFaults();
        var faults = new Faults();
        var pipeline = await faults.TryAsync(() => pipelines.GetAsync(pipelineName, Permission.Operate, who, ct));
        var app = await faults.TryAsync(() => lookup.AppAsync(appName, Permission.Operate, who, ct));
        foreach (var fault in pipeline?.StageFaults(stage) ?? [])
            faults.Add(Refuse.Invalid(fault));
        if (app is not null && await pipelines.CouplingOfAsync(app.Id, ct) is { } place)
            faults.Add(PipelineCatalog.Taken(place));
        faults.Refuse();
        var made = await pipelines.AddAsync(pipeline!, app!, stage, who, ct);
        return TypedResults.Created($"/pipeline-couplings/{made.Id}", made.ToWire());
    }

    private static async Task<CouplingWire> Move(
        string coupling, RequestBody body, Principal who, PipelineCatalog pipelines, Lookup lookup, CancellationToken ct)
    {
        var found = await FindAsync(coupling, who, pipelines, ct);
        await lookup.AppAsync(found.AppName, Permission.Operate, who, ct);
        await pipelines.GetAsync(found.Pipeline.ToString(), Permission.Operate, who, ct);
        var stage = body.NeedText("stage");
        body.RefuseFaults();
        return (await pipelines.MoveAsync(found, stage, who, ct)).ToWire();
    }

    private static async Task<CouplingWire> Remove(string coupling, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var found = await FindAsync(coupling, who, pipelines, ct);
        await pipelines.RemoveAsync(found, who, ct);
        return found.ToWire();
    }

    /// <summary>A coupling is seen by who sees its app, and by who owns its pipeline.</summary>
    private static async Task<Coupling> FindAsync(string id, Principal who, PipelineCatalog pipelines, CancellationToken ct) =>
        (Guid.TryParse(id, out var guid) ? await pipelines.PlaceAsync(new CouplingId(guid), who, ct) : null) ?? throw Refuse.NotFound("pipeline coupling", id);

    private static CouplingWire ToWire(this Coupling coupling) => new()
    {
        Id = coupling.Id.Value,
        App = new NamedWire(coupling.App.Value, coupling.AppName),
        Pipeline = new NamedWire(coupling.Pipeline.Value, coupling.PipelineName),
        Stage = Stages.OnTheWire(coupling.Stages, coupling.Stage),
        StageName = coupling.Stage,
        CreatedAt = coupling.CreatedAt,
        UpdatedAt = coupling.UpdatedAt,
    };
}
