using System.Collections.Immutable;

namespace Sluice.Tests.Model;

/// <summary>What someone asks to promote, held against all the rules at once.</summary>
internal sealed class ModelPromoting(ModelWorld world, Command.Promote asked)
{
    private readonly ModelApp? source = world.Find(asked.Source) is { } app && world.On(asked.Who, app) != May.Nothing ? app : null;
    private readonly ModelPipeline? pipeline = world.FindPipeline(asked.Who, asked.Pipeline, May.View);

    public ImmutableArray<(string App, ModelRelease Release)> Begin()
    {
        asked.Must(a => !a.IfCurrent || a.Release is not null);
        var release = asked.Release is { } v ? source?.Releases.Find(r => r.Version == v) : source?.Current;
        ModelApp?[] targets = [.. asked.Targets.IsEmpty ? Downstream() : asked.Targets.Distinct().Select(world.Find)];
        Outcome[] faults =
        [
            source is null || release is null ? Outcome.NotFound : Outcome.Accepted,
            asked.Pipeline is not null && pipeline is null ? Outcome.NotFound : Outcome.Accepted,
            source is not null && pipeline is not null && source.Pipeline != pipeline ? Outcome.Invalid : Outcome.Accepted,
            .. targets.Select(WhyNot),
        ];
        targets.Must(t => t is not [] || faults.Any(f => f != Outcome.Accepted));
        Rules.Refuse([.. faults, WhyNot(release)]);
        var group = targets.Select(t => (t!.Name, Release: t.Add($"Promote {source!.Name} v{release!.Version} {release.Slug!.Commit[..7]}", release.Slug))).ToImmutableArray();
        foreach (var (_, member) in group)
            member.Group = asked.AllOrNothing ? [.. group.Select(m => m.Release)] : [member];
        return group;
    }

    private IEnumerable<ModelApp> Downstream() =>
        source?.Downstream is { } edge ? [edge]
        : source?.Pipeline is { } way ? world.In(way).FindAll(a => way.Stages.IndexOf(a.Stage) == way.Stages.IndexOf(source.Stage) + 1) : [];

    /// <summary>Of a target that the caller did not name it is told that there is one.</summary>
    private Outcome WhyNot(ModelApp? target) =>
        world.Access(asked.Who, target, May.Deploy) is not Outcome.Accepted and var why ? (asked.Targets.IsEmpty ? Outcome.Forbidden : why)
        : source is not null && !MayGo(source, target!) ? Outcome.Invalid : Outcome.Accepted;

    private Outcome WhyNot(ModelRelease? release) =>
        asked.IfCurrent && release is { Status: "succeeded" } && source?.Current != release ? Outcome.Conflict
        : release is null or { Status: "succeeded", Slug: not null } ? Outcome.Accepted : Outcome.Invalid;

    private bool MayGo(ModelApp from, ModelApp to)
    {
        var way = from.Pipeline == to.Pipeline ? from.Pipeline?.Stages ?? [] : [];
        var (first, last) = (way.IndexOf(from.Stage), way.IndexOf(to.Stage));
        var passed = way.Skip(first + 1).Take(last - first - 1).Except(ModelWorld.Standard);
        return from != to && (from.Downstream == to || (way is not [] && first <= last && (asked.Skip || !world.In(from.Pipeline).Exists(a => passed.Contains(a.Stage)))));
    }
}
