using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dashboard.Shell;
using Sluice.Pipelines;
using Sluice.Runtime;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>
/// Gathers what the page of a pipeline says: 1. its apps in their stages; 2. what each gate would bring; 3. how high the water stands; 4. the promotions;
/// 5. the one sentence. Nothing is decided here: what may be done is what the API would allow.
/// </summary>
internal sealed class PipelineFacts(
    PipelineCatalog catalog, EdgeTable edges, AppCatalog apps, AppFacts facts, MoveHistory moves, Commits commits, Lookup lookup)
{
    private const int MostTold = 3;

    public async Task<PipelineView> OfAsync(PipelineAccess access, MovesWindow window, Principal who, CancellationToken ct)
    {
        var couplings = await catalog.CouplingsAsync(access.Pipeline.Id, who, ct);
        var known = await facts.OfAsync(couplings.Select(c => c.App), who, ct);
        var placed = couplings.Where(c => known.ContainsKey(c.App)).ToLookup(c => c.Stage, c => known[c.App]);
        var recent = await window.LookAsync(moves, access.Pipeline.Id, who, ct);
        var line = access.Pipeline.Stages.Where(Levels.IsOnMainLine).Where(s => placed[s].Any()).ToArray();
        var keys = new KeyNames(apps);
        var head = line.Select(s => NewestOf(placed[s])).FirstOrDefault(a => a is not null);
        var levels = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var stage in line)
            levels[stage] = await LevelAsync(head, placed[stage], ct);
        var stages = ImmutableArray.CreateBuilder<StageView>();
        foreach (var stage in access.Pipeline.Stages)
        {
            var at = Array.IndexOf(line, stage);
            var next = at >= 0 && at + 1 < line.Length ? line[at + 1] : null;
            var gate = next is null ? DryGate(access, stage, at, placed[stage]) : await GateAsync(stage, placed[stage], next, placed[next], recent, keys, ct);
            var before = at > 0 ? line[at - 1] : null;
            var cards = await CardsAsync(access, stage, placed[stage], before is null ? null : NewestOf(placed[before]), before, keys, who, ct);
            stages.Add(new StageView(
                stage, Levels.IsOnMainLine(stage) ? levels.GetValueOrDefault(stage) : null, gate is null ? null : next is null ? 0 : levels[next],
                cards.IsEmpty && IsFoldedWhenEmpty(access.Pipeline, stage, line), cards, gate));
        }

        return new PipelineView
        {
            Access = access, Stages = stages.ToImmutable(), Moves = recent,
            Verdict = await VerdictAsync(line, placed, head, recent.FirstOrDefault(m => m.IsRunning)?.Promotion.Id, ct),
        };
    }

    /// <summary>Of several apps, the one that was released to last.</summary>
    private static AppFact? NewestOf(IEnumerable<AppFact> apps) => apps.Where(a => a.Slug is not null).MaxBy(a => a.Slug!.CreatedAt);

    /// <summary>Production always stands open, since it is where everything goes; others only once they are used, but for the one to begin with.</summary>
    private static bool IsFoldedWhenEmpty(Pipeline pipeline, string stage, string[] line) =>
        stage != pipeline.Stages[^1] && !(line.Length == 0 && stage == "staging");

    private async Task<int> LevelAsync(AppFact? head, IEnumerable<AppFact> apps, CancellationToken ct)
    {
        var lowest = Levels.Newest;
        foreach (var app in apps)
        {
            var level = head is null || app.Slug is null ? Levels.Dry
                : Levels.Of(app.Slug.Digest == head.Slug!.Digest, (await BetweenAsync(head, app, withFiles: false, ct)).Commits?.AheadBy);
            lowest = Math.Min(lowest, level);
        }

        return lowest;
    }

    /// <summary>The last stage with apps, when something could come after it: where a promotion would go is still empty.</summary>
    private static GateView? DryGate(PipelineAccess access, string stage, int at, IEnumerable<AppFact> apps) =>
        at < 0 || access.Pipeline.Stages.IndexOf(stage) is var place && place + 1 >= access.Pipeline.Stages.Length ? null
        : new GateView { Kind = GateKind.Dry, From = stage, To = access.Pipeline.Stages[^1], Source = NewestOf(apps) };

    private async Task<GateView> GateAsync(
        string from, IEnumerable<AppFact> upstream, string to, IEnumerable<AppFact> downstream, ImmutableArray<MoveView> recent, KeyNames keys, CancellationToken ct)
    {
        AppFact[] targets = [.. downstream];
        var gate = new GateView { Kind = GateKind.Dry, From = from, To = to, Source = NewestOf(upstream) };
        if (gate.Source is not { Slug: { } slug } source)
            return gate;
        gate = gate with { WhyNot = targets.Any(t => t.Access.Granted.Has(Permission.Deploy)) ? null : targets[0].Access.WhyNot(Permission.Deploy) };
        if (recent.FirstOrDefault(m => m.IsRunning && m.Targets.Any(t => targets.Any(app => app.App.Id == t.Target.App))) is { } running)
            gate = gate with { Kind = GateKind.Open, Promotion = running.Promotion.Id };
        var others = targets.Where(t => t.Slug?.Digest != slug.Digest).ToArray();
        if (others.Length == 0)
            return gate with { Kind = gate.Kind == GateKind.Open ? GateKind.Open : GateKind.Level, LevelSince = targets.Max(t => t.Current!.CreatedAt) };
        var differences = await Task.WhenAll(others.Select(t => BetweenAsync(source, t, withFiles: true, ct)));
        var drifts = await Task.WhenAll(targets.Select(t => keys.DriftAsync(source, t, ct)));
        return gate with
        {
            Kind = gate.Kind == GateKind.Open ? GateKind.Open : GateKind.Shut,
            IsFirst = others.All(t => t.Slug is null),
            FirstFor = others.Length == targets.Length || !others.All(t => t.Slug is null) ? null : others is [var one] ? one.Name : Ages.Count(others.Length, "app"),
            Most = differences.MaxBy(d => (d.Ahead, d.FilesChanged, d.Behind)),
            StackChanges = others.Any(t => t.Slug is { } now && now.Stack != slug.Stack),
            ProcfileChanges = others.Any(t => t.Slug is { } now && !now.ProcessTypes.SequenceEqual(slug.ProcessTypes)),
            Keys = [.. drifts.SelectMany(d => d is null ? [] : d.Here.Concat(d.There)).Distinct().Order(StringComparer.Ordinal)],
        };
    }

    private async Task<ImmutableArray<CardView>> CardsAsync(
        PipelineAccess access, string stage, IEnumerable<AppFact> apps, AppFact? upstream, string? before, KeyNames keys, Principal who, CancellationToken ct)
    {
        AppFact[] all = [.. apps];
        var downstream = all.Length == 0 ? [] : (await edges.OfPipelineAsync(access.Pipeline.Id, ct)).ToDictionary(e => e.App, e => e.Downstream);
        var named = (await lookup.AppsAsync(downstream.Values, who, ct)).ToDictionary(a => a.Id, a => a.Name);
        var cards = ImmutableArray.CreateBuilder<CardView>();
        foreach (var app in all.OrderBy(a => a.Name, StringComparer.Ordinal))
        {
            var isOther = upstream is { Slug: not null } && app.Slug is not null && app.Slug.Digest != upstream.Slug.Digest;
            var drift = upstream is null ? null : await keys.DriftAsync(upstream, app, ct);
            cards.Add(new CardView(
                app, stage, isOther && all.Length > 1 ? await BetweenAsync(upstream!, app, withFiles: false, ct) : null, before, upstream?.Name,
                drift, drift is null && upstream is not null && KeyNames.MayRead(upstream, app),
                downstream.TryGetValue(app.App.Id, out var to) ? named.GetValueOrDefault(to) : null,
                app.Access.WhyNot(Permission.Operate) ?? access.WhyNot(Permission.Operate)));
        }

        return cards.ToImmutable();
    }

    private async Task<Difference> BetweenAsync(AppFact up, AppFact down, bool withFiles, CancellationToken ct)
    {
        try
        {
            return await commits.BetweenAsync(up.App.Id, up.Slug!, down.App.Id, down.Slug, withFiles, ct);
        }
        catch (AgentException)
        {
            return new Difference(null, null);   // files cannot be compared now; the page stands without them
        }
    }

    private async Task<Verdict> VerdictAsync(string[] line, ILookup<string, AppFact> placed, AppFact? head, PromotionId? running, CancellationToken ct)
    {
        if (line.Length == 0)
            return new Verdict("No app is in a stage yet.", "Add one below; it keeps its own config and its own git repository.");
        if (head is null)
            return new Verdict("Nothing was pushed yet.", $"Push to {placed[line[0]].First().Name}, and its code appears here.");
        var (first, last) = (Shell.Words.Stage(line[0]), Shell.Words.Stage(line[^1]));
        if (line.Length == 1)
            return new Verdict($"Only {line[0]} has an app.", "Add one to a later stage, and promote to it.");
        var others = placed[line[^1]].Where(a => a.Slug?.Digest != head.Slug!.Digest).ToArray();
        if (others.Length == 0)
            return new Verdict($"{last} runs what {line[0]} runs", "for", Since: placed[line[^1]].Max(a => a.Current!.CreatedAt), Promotion: running);
        var differences = await Task.WhenAll(others.Select(a => BetweenAsync(head, a, withFiles: false, ct)));
        var pairs = others.Zip(differences).OrderByDescending(p => p.First.Slug is not null).ThenByDescending(p => p.Second.Ahead).ToArray();
        var told = pairs.Take(MostTold).Select((p, i) => Told(p.First, p.Second, isFirst: i == 0)).Append(pairs.Length > MostTold ? $"{pairs.Length - MostTold} more differ" : "").Where(t => t.Length > 0).ToArray();
        return new Verdict($"{last} runs other code than {line[0]}:", $"{Shell.Words.List(told)}.", differences.Select(d => d.Oldest).Min(), Promotion: running);
    }

    private static string Told(AppFact app, Difference difference, bool isFirst) =>
        app.Slug is null ? $"{app.Name} runs nothing yet"
        : difference.Commits is null ? $"{app.Name} differs in {Shell.Ages.Count(difference.FilesChanged, "file")}"
        : difference.Ahead == 0 ? $"{app.Name} is {Shell.Ages.Count(difference.Behind, "commit")} ahead of it"
        : isFirst ? $"{app.Name} is {Shell.Ages.Count(difference.Ahead, "commit")} behind" : $"{app.Name} {difference.Ahead}";   // "shop-us is 5 commits behind, shop-eu 3"
}
