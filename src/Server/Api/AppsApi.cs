using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Wire;

namespace Sluice.Api;

internal static class AppsApi
{
    internal static readonly Key<App>[] Keys =
    [
        new("name", app => app.Name),
        new("id", app => app.Id.ToString()),
        new("updated_at", app => app.UpdatedAt.UtcDateTime.ToString("O")),
    ];

    public static void MapApps(this IEndpointRouteBuilder api)
    {
        api.MapPost("/apps", Create).ForAccount();
        api.MapGet("/apps", (HttpContext http, Principal who, AppList apps, Site site, CancellationToken ct) => List(AppScope.All, http, who, apps, site, ct)).ForAccount();
        api.MapGet("/users/~/apps", (HttpContext http, Principal who, AppList apps, Site site, CancellationToken ct) => List(AppScope.Personal, http, who, apps, site, ct)).ForAccount();
        api.MapPost("/filters/apps", Filter).ForAccount().OnlyReading();
        api.MapGet("/apps/{name}", Info).ForApp(Permission.View);
        api.MapPatch("/apps/{name}", Update).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}", Destroy).ForApp(Permission.Manage);
    }

    private static async Task<Created<AppWire>> Create(RequestBody body, Principal who, AppMaking making, Site site, CancellationToken ct)
    {
        var made = await making.MakeAsync(body, who, ct);
        return TypedResults.Created($"/apps/{made.Id}", made.ToWire(site));
    }

    private static async Task<IReadOnlyList<AppWire>> List(AppScope scope, HttpContext http, Principal who, AppList apps, Site site, CancellationToken ct)
    {
        var slice = Page.SliceOf(http, AppList.Keys);
        return Page.Cut(http, slice, await apps.PageAsync(scope, slice, who, ct), app => app.ToWire(site), Keys);
    }

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
        return Page.Of(http, await lookup.AppsAsync(ids, who, ct), app => app.ToWire(site), Keys);
    }

    private static async Task<AppWire> Info(App app, ReleaseLedger ledger, SlugCatalog slugs, Site site, DataFolder data, CancellationToken ct)
    {
        var slug = await ledger.CurrentAsync(app.Id, ct) is { Slug: { } id } ? await slugs.FindAsync(id, ct) : null;
        return app.ToWire(site, slug?.Size, RepositorySize(data.Repository(app.Id)));
    }

    /// <summary>Turning maintenance on is for who operates the app; its name and stack are for who manages it.</summary>
    private static async Task<AppWire> Update(
        RequestBody body, AppAccess access, Principal who, AppCatalog apps, CurrentPlans plans, Site site, CancellationToken ct)
    {
        var change = new AppChange(body.Text("name"), body.Flag("maintenance"), PlatformApi.StackName(body.Reference("build_stack")));
        body.Fault(change.Faults());
        body.RefuseFaults();
        if (change.Name is not null || change.Stack is not null)
            access.Demand(Permission.Manage);
        var changed = await apps.ChangeAsync(access.App, change, who, ct);
        plans.Nudge(access.App.Id);
        return changed.ToWire(site);
    }

    private static async Task<AppWire> Destroy(App app, Principal who, AppRemoval removal, Site site, CancellationToken ct)
    {
        await removal.RemoveAsync(app, who, ct);
        return app.ToWire(site);
    }

    private static long? RepositorySize(string folder) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
        : null;

    public static AppWire ToWire(this App app, Site site, long? slugSize = null, long? repoSize = null) => new()
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
        Acm = app.HasAutomaticCertificates,
        Locked = app.IsLocked,
        Team = app.Team is { } team ? new NamedWire(app.Owner.Value, team) : null,
        Organization = app.Team is { } organization ? new NamedWire(app.Owner.Value, organization) : null,
        RepoSize = repoSize,
        SlugSize = slugSize,
        ReleasedAt = app.ReleasedAt,
        CreatedAt = app.CreatedAt,
        UpdatedAt = app.UpdatedAt,
    };

    public static NamedWire ToNamed(this App app) => new(app.Id.Value, app.Name);
}
