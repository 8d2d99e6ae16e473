namespace Sluice.Metrics;

internal static class MetricsSetup
{
    public static WebApplicationBuilder AddMetrics(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MetricHistory>();
        builder.Services.AddSingleton<MetricsRecorder>().AddHostedService(s => s.GetRequiredService<MetricsRecorder>());
        return builder;
    }
}
