using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;

namespace Sluice.Dashboard.AppPage;

/// <summary>What one does to an app: the same verbs as the API's, with the same permissions at the door.</summary>
internal static class AppActions
{
    public static void MapAppActions(this IEndpointRouteBuilder dashboard)
    {
        var app = dashboard.MapGroup("/apps/{name}");
        app.MapPost("/restart", Restart).ForMyApp(Permission.Operate);
        app.MapPost("/maintenance", Maintain).ForMyApp(Permission.Operate);
        app.MapPost("/scale", ScaleOne).ForMyApp(Permission.Operate);
        app.MapPost("/rollback", RollBack).ForMyApp(Permission.Deploy);
        app.MapPost("/config", SetConfig).ForMyApp(Permission.Operate, Reach.WriteProtected);
        app.MapPost("/config/remove", RemoveConfig).ForMyApp(Permission.Operate, Reach.WriteProtected);
        app.MapPost("/domains", AddDomain).ForMyApp(Permission.Operate);
        app.MapPost("/domains/remove", RemoveDomain).ForMyApp(Permission.Operate);
        app.MapPost("/buildpacks", AddBuildpack).ForMyApp(Permission.Operate);
        app.MapPost("/buildpacks/move", MoveBuildpack).ForMyApp(Permission.Operate);
        app.MapPost("/buildpacks/remove", RemoveBuildpack).ForMyApp(Permission.Operate);
        app.MapPost("/pipeline", AddToPipeline).ForMyApp(Permission.Operate);
        app.MapPost("/rename", Rename).ForMyApp(Permission.Manage);
        app.MapPost("/transfer", Transfer).ForMyApp(Permission.Own, Reach.Account);
        app.MapPost("/destroy", Destroy).ForMyApp(Permission.Manage);
        app.MapPost("/access", AddPerson).ForMyApp(Permission.Manage, Reach.Account);
        app.MapPost("/access/change", ChangePerson).ForMyApp(Permission.Manage, Reach.Account);
        app.MapPost("/access/remove", RemovePerson).ForMyApp(Permission.View, Reach.Account);
    }

    private static async Task<IResult> Restart(App app, DynoFleet fleet, Views views, CancellationToken ct)
    {
        await fleet.RestartAsync(app.Id, typeOrName: null, ct);
        return views.Done($"Dynos of {app.Name} restart.", AppPages.PathOf(app));
    }

    private static async Task<IResult> Maintain(Posted form, App app, Principal who, AppCatalog apps, CurrentPlans plans, Views views, CancellationToken ct)
    {
        var isOn = form["on"] == "yes";
        await apps.ChangeAsync(app, new AppChange(Maintenance: isOn), who, ct);
        plans.Nudge(app.Id);
        return views.Reload(AppPages.PathOf(app));
    }

    private static async Task<IResult> ScaleOne(
        Posted form, App app, Principal who, FormationTable formation, ReleaseLedger ledger, SlugCatalog slugs, CurrentPlans plans, Views views, CancellationToken ct)
    {
        var slug = await ledger.CurrentAsync(app.Id, ct) is { Slug: { } id } ? await slugs.FindAsync(id, ct) : null;
        var change = new Scale(form["type"], form.Has("quantity") ? form["quantity"] : null, form.Has("size") ? form["size"] : null);
        await formation.ScaleAsync(app, [change], [.. slug?.ProcessTypes.Keys ?? []], who, ct);
        plans.Nudge(app.Id);
        return views.Reload(AppPages.PathOf(app) + (form.Has("size") ? "/resources" : ""));
    }

    private static async Task<IResult> RollBack(Posted form, App app, Principal who, ReleaseLedger ledger, Releaser releaser, Views views, CancellationToken ct)
    {
        await ledger.RollBackAsync(app.Id, who.Account, form["release"], who.RequestId, ct);
        releaser.Nudge();
        return views.Go(AppPages.PathOf(app));
    }

    private static async Task<IResult> SetConfig(Posted form, App app, Principal who, ReleaseLedger ledger, Views views, CancellationToken ct)
    {
        await ledger.ChangeConfigAsync(app.Id, who.Account, new Dictionary<string, string?> { [form["key"]] = form.Exactly("value").ReplaceLineEndings("\n") }, who.RequestId, ct);
        return views.Go(AppPages.PathOf(app) + "/settings");
    }

    private static async Task<IResult> RemoveConfig(Posted form, App app, Principal who, ReleaseLedger ledger, Views views, CancellationToken ct)
    {
        await ledger.ChangeConfigAsync(app.Id, who.Account, new Dictionary<string, string?> { [form["key"]] = null }, who.RequestId, ct);
        return views.Go(AppPages.PathOf(app) + "/settings");
    }

    private static async Task<IResult> AddDomain(Posted form, App app, Principal who, DomainTable domains, CurrentPlans plans, Views views, CancellationToken ct)
    {
        await domains.AddAsync(app, form["hostname"], with: null, who, ct);
        plans.Nudge(app.Id);
        return views.Go(AppPages.PathOf(app) + "/settings#h-d");
    }

    private static async Task<IResult> RemoveDomain(Posted form, App app, Principal who, DomainTable domains, CurrentPlans plans, Views views, CancellationToken ct)
    {
        await domains.RemoveAsync(await domains.FindAsync(app.Id, form["domain"], ct), who, ct);
        plans.Nudge(app.Id);
        return views.Go(AppPages.PathOf(app) + "/settings#h-d");
    }

    private static Task<IResult> AddBuildpack(Posted form, App app, Principal who, BuildpackList buildpacks, Views views, CancellationToken ct) =>
        ChangeBuildpacksAsync(all => all.Add(form["buildpack"]), app, who, buildpacks, views, ct);

    /// <summary>Another may have changed the list meanwhile: it is known by its address, and goes as near to the wanted place as there is one.</summary>
    private static Task<IResult> MoveBuildpack(Posted form, App app, Principal who, BuildpackList buildpacks, Views views, CancellationToken ct) =>
        ChangeBuildpacksAsync(
            all => all.Contains(form["buildpack"]) && int.TryParse(form["to"], out var to)
                ? all.Remove(form["buildpack"]).Insert(Math.Clamp(to, 0, all.Length - 1), form["buildpack"]) : all,
            app, who, buildpacks, views, ct);

    private static Task<IResult> RemoveBuildpack(Posted form, App app, Principal who, BuildpackList buildpacks, Views views, CancellationToken ct) =>
        ChangeBuildpacksAsync(all => all.Remove(form["buildpack"]), app, who, buildpacks, views, ct);

    private static async Task<IResult> ChangeBuildpacksAsync(
        Func<ImmutableArray<string>, ImmutableArray<string>> change, App app, Principal who, BuildpackList buildpacks, Views views, CancellationToken ct)
    {
        await buildpacks.ReplaceAsync(app, change(await buildpacks.ListAsync(app.Id, ct)), who, ct);
        return views.Reload(AppPages.PathOf(app) + "/settings#h-bp");
    }

    private static async Task<IResult> AddToPipeline(Posted form, App app, Principal who, PipelineCatalog pipelines, Views views, CancellationToken ct)
    {
        var pipeline = await pipelines.GetAsync(form["pipeline"], Permission.Operate, who, ct);
        await pipelines.AddAsync(pipeline, app, form["stage"], who, ct);
        return views.Go(PipelinePage.PipelinePages.PathOf(pipeline));
    }

    private static async Task<IResult> Rename(Posted form, App app, Principal who, AppCatalog apps, CurrentPlans plans, Views views, CancellationToken ct)
    {
        var renamed = await apps.ChangeAsync(app, new AppChange(form["to"]), who, ct);
        plans.Nudge(app.Id);
        return views.Go(AppPages.PathOf(renamed) + "/settings");
    }

    private static async Task<IResult> Transfer(Posted form, App app, Principal who, AppTransferTable transfers, Views views, CancellationToken ct)
    {
        await transfers.OfferAsync(app.Id, form["to"], who, ct);
        return views.Go(AppPages.PathOf(app) + "/settings#h-o");
    }

    /// <summary>By its name, typed: this cannot be undone.</summary>
    private static async Task<IResult> Destroy(Posted form, App app, Principal who, AppRemoval removal, Views views, CancellationToken ct)
    {
        if (form["confirm"] != app.Name)
            throw Refuse.Invalid($"Type {app.Name} to delete it; nothing was deleted.");
        await removal.RemoveAsync(app, who, ct);
        return views.Go("/dashboard");
    }

    private static async Task<IResult> AddPerson(Posted form, App app, Principal who, CollaboratorTable collaborators, Views views, CancellationToken ct)
    {
        await collaborators.AddAsync(app.Id, form["user"], Permissions(form), who, ct);
        return views.Go(AppPages.PathOf(app) + "/access");
    }

    private static async Task<IResult> ChangePerson(Posted form, App app, Principal who, CollaboratorTable collaborators, Views views, CancellationToken ct)
    {
        await collaborators.ChangeAsync(app.Id, form["user"], Permissions(form), who, ct);
        return views.Go(AppPages.PathOf(app) + "/access");
    }

    private static async Task<IResult> RemovePerson(Posted form, App app, Principal who, CollaboratorTable collaborators, Views views, CancellationToken ct)
    {
        await collaborators.RemoveAsync(app.Id, form["user"], who, ct);
        return views.Go(AppPages.PathOf(app) + "/access");
    }

    /// <summary>Who has any may view.</summary>
    private static PermissionSet Permissions(Posted form) =>
        PermissionSet.Of([Permission.View, .. form.All("permission").Select(PermissionWords.Parse).OfType<Permission>()]);
}
