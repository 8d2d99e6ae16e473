using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Runtime;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>Gathers what stands on the preview of a promotion. It decides nothing: the promotion itself checks all of it again.</summary>
internal sealed class PreviewFacts(PipelineCatalog catalog, Downstreams downstreams, AppCatalog apps, AppFacts facts, Commits commits)
{
    private const int CommitsShown = 100;

    /// <param name="stage">Where to; null for where it goes by itself.</param>
    /// <param name="chosen">Names of apps to tick; empty for all that can be.</param>
    public async Task<PreviewView> OfAsync(PipelineAccess access, string from, string? stage, IReadOnlyCollection<string> chosen, Principal who, CancellationToken ct)
    {
        var couplings = await catalog.CouplingsAsync(access.Pipeline.Id, who, ct);
        var own = couplings.FirstOrDefault(c => c.AppName == from) ?? throw Refuse.NotFound("app", from);
        if (!(await facts.OfAsync([own.App], who, ct)).TryGetValue(own.App, out var source))
            throw Refuse.NotFound("app", from);
        var (to, ids, whyNowhere) = stage is null ? Where(await downstreams.OfAsync(source.App, who, ct))
            : (stage, [.. couplings.Where(c => c.Stage == stage && c.App != own.App).Select(c => c.App)], $"No app is in {stage}. Add one to it first.");
        var known = await facts.OfAsync(ids, who, ct);
        var keys = new KeyNames(apps);
        var targets = ImmutableArray.CreateBuilder<PreviewTarget>();
        foreach (var app in ids.Where(known.ContainsKey).Select(id => known[id]).OrderBy(a => a.Name, StringComparer.Ordinal))
            targets.Add(await TargetAsync(source, app, chosen, keys, ct));
        var most = targets.Where(t => t.Difference is not null).MaxBy(t => (t.Difference!.Ahead, t.Difference.FilesChanged))?.Difference;
        return new PreviewView
        {
            Access = access, Source = source, Stage = own.Stage, To = to, Targets = targets.ToImmutable(), Most = most,
            Commits = most?.Commits is { } diff ? [.. diff.Ahead.Take(CommitsShown)] : [],
            CommitCount = most?.Ahead ?? 0,
            Risks = [.. Risks(source, targets, most)],
            Same = [.. Same(source, targets, most)],
            Nothing = source.Slug is null ? $"{source.Name} has nothing to promote yet: push to it first."
                : targets.Count == 0 ? whyNowhere
                : targets.All(t => t.WhyNot is not null) ? targets[0].WhyNot : null,
        };
    }

    private static (string To, ImmutableArray<AppId> Apps, string? WhyNowhere) Where(Downstream downstream) => (
        downstream.Stage ?? (downstream.Apps is [var named] ? named.Name : "nowhere"), [.. downstream.Apps.Select(a => a.Id)], downstream.WhyNot);

    private async Task<PreviewTarget> TargetAsync(AppFact source, AppFact target, IReadOnlyCollection<string> chosen, KeyNames keys, CancellationToken ct)
    {
        var why = target.Access.WhyNot(Permission.Deploy);
        var isSame = source.Slug is not null && target.Slug?.Digest == source.Slug.Digest;
        return new PreviewTarget(
            target, why is null && (chosen.Count == 0 || chosen.Contains(target.Name)), why, isSame,
            source.Slug is null || isSame ? null : await BetweenAsync(source, target, ct), await keys.DriftAsync(source, target, ct),
            (target.Newest?.Version ?? 0) + 1, source.Slug?.ProcessTypes.GetValueOrDefault(ReleasePhase.ProcessType),
            target.Dynos.FirstOrDefault(d => d.Type == "web")?.Wanted ?? 0);
    }

    private async Task<Difference?> BetweenAsync(AppFact up, AppFact down, CancellationToken ct)
    {
        try
        {
            return await commits.BetweenAsync(up.App.Id, up.Slug!, down.App.Id, down.Slug, withFiles: true, ct);
        }
        catch (AgentException)
        {
            return null;   // files cannot be compared now; the page stands without them
        }
    }

    private static IEnumerable<Risk> Risks(AppFact source, IReadOnlyList<PreviewTarget> targets, Difference? most)
    {
        foreach (var target in targets.Where(t => t.Drift is { There.IsEmpty: false }))
        {
            var missing = target.Drift!.There;
            yield return new Risk("key", $"{Shell.Words.List(missing)} {(missing.Length == 1 ? "is" : "are")} missing on {target.Fact.Name}.", $"{source.Name} has {(missing.Length == 1 ? "it" : "them")}.",
                $"/dashboard/apps/{target.Fact.Name}/settings", "Set it first");
        }

        if (most is { Migrations.Length: > 0 and var count })
            yield return new Risk("table", $"{Shell.Ages.Count(count, "migration")}.", "A rollback brings back the old slug, not the old tables.");
        foreach (var target in targets.Where(t => t.Fact.Slug is { } now && now.Stack != source.Slug!.Stack))
            yield return new Risk("table", $"{target.Fact.Name} runs on another stack.", $"{target.Fact.Slug!.Stack} becomes {source.Slug!.Stack}.");
        foreach (var change in targets.Where(t => t.Fact.Slug is not null).GroupBy(t => ProcfileChange.Between(t.Fact.Slug!, source.Slug!)?.Told).Where(c => c.Key is not null))
            yield return new Risk("table", $"The Procfile of {Shell.Words.List([.. change.Select(t => t.Fact.Name)])} changes.", change.Key!);
        foreach (var target in targets.Where(t => t.Difference is { Ahead: 0, Behind: > 0 }))
            yield return new Risk("back", $"{target.Fact.Name} is {Shell.Ages.Count(target.Difference!.Behind, "commit")} ahead.", "This takes them back.");
    }

    private static IEnumerable<string> Same(AppFact source, IReadOnlyList<PreviewTarget> targets, Difference? most)
    {
        if (source.Slug is not { } slug || targets.Count == 0)
            yield break;
        var running = targets.Select(t => t.Fact.Slug).OfType<Slugs.Slug>().ToArray();
        if (running.Length > 0 && running.All(s => s.Stack == slug.Stack))
            yield return $"Stack, {slug.Stack}";
        if (running.Length > 0 && running.All(s => s.ProcessTypes.SequenceEqual(slug.ProcessTypes)))
            yield return "Procfile";
        if (targets.All(t => t.Drift is null && t.Fact.Access.Granted.Has(Permission.Deploy)) && source.Access.Granted.Has(Permission.Deploy))
            yield return "Names of config vars";
        if (most is { Files: not null, Migrations.IsEmpty: true })
            yield return "No migrations";
    }
}
