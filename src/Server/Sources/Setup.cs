namespace Sluice.Sources;

internal static class SourcesSetup
{
    public static WebApplicationBuilder AddSources(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Repositories>();
        return builder;
    }
}
