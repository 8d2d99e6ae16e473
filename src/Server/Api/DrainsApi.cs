using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Drains;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Log drains. Their addresses hold keys: whoever may not add one, or has a key that may not see config vars, sees where they lead and no more.</summary>
internal static class DrainsApi
{
    public static void MapDrains(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/log-drains", List).ForApp(Permission.View);
        api.MapPost("/apps/{name}/log-drains", Add).ForApp(Permission.Operate);
        api.MapGet("/apps/{name}/log-drains/{drain}", Info).ForApp(Permission.View);
        api.MapDelete("/apps/{name}/log-drains/{drain}", Remove).ForApp(Permission.Operate);
    }

    private static async Task<IReadOnlyList<LogDrainWire>> List(AppAccess access, Principal who, DrainTable drains, DrainWorker worker, CancellationToken ct) =>
        [.. (await drains.ListAsync(access.App.Id, ct)).Select(drain => drain.ToWire(access, who, worker))];

    private static async Task<LogDrainWire> Info(string drain, AppAccess access, Principal who, DrainTable drains, DrainWorker worker, CancellationToken ct) =>
        (await drains.FindAsync(access.App.Id, drain, ct)).ToWire(access, who, worker);

    private static async Task<Created<LogDrainWire>> Add(RequestBody body, AppAccess access, Principal who, DrainTable drains, DrainWorker worker, CancellationToken ct)
    {
        var url = body.NeedText("url");
        body.RefuseFaults();
        var drain = await drains.AddAsync(access.App, url, who, ct);
        return TypedResults.Created($"/apps/{access.App.Id}/log-drains/{drain.Token}", drain.ToWire(access, who, worker));
    }

    private static async Task<LogDrainWire> Remove(string drain, AppAccess access, Principal who, DrainTable drains, DrainWorker worker, CancellationToken ct)
    {
        var found = await drains.FindAsync(access.App.Id, drain, ct);
        await drains.RemoveAsync(found, who, ct);
        return found.ToWire(access, who, worker);
    }

    private static LogDrainWire ToWire(this Drain drain, AppAccess access, Principal who, DrainWorker worker) => new()
    {
        Id = drain.Id,
        App = access.App.ToNamed(),
        Url = access.Granted.Has(Permission.Operate) && who.Scope.Allows(Reach.ReadProtected) ? drain.Address.Url : drain.Address.WithoutSecrets,
        Token = drain.Token,
        Trouble = worker.TroubleOf(drain.Id),
        CreatedAt = drain.CreatedAt,
        UpdatedAt = drain.UpdatedAt,
    };
}
