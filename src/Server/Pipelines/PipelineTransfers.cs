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
                var to = toTeam ? TeamOf(tx, newOwner, before) : PersonOf(tx, newOwner);
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
            true => pipeline.Team is null && TeamTable.RoleOf(tx, to.Id, pipeline.Owner).MayBring() ? null : NoSuchTeam(pipeline),
            false => TeamTable.RoleOf(tx, pipeline.Owner, to.Id).IsInside() ? null : $"Pipeline {pipeline.Name} belongs to team {pipeline.Team}, and {to.Email} is not in it: add them to the team first.",
        };
    }

    /// <summary>The same for a team that there is not and for one that it may not go to: nobody learns here which teams there are.</summary>
    private static string NoSuchTeam(Pipeline pipeline) => pipeline.Team is { } team
        ? $"Pipeline {pipeline.Name} belongs to team {team}: it can go to somebody in that team, or to a team that owns apps in it."
        : $"Pipeline {pipeline.Name} can only go to a team that you are an admin or a member of, or that owns apps in it.";

    private static Recipient TeamOf(Tx tx, string id, Pipeline pipeline) =>
        Find(tx, id, "team") is { } team ? new Recipient(team.Id, team.Email, IsTeam: true) : throw Refuse.Forbidden(NoSuchTeam(pipeline));

    private static Recipient PersonOf(Tx tx, string id) =>
        Find(tx, id, "person") is { } person ? new Recipient(person.Id, person.Email, IsTeam: false)
            : throw Refuse.Forbidden($"There is no account {id} that the pipeline could go to.");

    private static Named? Find(Tx tx, string id, string kind) => tx.Find(
        $"SELECT id, email FROM accounts WHERE (id = {id} OR email = {id}) AND kind = {kind} AND closed_at IS NULL",
        row => new Named(new AccountId(row.Guid("id")), row.Text("email")));

    private sealed record Named(AccountId Id, string Email);

    private static bool OwnsAnApp(Tx tx, PipelineId pipeline, AccountId owner) => tx.Find(
        $"SELECT apps.id FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id WHERE c.pipeline_id = {pipeline} AND apps.owner_id = {owner} LIMIT 1", _ => true);

    private static IEnumerable<App> AppsOf(Tx tx, Pipeline pipeline) => tx.List(
        $"""
        SELECT {AppCatalog.Columns} {AppCatalog.Tables} JOIN pipeline_couplings c ON c.app_id = apps.id
         WHERE c.pipeline_id = {pipeline.Id} AND apps.owner_id = {pipeline.Owner} ORDER BY apps.id
        """, AppCatalog.Read);

    private static string Shown(Recipient to) => to.IsTeam ? $"team {Team.NameOf(to.Email)}" : to.Email;
}
