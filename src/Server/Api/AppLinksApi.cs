using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Sources;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Which repository apps and pipelines are built from, in the words that the Heroku CLI uses for GitHub.</summary>
internal static class AppLinksApi
{
    public static void MapAppLinks(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/github", Info).ForApp(Permission.View);
        api.MapPatch("/apps/{name}/github", Change).ForApp(Permission.Operate);
        api.MapGet("/pipelines/{pipeline}/github", ListOfPipeline).AskedInside(Permission.View);
        api.MapGet("/pipelines/{pipeline}/repository", Repository).AskedInside(Permission.View);
        api.MapPost("/pipelines/{pipeline}/repository", Connect).AskedInside(Permission.Operate);
        api.MapPatch("/pipelines/{pipeline}/repository", ChangeRepository).AskedInside(Permission.Operate);
        api.MapGet("/pipelines/{pipeline}/repo", Repo).AskedInside(Permission.View);
        api.MapGet("/pipelines/{pipeline}/repo/branches/{*branch}", Branch).AskedInside(Permission.View);
    }

    private static async Task<AppLinkWire> Info(App app, Principal who, AppRepositories repositories, PipelineLinks links, CancellationToken ct) =>
        ToWire(app, await repositories.OfAsync(app, who, ct), await links.LinkAsync(app.Id, ct));

    private static async Task<AppLinkWire> Change(
        RequestBody body, App app, Principal who, AppRepositories repositories, PipelineLinks links, CancellationToken ct)
    {
        var (before, pulls) = (await links.LinkAsync(app.Id, ct), body.Part("pull_requests"));
        var after = before with
        {
            Branch = body.Text("branch") ?? before.Branch,
            AutoDeploy = body.Flag("auto_deploy") ?? before.AutoDeploy,
            WaitForCi = body.Flag("wait_for_ci") ?? before.WaitForCi,
            PullRequests = new PullRequests(
                pulls.Flag("enabled") ?? before.PullRequests.Enabled,
                pulls.Flag("auto_deploy") ?? before.PullRequests.AutoDeploy,
                pulls.Flag("auto_destroy") ?? before.PullRequests.AutoDestroy),
        };
        if (after.Branch is { } name && (name.Length > 200 || name.Any(char.IsControl)))
            body.Fault("branch may have 200 characters, and no control characters.");
        body.RefuseFaults();
        await links.SetLinkAsync(app, after, who, ct);
        return ToWire(app, await repositories.OfAsync(app, who, ct), await links.LinkAsync(app.Id, ct));
    }

    private static async Task<IReadOnlyList<AppLinkWire>> ListOfPipeline(
        string pipeline, Principal who, PipelineCatalog pipelines, Lookup lookup, AppRepositories repositories, PipelineLinks links, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        var apps = await lookup.AppsAsync((await pipelines.CouplingsAsync(found.Id, who, ct)).Select(c => c.App), who, ct);
        var wires = new List<AppLinkWire>();
        foreach (var app in apps)
            wires.Add(ToWire(app, await repositories.OfAsync(app, who, ct), await links.LinkAsync(app.Id, ct)));
        return wires;
    }

    private static async Task<PipelineRepositoryWire> Repository(
        string pipeline, Principal who, PipelineCatalog pipelines, PipelineLinks links, Lookup lookup, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.View, who, ct);
        return ToWire(await links.RepositoryAsync(found.Id, ct) ?? throw NotConnected(found), await ConnectedAsync(found, links, lookup, who, ct));
    }

    private static async Task<Created<PipelineRepositoryWire>> Connect(
        string pipeline, RequestBody body, Principal who, PipelineCatalog pipelines, PipelineLinks links, AppRepositories repositories, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        if (!long.TryParse(body.TextOrNumber("repository"), out var number))
            body.Fault("repository must be the number of a repository, as GET /repos/sluice/APP tells it.");
        body.RefuseFaults();
        var app = await repositories.FindAsync(number, who, ct);
        return TypedResults.Created($"/pipelines/{found.Id}/repository", ToWire(await links.ConnectAsync(found, app, who, ct), app));
    }

    private static async Task<PipelineRepositoryWire> ChangeRepository(
        string pipeline, RequestBody body, Principal who, PipelineCatalog pipelines, PipelineLinks links, Lookup lookup, CancellationToken ct)
    {
        var found = await pipelines.GetAsync(pipeline, Permission.Operate, who, ct);
        var ci = body.Flag("ci");
        body.RefuseFaults();
        var app = await ConnectedAsync(found, links, lookup, who, ct);
        var repository = ci is null ? await links.RepositoryAsync(found.Id, ct) : await links.SetCiAsync(found, ci.Value, who, ct);
        return ToWire(repository ?? throw NotConnected(found), app);
    }

    private static async Task<RepositoryWire> Repo(
        string pipeline, Principal who, PipelineCatalog pipelines, PipelineLinks links, Lookup lookup, Repositories store, Site site, CancellationToken ct) =>
        await (await ConnectedAsync(pipeline, who, pipelines, links, lookup, ct)).ToRepositoryAsync(store, site, ct);

    private static async Task<BranchWire> Branch(
        string pipeline, string branch, Principal who, PipelineCatalog pipelines, PipelineLinks links, Lookup lookup, Repositories store, CancellationToken ct)
    {
        var app = await ConnectedAsync(pipeline, who, pipelines, links, lookup, ct);
        return new BranchWire(branch, new BranchCommitWire(await store.BranchAsync(app.Id, branch, ct) ?? throw Refuse.NotFound("branch", branch)));
    }

    private static async Task<App> ConnectedAsync(string pipeline, Principal who, PipelineCatalog pipelines, PipelineLinks links, Lookup lookup, CancellationToken ct) =>
        await ConnectedAsync(await pipelines.GetAsync(pipeline, Permission.View, who, ct), links, lookup, who, ct);

    /// <summary>The app whose repository it is connected to. Who may not see that app is not told its name.</summary>
    private static async Task<App> ConnectedAsync(Pipeline found, PipelineLinks links, Lookup lookup, Principal who, CancellationToken ct)
    {
        var repository = await links.RepositoryAsync(found.Id, ct) ?? throw NotConnected(found);
        return (await lookup.AppsAsync([repository.App], who, ct)).FirstOrDefault()
            ?? throw new RefusedException(RefusalKind.NotFound, $"Pipeline {found.Name} is connected to the repository of an app that you may not see.", "repository");
    }

    private static RefusedException NotConnected(Pipeline pipeline) =>
        new(RefusalKind.NotFound, $"Pipeline {pipeline.Name} is connected to no repository. Connect it with pipelines:connect {pipeline.Name} -r {AppRepositories.Owner}/APP.", "repository");

    private static PipelineRepositoryWire ToWire(PipelineRepository repository, App app) => new()
    {
        Id = StableId.Of("pipeline-repository", repository.Pipeline.ToString()),
        Ci = repository.Ci,
        Owner = new IdWire(repository.Account.Value),
        Pipeline = new IdWire(repository.Pipeline.Value),
        Repository = new RepositoryReferenceWire(RepositoryNumber.Of(app.Id), AppRepositories.NameOf(app)),
        CreatedAt = repository.CreatedAt,
        UpdatedAt = repository.UpdatedAt,
    };

    private static AppLinkWire ToWire(App app, App repository, AppLink link) => new()
    {
        AppId = app.Id.Value,
        App = new IdWire(app.Id.Value),
        Repo = AppRepositories.NameOf(repository),
        RepoId = RepositoryNumber.Of(repository.Id),
        RepoHost = "api.github.com",
        Branch = link.Branch,
        AutoDeploy = link.AutoDeploy,
        WaitForCi = link.WaitForCi,
        PullRequests = new PullRequestsWire(link.PullRequests.Enabled, link.PullRequests.AutoDeploy, link.PullRequests.AutoDestroy),
        Owner = new UserWire(app.Owner.Value, app.OwnerEmail),
        CreatedAt = link.CreatedAt ?? app.CreatedAt,
        UpdatedAt = link.UpdatedAt ?? app.CreatedAt,
    };
}
