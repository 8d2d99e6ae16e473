using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.AppSetups;
using Sluice.Builds;
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

namespace Sluice.Tests.Api;

/// <summary>Nobody comes in by a route that is not on the list: default is deny.</summary>
public sealed class RouteTableTests
{
    [Fact]
    public void Every_route_needs_exactly_what_the_contract_says()
    {
        var routes = Endpoints().Select(route => (Name: NameOf(route), Needs: route.Metadata.GetMetadata<Needs>()?.ToString() ?? "nothing at all"));
        Assert.Equal(
            Contract.Read().Routes.Select(r => $"{r.Key}: {r.Value.Needs}").Order(StringComparer.Ordinal),
            routes.Select(r => $"{r.Name}: {r.Needs}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_is_open_has_its_secret_in_the_address_or_is_the_list_of_what_comes_with_every_server() =>
        Assert.All(
            Contract.Read().Routes.Where(route => route.Value.Needs == "open" && !route.Key.StartsWith("GET /buildpacks", StringComparison.Ordinal)).Select(route => route.Key),
            name => Assert.True(name.EndsWith("/{ticket}", StringComparison.Ordinal) || name == "* /{**path}", name));

    [Fact]
    public void What_is_under_an_app_is_for_those_who_may_see_that_app() =>
        Assert.All(
            Contract.Read().Routes.Where(route => route.Key.Contains(" /apps/{name}", StringComparison.Ordinal)),
            route => Assert.StartsWith("app ", route.Value.Needs));

    [Fact]
    public void What_changes_something_needs_more_than_to_see_it() =>
        Assert.DoesNotContain(
            Contract.Read().Routes,
            route => route.Value.Needs is "app view" or "inside view" && !route.Key.StartsWith("GET ", StringComparison.Ordinal)
                && !route.Key.EndsWith("/log-sessions", StringComparison.Ordinal)
                && !route.Key.Contains("/collaborators", StringComparison.Ordinal));   // joining and leaving; the store asks for more

    private static IEnumerable<RouteEndpoint> Endpoints()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(new DataFolder("/nowhere")).AddSingleton(TimeProvider.System)
            .AddSingleton(new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") });
        builder.AddStorage().AddLogs().AddRuntime().AddAccounts().AddTeams().AddApps().AddSlugs().AddSources().AddRouter()
            .AddDynos().AddBuilds().AddReleases().AddPipelines().AddAppSetups().AddPlatformApi();
        var app = builder.Build();
        app.MapPlatformApi();
        return ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();
    }

    private static string NameOf(RouteEndpoint route) =>
        $"{string.Join(',', route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["*"])} {route.RoutePattern.RawText}";
}
