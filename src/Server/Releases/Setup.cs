using Microsoft.Extensions.DependencyInjection.Extensions;
using Sluice.Jobs;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

internal static class ReleasesSetup
{
    public static WebApplicationBuilder AddReleases(this WebApplicationBuilder builder)
    {
        var wakeup = new Wakeup();
        builder.Services.AddSingleton(s => new ReleaseLedger(
            s.GetRequiredService<Db>(), s.GetRequiredService<Vault>(), s.GetRequiredService<SlugCatalog>(), wakeup, s.GetRequiredService<TimeProvider>()));
        return builder;
    }
}
