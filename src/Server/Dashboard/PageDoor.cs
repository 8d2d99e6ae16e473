using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;

namespace Sluice.Dashboard;

/// <summary>Said by every route of the dashboard: who may come in, and how far it reaches for a session that may not do everything.</summary>
internal sealed record PageNeeds(Door Door, Permission Permission, Reach? Reach = null) : IStatesItsNeeds;

/// <summary>
/// Stands before every page and every form: asks the cookie who is there, refuses forms that are not ours, and asks the same questions as the API does
/// (<see cref="Lookup"/>, <see cref="KeyScope"/>). A "no" becomes a page, or a sentence in the form that was sent.
/// </summary>
internal sealed class PageDoor(RequestDelegate next, Session session, FormToken tokens, Lookup lookup, Links links)
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext http, Visit visit, Views views)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<PageNeeds>() is not { } needs)
        {
            if (IsBrowserAtTheRoot(http.Request))
                http.Response.Redirect("/dashboard");
            else
                await next(http);
            return;
        }

        Guard(http.Response);
        visit.RequestId = Guid.NewGuid().ToString();
        http.Response.Headers["Request-Id"] = visit.RequestId;
        await PageRefusals.AnswerAsync(http, views, async () =>
        {
            visit.Who = await session.WhoAsync(http, visit.RequestId, http.RequestAborted);
            var isRead = HttpMethods.IsGet(http.Request.Method);
            if (!isRead)
                await DemandOursAsync(http, needs, visit.Who);
            if (needs.Door != Door.Open && visit.Who is null)
            {
                await views.AskToSignInAsync(http);
                return;
            }

            if (needs.Door != Door.Open)
                visit.Who!.Scope.Demand(needs.Reach ?? (isRead ? Reach.Read : Reach.Write));
            if (needs.Door == Door.App)
                visit.Access = await lookup.AccessAsync((string)http.GetRouteValue("name")!, needs.Permission, visit.Who!, http.RequestAborted);
            await next(http);
        });
    }

    private static bool IsBrowserAtTheRoot(HttpRequest request) =>
        request.Path == "/" && HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>A form of ours has our token, and the browser says that it comes from a page of ours.</summary>
    private async Task DemandOursAsync(HttpContext http, PageNeeds needs, Principal? who)
    {
        var (origin, from) = (http.Request.Headers.Origin.ToString(), http.Request.Headers["Sec-Fetch-Site"].ToString());
        var isForeign = (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && links.IsOurs(uri))) || from is not ("" or "same-origin");
        if (isForeign || !http.Request.HasFormContentType)
            throw Refuse.Forbidden("This form was not sent from a page of this Sluice, so nothing was done.");
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var whom = tokens.WhomOf(form[FormToken.Field]);
        // Who has signed in elsewhere meanwhile may still send the form that was made before; whoever it was made for may sign in again and find it as it was.
        var isOurs = whom == SignInVisit.Of(http, who) || (needs.Door == Door.Open ? whom == SignInVisit.Of(http, null) : who is null && whom is not null);
        if (!isOurs)
            throw Refuse.Forbidden("This page is too old to be sent, so nothing was done. Load it again and send it once more.");
        if (needs.Door != Door.Open)
            http.Features.Set(new OwnForm(whom!, form));
    }

    private static void Guard(HttpResponse response)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }
}

/// <summary>Whom a form is made for: the account; before there is one, this browser by a cookie of its own.</summary>
internal static class SignInVisit
{
    private const string Cookie = "sluice-visit";

    public static string Of(HttpContext http, Principal? who) => who is null ? "visit " + http.Request.Cookies[Cookie] : "account " + who.Account;

    /// <summary>The same, for a page that is about to be made: gives the browser its cookie when it has none.</summary>
    public static string Begin(HttpContext http, Principal? who)
    {
        if (who is not null || http.Request.Cookies[Cookie] is { Length: > 20 })
            return Of(http, who);
        var fresh = ApiKey.New().Reveal();
        http.Response.Cookies.Append(Cookie, fresh, new CookieOptions { HttpOnly = true, Secure = Session.IsHttps(http), SameSite = SameSiteMode.Strict, Path = "/dashboard" });
        return "visit " + fresh;
    }
}

internal static class PageNeedsConventions
{
    /// <summary>The sign-in page and what it is made of.</summary>
    public static T ForAnyone<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new PageNeeds(Door.Open, Permission.View));

    /// <summary>Whoever is signed in; what they see is their own, and the handler asks for the rest.</summary>
    public static T ForMe<T>(this T route, Reach? reach = null) where T : IEndpointConventionBuilder => route.WithMetadata(new PageNeeds(Door.Account, Permission.View, reach));

    /// <summary>Those with a permission on the app that is in the address.</summary>
    public static T ForMyApp<T>(this T route, Permission permission, Reach? reach = null) where T : IEndpointConventionBuilder =>
        route.WithMetadata(new PageNeeds(Door.App, permission, reach));
}
