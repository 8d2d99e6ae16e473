using System.Collections.Immutable;

namespace Sluice.Tests.Model;

/// <summary>One promotion; each target is as its release is, and stays so when the app is destroyed.</summary>
internal sealed record ModelPromotion(ImmutableArray<(string App, ModelRelease Release)> Targets);

/// <summary>All that is wrong with one request. One fault is refused as what it is, several together as invalid.</summary>
internal sealed class ModelFaults
{
    private readonly List<Outcome> all = [];

    public bool IsEmpty => all.Count == 0;

    public void Add(bool isFault, Outcome fault) => all.AddRange(isFault ? [fault] : []);

    /// <param name="unseen">What it is told as that something is not there.</param>
    public T? Try<T>(Func<T> look, Outcome unseen = Outcome.NotFound)
        where T : class
    {
        try
        {
            return look();
        }
        catch (RefusedByModelException fault)
        {
            all.Add(fault.Outcome == Outcome.NotFound ? unseen : fault.Outcome);
            return null;
        }
    }

    public void Refuse()
    {
        if (all.Count > 0)
            throw new RefusedByModelException(all is [var only] ? only : Outcome.Invalid);
    }
}

/// <summary>What someone asks to promote, held against all the rules at once.</summary>
internal sealed class ModelPromoting(ModelWorld world, Command.Promote asked)
{
    private readonly ModelFaults faults = new();

    public ModelPromotion Begin()
    {
        ModelWorld.Demand(!asked.IfCurrent || asked.Release is not null, Outcome.Invalid);
        var source = faults.Try(() => world.App(asked.Who, asked.Source, May.View));
        var named = asked.Pipeline is null ? null : faults.Try(() => world.Pipeline(asked.Who, asked.Pipeline, May.View));
        var targets = Allowed(asked.Targets.Distinct());
        if (source is null)
            faults.Refuse();
        var release = asked.Release is { } v ? source!.Ledger.All.Find(r => r.Version == v) : source!.Ledger.Current;
        faults.Add(named is not null && source.Pipeline != named, Outcome.Invalid);
        faults.Add(release is null, Outcome.NotFound);
        if (asked.Targets.IsEmpty)
            targets = Allowed(Downstream(source).Select(a => a.Name), unseen: Outcome.Forbidden);
        else
            targets.ForEach(t => faults.Add(!MayGo(source, t), Outcome.Invalid));
        faults.Add(targets.Count == 0 && faults.IsEmpty, Outcome.Invalid);
        if (release is not null && WhyNot(source, release) is { } why)
            faults.Add(true, why);
        faults.Refuse();
        var request = new ModelRequest.Slug(release!.Slug!, $"Promote {source.Name} v{release.Version}");
        var added = targets.Select(t => (App: t, Release: ModelReleases.Add(t, request))).ToList();
        if (asked.AllOrNothing)
            added.ForEach(a => a.Release.Group = added);
        return new ModelPromotion([.. added.Select(a => (a.App.Name, a.Release))]);
    }

    /// <summary>Those that may be deployed to; the others are faults. Of one that the caller did not name it is told that there is one.</summary>
    private List<ModelApp> Allowed(IEnumerable<string> names, Outcome unseen = Outcome.NotFound) =>
        [.. names.Select(name => faults.Try(() => world.App(asked.Who, name, May.Deploy), unseen)).OfType<ModelApp>()];

    private IEnumerable<ModelApp> Downstream(ModelApp source) =>
        source.Downstream is { } edge ? [edge]
        : source.Pipeline is not { } pipeline || source.Stage == pipeline.Stages[^1] ? []
        : world.Apps.Values.Where(a => a.Pipeline == pipeline && a.Stage == pipeline.Stages[pipeline.Stages.IndexOf(source.Stage) + 1]);

    private bool MayGo(ModelApp source, ModelApp target)
    {
        if (source == target || source.Downstream == target)
            return source != target;
        if (source.Pipeline is not { } pipeline || target.Pipeline != pipeline)
            return false;
        var (from, to) = (pipeline.Stages.IndexOf(source.Stage), pipeline.Stages.IndexOf(target.Stage));
        var passed = pipeline.Stages.Skip(from + 1).Take(to - from - 1).Except(ModelWorld.Standard);
        return to >= from && (asked.Skip || !world.Apps.Values.Any(a => a.Pipeline == pipeline && passed.Contains(a.Stage)));
    }

    private Outcome? WhyNot(ModelApp source, ModelRelease release) => release switch
    {
        { Status: not "succeeded" } => Outcome.Invalid,
        _ when asked.IfCurrent && source.Ledger.Current != release => Outcome.Conflict,
        { Slug: not null } => null,
        _ => Outcome.Invalid,
    };
}
