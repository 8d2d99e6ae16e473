using Microsoft.AspNetCore.Mvc;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Wire;

namespace Sluice.Api;

internal static class ApiSetup
{
    public static WebApplicationBuilder AddPlatformApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddHttpContextAccessor();
        services.AddSingleton<Tickets>();
        services.AddScoped<AppTickets>();
        services.AddSingleton<Links>();
        services.AddSingleton<RepositoryTokens>();
        services.AddSingleton<AppRepositories>();
        services.AddScoped<Visit>();
        // A route's door has asked already; a handler that takes one of these behind a door that did not is a bug, and fails.
        services.AddScoped(s => s.GetRequiredService<Visit>().Who ?? throw new InvalidOperationException("Nobody was asked for."));
        services.AddScoped(s => s.GetRequiredService<Visit>().Access ?? throw new InvalidOperationException("No app was looked up."));
        services.AddScoped(s => s.GetRequiredService<AppAccess>().App);
        services.AddScoped<ReleaseScribe>();
        services.AddSingleton<SlugFinder>();
        services.AddSingleton<AppMaking>();
        services.AddSingleton<AppRemoval>();
        services.AddSingleton<Uploads>();
        services.AddHostedService(s => s.GetRequiredService<Uploads>());
        services.AddSingleton<SourceFetch>();
        services.AddSingleton<Measures>();
        services.AddScoped<BuildSource>();
        services.ConfigureHttpJsonOptions(options => WireOptions.Make(options.SerializerOptions));
        return builder;
    }

    /// <summary>Every route of the Platform API, and the answer for those that there are not.</summary>
    public static WebApplication MapPlatformApi(this WebApplication app)
    {
        app.UseMiddleware<Doorman>();
        var api = app.MapGroup("");
        api.MapAccount();
        api.MapAuthorizations();
        api.MapSshKeys();
        api.MapFeatures();
        api.MapAccounts();
        api.MapSecretKey();
        api.MapTeams();
        api.MapMembers();
        api.MapTeamApps();
        api.MapApps();
        api.MapCollaborators();
        api.MapDomains();
        api.MapSniEndpoints();
        api.MapAcm();
        api.MapConfigVars();
        api.MapReleases();
        api.MapFormation();
        api.MapDynos();
        api.MapMetrics();
        api.MapQuotas();
        api.MapMeasures();
        api.MapPlatform();
        api.MapBuildpacks();
        api.MapBuildpackRegistry();
        api.MapSources();
        api.MapSlugs();
        api.MapBuilds();
        api.MapStreams();
        api.MapLogSessions();
        api.MapDrains();
        api.MapRendezvous();
        api.MapDiff();
        api.MapRepositories();
        api.MapAppLinks();
        api.MapAppSetups();
        api.MapPipelines();
        api.MapStages();
        api.MapCouplings();
        api.MapEdges();
        api.MapPromotions();
        api.MapTransfers();
        api.MapUnknown();
        return app;
    }

    /// <summary>Last of all, and for every method: a path or a method that nothing else takes.</summary>
    private static void MapUnknown(this IEndpointRouteBuilder api) => api
        .Map("/{**path}", (HttpContext http) => Refusals.WriteAsync(http, 404, new ErrorWire("not_found", "The requested API endpoint was not found.")))
        .WithOrder(int.MaxValue)
        .Open();
}
