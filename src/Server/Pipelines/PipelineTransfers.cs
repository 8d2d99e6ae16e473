using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Pipelines;

/// <summary>
/// Hands a pipeline, with those of its apps that have the same owner, to another owner. A person's may go to a team that they are in, a team's to
/// anybody in it, a person's never straight to another person; a team or person that owns apps in the pipeline may own it, too.
/// </summary>
public sealed class PipelineTransfers(Db db, TimeProvider clock)
{
    /// <returns>The pipeline as it was before, and as it is.</returns>
    /// <exception cref="RefusedException">Forbidden, with the rule; nothing was changed.</exception>
    public Task<(Pipeline Before, Pipeline After)> TransferAsync(PipelineId pipeline, string newOwner, bool toTeam, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.WriteAsync(
            new Act("pipeline.transfer", pipeline.ToString(), who.Account, null, who.RequestId),
            tx =>
            {
                var mine = PipelineCatalog.FindAccess(tx, pipeline, who) ?? throw Refuse.NotFound("pipeline", pipeline.ToString());
                mine.Demand(Permission.Own);
                var before = mine.Pipeline;
                var to = RecipientOf(tx, newOwner, toTeam);
                if (WhyNot(tx, before, to) is { } why)
                    throw Refuse.Forbidden(why);
                tx.Execute($"UPDATE pipelines SET owner_id = {to.Id}, updated_at = {now} WHERE id = {pipeline}");
                foreach (var app in AppsOf(tx, before))
                {
                    tx.LockApp(app.Id);
                    AppTransferTable.Move(tx, app, to, now);
                }

                AppTransferTable.NoteForeign(tx, Sql.Part($"pipeline_id = {pipeline}"));
                return (before, before with { Owner = to.Id, OwnerEmail = to.Email, UpdatedAt = now });
            },
            ct);
    }

    private static string? WhyNot(Tx tx, Pipeline pipeline, Recipient to)
    {
        if (to.Id == pipeline.Owner)
            return $"Pipeline {pipeline.Name} belongs to {Shown(to)} already.";
        if (pipeline.Team is null && !to.IsTeam)
            return $"Pipeline {pipeline.Name} is yours: it can go to a team that you are in, never straight to another person. Make a team with them, and hand it to that.";
        if (OwnsAnApp(tx, pipeline.Id, to.Id))
            return null;
        return to.IsTeam switch
        {
            true when pipeline.Team is not null => $"Pipeline {pipeline.Name} belongs to team {pipeline.Team}: it can go to somebody in that team, or to a team that owns apps in it.",
            true => TeamTable.RoleOf(tx, to.Id, pipeline.Owner).MayBring() ? null : $"Pipeline {pipeline.Name} can only go to a team that you are an admin or a member of.",
            false => TeamTable.RoleOf(tx, pipeline.Owner, to.Id).IsInside() ? null : $"Pipeline {pipeline.Name} belongs to team {pipeline.Team}, and {to.Email} is not in it: add them to the team first.",
        };
    }

    private static Recipient RecipientOf(Tx tx, string id, bool toTeam) => tx.Find(
        $"SELECT id, email FROM accounts WHERE (id = {id} OR email = {id}) AND kind = {(toTeam ? "team" : "person")} AND closed_at IS NULL",
        row => new Recipient(new AccountId(row.Guid("id")), row.Text("email"), toTeam))
        ?? throw Refuse.Forbidden($"There is no {(toTeam ? "team" : "account")} {id} that the pipeline could go to.");

    private static bool OwnsAnApp(Tx tx, PipelineId pipeline, AccountId owner) => tx.Find(
        $"SELECT apps.id FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id WHERE c.pipeline_id = {pipeline} AND apps.owner_id = {owner} LIMIT 1", _ => true);

    private static IEnumerable<App> AppsOf(Tx tx, Pipeline pipeline) => tx.List(
        $"""
        SELECT {AppCatalog.Columns} {AppCatalog.Tables} JOIN pipeline_couplings c ON c.app_id = apps.id
         WHERE c.pipeline_id = {pipeline.Id} AND apps.owner_id = {pipeline.Owner} ORDER BY apps.id
        """, AppCatalog.Read);

    private static string Shown(Recipient to) => to.IsTeam ? $"team {Team.NameOf(to.Email)}" : to.Email;
}
