using Sluice.Storage;

namespace Sluice.Acme;

internal static class AcmeSetup
{
    public static WebApplicationBuilder AddAcme(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AcmeJobs>().AddSingleton<AcmeAccounts>();
        builder.Services.AddSingleton<AcmeWorker>().AddHostedService(s => s.GetRequiredService<AcmeWorker>());
        builder.Services.AddSingleton(new SealedColumn("acme_accounts", "private_key", row => AcmeAccounts.Purpose(row.Guid("id"))));
        builder.Services.AddSingleton(new SealedColumn("acme_jobs", "private_key", row => AcmeJobs.Purpose(row.Guid("id"))));
        return builder;
    }
}
