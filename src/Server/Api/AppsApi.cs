using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Wire;

namespace Sluice.Api;

internal static class AppsApi
{
    private static readonly Key<App>[] Keys =
    [
        new("name", app => app.Name),
        new("id", app => app.Id.ToString()),
        new("updated_at", app => app.UpdatedAt.UtcDateTime.ToString("O")),
    ];

    public static void MapApps(this IEndpointRouteBuilder api)
    {
        api.MapPost("/apps", Create).ForAccount();
        foreach (var path in new[] { "/apps", "/users/~/apps" })
            api.MapGet(path, List).ForAccount();
        api.MapPost("/filters/apps", Filter).ForAccount().OnlyReading();
        api.MapGet("/apps/{name}", Info).ForApp(Permission.View);
        api.MapPatch("/apps/{name}", Update).ForApp(Permission.Manage);
        api.MapDelete("/apps/{name}", Destroy).ForApp(Permission.Manage);
    }

    private static async Task<Created<AppWire>> Create(
        RequestBody body, Principal who, AppCatalog apps, ReleaseLedger ledger, CurrentPlans plans, Site site, CancellationToken ct)
    {
        var (name, stack, region) = (body.Text("name"), body.Reference("stack"), body.Reference("region"));
        if (region is not null && !PlatformApi.IsOurRegion(region))
            body.Fault($"There is no region {region}; this server is region {PlatformApi.Region.Name}.");
        if (body.Has("space") || body.Has("team") || body.Has("organization"))
            body.Fault("This server has no spaces and no teams: leave them out.");
        body.RefuseFaults();
        var made = await apps.CreateAsync(
            name, PlatformApi.StackName(stack), who, (tx, app) => ledger.Add(tx, new ReleaseRequest.Initial(app.Id, who.Account, who.RequestId)), ct);
        plans.Nudge(made.Id);
        return TypedResults.Created($"/apps/{made.Id}", made.ToWire(site, slugSize: null, repoSize: null));
    }

    private static async Task<IReadOnlyList<AppWire>> List(HttpContext http, Principal who, AppCatalog apps, Site site, CancellationToken ct) =>
        Page.Of(http, await apps.OwnedByAsync(who.Account, ct), app => app.ToWire(site, slugSize: null, repoSize: null), Keys);

    private static async Task<IReadOnlyList<AppWire>> Filter(
        HttpContext http, RequestBody body, Principal who, Lookup lookup, Site site, CancellationToken ct)
    {
        var ids = new List<AppId>();
        foreach (var text in body.Part("in").Texts("id"))
        {
            if (Guid.TryParse(text, out var id))
                ids.Add(new AppId(id));
            else
                body.Fault($"{text} is not an id.");
        }

        body.RefuseFaults();
        return Page.Of(http, await lookup.AppsAsync(ids, who, ct), app => app.ToWire(site, slugSize: null, repoSize: null), Keys);
    }

    private static async Task<AppWire> Info(App app, ReleaseLedger ledger, SlugCatalog slugs, Site site, DataFolder data, CancellationToken ct)
    {
        var slug = await ledger.CurrentAsync(app.Id, ct) is { Slug: { } id } ? await slugs.FindAsync(id, ct) : null;
        return app.ToWire(site, slug?.Size, RepositorySize(data.Repository(app.Id)));
    }

    private static async Task<AppWire> Update(
        RequestBody body, App app, Principal who, AppCatalog apps, CurrentPlans plans, Site site, CancellationToken ct)
    {
        var change = new AppChange(body.Text("name"), body.Flag("maintenance"), PlatformApi.StackName(body.Reference("build_stack")));
        body.RefuseFaults();
        var changed = await apps.ChangeAsync(app, change, who, ct);
        plans.Nudge(app.Id);
        return changed.ToWire(site, slugSize: null, repoSize: null);
    }

    private static async Task<AppWire> Destroy(App app, Principal who, AppRemoval removal, Site site, CancellationToken ct)
    {
        await removal.RemoveAsync(app, who, ct);
        return app.ToWire(site, slugSize: null, repoSize: null);
    }

    private static long? RepositorySize(string folder) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
        : null;

    private static AppWire ToWire(this App app, Site site, long? slugSize, long? repoSize) => new()
    {
        Id = app.Id.Value,
        Name = app.Name,
        Owner = new UserWire(app.Owner.Value, app.OwnerEmail),
        Region = PlatformApi.Region,
        Stack = PlatformApi.StackOf(app.Stack),
        BuildStack = PlatformApi.StackOf(app.Stack),
        Generation = GenerationWire.Cedar,
        WebUrl = site.WebUrl(app.Name),
        GitUrl = site.GitUrl(app.Name),
        Maintenance = app.Maintenance,
        RepoSize = repoSize,
        SlugSize = slugSize,
        ReleasedAt = app.ReleasedAt,
        CreatedAt = app.CreatedAt,
        UpdatedAt = app.UpdatedAt,
    };

    public static NamedWire ToNamed(this App app) => new(app.Id.Value, app.Name);
}
