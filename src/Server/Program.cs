using Sluice.Accounts;
using Sluice.Acme;
using Sluice.Api;
using Sluice.Apps;
using Sluice.AppSetups;
using Sluice.Builds;
using Sluice.Dashboard;
using Sluice.Drains;
using Sluice.Dynos;
using Sluice.Git;
using Sluice.Logs;
using Sluice.Metrics;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;
using Sluice.Teams;

return await Start.RunAsync(args, Server, Agent);

static Task<int> Server(UpOptions options)
{
    var builder = ServerRole.CreateBuilder(options);
    builder.AddStorage().AddLogs().AddRuntime().AddAccounts().AddTeams().AddApps().AddDrains().AddSlugs().AddSources().AddRouter()
        .AddAcme().AddDynos().AddMetrics().AddBuilds().AddReleases().AddPipelines().AddAppSetups().AddGit().AddPlatformApi().AddDashboard();
    var app = builder.Build();
    app.MapHealth().MapGit().MapPlatformApi().MapDashboard();
    return app.RunAsync(options);
}

static AgentHost Agent(AgentHost host, UpOptions options)
{
    var slugs = new SlugStore(options.Data);
    var sandboxes = new SandboxHost(options.Data, TimeProvider.System, options.OneTeam);
    return host.MapSlugs(slugs, options.Data).MapDynos(sandboxes, slugs.LayOutAsync, options.Data, TimeProvider.System).MapBuilds(sandboxes, slugs, options.Data);
}
