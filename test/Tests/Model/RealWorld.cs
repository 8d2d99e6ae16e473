using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Tests.Model;

/// <summary>One sequence's own people, teams, apps and pipelines on a shared server: every name begins with its number.</summary>
internal sealed class RealWorld(RealServer server, int number)
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly string prefix = $"m{number}-";
    private readonly Dictionary<string, string> keys = [];
    private readonly List<Task<(HttpStatusCode, JsonElement)>> waiting = [];

    public RealServer Server => server;

    public Dictionary<string, Principal> People { get; } = [];

    /// <summary>Promotions with the names that their targets had.</summary>
    public List<(PromotionId Id, Dictionary<AppId, string> Names)> Promotions { get; } = [];

    public string Pattern => prefix + "%";

    public string Short(string text) => text.Replace(prefix, "", StringComparison.Ordinal).Replace("@example.com", "", StringComparison.Ordinal)
        .Replace(Account.TeamAddress, "", StringComparison.Ordinal);

    public async Task BeginAsync()
    {
        var admin = new Principal(AccountId.New(), "admin@localhost", "model");
        foreach (var name in ModelWorld.People)
        {
            var (account, key) = await server.Get<AccountTable>().CreateAsync(Email(name), null, false, admin, None);
            People[name] = new Principal(account.Id, account.Email, "model");
            keys[name] = key.Reveal();
        }
        foreach (var (team, people) in new ModelWorld().Teams)
            await server.Get<TeamTable>().CreateAsync(prefix + team, People[people.Keys.Single()], None);
    }

    public async Task<Outcome> DoAsync(Command command)
    {
        switch (command)
        {
            case Command.Hold(var app):
                if (await IdOfAsync(app) is { } held)
                    server.Hold(held);
                return Outcome.Accepted;
            case Command.LetGo(var app):
                if (await IdOfAsync(app) is { } free)
                    server.LetGo(free);
                return Outcome.Accepted;
            case Command.Deploy(var who, var app, var commit, var hasPhase):
                return await AskInTurnAsync(who, app, new { slug = await SlugAsync(app, commit, hasPhase) });
            case Command.RollBack(var who, var app, var version):
                return await AskInTurnAsync(who, app, new { release = $"v{version}" });
            case Command.Recouple(var who, var app, var stage):
                return await CouplingAsync(who, app) is { } moved ? await AskAsync(who, "PATCH", "/pipeline-couplings/" + moved, new { stage }) : Outcome.NotFound;
            case Command.Uncouple(var who, var app):
                return await PlaceAsync(app) is { } gone ? await AskAsync(who, "DELETE", "/pipeline-couplings/" + gone) : Outcome.NotFound;
            case Command.AnswerOffer(var who, var app, var accept):
                return await OfferAsync(who, app) is { } offer ? await AskAsync(who, "PATCH", "/account/app-transfers/" + offer, new { state = accept ? "accepted" : "declined" }) : Outcome.NotFound;
            case Command.WithdrawOffer(var who, var app):
                return await OfferAsync(who, app) is { } mine ? await AskAsync(who, "DELETE", "/account/app-transfers/" + mine) : Outcome.NotFound;
            case Command.Promote c:
                return await PromoteAsync(c);
            default:
                var (person, method, path, body) = RequestOf(command);
                return await AskAsync(person, method, path, body);
        }
    }

    /// <summary>Ends what was held; every caller that waited for a turn was answered.</summary>
    public async Task EndAsync()
    {
        server.LetAllGo();
        foreach (var (status, answer) in await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30)))
            Assert.True(status is HttpStatusCode.Created or HttpStatusCode.NotFound, $"{status} {answer}");
    }

    public async Task<JsonElement> ReadAsync(string who, string path)
    {
        var (status, answer) = await SendAsync(who, "GET", path, null);
        Assert.True(status is HttpStatusCode.OK, $"GET {path} as {who}: {status} {answer}");
        return answer;
    }

    private (string Who, string Method, string Path, object? Body) RequestOf(Command command) => command switch
    {
        Command.CreateApp(var who, var app, null, false) => (who, "POST", "/apps", new { name = P(app) }),
        Command.CreateApp(var who, var app, var team, var locked) => (who, "POST", "/teams/apps", new { name = P(app), team = team is null ? null : P(team), locked }),
        Command.DestroyApp(var who, var app) => (who, "DELETE", $"/apps/{P(app)}", null),
        Command.RenameApp(var who, var app, var to) => (who, "PATCH", $"/apps/{P(app)}", new { name = P(to) }),
        Command.LockApp(var who, var app, var locked) => (who, "PATCH", $"/teams/apps/{P(app)}", new { locked }),
        Command.SetConfig(var who, var app, var name, var value) => (who, "PATCH", $"/apps/{P(app)}/config-vars", new Dictionary<string, string?> { [name] = value }),
        Command.CreatePipeline(var who, var name, null) => (who, "POST", "/pipelines", new { name = P(name) }),
        Command.CreatePipeline(var who, var name, var team) => (who, "POST", "/pipelines", new { name = P(name), owner = new { id = P(team), type = "team" } }),
        Command.DestroyPipeline(var who, var name) => (who, "DELETE", $"/pipelines/{P(name)}", null),
        Command.RenamePipeline(var who, var name, var to) => (who, "PATCH", $"/pipelines/{P(name)}", new { name = P(to) }),
        Command.Couple(var who, var name, var app, var stage) => (who, "POST", "/pipeline-couplings", new { pipeline = P(name), app = P(app), stage }),
        Command.AddStage(var who, var name, var stage, var before, var after) => (who, "POST", $"/pipelines/{P(name)}/stages", new { name = stage, before, after }),
        Command.MoveStage(var who, var name, var stage, var before, var after) => (who, "PATCH", $"/pipelines/{P(name)}/stages/{stage}", new { before, after }),
        Command.RemoveStage(var who, var name, var stage) => (who, "DELETE", $"/pipelines/{P(name)}/stages/{stage}", null),
        Command.SetEdge(var who, var app, var to) => (who, "PUT", $"/apps/{P(app)}/downstream", new { app = P(to) }),
        Command.RemoveEdge(var who, var app, var only) => (who, "DELETE", $"/apps/{P(app)}/downstream{(only is null ? "" : "?app=" + P(only))}", null),
        Command.PutMember(var who, var team, var person, var role) => (who, "PUT", $"/teams/{P(team)}/members", new { email = Email(person), role }),
        Command.RemoveMember(var who, var team, var person) => (who, "DELETE", $"/teams/{P(team)}/members/{Email(person)}", null),
        Command.AddCollaborator(var who, var app, var person, null) => (who, "POST", $"/apps/{P(app)}/collaborators", new { user = Email(person) }),
        Command.AddCollaborator(var who, var app, var person, var may) => (who, "POST", $"/apps/{P(app)}/collaborators", new { user = Email(person), permissions = Words(may!.Value) }),
        Command.ChangeCollaborator(var who, var app, var person, var may) => (who, "PATCH", $"/apps/{P(app)}/collaborators/{Email(person)}", new { permissions = Words(may) }),
        Command.RemoveCollaborator(var who, var app, var person) => (who, "DELETE", $"/apps/{P(app)}/collaborators/{Email(person)}", null),
        Command.OfferApp(var who, var app, var to) => (who, "POST", "/account/app-transfers", new { app = P(app), recipient = Owner(to) }),
        Command.TransferPipeline(var who, var name, var to) => (who, "POST", "/pipeline-transfers", new { pipeline = P(name), new_owner = new { id = Owner(to), type = IsPerson(to) ? "user" : "team" } }),
        _ => throw new ArgumentException($"There is no request for {command}.", nameof(command)),
    };

    private async Task<Outcome> PromoteAsync(Command.Promote c)
    {
        var source = new Dictionary<string, object> { ["app"] = P(c.Source), ["if_current"] = c.IfCurrent };
        if (c.Release is { } version)
            source["release"] = $"v{version}";
        var body = new Dictionary<string, object> { ["source"] = source, ["skip"] = c.Skip, ["all_or_nothing"] = c.AllOrNothing };
        if (c.Targets.Any())
            body["targets"] = c.Targets.Select(t => new { app = P(t) });
        if (c.Pipeline is not null)
            body["pipeline"] = P(c.Pipeline);
        var (status, answer) = await SendAsync(c.Who, "POST", "/pipeline-promotions", body);
        if (status is HttpStatusCode.Created)
        {
            var id = new PromotionId(answer.GetProperty("id").GetGuid());
            var targets = (await server.Get<Promoter>().TargetsAsync(id, None)).Select(t => t.App).ToHashSet();
            var names = await server.Db.ListAsync($"SELECT id, name FROM apps WHERE name LIKE {Pattern}", r => (Id: new AppId(r.Guid("id")), Name: Short(r.Text("name"))), None);
            Promotions.Add((id, names.Where(n => targets.Contains(n.Id)).ToDictionary(n => n.Id, n => n.Name)));
        }
        return OutcomeOf(status, answer);
    }

    /// <summary>A release that must wait for its turn is answered when its turn comes; that it waits is enough.</summary>
    private async Task<Outcome> AskInTurnAsync(string who, string app, object body)
    {
        var before = await QueuedAsync(app);
        var answer = SendAsync(who, "POST", $"/apps/{P(app)}/releases", body);
        while (await Task.WhenAny(answer, Task.Delay(20)) != answer)
        {
            if (await QueuedAsync(app) == before)
                continue;
            waiting.Add(answer);
            return Outcome.Accepted;
        }
        var (status, said) = await answer;
        return OutcomeOf(status, said);
    }

    private Task<int> QueuedAsync(string app) => server.Db.FindAsync(
        $"SELECT COUNT(*) AS waiting FROM release_queue q JOIN apps ON apps.id = q.app_id WHERE apps.name = {P(app)}", r => r.Int("waiting"), None);

    private async Task<string> SlugAsync(string app, string commit, bool hasPhase)
    {
        if (await IdOfAsync(app) is not { } home)
            return SlugId.New().ToString();
        var types = ImmutableSortedDictionary<string, string>.Empty.Add("web", "serve");
        var slug = new Slug
        {
            Id = SlugId.New(), App = home, Digest = SlugDigest.Of(Encoding.UTF8.GetBytes(commit)), Stack = AppCatalog.DefaultStack, Commit = commit,
            ProcessTypes = hasPhase ? types.Add("release", "migrate") : types, Size = 1, CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch,
        };
        await server.Db.WriteAsync(new Act("slug.create", slug.Id.ToString()), tx => server.Get<SlugCatalog>().Add(tx, slug), None);
        return slug.Id.ToString();
    }

    private async Task<AppId?> IdOfAsync(string app) => (await server.Get<AppCatalog>().FindAsync(P(app), None))?.Id;

    /// <summary>Whoever may see it: the one who asks may own the pipeline, and not see the app.</summary>
    private async Task<string?> PlaceAsync(string app) =>
        await IdOfAsync(app) is { } id ? (await server.Get<PipelineCatalog>().CouplingOfAsync(id, None))?.Id.ToString() : null;

    private async Task<string?> CouplingAsync(string who, string app)
    {
        var (status, answer) = await SendAsync(who, "GET", $"/apps/{P(app)}/pipeline-couplings", null);
        return status is HttpStatusCode.OK ? answer.GetProperty("id").GetString() : null;
    }

    private async Task<string?> OfferAsync(string who, string app) =>
        (await ReadAsync(who, "/account/app-transfers")).EnumerateArray()
            .Where(t => t.GetProperty("state").GetString() == "pending" && t.GetProperty("app").GetProperty("name").GetString() == P(app))
            .Select(t => t.GetProperty("id").GetString()).SingleOrDefault();

    private async Task<Outcome> AskAsync(string who, string method, string path, object? body = null)
    {
        var (status, answer) = await SendAsync(who, method, path, body);
        return OutcomeOf(status, answer);
    }

    private async Task<(HttpStatusCode, JsonElement)> SendAsync(string who, string method, string path, object? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", keys[who]);
        using var answer = await server.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    private static Outcome OutcomeOf(HttpStatusCode status, JsonElement answer) => status switch
    {
        >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous => Outcome.Accepted,
        HttpStatusCode.BadRequest => Outcome.BadRequest,
        HttpStatusCode.Forbidden => Outcome.Forbidden,
        HttpStatusCode.NotFound => Outcome.NotFound,
        HttpStatusCode.Conflict => Outcome.Conflict,
        HttpStatusCode.UnprocessableEntity => Outcome.Invalid,
        _ => throw new InvalidOperationException($"{(int)status}: {answer}"),
    };

    private static string[] Words(May may) => [.. new[] { May.View, May.Deploy, May.Operate, May.Manage }.Where(m => may.HasFlag(m)).Select(m => m.ToString().ToLowerInvariant())];

    private static bool IsPerson(string name) => ModelWorld.People.Contains(name);

    private string P(string name) => prefix + name;

    private string Email(string person) => $"{prefix}{person}@example.com";

    private string Owner(string name) => IsPerson(name) ? Email(name) : prefix + name + Account.TeamAddress;
}
