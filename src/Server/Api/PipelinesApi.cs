using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Teams;
using Sluice.Wire;

namespace Sluice.Api;

internal static class PipelinesApi
{
    private static readonly Key<Pipeline>[] Keys =
    [
        new("name", p => p.Name),
        new("id", p => p.Id.ToString()),
        new("created_at", p => p.CreatedAt.UtcDateTime.ToString("O")),
        new("updated_at", p => p.UpdatedAt.UtcDateTime.ToString("O")),
    ];

    public static void MapPipelines(this IEndpointRouteBuilder api)
    {
        api.MapGet("/pipelines", List).ForAccount();
        api.MapPost("/pipelines", Create).ForAccount();
        api.MapGet("/pipelines/{pipeline}", Info).AskedInside(Permission.View);
        api.MapPatch("/pipelines/{pipeline}", Rename).AskedInside(Permission.Manage);
        api.MapDelete("/pipelines/{pipeline}", Destroy).AskedInside(Permission.Manage);
    }

    /// <summary>All, or with <c>?eq[name]=…</c> those of that name: a name need not be unique.</summary>
    private static async Task<IReadOnlyList<PipelineWire>> List(HttpContext http, Principal who, PipelineCatalog pipelines, PipelineList list, CancellationToken ct)
    {
        var named = http.Request.Query["eq[name]"].ToString();
        if (named.Length > 0)
            return Page.Of(http, await pipelines.NamedAsync(named, who, ct), ToWire, Keys);
        var slice = Page.SliceOf(http, PipelineList.Keys);
        return Page.Cut(http, slice, await list.PageAsync(slice, who, ct), ToWire, Keys);
    }

    private static async Task<Created<PipelineWire>> Create(RequestBody body, Principal who, PipelineCatalog pipelines, TeamTable teams, CancellationToken ct)
    {
        var (name, owner) = (body.NeedText("name", Pipeline.NameFaults), body.Part("owner"));
        var (id, type) = (owner.Text("id"), owner.Text("type"));
        if (type is not (null or "user" or "team"))
            body.Fault("owner.type must be user or team.");
        else if (type != "team" && id is not null && id != who.Account.ToString())
            body.Fault("A pipeline belongs to the account that makes it, or to a team that account is in: leave the owner out, or name yourself or the team.");
        else if (type == "team" && id is null)
            body.Fault("owner.id is missing: say which team.");
        var faults = new Faults(body);
        var team = type == "team" && id is not null ? await faults.TryAsync(() => teams.GetAsync(id, TeamRole.Member, who, ct)) : null;
        faults.Refuse();
        var made = await pipelines.CreateAsync(name, team, who, ct);
        return TypedResults.Created($"/pipelines/{made.Id}", made.ToWire());
    }

    private static async Task<PipelineWire> Info(string pipeline, Principal who, PipelineCatalog pipelines, CancellationToken ct) =>
        (await pipelines.GetAsync(pipeline, Permission.View, who, ct)).ToWire();

    private static async Task<PipelineWire> Rename(string pipeline, RequestBody body, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Manage, who, ct);
        var name = body.NeedText("name");
        body.RefuseFaults();
        return (await pipelines.RenameAsync(found, name, who, ct)).ToWire();
    }

    private static async Task<PipelineWire> Destroy(string pipeline, Principal who, PipelineCatalog pipelines, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Manage, who, ct);
        await pipelines.DestroyAsync(found, who, ct);
        return found.ToWire();
    }

    private static PipelineWire ToWire(this Pipeline pipeline) => new()
    {
        Id = pipeline.Id.Value,
        Name = pipeline.Name,
        Owner = new PipelineOwnerWire(pipeline.Owner.Value, pipeline.Team is null ? "user" : "team"),
        Stages = pipeline.Stages,
        CreatedAt = pipeline.CreatedAt,
        UpdatedAt = pipeline.UpdatedAt,
    };
}
