using Sluice.Storage;

namespace Sluice.Drains;

internal static class DrainsSetup
{
    public static WebApplicationBuilder AddDrains(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<DrainTable>().AddSingleton(new DrainTimes());
        builder.Services.AddSingleton(s => new DrainNetwork(s.GetRequiredService<Site>().PrivateDrains));
        builder.Services.AddSingleton<DrainWorker>().AddHostedService(s => s.GetRequiredService<DrainWorker>());
        builder.Services.AddSingleton(new SealedColumn("log_drains", "url", row => DrainTable.Purpose(row.Guid("id"))));
        return builder;
    }
}
