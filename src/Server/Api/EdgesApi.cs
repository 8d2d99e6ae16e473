using System.Globalization;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Where an app promotes to; and its one downstream app, which it names itself. Ours. To change it, one must be allowed to deploy to both.</summary>
internal static class EdgesApi
{
    public static void MapEdges(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/downstream", Info).ForApp(Permission.View);
        api.MapPut("/apps/{name}/downstream", Set).ForApp(Permission.Deploy);
        api.MapDelete("/apps/{name}/downstream", Remove).ForApp(Permission.Deploy);
        api.MapGet("/apps/{name}/downstreams", Chain).ForApp(Permission.View);
        api.MapGet("/apps/{name}/promotes-to", PromotesTo).ForApp(Permission.View);
    }

    private static async Task<EdgeWire> Info(App app, Principal who, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var edge = await edges.FindAsync(app.Id, ct) ?? throw EdgeTable.Nothing(app.Name);
        return ToWire(edge, await SeenAsync([edge], lookup, who, ct));
    }

    private static async Task<EdgeWire> Set(App app, RequestBody body, Principal who, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var name = body.NeedReference("app");
        body.RefuseFaults();
        var downstream = await lookup.AppAsync(name, Permission.Deploy, who, ct);
        return ToWire(await edges.SetAsync(app, downstream, who, ct), [downstream.Id]);
    }

    /// <summary>With <c>?app=NAME</c> only if it is that one. Who lost sight of the downstream app may still let go of it.</summary>
    private static async Task<EdgeWire> Remove(HttpContext http, App app, Principal who, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var edge = await edges.FindAsync(app.Id, ct) ?? throw EdgeTable.Nothing(app.Name);
        var only = http.Request.Query["app"].ToString() is { Length: > 0 } named ? await lookup.AppAsync(named, Permission.View, who, ct) : null;
        if (only is not null && only.Id != edge.Downstream)
            throw new RefusedException(RefusalKind.NotFound, $"{only.Name} is not the downstream app of {app.Name}.", "downstream");
        await edges.RemoveAsync(app, edge.Downstream, who, ct);
        return ToWire(edge, await SeenAsync([edge], lookup, who, ct));
    }

    /// <summary>The chain, the nearest first; with <c>?depth=N</c> at most so many. It ends before an app that the caller may not see.</summary>
    private static async Task<IReadOnlyList<EdgeWire>> Chain(HttpContext http, App app, Principal who, EdgeTable edges, Lookup lookup, CancellationToken ct)
    {
        var asked = http.Request.Query["depth"].ToString();
        var depth = int.MaxValue;
        if (asked.Length > 0 && (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out depth) || depth < 1))
            throw Refuse.BadRequest("depth is a whole number, 1 or more.");
        var chain = await edges.ChainAsync(app.Id, depth, ct);
        var seen = await SeenAsync(chain, lookup, who, ct);
        return [.. chain.TakeWhile(edge => seen.Contains(edge.Downstream)).Select(edge => ToWire(edge, seen))];
    }

    private static async Task<PromotesToWire> PromotesTo(App app, Principal who, Downstreams downstreams, CancellationToken ct)
    {
        var downstream = await downstreams.OfAsync(app, who, ct);
        return new(new NamedWire(app.Id.Value, app.Name), downstream.Stage, [.. downstream.Apps.Select(a => new NamedWire(a.Id.Value, a.Name))], downstream.WhyNot);
    }

    private static async Task<HashSet<AppId>> SeenAsync(IEnumerable<Edge> edges, Lookup lookup, Principal who, CancellationToken ct) =>
        [.. (await lookup.AppsAsync(edges.Select(edge => edge.Downstream), who, ct)).Select(app => app.Id)];

    private static EdgeWire ToWire(Edge edge, HashSet<AppId> seen) => new(
        new NamedWire(edge.App.Value, edge.AppName),
        seen.Contains(edge.Downstream) ? new NamedWire(edge.Downstream.Value, edge.DownstreamName) : null,
        edge.CreatedAt);
}
