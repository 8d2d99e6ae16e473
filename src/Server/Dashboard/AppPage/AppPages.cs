using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dashboard.Live;
using Sluice.Metrics;
using Sluice.Pipelines;

namespace Sluice.Dashboard.AppPage;

/// <summary>The pages of an app: what one sees.</summary>
internal static class AppPages
{
    private const int OnOverview = 6, OnActivity = 100;

    public static void MapAppPages(this IEndpointRouteBuilder dashboard)
    {
        var app = dashboard.MapGroup("/apps/{name}");
        app.MapGet("", Overview).ForMyApp(Permission.View);
        app.MapGet("/activity", Activity).ForMyApp(Permission.View);
        app.MapGet("/activity/{version}", OneRelease).ForMyApp(Permission.View);
        app.MapGet("/builds/{build}", OneBuild).ForMyApp(Permission.View);
        app.MapGet("/compare", Compare).ForMyApp(Permission.View);
        app.MapGet("/resources", Resources).ForMyApp(Permission.View);
        app.MapGet("/deploy", Deploy).ForMyApp(Permission.View);
        app.MapGet("/metrics", Metrics).ForMyApp(Permission.View);
        app.MapGet("/logs", Logs).ForMyApp(Permission.View);
        app.MapGet("/settings", Settings).ForMyApp(Permission.View);
        app.MapGet("/access", Access).ForMyApp(Permission.View);
    }

    public static string PathOf(App app) => $"/dashboard/apps/{app.Name}";

    private static async Task<IResult> Overview(AppAccess access, AppViews apps, LivePages live, Views views, CancellationToken ct)
    {
        var view = await OverviewAsync(access, apps, ct);
        return await PageAsync<OverviewPage>(views, view with { Seen = Part.KeyOf((await live.OfAsync(view)).Parts) });
    }

    public static async Task<OverviewView> OverviewAsync(AppAccess access, AppViews apps, CancellationToken ct)
    {
        var head = await apps.HeadAsync(access, AppTab.Overview, ct);
        return new OverviewView(
            head, await apps.ReleasesAsync(head, OnOverview, before: null, ct), await apps.ProcessesAsync(head.Fact, ct),
            await apps.LogAsync(head, AppViews.LinesShown / 4, TailFilter.None, ct), access.WhyNot(Permission.Operate));
    }

    private static async Task<IResult> Activity(int? before, AppAccess access, AppViews apps, LivePages live, Views views, CancellationToken ct)
    {
        var view = await ActivityAsync(access, before, apps, ct);
        return await PageAsync<ActivityPage>(views, view with { Seen = Part.KeyOf((await live.OfAsync(view)).Parts) });
    }

    public static async Task<ReleasesView> ActivityAsync(AppAccess access, int? before, AppViews apps, CancellationToken ct) =>
        await apps.ReleasesAsync(await apps.HeadAsync(access, AppTab.Activity, ct), OnActivity, before, ct);

    private static async Task<IResult> OneRelease(string version, AppAccess access, AppViews apps, Views views, CancellationToken ct) =>
        await PageAsync<ReleasePage>(views, await apps.ReleaseAsync(await apps.HeadAsync(access, AppTab.Activity, ct), version, ct));

    private static async Task<IResult> OneBuild(string build, AppAccess access, AppViews apps, LivePages live, Views views, CancellationToken ct)
    {
        var view = await BuildAsync(access, build, withOutput: true, apps, ct);
        return await PageAsync<BuildPage>(views, view with { Seen = Part.KeyOf((await live.OfAsync(view)).Parts) });
    }

    public static async Task<BuildView> BuildAsync(AppAccess access, string build, bool withOutput, AppViews apps, CancellationToken ct) =>
        await apps.BuildAsync(await apps.HeadAsync(access, AppTab.Activity, ct), build, withOutput, ct);

    private static async Task<IResult> Compare(string? from, string? to, AppAccess access, AppViews apps, Views views, CancellationToken ct) =>
        await PageAsync<ComparePage>(views, await apps.CompareAsync(
            await apps.HeadAsync(access, AppTab.Activity, ct), from ?? throw Refuse.Invalid("Pick two releases to compare."), to ?? throw Refuse.Invalid("Pick two releases to compare."), ct));

    private static async Task<IResult> Deploy(AppAccess access, Principal who, AppViews apps, Downstreams downstreams, Views views, CancellationToken ct)
    {
        var head = await apps.HeadAsync(access, AppTab.Deploy, ct);
        var view = head.Place is null ? new DeployView(head, [], null)
            : new DeployView(head, await downstreams.UpstreamOfAsync(access.App, who, ct), await downstreams.OfAsync(access.App, who, ct));
        return await PageAsync<DeployPage>(views, view);
    }

    private static async Task<IResult> Resources(AppAccess access, AppViews apps, Views views, CancellationToken ct)
    {
        var head = await apps.HeadAsync(access, AppTab.Resources, ct);
        return await PageAsync<ResourcesPage>(views, new ResourcesView(head, await apps.ProcessesAsync(head.Fact, ct), access.WhyNot(Permission.Operate)));
    }

    private static async Task<IResult> Metrics(int? hours, AppAccess access, AppViews apps, MetricHistory history, TimeProvider clock, Views views, CancellationToken ct) =>
        await PageAsync<MetricsPage>(views, MetricsView.Of(await apps.HeadAsync(access, AppTab.Metrics, ct), hours, history, clock.GetUtcNow()));

    private static async Task<IResult> Logs(HttpContext http, string? has, AppAccess access, AppViews apps, Views views, CancellationToken ct) =>
        await PageAsync<LogsPage>(views, await apps.LogAsync(await apps.HeadAsync(access, AppTab.Logs, ct), AppViews.LinesShown, TailFilter.Of(http.Request.Query["source"].OfType<string>(), has), ct));

    /// <param name="show">The config var whose value is asked for; no value is on the page else.</param>
    private static async Task<IResult> Settings(
        string? show, AppAccess access, Principal who, AppViews apps, AppCatalog catalog, DomainTable domains, BuildpackList buildpacks, AppTransferTable transfers, Views views, CancellationToken ct)
    {
        var config = access.Granted.Has(Permission.Deploy) && who.Scope.Allows(Reach.ReadProtected) ? await catalog.ConfigAsync(access.App, ct) : null;
        return await PageAsync<SettingsPage>(views, new SettingsView(
            await apps.HeadAsync(access, AppTab.Settings, ct), config is null ? null : [.. config.Keys],
            show is not null && config is not null && config.TryGetValue(show, out var value) ? (show, value) : null,
            await domains.ListAsync(access.App.Id, ct), await buildpacks.ListAsync(access.App.Id, ct),
            (await transfers.ListAsync(who, ct)).FirstOrDefault(t => t.App == access.App.Id && t.State == "pending")));
    }

    private static async Task<IResult> Access(AppAccess access, AppViews apps, CollaboratorTable collaborators, Views views, CancellationToken ct) =>
        await PageAsync<AccessPage>(views, new AccessView(await apps.HeadAsync(access, AppTab.Access, ct), await collaborators.ListAsync(access.App, ct)));

    private static Task<IResult> PageAsync<T>(Views views, object model) where T : Microsoft.AspNetCore.Components.IComponent
    {
        var head = model as AppHeadView ?? (AppHeadView)model.GetType().GetProperty("Head")!.GetValue(model)!;
        Crumb[] crumbs = [.. head.Place is { } place ? [new Crumb(place.PipelineName, $"/dashboard/pipelines/{place.Pipeline}"), new Crumb(place.Stage, null)] : Array.Empty<Crumb>(), new(head.Fact.Name, head.Path)];
        return views.PageAsync<T>($"{head.Fact.Name}{(head.Tab == AppTab.Overview ? "" : ", " + head.Tab.ToString().ToLowerInvariant())}", crumbs, model);
    }
}
