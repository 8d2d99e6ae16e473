using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Jobs;
using Sluice.Releases;
using Sluice.Storage;

namespace Sluice.Pipelines;

/// <summary>What someone asks to promote. No targets: everything downstream of the source.</summary>
/// <param name="Pipeline">Null: the one that the source is in, if it is in one.</param>
/// <param name="Release">The release that the caller looked at: exactly that one, whatever the app runs by now. Null: the current one.</param>
/// <param name="Skip">A stage that was put between may be passed by.</param>
/// <param name="IfCurrent">Only if <paramref name="Release"/> is still the one that the source runs; a conflict otherwise.</param>
/// <param name="AllOrNothing">All targets flip together, or none does.</param>
public sealed record PromotionRequest(
    PipelineId? Pipeline, AppId Source, ReleaseId? Release, ImmutableArray<AppId> Targets, bool Skip = false, bool IfCurrent = false, bool AllOrNothing = false)
{
    /// <summary>The caller named targets, though perhaps none that it may promote to.</summary>
    public bool AreTargetsNamed { get; init; } = !Targets.IsDefaultOrEmpty;
}

/// <summary>
/// Promotes: 1. pins a release of the source; 2. checks everything and reports every fault together; 3. writes the promotion and adds a release
/// with that slug to each target, all in one transaction. From there each target is a release like any other, taken to its end by the releaser.
/// </summary>
public sealed class Promoter(Db db, ReleaseLedger ledger, Releaser releaser, TimeProvider clock, Func<SlugId, CancellationToken, Task<string?>> lackOf)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public Task<Promotion> PromoteAsync(PromotionRequest request, Principal who, CancellationToken ct) => PromoteAsync(request, [], who, ct);

    /// <summary>Durable when it returns; the targets are still on their way then.</summary>
    /// <param name="known">Faults that the caller has found already; they are told with those that are found here.</param>
    /// <exception cref="RefusedException">Nothing was changed: a sentence for every fault.</exception>
    public async Task<Promotion> PromoteAsync(PromotionRequest request, IReadOnlyCollection<RefusedException> known, Principal who, CancellationToken ct)
    {
        if (request is { IfCurrent: true, Release: null })
            throw Refuse.Invalid("if_current asks whether the release that you looked at is still the current one: name that release, too.");
        var id = PromotionId.New();
        using var span = PromotionSpan.Start(id);
        var lack = await LackAsync(request, ct);
        await db.WriteAsync(
            new Act("promotion.create", id.ToString(), who.Account, request.Source, who.RequestId),
            tx => Write(tx, id, Check(tx, request, known, lack, who), request, who, span),
            ct);
        var promotion = (await FindAsync(id, ct))!;
        span?.GoOn(promotion, EndOfAsync);
        releaser.Nudge();
        return promotion;
    }

    public async Task<Promotion?> FindAsync(PromotionId promotion, CancellationToken ct)
    {
        var targets = await TargetsAsync(promotion, ct);
        return await db.FindAsync(
            $"SELECT id, pipeline_id, source_app_id, source_release_id, user_id, all_or_nothing, created_at, updated_at FROM promotions WHERE id = {promotion}",
            row => Read(row, targets), ct);
    }

    /// <summary>In the order that they were asked for; empty when there is no such promotion.</summary>
    public Task<ImmutableArray<PromotionTarget>> TargetsAsync(PromotionId promotion, CancellationToken ct) => db.ListAsync(
        $"""
        SELECT t.id, t.promotion_id, t.app_id, releases.id AS release_id, COALESCE(releases.status, t.outcome) AS status,
               COALESCE(t.refusal, releases.failure, release_groups.failure) AS failure, release_queue.id AS queued_id,
               CASE WHEN {ReleaseLedger.OtherPackages} THEN 1 ELSE 0 END AS other_packages
          FROM promotion_targets t
          LEFT JOIN releases ON releases.id = t.release_id
          LEFT JOIN slugs ON slugs.id = releases.slug_id
          LEFT JOIN release_queue ON release_queue.id = t.release_id
          LEFT JOIN release_groups ON release_groups.id = t.promotion_id
         WHERE t.promotion_id = {promotion} ORDER BY t.id
        """, ReadTarget, ct);

    /// <summary>Before an app goes with its releases: what came of promotions to it stays known.</summary>
    public static void KeepOutcomes(Tx tx, AppId app) => tx.Execute(
        $"""
        UPDATE promotion_targets
           SET outcome = (SELECT CASE status WHEN 'succeeded' THEN 'succeeded' ELSE 'failed' END FROM releases WHERE releases.id = release_id),
               refusal = (SELECT failure FROM releases WHERE releases.id = release_id)
         WHERE app_id = {app} AND EXISTS (SELECT 1 FROM releases WHERE releases.id = release_id AND status <> 'pending')
        """);

    /// <summary>Waits until every target has ended.</summary>
    public async Task<Promotion> EndOfAsync(PromotionId promotion, CancellationToken ct)
    {
        while (true)
        {
            var change = ledger.Changed.Next;
            var now = await FindAsync(promotion, ct) ?? throw Refuse.NotFound("pipeline promotion", promotion.ToString());
            if (now.Status == "completed")
                return now;
            await Pulse.WaitAsync(change, LookEvery, clock, ct);
        }
    }

    private Checked Check(Tx tx, PromotionRequest request, IReadOnlyCollection<RefusedException> known, SlugLack? lack, Principal who)
    {
        var source = FindApp(tx, request.Source, who);
        var faults = new List<RefusedException>(known);
        var pipeline = PipelineOf(tx, request, source, who, faults);
        var paths = PathsOf(tx, pipeline, source);
        var targets = Targets(tx, request, paths, source, who, faults);
        var release = known.Any(fault => fault.Resource == "release") ? null : Pinned(tx, request, source, lack, faults);
        return faults.DistinctBy(fault => fault.Message).ToArray() switch
        {
            [] => new Checked(PipelineIn(request, pipeline, paths, targets), source, release!, targets),
            [var only] => throw only,
            var several => throw Refuse.Invalid(several.Select(f => f.Message)),
        };
    }

    private static Pipeline? PipelineOf(Tx tx, PromotionRequest request, KnownApp source, Principal who, List<RefusedException> faults)
    {
        var coupling = PipelineCatalog.Find(tx, source.Id);
        if (request.Pipeline is { } named && coupling?.Pipeline != named)
            faults.Add(PipelineCatalog.Find(tx, named, who) is { } other
                ? Refuse.Invalid($"{source.Name} is not in pipeline {other.Name}: add it first.")
                : Refuse.NotFound("pipeline", named.ToString()));
        return coupling is null ? null : PipelineCatalog.Find(tx, coupling.Pipeline);
    }

    private static PromotionPaths PathsOf(Tx tx, Pipeline? pipeline, KnownApp source)
    {
        var paths = pipeline is null ? PromotionPaths.Outside(source.Id, source.Name) : PipelineCatalog.Paths(tx, pipeline);
        return EdgeTable.Find(tx, source.Id) is { } edge ? paths.With(edge) : paths;
    }

    /// <summary>The pipeline that it is a promotion of: the one that was named, else the source's own if the targets are in it, too.</summary>
    private static PipelineId? PipelineIn(PromotionRequest request, Pipeline? pipeline, PromotionPaths paths, ImmutableArray<KnownApp> targets) =>
        request.Pipeline ?? (targets.All(t => paths.Apps.Any(a => a.App == t.Id)) ? pipeline?.Id : null);

    private static ImmutableArray<KnownApp> Targets(
        Tx tx, PromotionRequest request, PromotionPaths paths, KnownApp source, Principal who, List<RefusedException> faults)
    {
        var isNamed = request.AreTargetsNamed;
        var wanted = isNamed ? request.Targets : paths.DownstreamOf(source.Id);
        if (wanted.IsEmpty && faults.Count == 0)
            faults.Add(Refuse.Invalid(paths.WhyNowhere(source.Id)));
        var targets = ImmutableArray.CreateBuilder<KnownApp>();
        foreach (var id in wanted.Distinct())
        {
            try
            {
                var target = isNamed ? FindApp(tx, id, who) : FindDownstream(tx, id, source, paths, who);
                target.Access.Demand(Permission.Deploy);
                if (paths.WhyNot(source.Id, new PlacedApp(target.Id, target.Name, ""), request.Skip || !isNamed) is { } why)
                    throw Refuse.Invalid(why);
                targets.Add(target);
            }
            catch (RefusedException fault)
            {
                faults.Add(fault);
            }
        }
        return targets.ToImmutable();
    }

    /// <summary>Asked before the transaction, which holds no call to the agent. Should the source move on meanwhile, its new slug is a moment old.</summary>
    private async Task<SlugLack?> LackAsync(PromotionRequest request, CancellationToken ct)
    {
        var release = request.Release is { } named ? await ledger.FindAsync(named, ct) : await ledger.CurrentAsync(request.Source, ct);
        return release is { Slug: { } slug, Status: "succeeded" } && await lackOf(slug, ct) is { } why ? new SlugLack(slug, why) : null;
    }

    private Release? Pinned(Tx tx, PromotionRequest request, KnownApp source, SlugLack? lack, List<RefusedException> faults)
    {
        var release = request.Release is { } named ? ledger.Find(tx, named) : ledger.Current(tx, source.Id);
        if (request.Release is { } unknown && release?.App != source.Id)
            faults.Add(Refuse.NotFound("release", unknown.ToString()));
        else if (release is { Status: not "succeeded" })
            faults.Add(Refuse.Invalid($"v{release.Version} of {source.Name} {(release.IsTerminal ? "did not succeed" : "is not released yet")}, so it cannot be promoted."));
        else if (request.IfCurrent && ledger.Current(tx, source.Id) is var current && current?.Id != release?.Id)
            faults.Add(Refuse.Conflict($"{source.Name} moved on: it runs v{current?.Version} now, not v{release?.Version}. Look at v{current?.Version} and promote that."));
        else if (release?.Slug is null)
            faults.Add(Refuse.Invalid(request.Release is null || release is null
                ? $"{source.Name} has nothing to promote yet: push to it first."
                : $"v{release.Version} of {source.Name} has nothing to promote: it came before the first deploy."));
        else if (lack is not null && release.Slug == lack.Slug)
            faults.Add(Refuse.Invalid($"v{release.Version} of {source.Name} cannot be promoted: its slug {lack.Why}"));
        else
            return release;
        return null;
    }

    private void Write(Tx tx, PromotionId id, Checked promotion, PromotionRequest request, Principal who, PromotionSpan? span)
    {
        var now = clock.GetUtcNow();
        var (source, release) = (promotion.Source, promotion.Release);
        tx.Execute(
            $"""
            INSERT INTO promotions (id, pipeline_id, source_app_id, source_release_id, user_id, all_or_nothing, created_at, updated_at)
            VALUES ({id}, {promotion.Pipeline}, {source.Id}, {release.Id}, {who.Account}, {request.AllOrNothing}, {now}, {now})
            """);
        // Locks in the order of apps, so that two promotions never wait for each other. A source that must stand still is locked with its targets.
        foreach (var app in promotion.Targets.Append(source).Where(_ => request.IfCurrent).OrderBy(a => a.Id.Value))
            tx.LockApp(app.Id);
        // Ids in the order that was asked for.
        var rows = promotion.Targets.Select((target, place) => (Row: Guid.CreateVersion7(now.AddMilliseconds(place)), App: target, Release: ReleaseId.New())).ToArray();
        var group = request.AllOrNothing ? new ReleaseGroupId(id.Value) : (ReleaseGroupId?)null;
        if (group is { } together)
            ledger.OpenGroup(tx, together, [.. rows.Select(r => new GroupMember(r.Release, r.App.Name))]);
        foreach (var (row, target, added) in rows.OrderBy(r => r.App.Id.Value))
        {
            span?.Covers(added);
            ledger.Add(tx, new ReleaseRequest.Promotion(target.Id, who.Account, who.RequestId, release.Slug!.Value, source.Name, release.Version), added, group);
            tx.Execute($"INSERT INTO promotion_targets (id, promotion_id, app_id, release_id) VALUES ({row}, {id}, {target.Id}, {added})");
        }
    }

    /// <summary>One that the caller did not name: its id is not told to who may not see it.</summary>
    private static KnownApp FindDownstream(Tx tx, AppId app, KnownApp source, PromotionPaths paths, Principal who) => Lookup.Find(tx, app, who) is { } found
        ? new KnownApp(found.App.Id, found.App.Name, found)
        : throw Refuse.Forbidden(paths.WhyUnseen(source.Id));

    private static KnownApp FindApp(Tx tx, AppId app, Principal who)
    {
        var found = Lookup.Find(tx, app, who) ?? throw Refuse.NotFound("app", app.ToString());
        return new KnownApp(found.App.Id, found.App.Name, found);
    }

    private static Promotion Read(Row row, ImmutableArray<PromotionTarget> targets) => new()
    {
        Id = new PromotionId(row.Guid("id")),
        Pipeline = row.GuidOrNull("pipeline_id") is { } pipeline ? new PipelineId(pipeline) : null,
        Source = new AppId(row.Guid("source_app_id")),
        SourceRelease = new ReleaseId(row.Guid("source_release_id")),
        User = new AccountId(row.Guid("user_id")),
        AllOrNothing = row.Flag("all_or_nothing"),
        Targets = targets,
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };

    private static PromotionTarget ReadTarget(Row row)
    {
        var (status, error) = (row.TextOrNull("status"), row.TextOrNull("failure")) switch
        {
            ("succeeded", _) => ("succeeded", null),
            ("pending", _) => ("pending", null),
            (null, null) when row.GuidOrNull("queued_id") is not null => ("pending", null),
            (null, var why) => ("failed", why ?? "The app was destroyed before its release ended."),
            var (_, failure) => ("failed", failure),
        };
        return new PromotionTarget
        {
            Id = row.Guid("id"),
            Promotion = new PromotionId(row.Guid("promotion_id")),
            App = new AppId(row.Guid("app_id")),
            Release = row.GuidOrNull("release_id") is { } release ? new ReleaseId(release) : null,
            Status = status,
            ErrorMessage = error,
            Note = row.Flag("other_packages") ? Descriptions.OtherPackages : null,
        };
    }

    private sealed record SlugLack(SlugId Slug, string Why);

    private sealed record KnownApp(AppId Id, string Name, AppAccess Access);

    private sealed record Checked(PipelineId? Pipeline, KnownApp Source, Release Release, ImmutableArray<KnownApp> Targets);
}
