using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Jobs;
using Sluice.Logs;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

internal static class ReleasesSetup
{
    public static WebApplicationBuilder AddReleases(this WebApplicationBuilder builder)
    {
        var wakeup = new Wakeup();
        builder.Services.AddSingleton(s => new ReleaseLedger(
            s.GetRequiredService<Db>(), s.GetRequiredService<Vault>(), s.GetRequiredService<SlugCatalog>(), wakeup, s.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(new SealedColumn("releases", "config", row => ConfigSnapshot.Purpose(new AppId(row.Guid("app_id")), row.Int("version"))));
        builder.Services.AddSingleton<ReleaseHeads>();
        builder.Services.AddSingleton<CurrentPlans>();
        builder.Services.AddSingleton(s => new Releaser(
            s.GetRequiredService<ReleaseLedger>(),
            new ReleaseSteps(
                s.GetRequiredService<ReleaseLedger>(), s.GetRequiredService<CurrentPlans>(), s.GetRequiredService<SlugCatalog>(),
                s.GetRequiredService<FormationTable>(), s.GetRequiredService<DynoFleet>(),
                new ReleasePhase(s.GetRequiredService<IRuntime>(), s.GetRequiredService<OpenLogs>(), s.GetRequiredService<AppLogs>(), s.GetRequiredService<TimeProvider>()), s.GetRequiredService<TimeProvider>()),
            s.GetRequiredService<OpenLogs>(), s.GetRequiredService<AppLogs>(), s.GetRequiredService<AccountTable>(), wakeup, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<Releaser>>()));
        builder.Services.AddHostedService(s => s.GetRequiredService<CurrentPlans>());
        builder.Services.AddHostedService(s => s.GetRequiredService<Releaser>());
        builder.Services.AddHostedService<BuiltReleases>().AddHostedService<SlugCollector>();
        return builder;
    }
}
