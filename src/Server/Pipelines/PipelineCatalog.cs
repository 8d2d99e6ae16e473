using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Pipelines;

/// <summary>All pipelines, and which app is in which stage of which.</summary>
public sealed class PipelineCatalog(Db db, TimeProvider clock)
{
    public Task<Pipeline?> FindAsync(PipelineId pipeline, CancellationToken ct) => db.FindAsync($"SELECT {Columns} {Tables} WHERE pipelines.id = {pipeline}", Read, ct);

    /// <summary>One pipeline that the caller may treat so, by id or by name. Of several with that name, the oldest, but one that may be
    /// treated so before any that may not: else anybody could stand in the way with a pipeline of that name that they let the caller see.</summary>
    /// <exception cref="RefusedException">Not found (also when it is someone else's), or forbidden.</exception>
    public async Task<Pipeline> GetAsync(string idOrName, Permission wanted, Principal who, CancellationToken ct) =>
        (await AccessAsync(idOrName, wanted, who, ct)).Pipeline;

    /// <summary>As <see cref="GetAsync"/>, with all that the caller may do to it.</summary>
    public async Task<PipelineAccess> AccessAsync(string idOrName, Permission wanted, Principal who, CancellationToken ct)
    {
        var found = await db.ListAsync(
            $"{Select(who)} WHERE pipelines.id = {idOrName} OR pipelines.name = {idOrName} ORDER BY pipelines.created_at, pipelines.id", row => ReadAccess(row, who), ct);
        var seen = found.FirstOrDefault(access => access.Granted.Has(wanted)) ?? found.FirstOrDefault(access => access.Granted.Has(Permission.View))
            ?? throw Refuse.NotFound("pipeline", idOrName);
        seen.Demand(wanted);
        return seen;
    }

    /// <summary>Those of that name that the caller may see, the oldest first: a name need not be unique.</summary>
    public async Task<ImmutableArray<Pipeline>> NamedAsync(string name, Principal who, CancellationToken ct)
    {
        var found = await db.ListAsync($"{Select(who)} WHERE pipelines.name = {name} ORDER BY pipelines.created_at, pipelines.id", row => ReadAccess(row, who), ct);
        return [.. found.Where(access => access.Granted.Has(Permission.View)).Select(access => access.Pipeline)];
    }

    /// <summary>Makes a pipeline that belongs to who makes it, or to a team of theirs.</summary>
    public async Task<Pipeline> CreateAsync(string name, Team? team, Principal who, CancellationToken ct)
    {
        Demand(Pipeline.NameFaults(name));
        var now = clock.GetUtcNow();
        var pipeline = new Pipeline
        {
            Id = PipelineId.New(),
            Name = name,
            Owner = team?.Id ?? who.Account,
            OwnerEmail = team?.Email ?? who.Email,
            Stages = Stages.Default,
            CreatedAt = now,
            UpdatedAt = now,
        };
        await db.WriteAsync(
            ActOf("pipeline.create", pipeline, who),
            tx => tx.Execute(
                $"""
                INSERT INTO pipelines (id, name, owner_id, stages, created_at, updated_at)
                VALUES ({pipeline.Id}, {name}, {pipeline.Owner}, {JsonSerializer.Serialize(pipeline.Stages)}, {now}, {now})
                """),
            ct);
        return pipeline;
    }

    public Task<Pipeline> CreateAsync(string name, Principal who, CancellationToken ct) => CreateAsync(name, team: null, who, ct);

    public async Task<Pipeline> RenameAsync(Pipeline pipeline, string name, Principal who, CancellationToken ct)
    {
        Demand(Pipeline.NameFaults(name));
        var renamed = pipeline with { Name = name, UpdatedAt = clock.GetUtcNow() };
        await db.WriteAsync(
            ActOf("pipeline.rename", pipeline, who).Changing(("name", pipeline.Name, name)),
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
            Id = CouplingId.New(), Pipeline = pipeline.Id, PipelineName = pipeline.Name, Stages = pipeline.Stages, App = app.Id, AppName = app.Name, Stage = stage, CreatedAt = now, UpdatedAt = now,
        };
        await db.WriteAsync(
            (ActOf("pipeline.add", pipeline, who) with { App = app.Id }).Changing(("stage", null, stage)),
            tx =>
            {
                // Asked again here: what was allowed when the request came may be taken away by now.
                tx.LockApp(app.Id);
                DemandOperate(tx, pipeline.Id, pipeline.Name, app.Id, app.Name, who);
                Add(tx, coupling);
            },
            ct);
        return coupling;
    }

    /// <summary>The same, inside a transaction of the caller's.</summary>
    internal static void Add(Tx tx, Coupling coupling)
    {
        tx.LockApp(coupling.App);
        DemandOne(tx.Find($"SELECT COUNT(*) AS apps FROM apps WHERE id = {coupling.App}", r => r.Int("apps")), "app", coupling.AppName);
        Demand((Find(tx, coupling.Pipeline) ?? throw Refuse.NotFound("pipeline", coupling.PipelineName)).StageFaults(coupling.Stage));
        if (Find(tx, coupling.App) is { } other)
            throw Taken(other);
        tx.Execute(
            $"""
            INSERT INTO pipeline_couplings (id, pipeline_id, app_id, stage, created_at, updated_at)
            VALUES ({coupling.Id}, {coupling.Pipeline}, {coupling.App}, {coupling.Stage}, {coupling.CreatedAt}, {coupling.UpdatedAt})
            """);
        AppTransferTable.NoteForeign(tx, Sql.Part($"id = {coupling.Id}"));
    }

    /// <summary>Why an app cannot be put where it is asked to: it is here already.</summary>
    public static RefusedException Taken(Coupling place) =>
        Refuse.Invalid($"{place.AppName} is already in pipeline {place.PipelineName}, in stage {place.Stage}: remove it there first, or update its stage.");

    public async Task<Coupling> MoveAsync(Coupling coupling, string stage, Principal who, CancellationToken ct)
    {
        var pipeline = await FindAsync(coupling.Pipeline, ct) ?? throw Refuse.NotFound("pipeline", coupling.PipelineName);
        var moved = coupling with { Stage = stage, UpdatedAt = clock.GetUtcNow() };
        await db.WriteAsync(
            (ActOf("pipeline.move", pipeline, who) with { App = coupling.App }).Changing(("stage", coupling.Stage, stage)),
            tx =>
            {
                tx.LockApp(coupling.App);
                DemandOperate(tx, pipeline.Id, pipeline.Name, coupling.App, coupling.AppName, who);
                // Asked here, so that the stage is not removed in between.
                Demand((Find(tx, pipeline.Id) ?? throw Refuse.NotFound("pipeline", pipeline.Name)).StageFaults(stage));
                DemandOne(
                    tx.Execute($"UPDATE pipeline_couplings SET stage = {stage}, updated_at = {moved.UpdatedAt} WHERE id = {coupling.Id}"), "pipeline coupling", coupling.Id.ToString());
            },
            ct);
        return moved;
    }

    /// <summary>Takes the app out of its pipeline. Who operates the app may do that in anybody's pipeline, and who owns the pipeline with any app.</summary>
    /// <exception cref="RefusedException">Not found, or forbidden: it names the app.</exception>
    public Task RemoveAsync(Coupling coupling, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("pipeline.remove", coupling.Pipeline.ToString(), who.Account, coupling.App, who.RequestId),
        tx =>
        {
            if (FindAccess(tx, coupling.Pipeline, who)?.Granted.Has(Permission.Own) is not true)
                (Lookup.Find(tx, coupling.App, who) ?? throw Refuse.NotFound("app", coupling.AppName)).Demand(Permission.Operate);
            DemandOne(tx.Execute($"DELETE FROM pipeline_couplings WHERE id = {coupling.Id}"), "pipeline coupling", coupling.Id.ToString());
        },
        ct);

    /// <summary>Where the app is; null when it is in no pipeline.</summary>
    public Task<Coupling?> CouplingOfAsync(AppId app, CancellationToken ct) => db.FindAsync($"{Couplings} WHERE c.app_id = {app}", ReadCoupling, ct);

    /// <summary>Apps of one pipeline, by name: those that the caller may see.</summary>
    public Task<ImmutableArray<Coupling>> CouplingsAsync(PipelineId pipeline, Principal who, CancellationToken ct) =>
        db.ListAsync($"{Couplings} WHERE c.pipeline_id = {pipeline} AND {Access.SeesApp(who)} ORDER BY apps.name", ReadCoupling, ct);

    /// <summary>The same of several pipelines.</summary>
    public async Task<ImmutableArray<Coupling>> CouplingsAsync(IReadOnlyList<PipelineId> pipelines, Principal who, CancellationToken ct) => pipelines.Count == 0 ? []
        : await db.ListAsync($"{Couplings} WHERE c.pipeline_id IN {Sql.In(pipelines)} AND {Access.SeesApp(who)} ORDER BY apps.name", ReadCoupling, ct);

    /// <summary>Apps of one pipeline, by name: those that the caller may see, and to who owns the pipeline every app: whoever answers for it must know what is in it, and be able to take it out.</summary>
    public Task<ImmutableArray<Coupling>> PlacesAsync(PipelineId pipeline, Principal who, CancellationToken ct) =>
        db.ListAsync($"{Couplings} WHERE c.pipeline_id = {pipeline} AND ({Access.SeesApp(who)} OR {Access.OwnsPipeline(who)}) ORDER BY apps.name", ReadCoupling, ct);

    /// <summary>Null when there is none, or its app is not seen by the caller, who does not own the pipeline either.</summary>
    public Task<Coupling?> PlaceAsync(CouplingId coupling, Principal who, CancellationToken ct) =>
        db.FindAsync($"{Couplings} WHERE c.id = {coupling} AND ({Access.SeesApp(who)} OR {Access.OwnsPipeline(who)})", ReadCoupling, ct);

    /// <summary>By what a list of all couplings may be cut.</summary>
    public static readonly ImmutableArray<SortKey> CouplingKeys = [new("id", Sql.Part($"c.id")), new("created_at", Sql.Part($"c.created_at"), IsTime: true)];

    /// <summary>All couplings of apps that the caller may see, a page of them; one more than the slice holds, when there is more.</summary>
    public Task<ImmutableArray<Coupling>> CouplingsAsync(Slice slice, Principal who, CancellationToken ct)
    {
        var key = CouplingKeys.FirstOrDefault(k => k.Name == slice.Key) ?? CouplingKeys[0];
        return db.ListAsync($"{Couplings} WHERE {slice.Within(key)} AND {Access.SeesApp(who)} {slice.Cut(key.Column)}", ReadCoupling, ct);
    }

    internal static Pipeline? Find(Tx tx, PipelineId pipeline) => tx.Find($"SELECT {Columns} {Tables} WHERE pipelines.id = {pipeline}", Read);

    /// <summary>Null when there is none, or the caller may not see it.</summary>
    internal static PipelineAccess? FindAccess(Tx tx, PipelineId pipeline, Principal who) =>
        tx.Find($"{Select(who)} WHERE pipelines.id = {pipeline}", row => ReadAccess(row, who)) is { } found && found.Granted.Has(Permission.View) ? found : null;

    /// <summary>Null when there is none, or the caller may not see it.</summary>
    internal static Pipeline? Find(Tx tx, PipelineId pipeline, Principal who) => FindAccess(tx, pipeline, who)?.Pipeline;

    internal static Coupling? Find(Tx tx, AppId app) => tx.Find($"{Couplings} WHERE c.app_id = {app}", ReadCoupling);

    /// <summary>All apps of the pipeline, whoever may see them: what it promotes to does not depend on who looks.</summary>
    internal static PromotionPaths Paths(Tx tx, Pipeline pipeline) => new(
        pipeline.Name, pipeline.Stages,
        [.. tx.List($"{Couplings} WHERE c.pipeline_id = {pipeline.Id} ORDER BY apps.name", ReadCoupling).Select(c => new PlacedApp(c.App, c.AppName, c.Stage))]);

    /// <summary>The same of the pipeline that an app is in; null when it is in none.</summary>
    internal async Task<PromotionPaths?> PathsAsync(AppId app, CancellationToken ct)
    {
        var all = await db.ListAsync(
            $"{Couplings} WHERE c.pipeline_id = (SELECT pipeline_id FROM pipeline_couplings WHERE app_id = {app}) ORDER BY apps.name", ReadCoupling, ct);
        return all.IsEmpty ? null : new(all[0].PipelineName, all[0].Stages, [.. all.Select(c => new PlacedApp(c.App, c.AppName, c.Stage))]);
    }

    /// <summary>On both: the pipeline and the app.</summary>
    private static void DemandOperate(Tx tx, PipelineId pipeline, string pipelineName, AppId app, string appName, Principal who)
    {
        (FindAccess(tx, pipeline, who) ?? throw Refuse.NotFound("pipeline", pipelineName)).Demand(Permission.Operate);
        (Lookup.Find(tx, app, who) ?? throw Refuse.NotFound("app", appName)).Demand(Permission.Operate);
    }

    private static Sql Couplings => Sql.Part(
        $"""
        SELECT c.id, c.pipeline_id, pipelines.name AS pipeline_name, pipelines.stages, c.app_id, apps.name AS app_name, c.stage, c.created_at, c.updated_at
          FROM pipeline_couplings c JOIN pipelines ON pipelines.id = c.pipeline_id JOIN apps ON apps.id = c.app_id
        """);

    internal static Sql Columns => Sql.Part(
        $"pipelines.id, pipelines.name, pipelines.owner_id, accounts.email, pipelines.stages, pipelines.created_at, pipelines.updated_at");

    /// <summary>The tables that <see cref="Columns"/> are of.</summary>
    internal static Sql Tables => Sql.Part($"FROM pipelines JOIN accounts ON accounts.id = pipelines.owner_id");

    private static Sql Select(Principal who) => Sql.Part(
        $"""
        SELECT {Columns}, m.role, CASE WHEN EXISTS (
                 SELECT 1 FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id WHERE c.pipeline_id = pipelines.id AND {Access.SeesApp(who)}
               ) THEN 1 ELSE 0 END AS sees_an_app
          {Tables}
          LEFT JOIN team_members m ON m.team_id = pipelines.owner_id AND m.account_id = {who.Account}
        """);

    private static PipelineAccess ReadAccess(Row row, Principal who)
    {
        var pipeline = Read(row);
        return new PipelineAccess(pipeline, Access.OnPipeline(pipeline.Owner == who.Account, TeamRoles.Parse(row.TextOrNull("role")), row.Flag("sees_an_app")));
    }

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

    internal static Pipeline Read(Row row) => new()
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
        Stages = JsonSerializer.Deserialize<ImmutableArray<string>>(row.Text("stages")),
        App = new AppId(row.Guid("app_id")),
        AppName = row.Text("app_name"),
        Stage = row.Text("stage"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
