using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Pipelines;

internal static class PipelinesSetup
{
    public static WebApplicationBuilder AddPipelines(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PipelineCatalog>();
        builder.Services.AddSingleton<StageList>();
        builder.Services.AddSingleton<EdgeTable>();
        builder.Services.AddSingleton<Downstreams>();
        builder.Services.AddSingleton<PipelineList>();
        builder.Services.AddSingleton<PipelineTransfers>();
        builder.Services.AddSingleton<PipelineLinks>();
        builder.Services.AddSingleton(s => new Promoter(
            s.GetRequiredService<Db>(), s.GetRequiredService<ReleaseLedger>(), s.GetRequiredService<Releaser>(), s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<SlugPresence>().LackAsync));
        return builder;
    }
}
