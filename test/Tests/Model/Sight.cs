using System.Text.Json;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Router;
using Sluice.Storage;

namespace Sluice.Tests.Model;

/// <summary>What can be seen of either world, as lines of text that are the same when the worlds agree.</summary>
internal static class Sight
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Releases and promotions: what goes on by itself.</summary>
    public static string Moving(ModelWorld world) => Text(
        world.Apps.SelectMany(a => a.Releases.Select(r => $"{a.Name} v{r.Version} {r.Status} {r.Slug?.Commit ?? "-"} {r.Description}").Append($"{a.Name} waiting {a.Waiting.Count}"))
            .Concat(world.Promotions.Select((p, i) => Promotion(i, p.Select(t => (t.App, t.Release.Status))))));

    public static async Task<string> MovingAsync(RealWorld world)
    {
        var releases = await world.Server.Db.ListAsync(
            $"""
            SELECT apps.name, r.version, r.status, r.description, slugs.commit_sha
              FROM apps JOIN releases r ON r.app_id = apps.id LEFT JOIN slugs ON slugs.id = r.slug_id WHERE apps.name LIKE {world.Pattern}
            """, r => $"{r.Text("name")} v{r.Int("version")} {r.Text("status")} {r.TextOrNull("commit_sha") ?? "-"} {r.Text("description")}", None);
        var queues = await world.Server.Db.ListAsync(
            $"SELECT name, (SELECT COUNT(*) FROM release_queue q WHERE q.app_id = apps.id) AS queued FROM apps WHERE name LIKE {world.Pattern}",
            r => $"{r.Text("name")} waiting {r.Int("queued")}", None);
        var promotions = new List<string>();
        foreach (var (id, names) in world.Promotions)
            promotions.Add(Promotion(promotions.Count, (await world.Server.Get<Promoter>().TargetsAsync(id, None)).Select(t => (names[t.App], t.Status))));
        return Text(releases.Concat(queues).Select(world.Short).Concat(promotions));
    }

    /// <summary>Everything else: what is where, whose it is, and what everybody sees of it and may do to it.</summary>
    public static string Whole(ModelWorld world) => Text(
        world.Apps.SelectMany(a => new[]
            {
                $"{a.Name} of {a.Owner} {(a.Locked ? "locked" : "open")} offered to {a.OfferedTo ?? "nobody"} runs v{a.Current!.Version}",
                $"{a.Name} in {(a.Pipeline is { } p ? $"#{world.Pipelines.IndexOf(p)} {a.Stage}" : "no pipeline")} then {a.Downstream?.Name ?? "nowhere"}",
                $"{a.Name} has {Vars(a.Config)}",
                $"{a.Name} added {Join(a.Added.Select(m => $"{m.Key}={Words(m.Value)}"))}",
            }
            .Concat(a.Releases.Select(r => $"{a.Name} v{r.Version} has {Vars(r.Config)}"))
            .Concat(ModelWorld.People.Select(who => $"{who} may {Words(world.On(who, a))} {a.Name}")))
        .Concat(world.Pipelines.Select((p, i) => $"#{i} {p.Name} of {p.Owner}: {string.Join(' ', p.Stages)}"))
        .Concat(ModelWorld.People.SelectMany(who => new[]
        {
            $"{who} sees apps {Join(world.Apps.Where(a => world.On(who, a) != May.Nothing).Select(a => a.Name))}",
            $"{who} sees pipelines {Join(world.Pipelines.Where(p => world.On(who, p) != May.Nothing).Select(p => p.Name))}",
        }))
        .Concat(world.Teams.Select(t => $"{t.Key}: {Join(t.Value.Select(m => $"{m.Key}={m.Value}"))}")));

    public static async Task<string> WholeAsync(RealWorld world)
    {
        var (db, server, lines) = (world.Server.Db, world.Server, new List<string>());
        var pipelines = await db.ListAsync(
            $"SELECT p.id, p.name, a.email, p.stages FROM pipelines p JOIN accounts a ON a.id = p.owner_id WHERE p.name LIKE {world.Pattern} ORDER BY p.created_at, p.id",
            r => (Id: new PipelineId(r.Guid("id")), Name: r.Text("name"), Owner: r.Text("email"), Stages: JsonSerializer.Deserialize<string[]>(r.Text("stages"))!), None);
        lines.AddRange(pipelines.Select((p, i) => $"#{i} {p.Name} of {p.Owner}: {string.Join(' ', p.Stages)}"));
        foreach (var app in (await server.Get<AppCatalog>().AllAsync(None)).Where(a => world.Short(a.Name) != a.Name && a.Name.StartsWith(world.Pattern[..^1], StringComparison.Ordinal)))
        {
            var offered = await db.ListAsync($"SELECT a.email FROM app_transfers t JOIN accounts a ON a.id = t.recipient_id WHERE t.app_id = {app.Id} AND t.state = 'pending'", r => r.Text("email"), None);
            var current = (await server.Get<ReleaseLedger>().CurrentAsync(app.Id, None))!;
            var coupling = await server.Get<PipelineCatalog>().CouplingOfAsync(app.Id, None);
            var place = coupling is null ? "no pipeline" : $"#{pipelines.IndexOf(pipelines.Single(p => p.Id == coupling.Pipeline))} {coupling.Stage}";
            lines.Add($"{app.Name} of {app.OwnerEmail} {(app.IsLocked ? "locked" : "open")} offered to {(offered.IsEmpty ? "nobody" : string.Join(' ', offered))} runs v{current.Version}");
            lines.Add($"{app.Name} in {place} then {(await server.Get<EdgeTable>().FindAsync(app.Id, None))?.DownstreamName ?? "nowhere"}");
            lines.Add($"{app.Name} has {Vars(await server.Get<AppCatalog>().ConfigAsync(app, None))}");
            lines.Add($"{app.Name} added {Join((await server.Get<CollaboratorTable>().ListAsync(app, None)).Select(c => $"{c.Email}={c.Permissions}"))}");
            foreach (var release in await server.Get<ReleaseLedger>().ListAsync(app.Id, None))
                lines.Add($"{app.Name} v{release.Version} has {Vars(await server.Get<ReleaseLedger>().ConfigAsync(release, None))}");
            foreach (var (who, principal) in world.People)
                lines.Add($"{who} may {await MayAsync(server, app, principal)} {app.Name}");
        }
        foreach (var who in world.People.Keys)
        {
            lines.Add($"{who} sees apps {Join(await NamesAsync(world, who, "/apps"))}");
            lines.Add($"{who} sees pipelines {Join(await NamesAsync(world, who, "/pipelines"))}");
        }
        var members = await db.ListAsync(
            $"SELECT teams.name, a.email, m.role FROM team_members m JOIN teams ON teams.id = m.team_id JOIN accounts a ON a.id = m.account_id WHERE teams.name LIKE {world.Pattern}",
            r => (Team: r.Text("name"), Who: r.Text("email"), Role: r.Text("role")), None);
        lines.AddRange(members.GroupBy(m => m.Team).Select(team => $"{team.Key}: {Join(team.Select(m => $"{m.Who}={m.Role}"))}"));
        return Text(lines.Select(world.Short));
    }

    /// <summary>What must hold of the real world by itself, whatever the model says; nothing is on its way.</summary>
    public static async Task<IEnumerable<string>> BrokenAsync(RealWorld world)
    {
        var (db, server) = (world.Server.Db, world.Server);
        var broken = new List<string>();
        broken.AddRange(await db.ListAsync(
            $"""
            SELECT apps.name FROM apps JOIN releases r ON r.app_id = apps.id WHERE apps.name LIKE {world.Pattern}
             GROUP BY apps.name HAVING MIN(r.version) <> 1 OR MAX(r.version) <> COUNT(*) OR COUNT(DISTINCT r.version) <> COUNT(*)
            """, r => $"versions of {r.Text("name")} have gaps or come twice", None));
        broken.AddRange(await db.ListAsync($"SELECT apps.name FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id GROUP BY apps.name HAVING COUNT(*) > 1", r => $"{r.Text("name")} is coupled twice", None));
        foreach (var (id, _) in world.Promotions)
        {
            if ((await server.Get<Promoter>().FindAsync(id, None))!.Status != "completed")
                broken.Add($"promotion {id} has no end");
        }
        foreach (var app in (await server.Get<AppCatalog>().AllAsync(None)).Where(a => a.Name.StartsWith(world.Pattern[..^1], StringComparison.Ordinal)))
        {
            var current = (await server.Get<ReleaseLedger>().CurrentAsync(app.Id, None))!;
            var runs = (server.Router.RouteOf(app.Id)?.Targets ?? []).Select(t => server.Runtime.Find(t.Dyno)?.Generation).ToArray();
            if (!runs.SequenceEqual(current.Slug is null ? [] : [(int?)current.Version]))
                broken.Add($"visitors of {app.Name} reach v[{string.Join(' ', runs)}], and v{current.Version} is current");
            var chain = await server.Get<EdgeTable>().ChainAsync(app.Id, 50, None);
            if (chain.Any(e => e.Downstream == app.Id))
                broken.Add($"{app.Name} is downstream of itself");
        }
        return broken;
    }

    private static async Task<string> MayAsync(RealServer server, App app, Principal who)
    {
        try
        {
            return (await server.Get<Lookup>().AccessAsync(app.Name, Permission.View, who, None)).Granted.ToString();
        }
        catch (RefusedException e) when (e.Kind is RefusalKind.NotFound)
        {
            return "";
        }
    }

    private static async Task<IEnumerable<string>> NamesAsync(RealWorld world, string who, string path) =>
        (await world.ReadAsync(who, path)).EnumerateArray().Select(item => item.GetProperty("name").GetString()!);

    private static string Promotion(int number, IEnumerable<(string App, string Status)> targets) => $"promotion {number}: {Join(targets.Select(t => $"{t.App}={t.Status}"))}";

    private static string Vars(IReadOnlyDictionary<string, string> vars) => Join(vars.Select(v => $"{v.Key}={v.Value}"));

    private static string Words(May may) => string.Join(',', Enum.GetValues<May>().Where(m => m is May.View or May.Deploy or May.Operate or May.Manage or May.Own && may.HasFlag(m)).Select(m => m.ToString().ToLowerInvariant()));

    private static string Join(IEnumerable<string> parts) => string.Join(' ', parts.Order(StringComparer.Ordinal));

    private static string Text(IEnumerable<string> lines) => string.Join('\n', lines.Order(StringComparer.Ordinal));
}
