using Sluice.Dashboard.AccountPage;
using Sluice.Dashboard.AppPage;
using Sluice.Dashboard.Home;
using Sluice.Dashboard.Live;
using Sluice.Dashboard.PipelinePage;
using Sluice.Dashboard.SignIn;

namespace Sluice.Dashboard;

internal static class DashboardSetup
{
    public static WebApplicationBuilder AddDashboard(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<Assets>();
        services.AddSingleton<FormToken>();
        services.AddSingleton<RefusedForms>();
        services.AddSingleton<Session>();
        services.AddSingleton<People>();
        services.AddScoped<Views>();
        services.AddSingleton<Commits>();
        services.AddSingleton<BuildFacts>();
        services.AddSingleton<ReleaseWaits>();
        services.AddSingleton<AppFacts>();
        services.AddSingleton<HomeLines>();
        services.AddSingleton<Finder>();
        services.AddSingleton<MoveHistory>();
        services.AddSingleton<PipelineFacts>();
        services.AddSingleton<PreviewFacts>();
        services.AddSingleton<History>();
        services.AddSingleton<ChangeFinder>();
        services.AddSingleton<AppViews>();
        services.AddSingleton<AccountFacts>();
        services.AddSingleton<Happenings>();
        services.AddHostedService(s => s.GetRequiredService<Happenings>());
        services.AddScoped<LiveStream>();
        services.AddScoped<LivePages>();
        return builder;
    }

    /// <summary>Every page and every form, below <c>/dashboard</c>; browsers at the root are sent there.</summary>
    public static WebApplication MapDashboard(this WebApplication app)
    {
        app.UseMiddleware<PageDoor>();
        var dashboard = app.MapGroup("/dashboard");
        dashboard.MapGet("/assets/{version}/{name}", (HttpContext http, string name, Assets assets, CancellationToken ct) => assets.SendAsync(http, name, ct)).ForAnyone();
        dashboard.MapSignIn();
        dashboard.MapHome();
        dashboard.MapPipelinePages();
        dashboard.MapPipelineActions();
        dashboard.MapPipelineTabs();
        dashboard.MapAppPages();
        dashboard.MapAppActions();
        LivePages.Map(dashboard);
        Tails.Map(dashboard);
        dashboard.MapAccountPages();
        dashboard.MapGet("/{**path}", NotHere).ForAnyone().WithOrder(int.MaxValue - 1);
        return app;
    }

    private static IResult NotHere(string? path) => throw Refuse.NotFound("page", path ?? "");
}
