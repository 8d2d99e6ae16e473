using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;
using Sluice.Teams;
using Sluice.Tests.Dynos;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Model;

/// <summary>
/// The server as it is, on a Unix socket in this process: every route, store and worker over a real database; only dynos and router are scripted. An
/// app with <c>FAIL</c> among its config vars fails its release commands, one with <c>CRASH</c> crashes while it boots, one that is held takes its time.
/// </summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly TempFolder folder = new();
    private readonly TestDb records;
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<AppId, TaskCompletionSource> held = new();

    private RealServer(TestDb records)
    {
        this.records = records;
        Runtime.OneOffs = async (run, _, _) => new SandboxExit(await RunAsync(run), false, false);
        Runtime.Fates = start => start.Env.ContainsKey("CRASH") ? ScriptedRuntime.Fate.Crash : ScriptedRuntime.Fate.Up;
        app = Build();
        Http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(folder.At("http")), ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost") };
    }

    public ScriptedRuntime Runtime { get; } = new();

    public ScriptedRouter Router { get; } = new();

    public HttpClient Http { get; }

    public Db Db => records.Db;

    public T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();

    public static async Task<RealServer> StartAsync(string kind)
    {
        var server = new RealServer(await TestDb.OpenAsync(kind));
        await server.app.StartAsync();
        return server;
    }

    public void Hold(AppId id) => held.TryAdd(id, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void LetGo(AppId id)
    {
        if (held.TryRemove(id, out var gate))
            gate.SetResult();
    }

    public void LetAllGo()
    {
        foreach (var id in held.Keys)
            LetGo(id);
    }

    public async ValueTask DisposeAsync()
    {
        LetAllGo();
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        await records.DisposeAsync();
        folder.Dispose();
    }

    private async Task<int> RunAsync(OneOff run)
    {
        if (held.TryGetValue(run.App, out var gate))
            await gate.Task;
        var isBad = run.Env.ContainsKey("FAIL") || run.Env.ContainsKey("CRASH");
        // Those of its group that are held are to have begun before this one fails them: the model knows one order only.
        if (isBad && !held.IsEmpty)
            await Task.Delay(300);
        return run.Env.ContainsKey("FAIL") ? 1 : 0;
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = folder.Path, EnvironmentName = "Production" });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(folder.At("http")));
        var services = builder.Services;
        var frame = services.Where(s => s.ServiceType == typeof(IHostedService)).ToHashSet();
        services.AddSingleton(new DataFolder(folder.At("data"))).AddSingleton(TimeProvider.System)
            .AddSingleton(new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") });
        Directory.CreateDirectory(folder.At("data"));
        builder.AddStorage().AddLogs().AddRuntime().AddAccounts().AddTeams().AddApps().AddSlugs().AddSources().AddRouter()
            .AddDynos().AddBuilds().AddReleases().AddPipelines().AddPlatformApi();
        foreach (var worker in services.Where(s => s.ServiceType == typeof(IHostedService) && !frame.Contains(s)).ToArray())
            services.Remove(worker);
        services.AddSingleton(records.Db).AddSingleton<IRuntime>(Runtime).AddSingleton(s => new DynoFleet(new FleetWorld
        {
            Runtime = Runtime,
            Publish = Router.PublishAsync,
            PublishAll = Router.PublishAllAsync,
            Drained = Router.DrainedAsync,
            Log = (_, _, _) => { },
            Clock = TimeProvider.System,
            Trouble = (_, _) => { },
            Stopping = s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping,
        }));
        // No agent: a slug is a row here, and nothing of it can be lost.
        services.AddSingleton(s => new Promoter(s.GetRequiredService<Db>(), s.GetRequiredService<ReleaseLedger>(), s.GetRequiredService<Releaser>(), TimeProvider.System, (_, _) => Task.FromResult<string?>(null)));
        services.AddHostedService<FleetWorker>().AddHostedService(s => s.GetRequiredService<CurrentPlans>()).AddHostedService(s => s.GetRequiredService<Releaser>());
        var built = builder.Build();
        built.MapPlatformApi();
        return built;
    }
}
