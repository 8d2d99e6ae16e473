using System.Collections.Immutable;

namespace Sluice.Tests.Model;

internal sealed class ModelPipeline : ModelThing
{
    public List<string> Stages { get; } = [.. ModelWorld.Standard];

    public void Put(string stage, string? before, string? after, bool isNew)
    {
        Stages.Must(all => all.Contains(stage) != isNew && !ModelWorld.Standard.Contains(stage) && all.Count < (isNew ? 20 : 21))
            .Must(all => before is null != after is null && stage != (before ?? after) && all.Contains((before ?? after)!) && before != all[0]).Remove(stage);
        Stages.Insert(before is not null ? Stages.IndexOf(before) : Stages.IndexOf(after!) + 1, stage);
    }
}

/// <summary>
/// Accounts, teams, apps, releases, pipelines, promotions, transfers and permissions, as small as they can be said: one person at a time, in memory,
/// by names. What the real server does is held against it, so it is written from the rules and not from the server's code.
/// </summary>
internal sealed class ModelWorld
{
    public static readonly ImmutableArray<string> People = ["ada", "bob", "cy", "dee"];
    public static readonly ImmutableArray<string> Standard = ["review", "development", "staging", "production"];

    /// <summary>What a team's things may be used for by its people; collaborators have what they were given on single apps.</summary>
    private static readonly Dictionary<string, May> Roles = new() { ["admin"] = May.All, ["member"] = May.Work, ["viewer"] = May.View, ["collaborator"] = May.Nothing };

    /// <summary>Team → person → role. Ada and Bob each begin with one.</summary>
    public Dictionary<string, Dictionary<string, string>> Teams { get; } = new() { ["acme"] = new() { ["ada"] = "admin" }, ["bolt"] = new() { ["bob"] = "admin" } };
    public List<ModelApp> Apps { get; } = [];

    /// <summary>The oldest first. Names may be the same.</summary>
    public List<ModelPipeline> Pipelines { get; } = [];

    /// <summary>What each target was called, and its release: the target is as that is, and stays so when the app is destroyed.</summary>
    public List<ImmutableArray<(string App, ModelRelease Release)>> Promotions { get; } = [];

    public Outcome Do(Command command)
    {
        try
        {
            Act(command);
            while (Apps.Exists(a => a.InFlight?.GoesOn() is true))
                continue;
            return Outcome.Accepted;
        }
        catch (RefusedByModelException refused)
        {
            return refused.Outcome;
        }
    }

    public May On(string who, ModelThing? thing) => (thing, Within(thing?.Owner, who) ?? May.Nothing) switch
    {
        (null, _) => May.Nothing,
        (ModelApp { Locked: true } app, not May.All) => app.Added.GetValueOrDefault(who),
        (ModelApp app, var own) => app.Added.GetValueOrDefault(who) | own,
        (ModelPipeline pipeline, May.Nothing) when In(pipeline).Exists(a => On(who, a) != May.Nothing) => May.View,
        (_, var own) => own,
    };

    /// <summary>The one place where what is granted is held against what is wanted.</summary>
    public Outcome Access(string who, ModelThing? thing, May wanted) =>
        On(who, thing) is var granted && granted == May.Nothing ? Outcome.NotFound : granted.HasFlag(wanted) ? Outcome.Accepted : Outcome.Forbidden;

    /// <summary>The rules, a command a row: on what, who may, what must hold, what then is so.</summary>
    private void Act(Command command)
    {
        switch (command)
        {
            case Command.CreateApp(var who, var name, var team, var locked):
                Apps.Add(new ModelApp { Name = name, Owner = team ?? who, Locked = locked }
                    .Must(_ => !locked || team is not null).Must(a => Role(who, a.Owner, May.Work)).Must(_ => Find(name) is null));
                Apps[^1].Add("Initial release");
                break;
            case Command.DestroyApp(var who, var name):
                var gone = App(who, name, May.Manage);
                Apps.Remove(gone);
                Apps.FindAll(a => a.Downstream == gone).ForEach(a => a.Downstream = null);
                gone.Vanish();
                break;
            case Command.RenameApp(var who, var name, var to): App(who, name, May.Operate | May.Manage).Must(_ => to == name || Find(to) is null).Name = to; break;
            case Command.LockApp(var who, var name, var locked): App(who, name, May.Manage).Must(a => !locked || IsTeam(a.Owner)).Locked = locked; break;
            case Command.SetConfig(var who, var name, var key, var value): App(who, name, May.Operate).Set(key, value); break;
            case Command.Deploy(var who, var name, var commit, var hasPhase): App(who, name, May.Deploy).Add($"Deploy {commit[..7]}", new(commit, hasPhase)); break;
            case Command.RollBack(var who, var name, var version):
                var rolled = App(who, name, May.Deploy).Must(a => version <= a.Releases.Count, Outcome.NotFound);
                rolled.BackTo(rolled.Releases[version - 1].Must(r => r is { Slug: not null, Status: "succeeded" }));
                break;
            case Command.CreatePipeline(var who, var way, var team): Pipelines.Add(new ModelPipeline { Name = way, Owner = team ?? who }.Must(p => Role(who, p.Owner, May.Work))); break;
            case Command.DestroyPipeline(var who, var way):
                var ended = Pipeline(who, way, May.Manage);
                Pipelines.Remove(ended);
                In(ended).ForEach(a => a.Pipeline = null);
                break;
            case Command.RenamePipeline(var who, var way, var to): Pipeline(who, way, May.Manage).Name = to; break;
            case Command.Couple(var who, var way, var name, var stage):
                var (into, app) = (FindPipeline(who, way, May.Operate), Find(name));
                var (mayAdd, mayGo) = (Access(who, into, May.Operate), Access(who, app, May.Operate));
                Rules.Refuse(mayAdd, mayGo, mayAdd is Outcome.Accepted && !into!.Stages.Contains(stage) ? Outcome.Invalid : Outcome.Accepted,
                    mayGo is Outcome.Accepted && app!.Pipeline is not null ? Outcome.Invalid : Outcome.Accepted);
                (app!.Pipeline, app.Stage) = (into, stage);
                break;
            case Command.Recouple(var who, var name, var stage):
                Coupled(who, name).Must(a => Access(who, a.Pipeline, May.Operate)).Must(a => a.Pipeline!.Stages.Contains(stage)).Stage = stage; break;
            case Command.Uncouple(var who, var name):
                Find(name).Must(a => a?.Pipeline is not { } p ? Outcome.NotFound : On(who, p) is May.All ? Outcome.Accepted : Access(who, a, May.Operate))!.Pipeline = null; break;
            case Command.AddStage(var who, var way, var stage, var before, var after): Pipeline(who, way, May.Operate).Put(stage, before, after, isNew: true); break;
            case Command.MoveStage(var who, var way, var stage, var before, var after): Pipeline(who, way, May.Operate).Put(stage, before, after, isNew: false); break;
            case Command.RemoveStage(var who, var way, var stage):
                Pipeline(who, way, May.Operate).Must(p => !Standard.Contains(stage) && !In(p).Exists(a => a.Stage == stage)).Must(p => p.Stages.Remove(stage));
                break;
            case Command.SetEdge(var who, var name, var to):
                var from = App(who, name, May.Deploy);
                from.Downstream = App(who, to, May.Deploy).Must(down => !down.AndDownstream.Contains(from));
                break;
            case Command.RemoveEdge(var who, var name, var only):
                App(who, name, May.Deploy).Must(a => a.Downstream is { } down && (only is null || App(who, only, May.View) == down), Outcome.NotFound).Downstream = null;
                break;
            case Command.Promote c: Promotions.Add(new ModelPromoting(this, c).Begin()); break;
            case Command.PutMember(var who, var team, var person, var role):
                Teams[team.Must(t => Role(who, t, May.All)).Must(t => KeepsAnAdmin(t, person, role), Outcome.Forbidden)][person] = role;
                break;
            case Command.RemoveMember(var who, var team, var person):
                team.Must(t => Role(who, t, person == who ? May.Nothing : May.All)).Must(t => Teams[t].ContainsKey(person), Outcome.NotFound)
                    .Must(t => KeepsAnAdmin(t, person, "none"), Outcome.Forbidden);
                Teams[team].Remove(person);
                Apps.FindAll(a => a.Owner == team).ForEach(a => a.Added.Remove(person));
                break;
            case Command.AddCollaborator(var who, var name, var person, var wanted): Add(who, App(who, name, May.View), person, wanted); break;
            case Command.ChangeCollaborator(var who, var name, var person, var wanted):
                App(who, name, May.Manage).Must(a => a.Added.ContainsKey(person), Outcome.NotFound)
                    .Must(a => Access(who, a, (wanted | May.View) & ~a.Added[person])).Added[person] = wanted | May.View;
                break;
            case Command.RemoveCollaborator(var who, var name, var person):
                App(who, name, May.View).Must(a => person != who || a.Added.ContainsKey(who)).Must(a => Access(who, a, person == who ? May.View : May.Manage))
                    .Must(a => a.Added.Remove(person), Outcome.NotFound);
                break;
            case Command.OfferApp(var who, var name, var to): Offer(who, App(who, name, May.Own), to); break;
            case Command.AnswerOffer(var who, var name, true): HandOver(Offered(who, name).Must(a => a.OfferedTo == who, Outcome.Forbidden), who); break;
            case Command.AnswerOffer(var who, var name, false): Offered(who, name).Must(a => a.OfferedTo == who, Outcome.Forbidden).OfferedTo = null; break;
            case Command.WithdrawOffer(var who, var name): Offered(who, name).Must(a => a.Owner == who, Outcome.Forbidden).OfferedTo = null; break;
            case Command.TransferPipeline(var who, var way, var to): Transfer(Pipeline(who, way, May.Own), to); break;
            case Command.Hold(var name): Find(name)?.IsHeld = true; break;
            case Command.LetGo(var name): Find(name)?.LetGo(); break;
        }
    }

    /// <summary>Nobody gives what they do not have; who is in the team may join with what they may do anyway.</summary>
    private void Add(string who, ModelApp app, string person, May? wanted)
    {
        var (mine, joins) = (On(who, app), person == who);
        var given = (wanted | May.View) ?? (joins ? mine : May.Work);
        app.Must(a => !joins || (Within(a.Owner, who) is not null && !mine.HasFlag(May.Own))).Must(a => Access(who, a, joins ? given : given | May.Manage))
            .Must(a => person != a.Owner && a.Added.TryAdd(person, given));
        KeepIn(app.Owner, [person]);
    }

    /// <summary>To a team that one brings apps to, and from a team to somebody in it: at once. Between people: when they accept.</summary>
    private void Offer(string who, ModelApp app, string to)
    {
        app.Must(_ => IsTeam(to) ? Role(who, to, May.Work, Outcome.Invalid) : Outcome.Accepted).Must(a => to != a.Owner)
            .Must(a => IsTeam(to) || !IsTeam(a.Owner) || Has(to, a.Owner, May.View), Outcome.Forbidden);
        if (IsTeam(to) || IsTeam(app.Owner))
            HandOver(app, to);
        else
            app.OfferedTo = to;
    }

    private void Transfer(ModelPipeline pipeline, string to)
    {
        var (from, mine) = (pipeline.Owner, In(pipeline));
        pipeline.Must(_ => to != from && (IsTeam(to) || IsTeam(from)), Outcome.Forbidden)
            .Must(_ => mine.Exists(a => a.Owner == to) || (IsTeam(from) ? Has(to, from, May.View) : Has(from, to, May.Work)), Outcome.Forbidden).Owner = to;
        mine.FindAll(a => a.Owner == from).ForEach(a => HandOver(a, to));
    }

    private void HandOver(ModelApp app, string to)
    {
        (var from, app.Owner, app.Locked, app.OfferedTo) = (app.Owner, to, false, null);
        app.Added.Remove(to);
        if (IsTeam(from))
            app.Added.Clear();
        else if (!IsTeam(to))
            app.Added[from] = May.Work;
        KeepIn(to, app.Added.Keys);
    }

    /// <summary>Whoever may do something in a team's app is in the team.</summary>
    private void KeepIn(string owner, IEnumerable<string> people) =>
        people.Where(_ => IsTeam(owner)).ToList().ForEach(person => Teams[owner].TryAdd(person, "collaborator"));

    /// <summary>Of several with the name the oldest on which one may do what is wanted, else the oldest that one sees.</summary>
    public ModelPipeline? FindPipeline(string who, string? name, May wanted) =>
        Pipelines.Where(p => p.Name == name && On(who, p) != May.Nothing).OrderByDescending(p => On(who, p).HasFlag(wanted)).FirstOrDefault();

    public ModelApp? Find(string name) => Apps.Find(a => a.Name == name);
    public List<ModelApp> In(ModelPipeline? pipeline) => Apps.FindAll(a => a.Pipeline == pipeline);
    private ModelApp App(string who, string name, May wanted) => Find(name).Must(a => Access(who, a, wanted))!;
    private ModelApp Coupled(string who, string name) => App(who, name, May.View).Must(a => a.Pipeline is not null, Outcome.NotFound).Must(a => Access(who, a, May.Operate));
    private ModelPipeline Pipeline(string who, string name, May wanted) => FindPipeline(who, name, wanted).Must(p => Access(who, p, wanted))!;
    private ModelApp Offered(string who, string name) => Find(name).Must(a => a?.OfferedTo is { } to && (a.Owner == who || to == who), Outcome.NotFound)!;
    private bool IsTeam(string owner) => Teams.ContainsKey(owner);
    private bool KeepsAnAdmin(string team, string person, string role) => role == "admin" || Teams[team].Any(m => m.Key != person && m.Value == "admin");

    /// <summary>What somebody may do to a thing because of whose it is; null: it is none of their business.</summary>
    private May? Within(string? owner, string who) =>
        owner is null ? null : owner == who ? May.All : Teams.GetValueOrDefault(owner)?.GetValueOrDefault(who) is { } role ? Roles[role] : null;

    private bool Has(string who, string owner, May wanted) => Role(who, owner, wanted) is Outcome.Accepted;
    private Outcome Role(string who, string owner, May wanted, Outcome outside = Outcome.NotFound) =>
        Within(owner, who) is not { } own ? outside : own.HasFlag(wanted) ? Outcome.Accepted : Outcome.Forbidden;
}

/// <summary>How the model says no.</summary>
internal static class Rules
{
    /// <summary>The thing itself, if this holds of it.</summary>
    public static T Must<T>(this T thing, Func<T, bool> rule, Outcome otherwise = Outcome.Invalid) => thing.Must(t => rule(t) ? Outcome.Accepted : otherwise);

    public static T Must<T>(this T thing, Func<T, Outcome> rule)
    {
        Refuse(rule(thing));
        return thing;
    }

    /// <summary>One fault is refused as what it is, several together as invalid.</summary>
    public static void Refuse(params IEnumerable<Outcome> answers)
    {
        var faults = answers.Where(a => a != Outcome.Accepted).ToArray();
        if (faults is [var first, ..])
            throw new RefusedByModelException(faults is [_] ? first : Outcome.Invalid);
    }
}

internal sealed class RefusedByModelException(Outcome outcome) : Exception
{
    public Outcome Outcome => outcome;
}
