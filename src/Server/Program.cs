using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Releases;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;

return await Start.RunAsync(args, Server, Agent);

static Task<int> Server(UpOptions options)
{
    var builder = ServerRole.CreateBuilder(options);
    builder.AddStorage();
    builder.AddRuntime();
    builder.AddAccounts();
    builder.AddApps();
    builder.AddRouter();
    builder.AddReleases();
    var app = builder.Build();
    app.MapHealth();
    return app.RunAsync(options);
}

static AgentHost Agent(AgentHost host, UpOptions options)
{
    var slugs = new SlugStore(options.Data);
    var sandboxes = new SandboxHost(options.Data, TimeProvider.System, options.OneTeam);
    return host.MapSlugs(slugs, options.Data).MapDynos(sandboxes, slugs.LayOutAsync, options.Data, TimeProvider.System);
}
