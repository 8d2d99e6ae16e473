using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Jobs;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;
using Sluice.Tests.Dynos;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Releases;

/// <summary>What outlives a server: its records, its files, the dynos and the router.</summary>
internal sealed class Outside : IAsyncDisposable
{
    private readonly TempFolder folder = new();

    private Outside(TestDb records) => Records = records;

    public TestDb Records { get; }

    public Vault Vault { get; } = new(RandomNumberGenerator.GetBytes(32));

    public DataFolder Data => new(folder.Path);

    public ScriptedRuntime Runtime { get; } = new();

    public ScriptedRouter Router { get; } = new();

    public static async Task<Outside> MakeAsync(string kind = "sqlite") => new(await TestDb.OpenAsync(kind));

    public async ValueTask DisposeAsync()
    {
        await Records.DisposeAsync();
        folder.Dispose();
    }
}

/// <summary>One life of a server's heart over what outlives it: ledger, fleet, releaser, pipelines. Everything in memory is new each time.</summary>
internal sealed class ReleaseWorld : IAsyncDisposable
{
    public static readonly CancellationToken None = CancellationToken.None;

    private readonly CancellationTokenSource stopping = new();
    private readonly FleetWorker fleetWorker;
    private readonly CurrentPlans plans;

    /// <param name="runtime">A real one in place of the scripted one.</param>
    /// <param name="router">The line to a real router in place of the scripted one.</param>
    /// <param name="time">The system's, when null.</param>
    public ReleaseWorld(Outside outside, IRuntime? runtime = null, RouterClient? router = null, TimeProvider? time = null)
    {
        Outside = outside;
        runtime ??= outside.Runtime;
        var routes = router is null ? null : new Routes(router);
        var (db, vault, clock) = (outside.Records.Db, outside.Vault, time ?? TimeProvider.System);
        var wakeup = new Wakeup();
        Slugs = new SlugCatalog(db);
        Apps = new AppCatalog(db, vault, clock);
        Formations = new FormationTable(db, clock);
        Ledger = new ReleaseLedger(db, vault, Slugs, wakeup, clock);
        Fleet = new DynoFleet(new FleetWorld
        {
            Runtime = runtime,
            Publish = routes is null ? outside.Router.PublishAsync : routes.PublishAsync,
            PublishAll = routes is null ? outside.Router.PublishAllAsync : routes.PublishAllAsync,
            Drained = router is null ? outside.Router.DrainedAsync : router.DrainedAsync,
            Log = (app, dyno, text) => Log.Enqueue((app, dyno, text)),
            Clock = clock,
            Trouble = (e, what) => Troubles.Enqueue($"{what}: {e.Message}"),
            Stopping = stopping.Token,
        });
        var site = new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") };
        plans = new CurrentPlans(Ledger, Slugs, Apps, Formations, new DomainTable(Db, site, clock), new FeatureTable(Db, clock), new QuotaTable(Db), site, Fleet, clock, NullLogger<CurrentPlans>.Instance);
        AppLogs = new AppLogs(outside.Data, clock);
        var logs = new OpenLogs(outside.Data, clock);
        Steps = new ReleaseSteps(Ledger, plans, Slugs, Formations, Fleet, new ReleasePhase(runtime, logs, AppLogs, clock), clock);
        Releaser = new Releaser(Ledger, Steps, logs, AppLogs, new AccountTable(db, clock), wakeup, clock, NullLogger<Releaser>.Instance);
        fleetWorker = new FleetWorker(Fleet);
        Pipelines = new PipelineCatalog(db, clock);
        Stages = new StageList(db, clock);
        Edges = new EdgeTable(db, clock);
        Downstreams = new Downstreams(Pipelines, Edges, new Lookup(db));
        Promoter = new Promoter(db, Ledger, Releaser, clock, (slug, _) => Task.FromResult(Lacking.GetValueOrDefault(slug)));
    }

    public Outside Outside { get; }

    public Db Db => Outside.Records.Db;

    public SlugCatalog Slugs { get; }

    public AppCatalog Apps { get; }

    public FormationTable Formations { get; }

    public ReleaseLedger Ledger { get; }

    public DynoFleet Fleet { get; }

    public CurrentPlans Plans => plans;

    public ReleaseSteps Steps { get; }

    public Releaser Releaser { get; }

    public AppLogs AppLogs { get; }

    public PipelineCatalog Pipelines { get; }

    public StageList Stages { get; }

    public EdgeTable Edges { get; }

    public Downstreams Downstreams { get; }

    public Promoter Promoter { get; }

    /// <summary>Slugs whose files the agent would miss, and its words.</summary>
    public Dictionary<SlugId, string> Lacking { get; } = [];

    public ConcurrentQueue<(AppId App, string Dyno, string Text)> Log { get; } = new();

    public ConcurrentQueue<string> Troubles { get; } = new();

    public static Principal Ada { get; } = new(new AccountId(Guid.Parse("00000000-0000-0000-0000-00000000ada0")), "ada@localhost", "request-1");

    public async Task<ReleaseWorld> StartAsync()
    {
        await fleetWorker.StartAsync(None);
        await plans.StartAsync(None);
        await Releaser.StartAsync(None);
        await Fleet.Opened.WaitAsync(TimeSpan.FromSeconds(10));
        return this;
    }

    /// <summary>An account, and an app with its v1.</summary>
    public async Task<App> AppAsync(string name)
    {
        await AccountAsync();
        var app = await Apps.CreateAsync(name, null, Ada, (tx, app) => Ledger.Add(tx, new ReleaseRequest.Initial(app.Id, Ada.Account, null)), None);
        plans.Nudge(app.Id);
        return app;
    }

    public Task AccountAsync() => Db.WriteAsync(
        new Act("account.create", Ada.Email),
        tx => tx.Execute(
            $"""
            INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({Ada.Account}, {Ada.Email}, {DateTimeOffset.UnixEpoch}, {DateTimeOffset.UnixEpoch})
            ON CONFLICT (id) DO NOTHING
            """),
        None);

    /// <summary>A slug whose files are there. Types as <c>web: node web.js</c>.</summary>
    public Task<SlugId> SlugAsync(App app, string? commit, params string[] types) =>
        SlugAsync(app, SlugDigest.Of(Encoding.UTF8.GetBytes(commit + string.Join(';', types))), commit, types);

    public async Task<SlugId> SlugAsync(App app, SlugDigest digest, string? commit, params string[] types)
    {
        var slug = new Slug
        {
            Id = SlugId.New(), App = app.Id, Digest = digest, Stack = "debian-12", Commit = commit,
            ProcessTypes = types.Select(t => t.Split(": ")).ToImmutableSortedDictionary(t => t[0], t => t[1]), Size = 1,
            CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch,
        };
        await Db.WriteAsync(new Act("slug.create", slug.Id.ToString()), tx => Slugs.Add(tx, slug), None);
        return slug.Id;
    }

    public async Task<Release> DeployAsync(App app, string? commit, params string[] types) =>
        await EndOfAsync(await Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, Ada.Account, null, await SlugAsync(app, commit, types)), None));

    public Task<Release> EndOfAsync(ReleaseId release) => Releaser.EndOfAsync(release, null, None).WaitAsync(TimeSpan.FromSeconds(30));

    public async Task SetAsync(App app, string name, string? value) =>
        await Ledger.ChangeConfigAsync(app.Id, Ada.Account, new Dictionary<string, string?> { [name] = value }, null, None);

    /// <summary>Ends this life. Nothing of it touches records, dynos or router any more when it returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Releaser.StopAsync(None);
        await plans.StopAsync(None);
        await fleetWorker.StopAsync(None);
        AppLogs.Dispose();
    }

    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        // Above what the fleet takes to look again by itself.
        var end = Environment.TickCount64 + 30_000;
        while (!holds())
        {
            Assert.True(Environment.TickCount64 < end, "Never: " + what);
            await Task.Delay(10);
        }
    }
}
