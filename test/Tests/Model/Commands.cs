using System.Collections.Immutable;

namespace Sluice.Tests.Model;

/// <summary>Commands at random, most of them such that they can succeed in the world as it is.</summary>
internal sealed class Commands(Random random, ModelWorld world)
{
    private static readonly ImmutableArray<string> AppNames = ["app1", "app2", "app3", "app4", "app5", "app6"];
    private static readonly ImmutableArray<string> PipelineNames = ["way1", "way2", "way3"];
    private static readonly ImmutableArray<string> StageNames = ["review", "development", "staging", "production", "production", "canary", "soak", "qa"];
    private static readonly ImmutableArray<string> OwnStages = ["canary", "soak", "qa"];
    private static readonly ImmutableArray<string> Roles = ["admin", "member", "viewer", "collaborator"];
    private static readonly ImmutableArray<string> Vars = ["FOO", "BAR", "FAIL", "CRASH"];

    private int commits;
    private int begun;

    public Command Next() => First() ?? random.Next(100) switch
    {
        < 4 => Member((team, admin) => new Command.CreateApp(Chance(60) ? admin : Anyone, Free, Chance(50) ? team : null, Chance(20))),
        < 5 => AppAnd(app => new Command.DestroyApp(Able(app, May.Manage), app)),
        < 8 => AppAnd(app => new Command.RenameApp(Able(app, May.Manage), app, Free)),
        < 10 => AppAnd(app => new Command.LockApp(Able(app, May.Manage), app, Chance(60))),
        < 17 => AppAnd(app => new Command.SetConfig(Able(app, May.Operate), app, Any(Vars), Chance(50) ? Any(["x", "y"]) : null)),
        < 28 => AppAnd(Deploy),
        < 33 => AppAnd(app => new Command.RollBack(Able(app, May.Deploy), app, Version(app))),
        < 35 => new Command.CreatePipeline(Anyone, Any(PipelineNames), Chance(50) ? Team : null),
        < 36 => WayAnd(way => new Command.DestroyPipeline(Able(way, May.Manage), way.Name)),
        < 37 => WayAnd(way => new Command.RenamePipeline(Able(way, May.Manage), way.Name, Any(PipelineNames))),
        < 41 => AppAnd(Couple, a => a.Pipeline is null),
        < 45 => AppAnd(app => new Command.Recouple(Able(app, May.Operate), app, Chance(80) ? Any(Ways(app)?.Stages ?? [.. StageNames]) : Any(StageNames)), a => a.Pipeline is not null),
        < 46 => AppAnd(app => new Command.Uncouple(Chance(30) ? Anyone : Able(app, May.Operate), app), a => a.Pipeline is not null),
        < 48 => WayAnd(way => Place(way, (before, after) => new Command.AddStage(Able(way, May.Operate), way.Name, Any(Chance(80) ? OwnStages : StageNames), before, after))),
        < 51 => WayAnd(way => Place(way, (before, after) => new Command.MoveStage(Able(way, May.Operate), way.Name, Any([.. way.Stages.Except(ModelWorld.Standard), "soak"]), before, after))),
        < 52 => WayAnd(way => new Command.RemoveStage(Able(way, May.Operate), way.Name, Any([.. way.Stages.Except(ModelWorld.Standard), "production"]))),
        < 56 => AppAnd(app => SetEdge(app, App)),
        < 57 => AppAnd(app => new Command.RemoveEdge(Able(app, May.Deploy), app, Chance(30) ? App : null), a => a.Downstream is not null),
        < 74 => AppAnd(Promote),
        < 77 => Member((team, admin) => new Command.PutMember(admin, team, Anyone, Any(Roles))),
        < 78 => Member((team, admin) => new Command.RemoveMember(admin, team, Anyone)),
        < 82 => AppAnd(app => new Command.AddCollaborator(Able(app, Chance(80) ? May.Manage : May.View), app, Anyone, Chance(30) ? null : Some)),
        < 84 => AppAnd(app => new Command.ChangeCollaborator(Able(app, May.Manage), app, Added(app), Some), a => a.Added.Count > 0),
        < 85 => AppAnd(app => new Command.RemoveCollaborator(Able(app, May.Manage), app, Added(app)), a => a.Added.Count > 0),
        < 88 => AppAnd(app => new Command.OfferApp(Able(app, May.Own), app, Chance(60) ? Anyone : Team)),
        < 90 => AppAnd(app => new Command.AnswerOffer(world.Find(app)?.OfferedTo ?? Anyone, app, Chance(70)), a => a.OfferedTo is not null),
        < 91 => AppAnd(app => new Command.WithdrawOffer(Able(app, May.Own), app), a => a.OfferedTo is not null),
        < 93 => WayAnd(way => new Command.TransferPipeline(Able(way, May.Own), way.Name, Chance(50) ? Anyone : Team)),
        < 96 => AppAnd(app => new Command.Hold(app)),
        _ => new Command.LetGo(world.Apps.Where(a => a.IsHeld).Select(a => a.Name).FirstOrDefault("app1")),
    };

    private string Anyone => Any(ModelWorld.People);

    private string Team => Chance(75) ? "acme" : "bolt";

    /// <summary>Mostly one that is there.</summary>
    private string App => Chance(96) && world.Apps.Count > 0 ? Any([.. world.Apps.Select(a => a.Name)]) : Any(AppNames);

    /// <summary>Mostly a name that no app has.</summary>
    private string Free => Chance(80) && AppNames.RemoveAll(name => world.Find(name) is not null) is [_, ..] free ? Any(free) : Any(AppNames);

    private May Some => May.View | (May)random.Next(16);

    /// <summary>A world that has something in it; then null.</summary>
    private Command? First()
    {
        if (++begun > 18)
            return null;
        return world.Pipelines.Count == 0 ? Member((team, admin) => Chance(60) ? new Command.CreatePipeline(admin, Any(PipelineNames), team) : new Command.CreatePipeline(admin, Any(PipelineNames), null))
            : world.Apps.Count < 4 ? Member((team, admin) => new Command.CreateApp(admin, Free, Chance(70) ? team : null, Chance(5)))
            : AppAnd(app => world.Find(app) is { Pipeline: null } && Chance(75) ? Couple(app) : Deploy(app), a => a.Pipeline is null);
    }

    /// <summary>Sometimes back to where a chain of edges begins.</summary>
    private Command.SetEdge SetEdge(string app, string down)
    {
        if (Chance(40) && world.Apps.FirstOrDefault(a => a.Downstream is not null) is { } first)
            (app, down) = (world.Apps.First(a => a == first.Downstream?.Downstream || a == first.Downstream).Name, first.Name);
        return new(Able(who => new[] { app, down }.All(name => world.Find(name) is { } found && world.On(who, found).HasFlag(May.Deploy))), app, down);
    }

    private Command Deploy(string app) => new Command.Deploy(Able(app, May.Deploy), app, $"{++commits:x7}{new string('c', 33)}", Chance(40));

    private Command Couple(string app)
    {
        var found = world.Find(app);
        var able = ModelWorld.People.Where(who => found is not null && world.On(who, found).HasFlag(May.Operate))
            .SelectMany(who => world.Pipelines.Where(p => world.On(who, p).HasFlag(May.Operate)).Select(way => (Who: who, Way: way))).ToImmutableArray();
        return able.Length > 0 && Chance(85) && Any(able) is var (who, way) ? new Command.Couple(who, way.Name, app, Any<string>(Chance(85) ? way.Stages : StageNames))
            : WayAnd(any => new Command.Couple(Able(app, May.Operate), any.Name, app, Any(StageNames)));
    }

    private Command Promote(string any)
    {
        var ready = world.Apps.Where(a => a.Current?.Slug is not null && Near(a).Length > 0).Select(a => a.Name).ToImmutableArray();
        var source = Chance(88) && ready.Length > 0 ? Any(ready) : any;
        var found = world.Find(source);
        var (near, next) = found is null ? ([], []) : (Near(found), Next(found));
        ImmutableArray<string> targets = Chance(next.Length > 0 ? 40 : 8) ? [] : [.. Enumerable.Range(0, Any([1, 1, 2, 3])).Select(_ => Chance(92) && near.Length > 0 ? Any(near).Name : App)];
        var wanted = targets.IsEmpty ? next : [.. near.Where(a => targets.Contains(a.Name))];
        var release = !Chance(30) ? (int?)null : Chance(60) && found is not null ? found.Current!.Version : Version(source);
        var pipeline = !Chance(20) ? null : found?.Pipeline?.Name is { } way && Chance(85) ? way : Any(PipelineNames);
        var who = Able(p => found is not null && world.On(p, found) != May.Nothing && wanted.All(a => world.On(p, a).HasFlag(May.Deploy)));
        return new Command.Promote(who, source, pipeline, targets, release, Chance(release is null ? 2 : 50), Chance(30), Chance(40));
    }

    /// <summary>Mostly what it may be promoted to.</summary>
    private ImmutableArray<ModelApp> Near(ModelApp source) =>
    [
        .. world.Apps.Where(a => a != source && a.Pipeline is { } way && way == source.Pipeline && (Chance(10) || way.Stages.IndexOf(a.Stage) >= way.Stages.IndexOf(source.Stage))),
        .. source.Downstream is { } edge ? [edge] : Array.Empty<ModelApp>(),
    ];

    private ImmutableArray<ModelApp> Next(ModelApp source) => source.Downstream is { } edge ? [edge]
        : [.. world.Apps.Where(a => a.Pipeline is { } way && way == source.Pipeline && way.Stages.IndexOf(a.Stage) == way.Stages.IndexOf(source.Stage) + 1)];

    private int Version(string app) => 1 + random.Next(Math.Max(3, world.Find(app)?.Releases.Count + 1 ?? 3));

    private string Added(string app) => world.Find(app)?.Added.Keys.ToImmutableArray() is [_, ..] added && Chance(80) ? Any(added) : Anyone;

    /// <param name="prefer">Mostly one of these, if there are any.</param>
    private Command AppAnd(Func<string, Command> then, Func<ModelApp, bool>? prefer = null) =>
        then(prefer is not null && Chance(80) && world.Apps.Where(prefer).ToImmutableArray() is [_, ..] those ? Any(those).Name : App);

    private ModelPipeline? Ways(string app) => world.Find(app)?.Pipeline;

    private Command WayAnd(Func<ModelPipeline, Command> then) =>
        then(Chance(96) && world.Pipelines.Count > 0 ? Any([.. world.Pipelines]) : new ModelPipeline { Name = Any(PipelineNames), Owner = Anyone });

    private Command Member(Func<string, string, Command> then) => Team is var team && Chance(85) ? then(team, world.Teams[team].First(p => p.Value == "admin").Key) : then(team, Anyone);

    private Command Place(ModelPipeline way, Func<string?, string?, Command> then) => Any(Chance(90) ? way.Stages : [.. StageNames]) is var beside && Chance(40) ? then(beside, null) : then(Chance(3) ? "review" : null, beside);

    /// <summary>Mostly someone who may do it.</summary>
    private string Able(string app, May wanted) => Able(who => world.Find(app) is { } found && world.On(who, found).HasFlag(wanted));

    private string Able(ModelPipeline way, May wanted) => Able(who => world.On(who, way).HasFlag(wanted));

    private string Able(Func<string, bool> may) => Chance(82) && ModelWorld.People.Where(may).ToImmutableArray() is [_, ..] those ? Any(those) : Anyone;

    private bool Chance(int percent) => random.Next(100) < percent;

    private T Any<T>(IReadOnlyList<T> some) => some[random.Next(some.Count)];
}
