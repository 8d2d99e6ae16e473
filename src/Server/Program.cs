using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Releases;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Storage;

return await Start.RunAsync(args, Server, Agent);

static Task<int> Server(UpOptions options)
{
    var builder = ServerRole.CreateBuilder(options);
    builder.AddStorage();
    builder.Services.AddSingleton<AgentClient>();
    builder.AddAccounts();
    builder.AddApps();
    builder.AddRouter();
    builder.AddReleases();
    var app = builder.Build();
    app.MapHealth();
    return app.RunAsync(options);
}

static AgentHost Agent(AgentHost host, UpOptions options) => host;
