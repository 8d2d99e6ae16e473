namespace Sluice.AppSetups;

internal static class AppSetupsSetup
{
    public static WebApplicationBuilder AddAppSetups(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AppSetupTable>();
        builder.Services.AddHostedService<AppSetupWorker>();
        return builder;
    }
}
