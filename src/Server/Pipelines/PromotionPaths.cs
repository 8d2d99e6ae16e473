using System.Collections.Immutable;

namespace Sluice.Pipelines;

/// <summary>An app in its stage.</summary>
public sealed record PlacedApp(AppId App, string Name, string Stage);

/// <summary>Where the apps of one pipeline promote to: rules alone, no records.</summary>
/// <param name="Pipeline">Its name; null for an app that is in none, which promotes along its own edge alone.</param>
public sealed record PromotionPaths(string? Pipeline, ImmutableArray<string> Stages, ImmutableArray<PlacedApp> Apps)
{
    /// <summary>Downstream apps that apps name themselves; they win over the order of stages, and may lie outside the pipeline.</summary>
    public ImmutableDictionary<AppId, AppId> Edges { get; init; } = ImmutableDictionary<AppId, AppId>.Empty;

    /// <summary>Of an app that is in no pipeline.</summary>
    public static PromotionPaths Outside(AppId app, string name) => new(null, [], [new PlacedApp(app, name, "")]);

    /// <summary>The same with what one app names itself.</summary>
    public PromotionPaths With(Edge edge) => this with { Edges = Edges.SetItem(edge.App, edge.Downstream) };

    /// <summary>Apps that <paramref name="source"/> promotes to when the caller names none: its own edge if it has one, else all apps of the very next
    /// stage, even if that is none (as Heroku's CLI does). Review is a stage as any other here: what is in it goes to the one after it. Empty for an app
    /// that has neither edge nor pipeline.</summary>
    public ImmutableArray<AppId> DownstreamOf(AppId source) =>
        Edges.TryGetValue(source, out var downstream) ? [downstream]
        : NextStage(source) is { } next ? [.. Apps.Where(a => a.Stage == next).Select(a => a.App)]
        : [];

    /// <summary>Apps that <paramref name="target"/> gets its slugs from: those that name it, and those of the nearest stage before its own that has any.</summary>
    public ImmutableArray<AppId> UpstreamOf(AppId target)
    {
        var before = Find(target) is { } app ? Stages.Take(Stages.IndexOf(app.Stage)).LastOrDefault(stage => Apps.Any(a => a.Stage == stage)) : null;
        return [.. Edges.Where(e => e.Value == target).Select(e => e.Key).Union(Apps.Where(a => a.Stage == before).Select(a => a.App))];
    }

    /// <summary>Why nothing is downstream of <paramref name="source"/>, a sentence. Ask when <see cref="DownstreamOf"/> is empty.</summary>
    public string WhyNowhere(AppId source) => Find(source) is not { } app ? $"The app is not in pipeline {Pipeline}: add it first."
        : Pipeline is null ? $"{app.Name} is in no pipeline and names no downstream app: add it to a pipeline, or name its downstream app."
        : NextStage(source) is { } next ? $"{app.Name} goes nowhere by itself: stage {next}, the one after {app.Stage}, is empty. Put an app into it (pipelines:add {Pipeline}), or name the apps (--to APP)."
        : $"{app.Name} goes nowhere by itself: {app.Stage} is the last stage of pipeline {Pipeline}. Name the apps (--to APP).";

    /// <summary>Why a promotion that names no apps does not go to one that its caller may not see: its name is not told.</summary>
    public string WhyUnseen(AppId source) =>
        $"{Find(source)?.Name ?? "The source"} promotes to an app that you may not see: name the apps to promote to, or ask for access to it. "
        + (Edges.ContainsKey(source) ? "Or let it promote to another app." : $"The owner of pipeline {Pipeline} sees which it is (sluice pipelines:info {Pipeline}) and can take it out.");

    /// <summary>Why <paramref name="target"/> may not get what <paramref name="source"/> runs, a sentence; null when it may.</summary>
    /// <param name="skip">The caller knows that it passes by a stage that was put between.</param>
    public string? WhyNot(AppId source, PlacedApp target, bool skip)
    {
        if (source == target.App)
            return $"{target.Name} cannot be promoted to itself.";
        if (Edges.TryGetValue(source, out var downstream) && downstream == target.App)
            return null;
        if (Find(source) is not { } from || Pipeline is null)
            return $"{Find(source)?.Name ?? "The source"} is in no pipeline and does not name {target.Name} as its downstream app: add both to a pipeline, or name it.";
        if (Find(target.App) is not { } to)
            return $"{target.Name} is not in pipeline {Pipeline}: add it there first.";
        var (start, end) = (Stages.IndexOf(from.Stage), Stages.IndexOf(to.Stage));
        if (end < start)
            return $"{to.Name} is in {to.Stage}, which comes before {from.Stage}: promotions go to the same stage or a later one.";
        var skipped = Stages.Skip(start + 1).Take(end - start - 1).FirstOrDefault(s => !Sluice.Pipelines.Stages.Default.Contains(s) && Apps.Any(a => a.Stage == s));
        return skipped is null || skip ? null : $"Promoting {from.Name} to {to.Name} would skip {skipped}, which has apps: promote there first, or pass it by with --skip (skip: true).";
    }

    /// <summary>The stage after the app's own, with apps or without; null after the last one, and for an app that is in no pipeline.</summary>
    public string? NextStage(AppId source) =>
        Find(source) is { } app && Stages.IndexOf(app.Stage) is >= 0 and var at && at + 1 < Stages.Length ? Stages[at + 1] : null;

    private PlacedApp? Find(AppId app) => Apps.FirstOrDefault(a => a.App == app);
}
