using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Pipelines;

/// <summary>The pipelines that someone may see, a page at a time: their own, those of their teams, and those with an app in it that they may see.</summary>
public sealed class PipelineList(Db db)
{
    public static readonly ImmutableArray<SortKey> Keys =
    [
        new("name", Sql.Part($"pipelines.name")),
        new("id", Sql.Part($"pipelines.id")),
        new("created_at", Sql.Part($"pipelines.created_at"), IsTime: true),
        new("updated_at", Sql.Part($"pipelines.updated_at"), IsTime: true),
    ];

    /// <summary>One more than the slice holds, when there is more.</summary>
    public Task<ImmutableArray<Pipeline>> PageAsync(Slice slice, Principal who, CancellationToken ct)
    {
        var key = Keys.FirstOrDefault(k => k.Name == slice.Key) ?? Keys[0];
        Sql sql =
            $"""
            SELECT id, name, owner_id, email, stages, created_at, updated_at FROM (
              SELECT {PipelineCatalog.Columns} {PipelineCatalog.Tables} WHERE pipelines.owner_id = {who.Account} AND {slice.Within(key)} {slice.Cut(key.Column)}) AS own
            UNION
            SELECT id, name, owner_id, email, stages, created_at, updated_at FROM (
              SELECT {PipelineCatalog.Columns} {PipelineCatalog.Tables} JOIN team_members m ON m.team_id = pipelines.owner_id
               WHERE m.account_id = {who.Account} AND m.role <> 'collaborator' AND {slice.Within(key)} {slice.Cut(key.Column)}) AS teams
            UNION
            SELECT id, name, owner_id, email, stages, created_at, updated_at FROM (
              SELECT {PipelineCatalog.Columns} {PipelineCatalog.Tables}
               WHERE pipelines.id IN (SELECT c.pipeline_id FROM collaborators k JOIN pipeline_couplings c ON c.app_id = k.app_id WHERE k.account_id = {who.Account})
                 AND {slice.Within(key)} {slice.Cut(key.Column)}) AS added
            UNION
            SELECT id, name, owner_id, email, stages, created_at, updated_at FROM (
              SELECT {PipelineCatalog.Columns} {PipelineCatalog.Tables}
               WHERE pipelines.id IN (
                       SELECT c.pipeline_id FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id WHERE c.is_foreign = 1 AND {Access.SeesApp(who)})
                 AND {slice.Within(key)} {slice.Cut(key.Column)}) AS foreigners
            {slice.Cut(Sql.Literal(key.Name))}
            """;
        return db.ListAsync(sql, PipelineCatalog.Read, ct);
    }
}
