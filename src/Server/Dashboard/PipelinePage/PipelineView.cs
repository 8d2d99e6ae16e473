using System.Collections.Immutable;
using Sluice.Pipelines;
using Sluice.Releases;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>A pipeline as one person sees it now.</summary>
public sealed record PipelineView
{
    public required PipelineAccess Access { get; init; }
    public required ImmutableArray<StageView> Stages { get; init; }
    public required Verdict Verdict { get; init; }

    /// <summary>Newest first.</summary>
    public required ImmutableArray<MoveView> Moves { get; init; }

    /// <summary>Key of the parts that follow along, as they are on the page.</summary>
    public string Seen { get; init; } = "";

    public Pipeline Pipeline => Access.Pipeline;

    public string Path => $"/dashboard/pipelines/{Pipeline.Id}";

    /// <summary>Names of the apps in this pipeline that others name as their downstream one: each gets a lane under the cards.</summary>
    public ImmutableArray<string> Lanes
    {
        get
        {
            CardView[] cards = [.. Stages.SelectMany(s => s.Cards)];
            return [.. cards.Select(c => c.Downstream).OfType<string>().Distinct().Where(name => cards.Any(c => c.Fact.Name == name))];
        }
    }

    /// <summary>Changes when the drawing does, and not only what stands on its cards.</summary>
    public string Shape => string.Join(',', Lanes) + string.Join(';', Stages.Select(s =>
        $"{s.Name} {s.Level} {s.Below} {s.IsFolded} {s.Gate?.Kind} {string.Join(',', s.Cards.Select(c => c.Fact.App.Id))}"));
}

/// <summary>One column.</summary>
/// <param name="Level">How high the water stands, 0 to 4; null beside the main line.</param>
/// <param name="Below">How high it stands behind this column's gate.</param>
/// <param name="IsFolded">Nothing is in it and nothing needs it: a rail until somebody opens it.</param>
public sealed record StageView(string Name, int? Level, int? Below, bool IsFolded, ImmutableArray<CardView> Cards, GateView? Gate);

/// <summary>One app in its stage.</summary>
/// <param name="Behind">What its stage's gate would bring it; null when nothing, or when its gate says it already.</param>
/// <param name="Upstream">The app that it would get that from.</param>
/// <param name="Drift">Null too when one may not read both apps' config.</param>
/// <param name="HasSameKeys">One may, and no key differs.</param>
/// <param name="Downstream">The app that it names as its downstream one; null when it names none that one may see.</param>
/// <param name="CanMove">Why it may not be moved or removed, a sentence; null when it may.</param>
public sealed record CardView(AppFact Fact, string Stage, Difference? Behind, string? From, string? Upstream, KeyDrift? Drift, bool HasSameKeys, string? Downstream, string? CanMove);

/// <summary>Config vars by name, never by value. <paramref name="Here"/>: only on the downstream app; <paramref name="There"/>: only on the upstream one.</summary>
public sealed record KeyDrift(string Downstream, string Upstream, ImmutableArray<string> Here, ImmutableArray<string> There)
{
    public int Count => Here.Length + There.Length;
}

/// <summary>How a gate stands.</summary>
public enum GateKind
{
    /// <summary>Leaf down: one may promote.</summary>
    Shut,

    /// <summary>Leaf up, water moving: a promotion runs.</summary>
    Open,

    /// <summary>The same slug on both sides.</summary>
    Level,

    /// <summary>Nothing has been pushed upstream yet, or nothing is downstream.</summary>
    Dry,
}

/// <summary>What stands between two stages.</summary>
public sealed record GateView
{
    public required GateKind Kind { get; init; }
    public required string From { get; init; }
    public required string To { get; init; }

    /// <summary>Whose slug would move; null when nothing was pushed.</summary>
    public required AppFact? Source { get; init; }

    /// <summary>The largest difference to any app downstream.</summary>
    public Difference? Most { get; init; }

    /// <summary>No app downstream that would get something runs anything yet.</summary>
    public bool IsFirst { get; init; }

    /// <summary>For whom it is the first, in words; null when for all downstream, or for none.</summary>
    public string? FirstFor { get; init; }

    /// <summary>Since when both sides run the same.</summary>
    public DateTimeOffset? LevelSince { get; init; }
    public bool StackChanges { get; init; }
    public bool ProcfileChanges { get; init; }
    public ImmutableArray<string> Keys { get; init; } = [];

    /// <summary>Why one may not promote, a sentence; null when one may.</summary>
    public string? WhyNot { get; init; }
    public PromotionId? Promotion { get; init; }
}

/// <summary>The one sentence under the title.</summary>
public sealed record Verdict(string Bold, string Rest, DateTimeOffset? Waited = null, DateTimeOffset? Since = null, PromotionId? Promotion = null);

/// <summary>A promotion, as far as it has come.</summary>
public sealed record MoveView
{
    public required Promotion Promotion { get; init; }

    /// <summary>1, 2, 3 … in its pipeline.</summary>
    public required int Number { get; init; }
    public required string Source { get; init; }
    public required int? SourceVersion { get; init; }
    public required SlugDigest? Digest { get; init; }
    public required string By { get; init; }
    public required string To { get; init; }
    public required ImmutableArray<TargetView> Targets { get; init; }

    /// <summary>The slug has a release command, so that there is output to come.</summary>
    public bool HasPhase { get; init; }

    /// <summary>Told whole, not in one line.</summary>
    public bool IsOpen { get; init; }

    public bool IsRunning => Promotion.Status == "pending";

    /// <summary>succeeded, failed, errored, pending: the worst of its targets.</summary>
    public string Outcome => IsRunning ? "pending"
        : Targets.Any(t => t.Release?.Status == "errored") ? "errored"
        : Targets.Any(t => t.Target.Status == "failed") ? "failed" : "succeeded";

    public DateTimeOffset? EndedAt => IsRunning ? null : Targets.Select(t => t.Release?.UpdatedAt).Max();
}

/// <summary>One target of a promotion.</summary>
/// <param name="App">Its name.</param>
/// <param name="Keeps">The version that runs when this one failed.</param>
/// <param name="Output">The last lines of its release phase.</param>
/// <param name="IsDraining">Old dynos still finish requests.</param>
/// <param name="Waits">Null when nothing keeps it up.</param>
public sealed record TargetView(PromotionTarget Target, string App, Release? Release, int? Keeps, ImmutableArray<string> Output, bool IsDraining, Shell.Wait? Waits);
