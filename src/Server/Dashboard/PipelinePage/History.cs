using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Storage;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>One thing that was done in a pipeline, or to an app of it.</summary>
/// <param name="Id">The same for ever: it is part of a permanent link.</param>
/// <param name="Kind">deploy, promotion, rollback, config, transfer or other: what it is filtered by.</param>
/// <param name="Href">Where it can be looked at; null when nowhere.</param>
public sealed record Deed(string Id, DateTimeOffset At, string Kind, string Sign, string? App, string Title, string Text, string By, string? Href)
{
    /// <summary>The promotion that made it; null when none did.</summary>
    public PromotionId? Promotion { get; init; }

    /// <summary>Why it failed, in a sentence; null when it did not.</summary>
    public string? Failure { get; init; }
}

/// <summary>Which deeds somebody wants to see; an empty text means all.</summary>
public sealed record HistoryFilter(string Kind, string App, DateTimeOffset Before);

/// <summary>What was done in a pipeline, newest first: the ledgers of its apps, and the event trail for the rest. Only of apps that the caller may see.</summary>
internal sealed class History(Db db, PipelineCatalog pipelines, People people)
{
    public const int PageSize = 60;
    public static readonly ImmutableArray<string> Kinds = ["deploy", "promotion", "rollback", "config", "transfer", "other"];

    /// <summary>With the names of the apps that it can be narrowed to.</summary>
    public async Task<(ImmutableArray<string> Apps, ImmutableArray<Deed> Deeds)> OfAsync(Pipeline pipeline, HistoryFilter filter, Principal who, CancellationToken ct)
    {
        var all = (await pipelines.CouplingsAsync(pipeline.Id, who, ct)).ToDictionary(c => c.App, c => c.AppName);
        var apps = filter.App.Length == 0 ? all : all.Where(a => a.Value == filter.App).ToDictionary();
        var deeds = new List<Deed>();
        if (filter.Kind is not ("other" or "transfer") && apps.Count > 0)
            deeds.AddRange(await ReleasesAsync(apps, filter, ct));
        if (filter.Kind is "other" or "transfer" or "")
            deeds.AddRange(await EventsAsync(pipeline, apps, filter, ct));
        return ([.. all.Values.Order(StringComparer.Ordinal)], [.. deeds.OrderByDescending(d => d.At).Take(PageSize)]);
    }

    private async Task<IEnumerable<Deed>> ReleasesAsync(Dictionary<AppId, string> apps, HistoryFilter filter, CancellationToken ct)
    {
        var wanted = filter.Kind.Length == 0 ? Sql.Part($"reason <> 'initial'") : Sql.Part($"reason = {filter.Kind}");
        var rows = await db.ListAsync(
            $"""
            SELECT id, app_id, version, slug_id, reason, description, status, step, failure, has_output, group_id, user_id, created_at, updated_at
              FROM releases WHERE app_id IN {Sql.In([.. apps.Keys])} AND created_at < {filter.Before} AND {wanted} ORDER BY created_at DESC LIMIT {PageSize}
            """, ReleaseRow.Read, ct);
        var names = await people.NamesAsync(rows.Select(r => r.User), ct);
        var promotions = await PromotionsAsync([.. rows.Where(r => r.Reason == ReleaseReason.Promotion).Select(r => r.Id)], ct);
        return rows.Select(r => new Deed(
            r.Id.ToString(), r.CreatedAt, ReleaseRow.Word(r.Reason), Shell.Words.StateWord(r), apps[r.App], $"{apps[r.App]} v{r.Version}",
            r.Description, names[r.User], $"/dashboard/apps/{apps[r.App]}/activity/v{r.Version}")
        {
            Failure = r.Failure is { } failure ? Shell.Words.First(failure) : null,
            Promotion = promotions.TryGetValue(r.Id, out var promotion) ? promotion : null,
        });
    }

    private async Task<Dictionary<ReleaseId, PromotionId>> PromotionsAsync(ReleaseId[] releases, CancellationToken ct) => releases.Length == 0 ? []
        : (await db.ListAsync(
            $"SELECT release_id, promotion_id FROM promotion_targets WHERE release_id IN {Sql.In(releases)}",
            row => (Release: new ReleaseId(row.Guid("release_id")), Promotion: new PromotionId(row.Guid("promotion_id"))), ct)).ToDictionary(row => row.Release, row => row.Promotion);

    private async Task<IEnumerable<Deed>> EventsAsync(Pipeline pipeline, Dictionary<AppId, string> apps, HistoryFilter filter, CancellationToken ct)
    {
        var ofPipeline = filter.App.Length == 0 ? Sql.Part($"subject = {pipeline.Id}") : Sql.Part($"1 = 0");
        var ofApps = apps.Count == 0 ? Sql.Part($"1 = 0") : Sql.Part($"app_id IN {Sql.In([.. apps.Keys])}");
        var rows = await db.ListAsync(
            $"""
            SELECT id, at, account_id, what, app_id, data FROM events
             WHERE ({ofPipeline} OR {ofApps}) AND at < {filter.Before} AND {OfKind(filter.Kind)}
               AND (what LIKE 'pipeline.%' OR what LIKE 'transfer.%' OR what LIKE 'access.%' OR what LIKE 'domain.%' OR what LIKE 'edge.%'
                    OR what IN ('app.create', 'app.update', 'app.transfer', 'formation.update', 'buildpacks.update'))
             ORDER BY id DESC LIMIT {PageSize}
            """,
            row => (Id: row.Long("id"), At: row.Time("at"), Who: row.GuidOrNull("account_id"), What: row.Text("what"), App: row.GuidOrNull("app_id"), Data: row.Text("data")), ct);
        var names = await people.NamesAsync(rows.Select(r => r.Who).OfType<Guid>().Select(id => new AccountId(id)), ct);
        return rows.Select(r => (Row: r, Words: EventWords.Of(r.What, r.Data))).Where(e => e.Words is not null).Select(e =>
        {
            var r = e.Row;
            var app = r.App is { } id ? apps.GetValueOrDefault(new AppId(id)) : null;
            return new Deed($"e{r.Id}", r.At, IsTransfer(r.What) ? "transfer" : "other", "off", app, app ?? pipeline.Name, e.Words!, r.Who is { } by ? names[new AccountId(by)] : "Sluice", app is null ? null : $"/dashboard/apps/{app}");
        });
    }

    private static Sql OfKind(string kind) => kind switch
    {
        "transfer" => Sql.Part($"(what LIKE 'transfer.%' OR what IN ('app.transfer', 'pipeline.transfer'))"),
        "other" => Sql.Part($"what NOT LIKE 'transfer.%' AND what NOT IN ('app.transfer', 'pipeline.transfer')"),
        _ => Sql.Part($"1 = 1"),
    };

    private static bool IsTransfer(string what) => what.StartsWith("transfer.", StringComparison.Ordinal) || what is "app.transfer" or "pipeline.transfer";
}
