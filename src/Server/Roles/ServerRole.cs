using System.Text;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Roles;

/// <summary>The server's frame: HTTP on a Unix socket behind the router, and what every folder finds in the container.</summary>
internal static class ServerRole
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    /// <summary>Of router and agent, to a question about their health.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    public static WebApplicationBuilder CreateBuilder(UpOptions options)
    {
        FileModes.OwnerOnly();
        File.Delete(options.Data.ServerSocket);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = "Production" });
        builder.Logging.ClearProviders().AddSimpleConsole(c => c.SingleLine = true).AddFilter("Microsoft", LogLevel.Warning)
            // With this one on, each request would get an activity that nobody looks at, and that ours would take for its parent.
            .AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.None);
        builder.Services.AddSingleton(options.Data).AddSingleton(_ => ServerTerm.Take(options.Data, TimeProvider.System)).AddSingleton(options.Site).AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IHostLifetime>(services => new ServerLifetime(services.GetRequiredService<IHostApplicationLifetime>()));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // As the router reads them: a header that one lets through and the other refuses would end a request in the middle.
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenUnixSocket(options.Data.ServerSocket);
        });
        return builder;
    }

    /// <summary>Runs until SIGTERM.</summary>
    public static async Task<int> RunAsync(this WebApplication app, UpOptions options)
    {
        await app.DemandStatedNeeds().StartAsync();
        RoleMark.Write(options.Data, Launch.Server);
        _ = StopWhenStaleAsync(app);
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static async Task StopWhenStaleAsync(WebApplication app)
    {
        await app.Services.GetRequiredService<ServerTerm>().Superseded;
        await Console.Error.WriteLineAsync("server: " + ServerTerm.Sentence);
        app.Lifetime.StopApplication();
    }

    /// <summary><c>GET /healthz</c>: 200 when all three roles are ready, else 503; both with who is. <c>GET /healthz/server</c>: this server alone, and its records,
    /// in as much time as they take; the supervisor asks it.</summary>
    public static WebApplication MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz", async (RouterClient router, AgentClient agent, CancellationToken ct) =>
        {
            var (hasRouter, hasAgent) = (await IsThereAsync(router.IsThereAsync, ct), await IsThereAsync(token => IsThereAsync(agent, token), ct));
            var ready = $$"""{"server":"ready","router":"{{Word(hasRouter)}}","agent":"{{Word(hasAgent)}}"}""";
            return TypedResults.Text(ready, "application/json", statusCode: hasRouter && hasAgent ? 200 : 503);
        }).Open();
        app.MapGet(SignOfLife.OfServer, async (Db db, CancellationToken ct) =>
        {
            await db.FindAsync($"SELECT 1 AS one", row => row.Int("one"), ct);
            return TypedResults.Text("ready");
        }).Open();
        return app;
    }

    private static string Word(bool isReady) => isReady ? "ready" : "away";

    /// <summary>Who hangs is away, too.</summary>
    private static async Task<bool> IsThereAsync(Func<CancellationToken, Task<bool>> ask, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(AnswerWithin);
        try
        {
            return await ask(patience.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> IsThereAsync(AgentClient agent, CancellationToken ct)
    {
        try
        {
            await agent.CallAsync<Nothing, Nothing>(AgentRole.Ready, new Nothing(), null, ct);
            return true;
        }
        catch (AgentException)
        {
            return false;
        }
    }

    /// <summary>SIGTERM stops the server; the terminal's signals are the supervisor's.</summary>
    private sealed class ServerLifetime(IHostApplicationLifetime lifetime) : IHostLifetime
    {
        private readonly RoleSignals signals = new();

        public Task WaitForStartAsync(CancellationToken cancellationToken)
        {
            signals.Token.Register(lifetime.StopApplication);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
