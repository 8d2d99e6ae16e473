using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Wire;

namespace Sluice.Api;

internal static class PromotionsApi
{
    public static void MapPromotions(this IEndpointRouteBuilder api)
    {
        api.MapPost("/pipeline-promotions", Create).AskedInside(Permission.Deploy);
        api.MapGet("/pipeline-promotions/{promotion}", Info).AskedInside(Permission.View);
        api.MapGet("/pipeline-promotions/{promotion}/promotion-targets", Targets).AskedInside(Permission.View);
    }

    /// <summary>Answers when the promotion is accepted, durably. Without targets it goes to all apps of the next stage.</summary>
    private static async Task<Created<PromotionWire>> Create(
        RequestBody body, Principal who, Promoter promoter, PipelineCatalog pipelines, ReleaseLedger ledger, Lookup lookup, CancellationToken ct)
    {
        var source = body.Part("source");
        var (pipelineName, sourceName, releaseName) = (body.Reference("pipeline"), source.NeedReference("app"), source.Reference("release"));
        string[] targetNames = [.. body.Items("targets").Select(target => target.NeedReference("app")).Distinct(StringComparer.Ordinal)];
        var skip = body.Flag("skip") ?? false;
        var (allOrNothing, ifCurrent) = (body.Flag("all_or_nothing") ?? false, source.Flag("if_current") ?? false);
        if (ifCurrent && releaseName is null)
            body.Fault("source.if_current asks whether the release that you looked at is still the current one: name it in source.release, too.");
        if (body.IsEmptyList("targets"))
            body.Fault("targets is empty: name the apps in it, or leave it out to promote to all that come next.");
        body.RefuseFaults();

        var faults = new Faults();
        var app = await faults.TryAsync(() => lookup.AppAsync(sourceName, Permission.View, who, ct));
        var pipeline = pipelineName is null ? null : await faults.TryAsync(() => pipelines.GetAsync(pipelineName, Permission.View, who, ct));
        var release = releaseName is null || app is null ? null : await faults.TryAsync(async () =>
            await ledger.FindAsync(app.Id, releaseName, ct) ?? throw Refuse.NotFound("release", releaseName));
        var targets = new List<AppId>();
        foreach (var name in targetNames)
        {
            if (await faults.TryAsync(() => lookup.AppAsync(name, Permission.Deploy, who, ct)) is { } target)
                targets.Add(target.Id);
        }
        if (app is null)
            faults.Refuse();
        // What cannot be found is told with all else that is wrong.
        var request = new PromotionRequest(pipeline?.Id, app!.Id, release?.Id, [.. targets], skip, ifCurrent && release is not null, allOrNothing)
        {
            AreTargetsNamed = targetNames.Length > 0,
        };
        var made = await promoter.PromoteAsync(request, faults.All, who, ct);
        return TypedResults.Created($"/pipeline-promotions/{made.Id}", made.ToWire());
    }

    private static async Task<PromotionWire> Info(string promotion, Principal who, Promoter promoter, Lookup lookup, CancellationToken ct) =>
        (await FindAsync(promotion, who, promoter, lookup, ct)).ToWire();

    /// <summary>Those whose app the caller may see.</summary>
    private static async Task<IReadOnlyList<PromotionTargetWire>> Targets(
        HttpContext http, string promotion, Principal who, Promoter promoter, Lookup lookup, CancellationToken ct)
    {
        var all = (await FindAsync(promotion, who, promoter, lookup, ct)).Targets;
        var seen = (await lookup.AppsAsync(all.Select(target => target.App), who, ct)).Select(app => app.Id).ToHashSet();
        return Page.Of(http, [.. all.Where(target => seen.Contains(target.App))], ToWire, new Key<PromotionTarget>("id", target => target.Id.ToString()));
    }

    /// <summary>Seen by who made it, and by who may see its source.</summary>
    private static async Task<Promotion> FindAsync(string id, Principal who, Promoter promoter, Lookup lookup, CancellationToken ct)
    {
        var found = Guid.TryParse(id, out var guid) ? await promoter.FindAsync(new PromotionId(guid), ct) : null;
        found = found ?? throw Refuse.NotFound("pipeline promotion", id);
        if (found.User != who.Account && (await lookup.AppsAsync([found.Source], who, ct)).IsEmpty)
            throw Refuse.NotFound("pipeline promotion", id);
        return found;
    }

    private static PromotionWire ToWire(this Promotion promotion) => new()
    {
        Id = promotion.Id.Value,
        Pipeline = promotion.Pipeline is { } pipeline ? new IdWire(pipeline.Value) : null,
        Source = new PromotionSourceWire(new IdWire(promotion.Source.Value), new IdWire(promotion.SourceRelease.Value)),
        AllOrNothing = promotion.AllOrNothing,
        Status = promotion.Status,
        CreatedAt = promotion.CreatedAt,
        UpdatedAt = promotion.UpdatedAt,
    };

    private static PromotionTargetWire ToWire(PromotionTarget target) => new()
    {
        Id = target.Id,
        App = new IdWire(target.App.Value),
        PipelinePromotion = new IdWire(target.Promotion.Value),
        Release = target.Release is { } release ? new IdWire(release.Value) : null,
        Status = target.Status,
        ErrorMessage = target.ErrorMessage,
        Note = target.Note,
    };
}
