using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Pipelines;

/// <summary>An app's one downstream app, named by itself. Wins over the order of stages, and needs no pipeline.</summary>
public sealed record Edge
{
    public required AppId App { get; init; }
    public required string AppName { get; init; }
    public required AppId Downstream { get; init; }
    public required string DownstreamName { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>All edges: chains of any length, many apps may share a downstream app, and no chain comes back to where it began.</summary>
public sealed class EdgeTable(Db db, TimeProvider clock)
{
    /// <summary>Null when the app names no downstream app.</summary>
    public Task<Edge?> FindAsync(AppId app, CancellationToken ct) => db.FindAsync(EdgeOf(app), Read, ct);

    /// <summary>The edges that begin at apps of one pipeline, wherever they lead.</summary>
    public Task<ImmutableArray<Edge>> OfPipelineAsync(PipelineId pipeline, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT e.app_id, a.name AS app_name, e.downstream_id, d.name AS downstream_name, e.created_at
          FROM edges e JOIN apps a ON a.id = e.app_id JOIN apps d ON d.id = e.downstream_id
          JOIN pipeline_couplings c ON c.app_id = e.app_id
         WHERE c.pipeline_id = {pipeline}
        """, Read, ct);

    /// <summary>The app's downstream app, that one's, and so on: at most <paramref name="depth"/> of them, the nearest first.</summary>
    public Task<ImmutableArray<Edge>> ChainAsync(AppId app, int depth, CancellationToken ct) => db.ListAsync(ChainOf(app, depth), Read, ct);

    /// <summary>Names the app's downstream app, in place of the one it had. The caller may deploy to both.</summary>
    /// <exception cref="RefusedException">To itself, or to an app from which changes already come to this one.</exception>
    public async Task<Edge> SetAsync(App app, App downstream, Principal who, CancellationToken ct)
    {
        if (app.Id == downstream.Id)
            throw Refuse.Invalid($"{app.Name} cannot be its own downstream app.");
        var edge = new Edge { App = app.Id, AppName = app.Name, Downstream = downstream.Id, DownstreamName = downstream.Name, CreatedAt = clock.GetUtcNow() };
        await db.WriteAsync(ActOf("edge.set", app, who), tx => Set(tx, edge, who), ct);
        return edge;
    }

    /// <summary>The app names no downstream app any more.</summary>
    /// <exception cref="RefusedException">It named none, or another one than <paramref name="only"/>.</exception>
    public Task RemoveAsync(App app, AppId? only, Principal who, CancellationToken ct) => db.WriteAsync(
        ActOf("edge.remove", app, who),
        tx =>
        {
            if (Find(tx, app.Id) is not { } edge || (only ?? edge.Downstream) != edge.Downstream)
                throw Nothing(app.Name);
            tx.Execute($"DELETE FROM edges WHERE app_id = {app.Id}");
        },
        ct);

    /// <summary>What someone hears who asks for an edge that is not there.</summary>
    public static RefusedException Nothing(string app) =>
        new(RefusalKind.NotFound, $"{app} names no downstream app. Name one with pipeline:add.", "downstream");

    internal static Edge? Find(Tx tx, AppId app) => tx.Find(EdgeOf(app), Read);

    private static void Set(Tx tx, Edge edge, Principal who)
    {
        // Locks in the order of apps, as everywhere.
        foreach (var app in new[] { edge.App, edge.Downstream }.OrderBy(a => a.Value))
        {
            tx.LockApp(app);
            if (tx.Find($"SELECT 1 AS yes FROM apps WHERE id = {app}", r => r.Flag("yes")) is false)
                throw Refuse.NotFound("app", app == edge.App ? edge.AppName : edge.DownstreamName);
        }
        var onward = tx.List(ChainOf(edge.Downstream, int.MaxValue), Read);
        if (onward.Any(e => e.Downstream == edge.App))
            throw Refuse.Invalid($"{edge.DownstreamName} cannot be downstream of {edge.AppName}, since it promotes to {edge.AppName} itself: {Way(tx, edge, onward, who)}.");
        tx.Execute(
            $"""
            INSERT INTO edges (app_id, downstream_id, account_id, created_at) VALUES ({edge.App}, {edge.Downstream}, {who.Account}, {edge.CreatedAt})
            ON CONFLICT (app_id) DO UPDATE SET downstream_id = excluded.downstream_id, account_id = excluded.account_id, created_at = excluded.created_at
            """);
    }

    /// <summary><c>production ---> staging ---> dev</c>, up to where it comes back to the app. Apps that the caller may not see have no name there.</summary>
    private static string Way(Tx tx, Edge edge, ImmutableArray<Edge> onward, Principal who)
    {
        var length = 1 + onward.TakeWhile(e => e.Downstream != edge.App).Count();
        return string.Join(" ---> ", onward.Take(length).Select(e => Lookup.Find(tx, e.Downstream, who)?.App.Name ?? "…").Prepend(edge.DownstreamName));
    }

    private static Act ActOf(string what, App app, Principal who) => new(what, app.Id.ToString(), who.Account, app.Id, who.RequestId);

    private static Sql EdgeOf(AppId app)
    {
        Sql sql =
            $"""
            SELECT e.app_id, a.name AS app_name, e.downstream_id, d.name AS downstream_name, e.created_at
              FROM edges e JOIN apps a ON a.id = e.app_id JOIN apps d ON d.id = e.downstream_id
             WHERE e.app_id = {app}
            """;
        return sql;
    }

    private static Sql ChainOf(AppId app, int depth)
    {
        Sql sql =
            $"""
            WITH RECURSIVE chain (app_id, downstream_id, created_at, place) AS (
                SELECT app_id, downstream_id, created_at, 1 FROM edges WHERE app_id = {app}
                UNION ALL
                SELECT e.app_id, e.downstream_id, e.created_at, place + 1 FROM edges e JOIN chain ON e.app_id = chain.downstream_id WHERE place < {depth}
            )
            SELECT chain.app_id, a.name AS app_name, chain.downstream_id, d.name AS downstream_name, chain.created_at
              FROM chain JOIN apps a ON a.id = chain.app_id JOIN apps d ON d.id = chain.downstream_id
             ORDER BY place
            """;
        return sql;
    }

    private static Edge Read(Row row) => new()
    {
        App = new AppId(row.Guid("app_id")),
        AppName = row.Text("app_name"),
        Downstream = new AppId(row.Guid("downstream_id")),
        DownstreamName = row.Text("downstream_name"),
        CreatedAt = row.Time("created_at"),
    };
}
