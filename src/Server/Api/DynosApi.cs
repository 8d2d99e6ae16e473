using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
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
        api.MapPost("/apps/{name}/dynos", Start).ForApp(Permission.Deploy);
        api.MapGet("/apps/{name}/dynos/{dyno}", Info).ForApp(Permission.View);
        api.MapDelete("/apps/{name}/dynos", RestartAll).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/dynos/{dyno}", RestartOne).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/formations/{type}", RestartType).ForApp(Permission.Operate);
        api.MapPost("/apps/{name}/dynos/{dyno}/actions/stop", StopOne).ForApp(Permission.Operate);
        api.MapPost("/apps/{name}/formations/{type}/actions/stop", StopType).ForApp(Permission.Operate);
    }

    private static async Task<IReadOnlyList<DynoWire>> List(HttpContext http, App app, DynoFleet fleet, OneOffs oneOffs, ReleaseLedger ledger, CancellationToken ct)
    {
        var page = Page.Of(http, [.. fleet.Of(app.Id), .. oneOffs.Of(app.Id)], dyno => dyno, new Key<DynoStatus>("name", d => d.Name), new("id", d => d.Id.ToString()));
        var wires = new List<DynoWire>(page.Count);
        foreach (var dyno in page)
        {
            if (await ReleaseOfAsync(app, dyno, ledger, ct) is { } release)
                wires.Add(dyno.ToWire(app, release));
        }

        return wires;
    }

    private static async Task<DynoWire> Info(App app, string dyno, DynoFleet fleet, OneOffs oneOffs, ReleaseLedger ledger, CancellationToken ct)
    {
        var status = Find(app, dyno, fleet, oneOffs);
        return status.ToWire(app, await ReleaseOfAsync(app, status, ledger, ct) ?? throw Refuse.NotFound("dyno", dyno));
    }

    /// <summary>Runs a command once, beside what the formation says: attached to the caller's terminal, or on its own.</summary>
    private static async Task<Created<DynoWire>> Start(
        RequestBody body, App app, Principal who, OneOffs oneOffs, ReleaseLedger ledger, CurrentPlans plans, QuotaTable quotas, AppTickets tickets, Links links, CancellationToken ct)
    {
        var asked = AskedDyno.Read(body);
        body.RefuseFaults();
        var release = await ledger.CurrentAsync(app.Id, ct);
        if (release?.Slug is null || await plans.OfAsync(release, ct) is not { Slug: not null } plan)
            throw Refuse.Invalid($"{app.Name} has nothing to run yet: push code to it first.");
        var types = await plans.ProcessTypesAsync(release, ct);
        var oneOff = asked.Plan(plan, types, who.Email) with { Most = await quotas.OfAsync(app.Id, Quota.OneOffs, ct) };
        var status = asked.IsAttached ? oneOffs.Await(oneOff) : await oneOffs.StartAsync(oneOff, ct);
        var wire = status.ToWire(app, release) with { AttachUrl = asked.IsAttached ? RendezvousApi.AddressOf(app.Id, status.Id, tickets, links) : null };
        return TypedResults.Created($"/apps/{app.Id}/dynos/{status.Id}", wire);
    }

    private static async Task<Accepted<object>> RestartAll(App app, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.RestartAsync(app.Id, typeOrName: null, ct);
        return Done();
    }

    private static async Task<Accepted<object>> RestartOne(App app, string dyno, DynoFleet fleet, OneOffs oneOffs, CancellationToken ct)
    {
        var found = Find(app, dyno, fleet, oneOffs);
        if (found.IsOneOff)
            await oneOffs.StopAsync(app.Id, found.Name, ct);   // it runs once
        else
            await fleet.RestartAsync(app.Id, found.Name, ct);
        return Done();
    }

    private static async Task<Accepted<object>> RestartType(App app, string type, DynoFleet fleet, CancellationToken ct)
    {
        await fleet.RestartAsync(app.Id, NeedType(app, type, fleet), ct);
        return Done();
    }

    private static async Task<Accepted<object>> StopOne(App app, string dyno, DynoFleet fleet, OneOffs oneOffs, CancellationToken ct)
    {
        var found = Find(app, dyno, fleet, oneOffs);
        if (found.IsOneOff)
            await oneOffs.StopAsync(app.Id, found.Name, ct);
        else
            await fleet.StopAsync(app.Id, found.Name, ct);
        return Done();
    }

    private static async Task<Accepted<object>> StopType(App app, string type, DynoFleet fleet, OneOffs oneOffs, CancellationToken ct)
    {
        if (!await oneOffs.StopAsync(app.Id, type, ct))
            await fleet.StopAsync(app.Id, NeedType(app, type, fleet), ct);
        return Done();
    }

    private static Accepted<object> Done() => TypedResults.Accepted((string?)null, (object)new Dictionary<string, string>());

    private static DynoStatus Find(App app, string nameOrId, DynoFleet fleet, OneOffs oneOffs) =>
        fleet.Of(app.Id).Concat(oneOffs.Of(app.Id)).FirstOrDefault(d => d.Name == nameOrId || d.Id.ToString() == nameOrId) ?? throw Refuse.NotFound("dyno", nameOrId);

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
