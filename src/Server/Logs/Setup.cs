namespace Sluice.Logs;

internal static class LogsSetup
{
    public static WebApplicationBuilder AddLogs(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<OpenLogs>().AddSingleton<AppLogs>().AddHostedService<LogGatherer>();
        return builder;
    }
}
