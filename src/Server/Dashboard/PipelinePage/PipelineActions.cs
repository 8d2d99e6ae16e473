using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Teams;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>What one does to a pipeline and with it: the same verbs as the API's, each asked for by the same permission.</summary>
internal static class PipelineActions
{
    public static void MapPipelineActions(this IEndpointRouteBuilder dashboard)
    {
        dashboard.MapGet("/new/pipeline", AskForPipeline).ForMe();
        dashboard.MapPost("/new/pipeline", MakePipeline).ForMe();
        dashboard.MapGet("/new/app", AskForApp).ForMe();
        dashboard.MapPost("/new/app", MakeApp).ForMe();
        var pipeline = dashboard.MapGroup("/pipelines/{pipeline}");
        pipeline.MapGet("/promote", Preview).ForMe();
        pipeline.MapPost("/promote", Promote).ForMe();
        pipeline.MapGet("/add", AskToAdd).ForMe();
        pipeline.MapPost("/add", Add).ForMe();
        pipeline.MapGet("/place/{name}", AskToMove).ForMe();
        pipeline.MapPost("/place/{name}", Move).ForMe();
        pipeline.MapPost("/place/{name}/remove", Remove).ForMe();
    }

    private static async Task<IResult> Preview(
        HttpContext http, string pipeline, string? from, string? stage, Principal who, PipelineCatalog pipelines, PreviewFacts facts, Views views, CancellationToken ct)
    {
        var access = await pipelines.AccessAsync(pipeline, Permission.View, who, ct);
        var chosen = http.Request.Query["to"].OfType<string>().ToArray();
        var view = await facts.OfAsync(access, from ?? throw Refuse.Invalid("Say which app to promote."), stage, chosen, who, ct);
        return await views.PageAsync<PreviewPage>($"Promote {view.Source.Name}", PipelinePages.CrumbsOf(access.Pipeline, "Promote"), view);
    }

    /// <summary>Exactly the release that was looked at, and only while it is the current one.</summary>
    private static async Task<IResult> Promote(
        Posted form, string pipeline, Principal who, PipelineCatalog pipelines, Lookup lookup, Promoter promoter, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        var source = await lookup.AppAsync(form["from"], Permission.View, who, ct);
        var targets = new List<AppId>();
        var faults = new Faults();
        foreach (var name in form.All("to"))
        {
            if (await faults.TryAsync(() => lookup.AppAsync(name, Permission.Deploy, who, ct)) is { } target)
                targets.Add(target.Id);
        }

        faults.Refuse();
        if (targets.Count == 0)
            throw Refuse.Invalid("Choose at least one app to promote to.");
        var release = Guid.TryParse(form["release"], out var id) ? new ReleaseId(id) : throw Refuse.Invalid($"{source.Name} has nothing to promote yet: push to it first.");
        await promoter.PromoteAsync(new PromotionRequest(found.Id, source.Id, release, [.. targets], IfCurrent: true, AllOrNothing: form.Has("all-or-nothing")), who, ct);
        return views.Go(PipelinePages.PathOf(found) + "#moves");
    }

    private static async Task<IResult> AskForPipeline(string? app, Principal who, TeamTable teams, Views views, CancellationToken ct) =>
        await views.PageAsync<NewPipelinePage>("New pipeline", [new("New pipeline", "/dashboard/new/pipeline")], new NewPipelinePage.View(await OwnersAsync(who, teams, ct), app ?? ""));

    private static async Task<IResult> MakePipeline(
        Posted form, Principal who, PipelineCatalog pipelines, TeamTable teams, Lookup lookup, Views views, CancellationToken ct)
    {
        var team = form.Has("team") ? await teams.GetAsync(form["team"], TeamRole.Member, who, ct) : null;
        // Looked up first, so that a wrong name leaves no empty pipeline behind.
        var app = form.Has("app") ? await lookup.AppAsync(form["app"], Permission.Operate, who, ct) : null;
        var made = await pipelines.CreateAsync(form["name"], team, who, ct);
        if (app is not null)
            await pipelines.AddAsync(made, app, form["stage"], who, ct);
        return views.Go(PipelinePages.PathOf(made));
    }

    private static async Task<IResult> AskForApp(Principal who, TeamTable teams, Views views, CancellationToken ct) =>
        await views.PageAsync<NewAppPage>("New app", [new("New app", "/dashboard/new/app")], new NewPipelinePage.View(await OwnersAsync(who, teams, ct), ""));

    private static async Task<IResult> MakeApp(Posted form, Principal who, AppMaking making, TeamTable teams, Views views, CancellationToken ct)
    {
        var team = form.Has("team") ? await teams.GetAsync(form["team"], TeamRole.Member, who, ct) : null;
        var made = await making.MakeAsync(new NewApp(form.Has("name") ? form["name"] : null, null, team), who, (_, _) => { }, ct);
        return views.Go($"/dashboard/apps/{made.Name}/deploy");
    }

    private static async Task<IResult> AskToAdd(string pipeline, string? stage, Principal who, PipelineCatalog pipelines, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        return await views.PageAsync<AddAppPage>($"Add an app to {found.Name}", PipelinePages.CrumbsOf(found, "Add app"), new AddAppPage.View(found, stage ?? "staging"));
    }

    /// <summary>An app of that name that one may operate; when there is none that one sees, a new one.</summary>
    private static async Task<IResult> Add(
        Posted form, string pipeline, Principal who, PipelineCatalog pipelines, Lookup lookup, AppMaking making, TeamTable teams, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        if (found.StageFaults(form["stage"]).ToArray() is { Length: > 0 } faults)
            throw Refuse.Invalid(faults);
        var app = await FindOrMakeAsync(form["app"], found, who, lookup, making, teams, ct);
        await pipelines.AddAsync(found, app, form["stage"], who, ct);
        return views.Go(PipelinePages.PathOf(found));
    }

    private static async Task<App> FindOrMakeAsync(string name, Pipeline pipeline, Principal who, Lookup lookup, AppMaking making, TeamTable teams, CancellationToken ct)
    {
        try
        {
            return await lookup.AppAsync(name, Permission.Operate, who, ct);
        }
        catch (RefusedException unknown) when (unknown.Kind == RefusalKind.NotFound)
        {
            var team = pipeline.Team is { } owner ? await teams.GetAsync(owner, TeamRole.Member, who, ct) : null;
            return await making.MakeAsync(new NewApp(name, null, team), who, (_, _) => { }, ct);
        }
    }

    private static async Task<IResult> AskToMove(string pipeline, string name, Principal who, PipelineCatalog pipelines, Lookup lookup, Views views, CancellationToken ct)
    {
        var (found, coupling, _) = await PlaceAsync(pipeline, name, who, pipelines, lookup, ct);
        return await views.PageAsync<PlacePage>($"Move {coupling.AppName}", PipelinePages.CrumbsOf(found, coupling.AppName), new PlacePage.View(found, coupling));
    }

    private static async Task<IResult> Move(Posted form, string pipeline, string name, Principal who, PipelineCatalog pipelines, Lookup lookup, Views views, CancellationToken ct)
    {
        var (found, coupling, _) = await PlaceAsync(pipeline, name, who, pipelines, lookup, ct);
        await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        await pipelines.MoveAsync(coupling, form["stage"], who, ct);
        return views.Go(PipelinePages.PathOf(found));
    }

    private static async Task<IResult> Remove(string pipeline, string name, Principal who, PipelineCatalog pipelines, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        var place = (await pipelines.PlacesAsync(found.Id, who, ct)).FirstOrDefault(c => c.AppName == name) ?? throw Refuse.Invalid($"{name} is not in pipeline {found.Name}.");
        await pipelines.RemoveAsync(place, who, ct);
        return views.Go(PipelinePages.PathOf(found));
    }

    private static async Task<(Pipeline Pipeline, Coupling Coupling, App App)> PlaceAsync(
        string pipeline, string name, Principal who, PipelineCatalog pipelines, Lookup lookup, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        var app = await lookup.AppAsync(name, Permission.Operate, who, ct);
        var coupling = await pipelines.CouplingOfAsync(app.Id, ct);
        return coupling?.Pipeline == found.Id ? (found, coupling, app) : throw Refuse.Invalid($"{app.Name} is not in pipeline {found.Name}.");
    }

    private static async Task<IReadOnlyList<string>> OwnersAsync(Principal who, TeamTable teams, CancellationToken ct) =>
        [.. (await teams.ListAsync(who, ct)).Where(t => t.Role is TeamRole.Admin or TeamRole.Member).Select(t => t.Name)];
}
