using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Pipelines;

/// <summary>All pipelines, and which app is in which stage of which.</summary>
public sealed class PipelineCatalog(Db db, TimeProvider clock)
{
    public Task<Pipeline?> FindAsync(PipelineId pipeline, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT pipelines.id, pipelines.name, owner_id, email, stages, pipelines.created_at, pipelines.updated_at
          FROM pipelines JOIN accounts ON accounts.id = owner_id WHERE pipelines.id = {pipeline}
        """, Read, ct);

    /// <summary>One pipeline that the caller may treat so, by id or by name. Of several with that name, the oldest.</summary>
    /// <exception cref="RefusedException">Not found (also when it is someone else's), or forbidden.</exception>
    public async Task<Pipeline> GetAsync(string idOrName, Permission wanted, Principal who, CancellationToken ct)
    {
        var found = Guid.TryParse(idOrName, out var id) ? await FindAsync(new PipelineId(id), ct) : (await NamedAsync(idOrName, who, ct)).FirstOrDefault();
        if (found is null)
            throw Refuse.NotFound("pipeline", idOrName);
        Access.Demand(who, found.Owner, wanted, "pipeline", idOrName);
        return found;
    }

    /// <summary>Those of that name that the caller may see, the oldest first: a name need not be unique.</summary>
    public async Task<ImmutableArray<Pipeline>> NamedAsync(string name, Principal who, CancellationToken ct) => Visible(who, await db.ListAsync(
        $"""
        SELECT pipelines.id, pipelines.name, owner_id, email, stages, pipelines.created_at, pipelines.updated_at
          FROM pipelines JOIN accounts ON accounts.id = owner_id WHERE pipelines.name = {name} ORDER BY pipelines.created_at, pipelines.id
        """, Read, ct));

    /// <summary>All that the caller may see, by name.</summary>
    public async Task<ImmutableArray<Pipeline>> ListAsync(Principal who, CancellationToken ct) => Visible(who, await db.ListAsync(
        $"""
        SELECT pipelines.id, pipelines.name, owner_id, email, stages, pipelines.created_at, pipelines.updated_at
          FROM pipelines JOIN accounts ON accounts.id = owner_id ORDER BY pipelines.name, pipelines.created_at
        """, Read, ct));

    public async Task<Pipeline> CreateAsync(string name, Principal who, CancellationToken ct)
    {
        Demand(Pipeline.NameFaults(name));
        var now = clock.GetUtcNow();
        var pipeline = new Pipeline
        {
            Id = PipelineId.New(), Name = name, Owner = who.Account, OwnerEmail = who.Email, Stages = Stages.Default, CreatedAt = now, UpdatedAt = now,
        };
        await db.WriteAsync(
            ActOf("pipeline.create", pipeline, who),
            tx => tx.Execute(
                $"""
                INSERT INTO pipelines (id, name, owner_id, stages, created_at, updated_at)
                VALUES ({pipeline.Id}, {name}, {who.Account}, {JsonSerializer.Serialize(pipeline.Stages)}, {now}, {now})
                """),
            ct);
        return pipeline;
    }

    public async Task<Pipeline> RenameAsync(Pipeline pipeline, string name, Principal who, CancellationToken ct)
    {
        Demand(Pipeline.NameFaults(name));
        var renamed = pipeline with { Name = name, UpdatedAt = clock.GetUtcNow() };
        await db.WriteAsync(
            ActOf("pipeline.rename", pipeline, who),
            tx => DemandOne(tx.Execute($"UPDATE pipelines SET name = {name}, updated_at = {renamed.UpdatedAt} WHERE id = {pipeline.Id}"), "pipeline", pipeline.Name),
            ct);
        return renamed;
    }

    /// <summary>Removes the pipeline; its apps stay as they are.</summary>
    public Task DestroyAsync(Pipeline pipeline, Principal who, CancellationToken ct) => db.WriteAsync(
        ActOf("pipeline.destroy", pipeline, who),
        tx => DemandOne(tx.Execute($"DELETE FROM pipelines WHERE id = {pipeline.Id}"), "pipeline", pipeline.Name),
        ct);

    /// <summary>Puts an app into a stage. An app is in one stage of one pipeline: one that is in another is refused.</summary>
    public async Task<Coupling> AddAsync(Pipeline pipeline, App app, string stage, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var coupling = new Coupling
        {
            Id = CouplingId.New(), Pipeline = pipeline.Id, PipelineName = pipeline.Name, App = app.Id, AppName = app.Name, Stage = stage, CreatedAt = now, UpdatedAt = now,
        };
        await db.WriteAsync(
            ActOf("pipeline.add", pipeline, who) with { App = app.Id },
            tx =>
            {
                tx.LockApp(app.Id);
                DemandOne(tx.Find($"SELECT COUNT(*) AS apps FROM apps WHERE id = {app.Id}", r => r.Int("apps")), "app", app.Name);
                Demand((Find(tx, pipeline.Id) ?? throw Refuse.NotFound("pipeline", pipeline.Name)).StageFaults(stage));
                if (Find(tx, app.Id) is { } other)
                    throw Refuse.Invalid($"{app.Name} is already in pipeline {other.PipelineName}, in stage {other.Stage}: remove it there first, or update its stage.");
                tx.Execute(
                    $"""
                    INSERT INTO pipeline_couplings (id, pipeline_id, app_id, stage, created_at, updated_at)
                    VALUES ({coupling.Id}, {pipeline.Id}, {app.Id}, {stage}, {now}, {now})
                    """);
            },
            ct);
        return coupling;
    }

    public async Task<Coupling> MoveAsync(Coupling coupling, string stage, Principal who, CancellationToken ct)
    {
        var pipeline = await FindAsync(coupling.Pipeline, ct) ?? throw Refuse.NotFound("pipeline", coupling.PipelineName);
        var moved = coupling with { Stage = stage, UpdatedAt = clock.GetUtcNow() };
        await db.WriteAsync(
            ActOf("pipeline.move", pipeline, who) with { App = coupling.App },
            tx =>
            {
                // Asked here, so that the stage is not removed in between.
                Demand((Find(tx, pipeline.Id) ?? throw Refuse.NotFound("pipeline", pipeline.Name)).StageFaults(stage));
                DemandOne(
                    tx.Execute($"UPDATE pipeline_couplings SET stage = {stage}, updated_at = {moved.UpdatedAt} WHERE id = {coupling.Id}"), "pipeline coupling", coupling.Id.ToString());
            },
            ct);
        return moved;
    }

    /// <summary>Takes the app out of its pipeline.</summary>
    public Task RemoveAsync(Coupling coupling, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("pipeline.remove", coupling.Pipeline.ToString(), who.Account, coupling.App, who.RequestId),
        tx => DemandOne(tx.Execute($"DELETE FROM pipeline_couplings WHERE id = {coupling.Id}"), "pipeline coupling", coupling.Id.ToString()),
        ct);

    public Task<Coupling?> FindAsync(CouplingId coupling, CancellationToken ct) => db.FindAsync(
        $"""
        SELECT c.id, c.pipeline_id, pipelines.name AS pipeline_name, c.app_id, apps.name AS app_name, c.stage, c.created_at, c.updated_at
          FROM pipeline_couplings c JOIN pipelines ON pipelines.id = c.pipeline_id JOIN apps ON apps.id = c.app_id WHERE c.id = {coupling}
        """, ReadCoupling, ct);

    /// <summary>Where the app is; null when it is in no pipeline.</summary>
    public Task<Coupling?> CouplingOfAsync(AppId app, CancellationToken ct) => db.FindAsync(CouplingOf(app), ReadCoupling, ct);

    /// <summary>All apps of one pipeline, by name.</summary>
    public Task<ImmutableArray<Coupling>> CouplingsAsync(PipelineId pipeline, CancellationToken ct) => db.ListAsync(CouplingsOf(pipeline), ReadCoupling, ct);

    /// <summary>All couplings in pipelines that the caller owns, by app name.</summary>
    public Task<ImmutableArray<Coupling>> CouplingsAsync(Principal who, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT c.id, c.pipeline_id, pipelines.name AS pipeline_name, c.app_id, apps.name AS app_name, c.stage, c.created_at, c.updated_at
          FROM pipeline_couplings c JOIN pipelines ON pipelines.id = c.pipeline_id JOIN apps ON apps.id = c.app_id
         WHERE pipelines.owner_id = {who.Account} ORDER BY apps.name
        """, ReadCoupling, ct);

    internal static Pipeline? Find(Tx tx, PipelineId pipeline) => tx.Find(
        $"""
        SELECT pipelines.id, pipelines.name, owner_id, email, stages, pipelines.created_at, pipelines.updated_at
          FROM pipelines JOIN accounts ON accounts.id = owner_id WHERE pipelines.id = {pipeline}
        """, Read);

    internal static Coupling? Find(Tx tx, AppId app) => tx.Find(CouplingOf(app), ReadCoupling);

    internal static PromotionPaths Paths(Tx tx, Pipeline pipeline) =>
        new(pipeline.Name, pipeline.Stages, [.. tx.List(CouplingsOf(pipeline.Id), ReadCoupling).Select(c => new PlacedApp(c.App, c.AppName, c.Stage))]);

    private static Sql CouplingOf(AppId app)
    {
        Sql sql =
            $"""
            SELECT c.id, c.pipeline_id, pipelines.name AS pipeline_name, c.app_id, apps.name AS app_name, c.stage, c.created_at, c.updated_at
              FROM pipeline_couplings c JOIN pipelines ON pipelines.id = c.pipeline_id JOIN apps ON apps.id = c.app_id WHERE c.app_id = {app}
            """;
        return sql;
    }

    private static Sql CouplingsOf(PipelineId pipeline)
    {
        Sql sql =
            $"""
            SELECT c.id, c.pipeline_id, pipelines.name AS pipeline_name, c.app_id, apps.name AS app_name, c.stage, c.created_at, c.updated_at
              FROM pipeline_couplings c JOIN pipelines ON pipelines.id = c.pipeline_id JOIN apps ON apps.id = c.app_id
             WHERE c.pipeline_id = {pipeline} ORDER BY apps.name
            """;
        return sql;
    }

    private static ImmutableArray<Pipeline> Visible(Principal who, ImmutableArray<Pipeline> all) => [.. all.Where(p => Access.Allows(who, p.Owner, Permission.View))];

    private static Act ActOf(string what, Pipeline pipeline, Principal who) => new(what, pipeline.Id.ToString(), who.Account, null, who.RequestId);

    private static void Demand(IEnumerable<string> faults)
    {
        var all = faults.ToArray();
        if (all.Length > 0)
            throw Refuse.Invalid(all);
    }

    private static void DemandOne(int changed, string what, string name)
    {
        if (changed == 0)
            throw Refuse.NotFound(what, name);
    }

    private static Pipeline Read(Row row) => new()
    {
        Id = new PipelineId(row.Guid("id")),
        Name = row.Text("name"),
        Owner = new AccountId(row.Guid("owner_id")),
        OwnerEmail = row.Text("email"),
        Stages = JsonSerializer.Deserialize<ImmutableArray<string>>(row.Text("stages")),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };

    private static Coupling ReadCoupling(Row row) => new()
    {
        Id = new CouplingId(row.Guid("id")),
        Pipeline = new PipelineId(row.Guid("pipeline_id")),
        PipelineName = row.Text("pipeline_name"),
        App = new AppId(row.Guid("app_id")),
        AppName = row.Text("app_name"),
        Stage = row.Text("stage"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
