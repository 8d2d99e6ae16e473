using Sluice.Storage;

namespace Sluice.Apps;

internal static class AppsSetup
{
    public static WebApplicationBuilder AddApps(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AppCatalog>();
        builder.Services.AddSingleton<FormationTable>();
        builder.Services.AddSingleton<QuotaTable>().AddHostedService<LogBounds>();
        builder.Services.AddSingleton<BuildpackList>();
        builder.Services.AddSingleton<DomainTable>();
        builder.Services.AddSingleton<SniEndpointTable>();
        builder.Services.AddSingleton<FeatureTable>();
        builder.Services.AddSingleton<Lookup>();
        builder.Services.AddSingleton<AppList>();
        builder.Services.AddSingleton<CollaboratorTable>();
        builder.Services.AddSingleton<AppTransferTable>();
        builder.Services.AddSingleton(new SealedColumn("apps", "config", row => ConfigVars.Purpose(new AppId(row.Guid("id")))));
        builder.Services.AddSingleton(new SealedColumn("sni_endpoints", "private_key", row => SniEndpointTable.Purpose(row.Guid("id"))));
        return builder;
    }
}
