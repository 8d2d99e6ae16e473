using System.Collections.Immutable;

namespace Sluice.Tests.Model;

/// <summary>An app as the model has it.</summary>
internal sealed class ModelApp
{
    public required string Name { get; set; }

    /// <summary>A person or a team.</summary>
    public required string Owner { get; set; }
    public bool Locked { get; set; }
    public Dictionary<string, May> Added { get; } = [];
    public ImmutableSortedDictionary<string, string> Config { get; set; } = ImmutableSortedDictionary<string, string>.Empty;
    public ModelPipeline? Pipeline { get; set; }
    public string Stage { get; set; } = "";
    public ModelApp? Downstream { get; set; }
    public string? OfferedTo { get; set; }
    public ModelLedger Ledger { get; } = new();
}

internal sealed class ModelPipeline
{
    public required string Name { get; set; }
    public required string Owner { get; set; }
    public List<string> Stages { get; } = [.. ModelWorld.Standard];
}

/// <summary>
/// Accounts, teams, apps, releases, pipelines, promotions, transfers and permissions, as small as they can be said: one person at a time, in memory,
/// by names. What the real server does is held against it, so it is written from the rules and not from the server's code.
/// </summary>
internal sealed class ModelWorld
{
    public static readonly ImmutableArray<string> People = ["ada", "bob", "cy", "dee"];
    public static readonly ImmutableArray<string> Standard = ["review", "development", "staging", "production"];

    /// <summary>Team → person → role. Ada and Bob each begin with one.</summary>
    public Dictionary<string, Dictionary<string, string>> Teams { get; } = new() { ["acme"] = new() { ["ada"] = "admin" }, ["bolt"] = new() { ["bob"] = "admin" } };
    public Dictionary<string, ModelApp> Apps { get; } = [];

    /// <summary>The oldest first. Names may be the same.</summary>
    public List<ModelPipeline> Pipelines { get; } = [];
    public List<ModelPromotion> Promotions { get; } = [];

    public Outcome Do(Command command)
    {
        try
        {
            Act(command);
            ModelReleases.Advance(Apps.Values);
            return Outcome.Accepted;
        }
        catch (RefusedByModelException refused)
        {
            return refused.Outcome;
        }
    }

    public May OnApp(string who, ModelApp app)
    {
        var (role, added) = (RoleIn(app.Owner, who), app.Added.GetValueOrDefault(who));
        return app.Owner == who || role == "admin" ? May.All
            : app.Locked ? added
            : role switch { "member" => added | May.Work, "viewer" => added | May.View, _ => added };
    }

    public May OnPipeline(string who, ModelPipeline pipeline) => RoleIn(pipeline.Owner, who) switch
    {
        _ when pipeline.Owner == who => May.All,
        "admin" => May.All,
        "member" => May.Work,
        "viewer" => May.View,
        _ => Apps.Values.Any(a => a.Pipeline == pipeline && OnApp(who, a) != May.Nothing) ? May.View : May.Nothing,
    };

    private void Act(Command command)
    {
        switch (command)
        {
            case Command.CreateApp c: Create(c); break;
            case Command.DestroyApp(var who, var name): Destroy(App(who, name, May.Manage)); break;
            case Command.RenameApp(var who, var name, var to): Rename(App(who, name, May.Operate | May.Manage), to); break;
            case Command.LockApp(var who, var name, var locked):
                var lockable = App(who, name, May.Manage);
                Demand(!locked || IsTeam(lockable.Owner), Outcome.Invalid);
                lockable.Locked = locked;
                break;
            case Command.SetConfig(var who, var name, var key, var value): ModelReleases.SetConfig(App(who, name, May.Operate), key, value); break;
            case Command.Deploy(var who, var name, var commit, var hasPhase):
                ModelReleases.Add(App(who, name, May.Deploy), new ModelRequest.Slug(new ModelSlug(commit, hasPhase), "Deploy"));
                break;
            case Command.RollBack(var who, var name, var version): RollBack(App(who, name, May.Deploy), version); break;
            case Command.CreatePipeline(var who, var name, var team):
                Pipelines.Add(new ModelPipeline { Name = name, Owner = team is null ? who : BringTo(team, who) });
                break;
            case Command.DestroyPipeline(var who, var name):
                var ended = Pipeline(who, name, May.Manage);
                Pipelines.Remove(ended);
                foreach (var app in Apps.Values.Where(a => a.Pipeline == ended))
                    app.Pipeline = null;
                break;
            case Command.RenamePipeline(var who, var name, var to): Pipeline(who, name, May.Manage).Name = to; break;
            case Command.Couple c: Couple(c); break;
            case Command.Recouple(var who, var name, var stage):
                var moved = Coupled(who, name);
                DemandMay(OnPipeline(who, moved.Pipeline!), May.Operate);
                Demand(moved.Pipeline!.Stages.Contains(stage), Outcome.Invalid);
                moved.Stage = stage;
                break;
            case Command.Uncouple(var who, var name): Coupled(who, name).Pipeline = null; break;
            case Command.AddStage(var who, var name, var stage, var before, var after):
                var grown = Pipeline(who, name, May.Operate).Stages;
                Demand(!grown.Contains(stage) && grown.Count < 20, Outcome.Invalid);
                Put(grown, stage, before, after);
                break;
            case Command.MoveStage(var who, var name, var stage, var before, var after):
                var list = Pipeline(who, name, May.Operate).Stages;
                Demand(list.Contains(stage) && !Standard.Contains(stage) && stage != (before ?? after), Outcome.Invalid);
                Put(list, stage, before, after);
                break;
            case Command.RemoveStage(var who, var name, var stage):
                var shrunk = Pipeline(who, name, May.Operate);
                Demand(shrunk.Stages.Contains(stage) && !Standard.Contains(stage) && !Apps.Values.Any(a => a.Pipeline == shrunk && a.Stage == stage), Outcome.Invalid);
                shrunk.Stages.Remove(stage);
                break;
            case Command.SetEdge(var who, var name, var to):
                var (from, down) = (App(who, name, May.Deploy), App(who, to, May.Deploy));
                for (var next = down; next is not null; next = next.Downstream)
                    Demand(next != from, Outcome.Invalid);
                from.Downstream = down;
                break;
            case Command.RemoveEdge(var who, var name, var only):
                var source = App(who, name, May.Deploy);
                Demand(source.Downstream is not null && (only is null || App(who, only, May.View) == source.Downstream), Outcome.NotFound);
                source.Downstream = null;
                break;
            case Command.Promote c: Promotions.Add(new ModelPromoting(this, c).Begin()); break;
            case Command.PutMember(var who, var team, var person, var role):
                DemandRole(team, who, "admin");
                DemandAnAdminStays(team, person, role);
                Teams[team][person] = role;
                break;
            case Command.RemoveMember(var who, var team, var person): RemoveMember(who, team, person); break;
            case Command.AddCollaborator(var who, var name, var person, var wanted): Add(who, App(who, name, May.View), person, wanted); break;
            case Command.ChangeCollaborator(var who, var name, var person, var wanted):
                var shared = App(who, name, May.Manage);
                Demand(shared.Added.TryGetValue(person, out var had), Outcome.NotFound);
                DemandMay(OnApp(who, shared), (wanted | May.View) & ~had);
                shared.Added[person] = wanted | May.View;
                break;
            case Command.RemoveCollaborator(var who, var name, var person):
                var left = App(who, name, May.View);
                if (person != who || !left.Added.ContainsKey(person))
                    DemandMay(OnApp(who, left), May.Manage);
                Demand(left.Added.Remove(person), Outcome.NotFound);
                break;
            case Command.OfferApp(var who, var name, var to): Offer(who, App(who, name, May.Own), to); break;
            case Command.AnswerOffer(var who, var name, var accept):
                var offered = OfferSeenBy(who, name);
                Demand(offered.OfferedTo == who, Outcome.Forbidden);
                offered.OfferedTo = null;
                if (accept)
                    HandOver(offered, who);
                break;
            case Command.WithdrawOffer(var who, var name):
                var withdrawn = OfferSeenBy(who, name);
                Demand(withdrawn.Owner == who, Outcome.Forbidden);
                withdrawn.OfferedTo = null;
                break;
            case Command.TransferPipeline(var who, var name, var to): Transfer(Pipeline(who, name, May.Own), to); break;
            case Command.Hold(var name) when Apps.TryGetValue(name, out var held): held.Ledger.IsHeld = true; break;
            case Command.LetGo(var name) when Apps.TryGetValue(name, out var free): (free.Ledger.IsHeld, free.Ledger.RunsCommand) = (false, false); break;
        }
    }

    private void Create(Command.CreateApp c)
    {
        Demand(!c.Locked || c.Team is not null, Outcome.Invalid);
        var owner = c.Team is null ? c.Who : BringTo(c.Team, c.Who);
        Demand(!Apps.ContainsKey(c.App), Outcome.Invalid);
        ModelReleases.Add(Apps[c.App] = new ModelApp { Name = c.App, Owner = owner, Locked = c.Locked }, new ModelRequest.Initial());
    }

    private void Destroy(ModelApp app)
    {
        Apps.Remove(app.Name);
        foreach (var other in Apps.Values.Where(a => a.Downstream == app))
            other.Downstream = null;
        ModelReleases.Vanish(app);
    }

    private void Rename(ModelApp app, string to)
    {
        Demand(to == app.Name || !Apps.ContainsKey(to), Outcome.Invalid);
        Apps.Remove(app.Name);
        app.Name = to;
        Apps[to] = app;
    }

    private static void RollBack(ModelApp app, int version)
    {
        Demand(app.Ledger.All.Exists(r => r.Version == version), Outcome.NotFound);
        var to = app.Ledger.All[version - 1];
        Demand(to is { Slug: not null, Status: "succeeded" }, Outcome.Invalid);
        ModelReleases.Add(app, new ModelRequest.Rollback(to));
    }

    private void Couple(Command.Couple c)
    {
        var faults = new ModelFaults();
        var (pipeline, app) = (faults.Try(() => Pipeline(c.Who, c.Pipeline, May.Operate)), faults.Try(() => App(c.Who, c.App, May.Operate)));
        faults.Add(pipeline?.Stages.Contains(c.Stage) is false, Outcome.Invalid);
        faults.Refuse();
        Demand(app!.Pipeline is null, Outcome.Invalid);
        (app.Pipeline, app.Stage) = (pipeline, c.Stage);
    }

    private static void Put(List<string> stages, string stage, string? before, string? after)
    {
        Demand(before is null != after is null && stages.Contains((before ?? after)!) && before != Standard[0], Outcome.Invalid);
        stages.Remove(stage);
        stages.Insert(before is not null ? stages.IndexOf(before) : stages.IndexOf(after!) + 1, stage);
    }

    private void RemoveMember(string who, string team, string person)
    {
        DemandRole(team, who, person == who ? "collaborator" : "admin");
        Demand(Teams[team].ContainsKey(person), Outcome.NotFound);
        DemandAnAdminStays(team, person, "nothing");
        Teams[team].Remove(person);
        foreach (var app in Apps.Values.Where(a => a.Owner == team))
            app.Added.Remove(person);
    }

    /// <summary>Nobody gives what they do not have; who is in the team may join with what they may do anyway.</summary>
    private void Add(string who, ModelApp app, string person, May? wanted)
    {
        var (mine, joins) = (OnApp(who, app), person == who);
        Demand(!joins || (RoleIn(app.Owner, who) is not null && !mine.HasFlag(May.Own)), Outcome.Invalid);
        var given = (wanted | May.View) ?? (joins ? mine : May.Work);
        if (!joins)
            DemandMay(mine, May.Manage);
        DemandMay(mine, given);
        Demand(person != app.Owner && !app.Added.ContainsKey(person), Outcome.Invalid);
        app.Added[person] = given;
        if (IsTeam(app.Owner))
            Teams[app.Owner].TryAdd(person, "collaborator");
    }

    /// <summary>To a team that one brings apps to, and from a team to somebody in it: at once. Between people: when they accept.</summary>
    private void Offer(string who, ModelApp app, string to)
    {
        Demand(!IsTeam(to) || RoleIn(to, who) is not null, Outcome.Invalid);
        Demand(!IsTeam(to) || RoleIn(to, who) is "admin" or "member", Outcome.Forbidden);
        Demand(to != app.Owner, Outcome.Invalid);
        Demand(IsTeam(to) || !IsTeam(app.Owner) || RoleIn(app.Owner, to) is "admin" or "member" or "viewer", Outcome.Forbidden);
        if (IsTeam(to) || IsTeam(app.Owner))
            HandOver(app, to);
        else
            app.OfferedTo = to;
    }

    private void HandOver(ModelApp app, string to)
    {
        var from = app.Owner;
        (app.Owner, app.Locked, app.OfferedTo) = (to, false, null);
        app.Added.Remove(to);
        if (IsTeam(from))
            app.Added.Clear();
        else if (!IsTeam(to))
            app.Added[from] = May.Work;
        foreach (var person in IsTeam(to) ? app.Added.Keys.ToArray() : [])
            Teams[to].TryAdd(person, "collaborator");
    }

    private void Transfer(ModelPipeline pipeline, string to)
    {
        var (from, mine) = (pipeline.Owner, Apps.Values.Where(a => a.Pipeline == pipeline).ToArray());
        Demand(to != from && (IsTeam(to) || IsTeam(from)), Outcome.Forbidden);
        Demand(
            mine.Any(a => a.Owner == to)
            || (IsTeam(from) ? !IsTeam(to) && RoleIn(from, to) is "admin" or "member" or "viewer" : RoleIn(to, from) is "admin" or "member"),
            Outcome.Forbidden);
        pipeline.Owner = to;
        foreach (var app in mine.Where(a => a.Owner == from))
            HandOver(app, to);
    }

    public ModelApp App(string who, string name, May wanted)
    {
        Demand(Apps.TryGetValue(name, out var app), Outcome.NotFound);
        DemandMay(OnApp(who, app!), wanted);
        return app!;
    }

    /// <summary>Of several with the name the oldest on which one may do what is wanted, else the oldest that one sees.</summary>
    public ModelPipeline Pipeline(string who, string name, May wanted)
    {
        var seen = Pipelines.FindAll(p => p.Name == name && OnPipeline(who, p) != May.Nothing);
        var found = seen.Find(p => OnPipeline(who, p).HasFlag(wanted)) ?? seen.FirstOrDefault();
        Demand(found is not null, Outcome.NotFound);
        DemandMay(OnPipeline(who, found!), wanted);
        return found!;
    }

    private ModelApp Coupled(string who, string name)
    {
        Demand(App(who, name, May.View).Pipeline is not null, Outcome.NotFound);
        return App(who, name, May.Operate);
    }

    private ModelApp OfferSeenBy(string who, string name)
    {
        Demand(Apps.TryGetValue(name, out var app) && app.OfferedTo is not null && (app.Owner == who || app.OfferedTo == who), Outcome.NotFound);
        return app!;
    }

    private string BringTo(string team, string who)
    {
        DemandRole(team, who, "member");
        return team;
    }

    private void DemandRole(string team, string who, string atLeast)
    {
        string[] roles = ["admin", "member", "viewer", "collaborator"];
        Demand(RoleIn(team, who) is not null, Outcome.NotFound);
        Demand(Array.IndexOf(roles, RoleIn(team, who)) <= Array.IndexOf(roles, atLeast), Outcome.Forbidden);
    }

    private void DemandAnAdminStays(string team, string person, string role) => Demand(
        role == "admin" || RoleIn(team, person) != "admin" || Teams[team].Any(m => m.Key != person && m.Value == "admin"), Outcome.Forbidden);

    public bool IsTeam(string owner) => Teams.ContainsKey(owner);

    public string? RoleIn(string owner, string who) => Teams.GetValueOrDefault(owner)?.GetValueOrDefault(who);

    public static void DemandMay(May granted, May wanted)
    {
        Demand(granted != May.Nothing, Outcome.NotFound);
        Demand(granted.HasFlag(wanted), Outcome.Forbidden);
    }

    public static void Demand(bool holds, Outcome otherwise)
    {
        if (!holds)
            throw new RefusedByModelException(otherwise);
    }
}

internal sealed class RefusedByModelException(Outcome outcome) : Exception
{
    public Outcome Outcome { get; } = outcome;
}
