using Sluice.Logs;
using Sluice.Router;
using Sluice.Runtime;

namespace Sluice.Dynos;

internal static partial class DynosSetup
{
    public static WebApplicationBuilder AddDynos(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<OneOffs>();
        builder.Services.AddSingleton(s =>
        {
            var logger = s.GetRequiredService<ILogger<DynoFleet>>();
            return new DynoFleet(FleetWorld.Of(
                s.GetRequiredService<IRuntime>(), s.GetRequiredService<Routes>(), s.GetRequiredService<RouterClient>(),
                s.GetRequiredService<AppLogs>(), s.GetRequiredService<OneOffs>(), s.GetRequiredService<TimeProvider>(),
                (trouble, what) => LogTrouble(logger, trouble, what), s.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        });
        builder.Services.AddHostedService<FleetWorker>();
        return builder;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What}")]
    private static partial void LogTrouble(ILogger logger, Exception trouble, string what);
}
