using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.AppSetups;
using Sluice.Builds;
using Sluice.Dashboard;
using Sluice.Dynos;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Tests.Dashboard;

/// <summary>No page is open to who is not signed in, but the one to sign in: default is deny.</summary>
public sealed class PageRouteTests
{
    [Fact]
    public void Every_page_and_every_form_says_who_may_come_in() =>
        Assert.Empty(Routes().Where(route => route.Metadata.GetMetadata<PageNeeds>() is null).Select(NameOf));

    [Fact]
    public void Only_the_sign_in_page_and_what_it_is_made_of_is_open() =>
        Assert.Equal(
            ["GET /dashboard/assets/{version}/{name}", "GET /dashboard/sign-in", "GET /dashboard/{**path}", "POST /dashboard/sign-in"],
            Routes().Where(route => route.Metadata.GetMetadata<PageNeeds>() is { Door: Door.Open }).Select(NameOf).Order(StringComparer.Ordinal));

    /// <summary>To leave an app one need only see it; the store asks for more when it is about somebody else.</summary>
    [Fact]
    public void What_changes_an_app_needs_more_than_to_see_it() =>
        Assert.Equal(
            ["POST /dashboard/apps/{name}/access/remove"],
            Routes().Where(route => route.Metadata.GetMetadata<PageNeeds>() is { Door: Door.App, Permission: Permission.View }).Select(NameOf).Where(name => name.StartsWith("POST", StringComparison.Ordinal)));

    private static IEnumerable<RouteEndpoint> Routes()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(new DataFolder("/nowhere")).AddSingleton(TimeProvider.System)
            .AddSingleton(new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") });
        builder.AddStorage().AddLogs().AddRuntime().AddAccounts().AddTeams().AddApps().AddSlugs().AddSources().AddRouter()
            .AddDynos().AddBuilds().AddReleases().AddPipelines().AddAppSetups().AddPlatformApi().AddDashboard();
        var app = builder.Build();
        app.MapDashboard();
        return ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();
    }

    private static string NameOf(RouteEndpoint route) =>
        $"{string.Join(',', route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["*"])} {route.RoutePattern.RawText}";
}
