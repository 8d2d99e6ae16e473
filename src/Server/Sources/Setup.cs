namespace Sluice.Sources;

internal static class SourcesSetup
{
    public static WebApplicationBuilder AddSources(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Repositories>().AddSingleton<Comparison>().AddSingleton<RepositoryCare>().AddHostedService(s => s.GetRequiredService<RepositoryCare>());
        return builder;
    }
}
