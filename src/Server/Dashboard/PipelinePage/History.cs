using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Storage;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>One thing that was done in a pipeline, or to an app of it.</summary>
/// <param name="Kind">deploy, promotion, rollback, config or other: what it is filtered by.</param>
/// <param name="Href">Where it can be looked at; null when nowhere.</param>
public sealed record Deed(DateTimeOffset At, string Kind, string Sign, string? App, string Title, string Text, string By, string? Href);

/// <summary>What was done in a pipeline, newest first: the ledgers of its apps, and the event trail for the rest. Only of apps that the caller may see.</summary>
internal sealed class History(Db db, PipelineCatalog pipelines, People people)
{
    public const int PageSize = 60;
    public static readonly ImmutableArray<string> Kinds = ["deploy", "promotion", "rollback", "config", "other"];

    public async Task<ImmutableArray<Deed>> OfAsync(Pipeline pipeline, string kind, DateTimeOffset before, Principal who, CancellationToken ct)
    {
        var apps = (await pipelines.CouplingsAsync(pipeline.Id, who, ct)).ToDictionary(c => c.App, c => c.AppName);
        var deeds = new List<Deed>();
        if (kind != "other" && apps.Count > 0)
            deeds.AddRange(await ReleasesAsync(apps, kind, before, ct));
        if (kind is "other" or "")
            deeds.AddRange(await EventsAsync(pipeline, apps, before, ct));
        return [.. deeds.OrderByDescending(d => d.At).Take(PageSize)];
    }

    private async Task<IEnumerable<Deed>> ReleasesAsync(Dictionary<AppId, string> apps, string kind, DateTimeOffset before, CancellationToken ct)
    {
        var wanted = kind.Length == 0 ? Sql.Part($"reason <> 'initial'") : Sql.Part($"reason = {kind}");
        var rows = await db.ListAsync(
            $"""
            SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
              FROM releases WHERE app_id IN {Sql.In([.. apps.Keys])} AND created_at < {before} AND {wanted} ORDER BY created_at DESC LIMIT {PageSize}
            """, ReleaseRow.Read, ct);
        var names = await people.NamesAsync(rows.Select(r => r.User), ct);
        return rows.Select(r => new Deed(
            r.CreatedAt, ReleaseRow.Word(r.Reason), Shell.Words.StateWord(r), apps[r.App], $"{apps[r.App]} v{r.Version}",
            r.Failure is { } failure ? $"{r.Description}. {Shell.Words.First(failure)}" : r.Description, names[r.User], $"/dashboard/apps/{apps[r.App]}/activity/v{r.Version}"));
    }

    private async Task<IEnumerable<Deed>> EventsAsync(Pipeline pipeline, Dictionary<AppId, string> apps, DateTimeOffset before, CancellationToken ct)
    {
        var ofApps = apps.Count == 0 ? Sql.Part($"1 = 0") : Sql.Part($"app_id IN {Sql.In([.. apps.Keys])}");
        var rows = await db.ListAsync(
            $"""
            SELECT at, account_id, what, app_id FROM events
             WHERE (subject = {pipeline.Id} OR {ofApps}) AND at < {before}
               AND (what LIKE 'pipeline.%' OR what LIKE 'transfer.%' OR what LIKE 'access.%' OR what LIKE 'domain.%' OR what LIKE 'edge.%'
                    OR what IN ('app.create', 'app.update', 'app.transfer', 'formation.update', 'buildpacks.update'))
             ORDER BY id DESC LIMIT {PageSize}
            """,
            row => (At: row.Time("at"), Who: row.GuidOrNull("account_id"), What: row.Text("what"), App: row.GuidOrNull("app_id")), ct);
        var names = await people.NamesAsync(rows.Select(r => r.Who).OfType<Guid>().Select(id => new AccountId(id)), ct);
        return rows.Where(r => Said(r.What) is not null).Select(r =>
        {
            var app = r.App is { } id ? apps.GetValueOrDefault(new AppId(id)) : null;
            return new Deed(r.At, "other", "off", app, app ?? pipeline.Name, Said(r.What)!, r.Who is { } by ? names[new AccountId(by)] : "Sluice", app is null ? null : $"/dashboard/apps/{app}");
        });
    }

    private static string? Said(string what) => what switch
    {
        "pipeline.create" => "Pipeline made",
        "pipeline.rename" => "Pipeline renamed",
        "pipeline.add" => "Put into the pipeline",
        "pipeline.move" => "Moved to another stage",
        "pipeline.remove" => "Taken out of the pipeline",
        "pipeline.transfer" => "Pipeline handed to another owner",
        "pipeline.stage.add" => "Stage added",
        "pipeline.stage.move" => "Stage moved",
        "pipeline.stage.remove" => "Stage removed",
        "edge.set" => "Downstream app named",
        "edge.remove" => "Downstream app taken away",
        "transfer.create" => "Offered to another owner",
        "transfer.accept" or "app.transfer" => "Handed to another owner",
        "access.add" => "Somebody was let in",
        "access.update" => "Somebody's permissions changed",
        "access.remove" => "Somebody was taken off",
        "domain.create" => "Domain added",
        "domain.destroy" => "Domain removed",
        "app.create" => "App made",
        "app.update" => "Name, stack or maintenance changed",
        "formation.update" => "Scaled",
        "buildpacks.update" => "Buildpacks changed",
        _ => null,
    };
}
