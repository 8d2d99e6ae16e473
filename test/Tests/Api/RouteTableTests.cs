using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.AppSetups;
using Sluice.Builds;
using Sluice.Dashboard;
using Sluice.Drains;
using Sluice.Dynos;
using Sluice.Git;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;
using Sluice.Teams;
using Sluice.Tests.Storage;

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

    [Fact]
    public void What_is_beside_the_API_says_it_too() =>
        Assert.Equal(
            ["GET /healthz/server: open", "GET /healthz: open", "GET /{app}.git/info/refs: git deploy", "POST /{app}.git/git-receive-pack: git deploy", "POST /{app}.git/git-upload-pack: git deploy"],
            EndpointsOf(app => app.MapHealth().MapGit()).Select(route => $"{NameOf(route)}: {route.Metadata.GetMetadata<IStatesItsNeeds>()}").Order(StringComparer.Ordinal));

    [Fact]
    public void A_route_that_does_not_say_who_may_come_in_does_not_start_the_server()
    {
        var app = Composed(app => app.MapHealth().MapGit().MapPlatformApi().MapDashboard());
        app.DemandStatedNeeds();
        app.MapGet("/dashboard/backdoor", () => "come in");
        app.MapPost("/apps/{name}/backdoor", () => "come in");

        Assert.Equal(
            "Nobody may come in by a route that does not say who may: HTTP: GET /dashboard/backdoor; HTTP: POST /apps/{name}/backdoor.",
            Assert.Throws<InvalidOperationException>(app.DemandStatedNeeds).Message);
    }

    /// <summary>By the way that the program itself takes, on a server that has nothing else: it would start, and be there for everybody.</summary>
    [Fact]
    public async Task The_server_looks_at_its_routes_before_it_starts()
    {
        using var folder = new TempFolder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(folder.At("http")));
        await using var app = builder.Build();
        app.MapGet("/backdoor", () => "come in");

        var running = app.RunAsync(UpOptions.Parse(["--data", folder.Path], _ => null, isRoot: false));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => running.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Contains("HTTP: GET /backdoor", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.At("http")));
    }

    private static IEnumerable<RouteEndpoint> Endpoints() => EndpointsOf(app => app.MapPlatformApi());

    /// <summary>Routes as the server has them.</summary>
    internal static IEnumerable<RouteEndpoint> EndpointsOf(Action<WebApplication> map) =>
        ((IEndpointRouteBuilder)Composed(map)).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    private static WebApplication Composed(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(new DataFolder("/nowhere")).AddSingleton(TimeProvider.System)
            .AddSingleton(new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") });
        builder.AddStorage().AddLogs().AddRuntime().AddAccounts().AddTeams().AddApps().AddSlugs().AddSources().AddDrains().AddRouter()
            .AddDynos().AddBuilds().AddReleases().AddPipelines().AddAppSetups().AddGit().AddPlatformApi().AddDashboard();
        var app = builder.Build();
        map(app);
        return app;
    }

    internal static string NameOf(RouteEndpoint route) =>
        $"{string.Join(',', route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["*"])} {route.RoutePattern.RawText}";
}
