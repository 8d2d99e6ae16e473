using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>The other pages of a pipeline: where a change is, what was done, who may do what, and what may be changed of the pipeline itself.</summary>
internal static class PipelineTabs
{
    public static void MapPipelineTabs(this IEndpointRouteBuilder dashboard)
    {
        var pipeline = dashboard.MapGroup("/pipelines/{pipeline}");
        pipeline.MapGet("/changes", Changes).ForMe();
        pipeline.MapGet("/history", ShowHistory).ForMe();
        pipeline.MapGet("/access", ShowAccess).ForMe();
        pipeline.MapGet("/settings", Settings).ForMe();
        pipeline.MapPost("/rename", Rename).ForMe();
        pipeline.MapPost("/stages", AddStage).ForMe();
        pipeline.MapPost("/stages/move", MoveStage).ForMe();
        pipeline.MapPost("/stages/remove", RemoveStage).ForMe();
        pipeline.MapPost("/transfer", Transfer).ForMe(Reach.Account);
        pipeline.MapPost("/destroy", Destroy).ForMe();
    }

    private static async Task<IResult> Changes(string pipeline, string? q, Principal who, PipelineCatalog pipelines, ChangeFinder finder, Views views, CancellationToken ct)
    {
        var access = await pipelines.AccessAsync(pipeline, Permission.View, who, ct);
        var query = (q ?? "").Trim();
        return await PageAsync<ChangesPage>(views, access, "changes", new ChangesPage.View(access, query, query.Length == 0 ? [] : await finder.FindAsync(access.Pipeline, query, who, ct)));
    }

    private static async Task<IResult> ShowHistory(string pipeline, string? kind, string? app, long? before, Principal who, PipelineCatalog pipelines, History history, TimeProvider clock, Views views, CancellationToken ct)
    {
        var access = await pipelines.AccessAsync(pipeline, Permission.View, who, ct);
        var only = History.Kinds.Contains(kind ?? "") ? kind! : "";
        var until = before is { } ms and > 0 and < 253402300800000 ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : clock.GetUtcNow().AddMinutes(1);
        var filter = new HistoryFilter(only, app ?? "", until);
        var (apps, deeds) = await history.OfAsync(access.Pipeline, filter, who, ct);
        return await PageAsync<HistoryPage>(views, access, "history", new HistoryPage.View(access, filter, apps, deeds));
    }

    private static async Task<IResult> ShowAccess(string pipeline, Principal who, PipelineCatalog pipelines, Lookup lookup, CollaboratorTable collaborators, Views views, CancellationToken ct)
    {
        var access = await pipelines.AccessAsync(pipeline, Permission.View, who, ct);
        var couplings = await pipelines.CouplingsAsync(access.Pipeline.Id, who, ct);
        var seen = (await lookup.AccessesAsync(couplings.Select(c => c.App), who, ct)).ToDictionary(a => a.App.Id);
        var apps = ImmutableArray.CreateBuilder<PipelineAccessPage.OneApp>();
        foreach (var coupling in couplings.Where(c => seen.ContainsKey(c.App)).OrderBy(c => access.Pipeline.Stages.IndexOf(c.Stage)))
            apps.Add(new(seen[coupling.App], coupling.Stage, await collaborators.ListAsync(seen[coupling.App].App, ct)));
        return await PageAsync<PipelineAccessPage>(views, access, "access", new PipelineAccessPage.View(access, apps.ToImmutable()));
    }

    private static async Task<IResult> Settings(string pipeline, Principal who, PipelineCatalog pipelines, Lookup lookup, Views views, CancellationToken ct)
    {
        var access = await pipelines.AccessAsync(pipeline, Permission.View, who, ct);
        var places = await pipelines.PlacesAsync(access.Pipeline.Id, who, ct);
        var apps = await lookup.AccessesAsync(places.Select(c => c.App), who, ct);
        return await PageAsync<PipelineSettingsPage>(views, access, "settings", new PipelineSettingsPage.View(
            access, [.. apps.Where(a => a.App.Owner != access.Pipeline.Owner)], [.. places.Where(place => apps.All(a => a.App.Id != place.App))]));
    }

    private static async Task<IResult> Rename(Posted form, string pipeline, Principal who, PipelineCatalog pipelines, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Manage, who, ct);
        return views.Go(PipelinePages.PathOf(await pipelines.RenameAsync(found, form["to"], who, ct)) + "/settings");
    }

    private static async Task<IResult> AddStage(Posted form, string pipeline, Principal who, PipelineCatalog pipelines, StageList stages, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        await stages.AddAsync(found, form["stage"], new StagePlace(null, form["after"]), who, ct);
        return views.Go(PipelinePages.PathOf(found) + "/settings");
    }

    private static async Task<IResult> MoveStage(Posted form, string pipeline, Principal who, PipelineCatalog pipelines, StageList stages, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        await stages.MoveAsync(found, form["stage"], new StagePlace(null, form["after"]), who, ct);
        return views.Go(PipelinePages.PathOf(found) + "/settings");
    }

    private static async Task<IResult> RemoveStage(Posted form, string pipeline, Principal who, PipelineCatalog pipelines, StageList stages, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        await stages.RemoveAsync(found, form["stage"], who, ct);
        return views.Go(PipelinePages.PathOf(found) + "/settings");
    }

    /// <summary>To somebody by address, else to a team by its name.</summary>
    private static async Task<IResult> Transfer(Posted form, string pipeline, Principal who, PipelineCatalog pipelines, PipelineTransfers transfers, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Own, who, ct);
        var to = form["to"];
        var isPerson = to.Contains('@', StringComparison.Ordinal) && !to.EndsWith(Account.TeamAddress, StringComparison.Ordinal);
        await transfers.TransferAsync(found.Id, isPerson ? to.ToLowerInvariant() : Teams.Team.NameOf(to) + Account.TeamAddress, !isPerson, who, ct);
        return views.Go(PipelinePages.PathOf(found) + "/settings");
    }

    private static async Task<IResult> Destroy(Posted form, string pipeline, Principal who, PipelineCatalog pipelines, Views views, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Manage, who, ct);
        if (form["confirm"] != found.Name)
            throw Refuse.Invalid($"Type {found.Name} to delete it; nothing was deleted.");
        await pipelines.DestroyAsync(found, who, ct);
        return views.Go("/dashboard");
    }

    private static Task<IResult> PageAsync<T>(Views views, PipelineAccess access, string tab, object model) where T : Microsoft.AspNetCore.Components.IComponent =>
        views.PageAsync<T>($"{access.Pipeline.Name}, {tab}", PipelinePages.CrumbsOf(access.Pipeline), model);
}
