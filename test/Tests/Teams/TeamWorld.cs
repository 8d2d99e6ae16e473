using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Storage;
using Sluice.Teams;
using Sluice.Tests.Accounts;

namespace Sluice.Tests.Teams;

/// <summary>
/// Team acme with one of each role and apps shop-dev, shop-staging (locked) and shop (locked) in its pipeline; Ada, who has an app of her own in a
/// pipeline of her own; and Eve, who has nothing.
/// </summary>
internal sealed class TeamWorld : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly World world;

    private TeamWorld(World world)
    {
        this.world = world;
        Accounts = new AccountTable(Db, world.Clock);
        Teams = new TeamTable(Db, world.Clock);
        Lookup = new Lookup(Db);
        Collaborators = new CollaboratorTable(Db, world.Clock);
        Transfers = new AppTransferTable(Db, world.Clock);
        Pipelines = new PipelineCatalog(Db, world.Clock);
        PipelineTransfers = new PipelineTransfers(Db, world.Clock);
    }

    public Db Db => world.Db;
    public Principal Administrator => world.Admin;
    public AccountTable Accounts { get; }
    public TeamTable Teams { get; }
    public Lookup Lookup { get; }
    public CollaboratorTable Collaborators { get; }
    public AppTransferTable Transfers { get; }
    public PipelineCatalog Pipelines { get; }
    public PipelineTransfers PipelineTransfers { get; }
    public AppCatalog Apps => world.Apps;

    public Dictionary<string, Principal> People { get; } = [];
    public Team Acme { get; private set; } = null!;
    public Dictionary<string, App> All { get; } = [];
    public Pipeline AcmePipeline { get; private set; } = null!;
    public Pipeline AdasPipeline { get; private set; } = null!;

    public static async Task<TeamWorld> OpenAsync(string kind)
    {
        var made = new TeamWorld(await World.OpenAsync(kind));
        await made.FillAsync();
        return made;
    }

    public Principal this[string name] => People[name];

    public async Task<Principal> PersonAsync(string name)
    {
        var (account, _) = await Accounts.CreateAsync($"{name}@example.com", null, false, Administrator, None);
        return People[name] = new Principal(account.Id, account.Email, name);
    }

    public async Task<App> AppAsync(string name, Team? team, bool isLocked, Principal who) =>
        All[name] = await Apps.CreateAsync(new NewApp(name, null, team, isLocked), who, (_, _) => { }, None);

    /// <summary>Puts an app into a pipeline whoever may: as it is after somebody lost a permission.</summary>
    public Task PlaceAsync(Pipeline pipeline, App app, string stage) => Db.WriteAsync(
        new Act("pipeline.add", pipeline.Id.ToString(), Administrator.Account, app.Id, "test"),
        tx => PipelineCatalog.Add(tx, new Coupling
        {
            Id = CouplingId.New(), Pipeline = pipeline.Id, PipelineName = pipeline.Name, Stages = pipeline.Stages, App = app.Id, AppName = app.Name, Stage = stage,
            CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch,
        }),
        None);

    /// <summary>The permissions that the one function gives: words with commas, empty for what does not exist for them.</summary>
    public async Task<string> MayAsync(string person, string app)
    {
        try
        {
            return (await Lookup.AccessAsync(app, Permission.View, People[person], None)).Granted.ToString();
        }
        catch (RefusedException e) when (e.Kind == RefusalKind.NotFound)
        {
            return "";
        }
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private async Task FillAsync()
    {
        foreach (var name in new[] { "admin", "member", "viewer", "collaborator", "ada", "eve" })
            await PersonAsync(name);
        Acme = await Teams.CreateAsync("acme", this["admin"], None);
        foreach (var role in new[] { TeamRole.Member, TeamRole.Viewer, TeamRole.Collaborator })
            await Teams.PutAsync(Acme, $"{role.Word()}@example.com", role, mustBeIn: false, this["admin"], None);
        AcmePipeline = await Pipelines.CreateAsync("shop", Acme, this["admin"], None);
        AdasPipeline = await Pipelines.CreateAsync("blog", this["ada"], None);
        foreach (var (name, stage) in new[] { ("shop-dev", "development"), ("shop-staging", "staging"), ("shop", "production") })
            await Pipelines.AddAsync(AcmePipeline, await AppAsync(name, Acme, isLocked: stage != "development", this["admin"]), stage, this["admin"], None);
        await Pipelines.AddAsync(AdasPipeline, await AppAsync("blog", null, isLocked: false, this["ada"]), "production", this["ada"], None);
    }
}
