using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Dashboard;

namespace Sluice.Tests.Api;

/// <summary>Every page of the dashboard, asked for by some of those who come to the doors of the API; with the key as the cookie that a sign-in leaves.</summary>
internal sealed partial class PageDoors(Uri server, IReadOnlyDictionary<string, string> ids)
{
    private const string Root = "/dashboard";

    /// <summary>Those who tell the doors apart, about each of the two apps.</summary>
    private static readonly string[] OfAdas = ["nobody", "a stranger", "one who may view", "the owner", "an administrator"];
    private static readonly string[] OfTheTeams = ["nobody", "a viewer in the team", "a collaborator of the team", "an admin of the team"];

    /// <summary>Pages about nobody's app: whoever is signed in sees their own.</summary>
    private static readonly string[] Own = ["", "/how", "/find", "/account", "/new/pipeline", "/new/app"];

    public async Task KnockAsync(IReadOnlyCollection<Caller> callers, List<string> faults)
    {
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = server };
        foreach (var page in Pages())
        {
            foreach (var (caller, isTeams) in callers.Where(c => OfAdas.Contains(c.Name)).Select(c => (c, false)).Concat(callers.Where(c => OfTheTeams.Contains(c.Name)).Select(c => (c, true))))
            {
                var (wanted, got) = (Expected(page, caller, isTeams), await AskAsync(browser, page, caller, isTeams));
                if (!wanted.Contains(got))
                    faults.Add($"{caller.Name} at the page {page.RoutePattern.RawText} ({(isTeams ? "the team's" : "Ada's")}): {got} instead of {string.Join(" or ", wanted)}");
            }
        }
    }

    private static IEnumerable<RouteEndpoint> Pages() =>
        RouteTableTests.EndpointsOf(app => app.MapDashboard()).Where(route => RouteTableTests.NameOf(route).StartsWith("GET ", StringComparison.Ordinal));

    /// <summary>What may come of it. A page that is about nothing of these fails the test.</summary>
    private static string[] Expected(RouteEndpoint page, Caller caller, bool isTeams)
    {
        var path = page.RoutePattern.RawText![Root.Length..].TrimEnd('/');
        if (path == "/sign-in")
            return ["in"];
        if (path is "/{**path}" or "/assets/{version}/{name}")
            return ["nothing"];
        var (onApp, onPipeline) = isTeams ? (caller.OnTeamsApp, Access.OnPipeline(false, caller.Role, !caller.OnTeamsApp.IsEmpty)) : (caller.OnAdasApp, caller.OnAdasPipeline);
        if (caller.Key is null)
            return ["who"];
        if (Own.Contains(path))
            return ["in"];
        if (path == "/promotions/{promotion}")
            return [DoorTests.Of(onApp, Permission.View)];
        if (path.StartsWith("/apps/{name}", StringComparison.Ordinal))
            return page.Metadata.GetMetadata<PageNeeds>() is { Door: Door.App } needs ? [DoorTests.Of(onApp, needs.Permission)] : ["a door that asks about the app"];
        // What it takes beyond seeing the pipeline, the page itself says.
        if (path.StartsWith("/pipelines/{pipeline}", StringComparison.Ordinal))
            return onPipeline.Has(Permission.View) ? ["in", "no"] : ["nothing"];
        return ["a line in this table: say here what the page is about"];
    }

    /// <summary>As a part of a page asks, so that who is not signed in is told so and not led on.</summary>
    private async Task<string> AskAsync(HttpClient browser, RouteEndpoint page, Caller caller, bool isTeams)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Hole().Replace(page.RoutePattern.RawText!, hole => Filled(hole.Value, isTeams))) { Headers = { { "HX-Request", "true" } } };
        if (caller.Key is { } key)
            request.Headers.Add("Cookie", $"sluice-{server.Port}={key}");
        using var answer = await browser.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return (int)answer.StatusCode switch { 401 => "who", 403 => "no", 404 => "nothing", < 400 or 400 or 409 or 422 => "in", var odd => $"odd ({odd})" };
    }

    private string Filled(string hole, bool isTeams) => hole switch
    {
        "{name}" => isTeams ? "held" : "kept",
        "{pipeline}" => ids[isTeams ? "held-pipeline" : "kept-pipeline"],
        "{promotion}" => ids[isTeams ? "held-promotion" : "kept-promotion"],
        "{build}" => ids[isTeams ? "held-build" : "kept-build"],
        "{version}" => "2",
        _ => "nothing",
    };

    [GeneratedRegex(@"\{[\w*]+\}")]
    private static partial Regex Hole();
}
