using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Wire;

namespace Sluice.Api;

internal static class DynosApi
{
    public static void MapDynos(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/dynos", List).ForApp(Permission.View);
        api.MapGet("/apps/{name}/dynos/{dyno}", Info).ForApp(Permission.View);
        api.MapDelete("/apps/{name}/dynos", RestartAll).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/dynos/{dyno}", RestartOne).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/formations/{type}", RestartType).ForApp(Permission.Operate);
        api.MapPost("/apps/{name}/dynos/{dyno}/actions/stop", StopOne).ForApp(Permission.Operate);
        api.MapPost("/apps/{name}/formations/{type}/actions/stop", StopType).ForApp(Permission.Operate);
    }

    private static async Task<IReadOnlyList<DynoWire>> List(HttpContext http, App app, DynoFleet fleet, ReleaseLedger ledger, CancellationToken ct)
    {
        var page = Page.Of(http, fleet.Of(app.Id), dyno => dyno, new Key<DynoStatus>("name", d => d.Name), new("id", d => d.Id.ToString()));
        var wires = new List<DynoWire>(page.Count);
        foreach (var dyno in page)
        {
            if (await ReleaseOfAsync(app, dyno, ledger, ct) is { } release)
                wires.Add(dyno.ToWire(app, release));
        }

        return wires;
    }

    private static async Task<DynoWire> Info(App app, string dyno, DynoFleet fleet, ReleaseLedger ledger, CancellationToken ct)
    {
        var status = Find(app, dyno, fleet);
        return status.ToWire(app, await ReleaseOfAsync(app, status, ledger, ct) ?? throw Refuse.NotFound("dyno", dyno));
    }

    private static async Task<Accepted<object>> RestartAll(App app, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.RestartAsync(app.Id, typeOrName: null, ct);
        return Done();
    }

    private static async Task<Accepted<object>> RestartOne(App app, string dyno, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.RestartAsync(app.Id, Find(app, dyno, fleet).Name, ct);
        return Done();
    }

    private static async Task<Accepted<object>> RestartType(App app, string type, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.RestartAsync(app.Id, NeedType(app, type, fleet), ct);
        return Done();
    }

    private static async Task<Accepted<object>> StopOne(App app, string dyno, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.StopAsync(app.Id, Find(app, dyno, fleet).Name, ct);
        return Done();
    }

    private static async Task<Accepted<object>> StopType(App app, string type, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.StopAsync(app.Id, NeedType(app, type, fleet), ct);
        return Done();
    }

    private static Accepted<object> Done() => TypedResults.Accepted((string?)null, (object)new Dictionary<string, string>());

    private static DynoStatus Find(App app, string nameOrId, DynoFleet fleet) =>
        fleet.Of(app.Id).FirstOrDefault(d => d.Name == nameOrId || d.Id.ToString() == nameOrId) ?? throw Refuse.NotFound("dyno", nameOrId);

    private static string NeedType(App app, string type, DynoFleet fleet) =>
        fleet.Of(app.Id).Any(d => d.Type == type) ? type : throw Refuse.NotFound("process type", type);

    /// <summary>A dyno's generation is the version of the release that it runs.</summary>
    private static Task<Release?> ReleaseOfAsync(App app, DynoStatus dyno, ReleaseLedger ledger, CancellationToken ct) =>
        ledger.FindAsync(app.Id, dyno.Generation.ToString(), ct);

    private static DynoWire ToWire(this DynoStatus dyno, App app, Release release) => new()
    {
        Id = dyno.Id.Value,
        App = app.ToNamed(),
        Name = dyno.Name,
        Type = dyno.Type,
        Command = dyno.Command,
        Size = dyno.Size,
        State = dyno.State.ToString().ToLowerInvariant(),
        Release = new DynoReleaseWire(release.Id.Value, release.Version),
        CreatedAt = dyno.Since,
        UpdatedAt = dyno.Since,
    };
}
