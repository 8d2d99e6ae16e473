using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Sluice.Accounts;
using Sluice.Apps;

namespace Sluice.Api;

/// <summary>
/// Stands before every route of the API: gives the request its id, asks who is there, and whether they may (by what the route says it
/// <see cref="Needs"/>). Behind it, handlers take the <see cref="Principal"/> and the <see cref="App"/> as parameters and ask no more.
/// </summary>
internal sealed class Doorman(RequestDelegate next, KeyRing keys, Login login, Lookup lookup, RepositoryTokens tokens)
{
    private const int MaxRequestId = 100;

    public async Task InvokeAsync(HttpContext http, Visit visit)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<Needs>() is not { } needs)
        {
            await next(http);   // not a route of the API: git and the dashboard have doors of their own
            return;
        }

        visit.RequestId = RequestId(http.Request);
        using var span = SpanOf(http, visit.RequestId);
        http.Response.Headers["Request-Id"] = visit.RequestId;
        await Refusals.AnswerAsync(http, async () =>
        {
            if (needs.Door != Door.Open)
            {
                visit.Who = await WhoAsync(http, visit.RequestId);
                visit.Who.Scope.Demand(Reaching.Of(http));
            }

            if (needs.Door == Door.App)
                visit.Access = await lookup.AccessAsync((string)http.GetRouteValue("name")!, needs.Permission, visit.Who!, http.RequestAborted);
            if (needs.Door == Door.Administrator && !visit.Who!.IsAdministrator)
                throw Refuse.Forbidden("Only an administrator of this Sluice may do that.");
            await next(http);
        });
        span?.SetTag("http.response.status_code", http.Response.StatusCode);
        if (http.Response.StatusCode >= 500)
            span?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Named by the route, never by the address: that may hold a ticket.</summary>
    private static Activity? SpanOf(HttpContext http, string requestId)
    {
        var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        return IsWatch(http) ? null : Traces.Continue($"{http.Request.Method} {route}", ActivityKind.Server, http.Request.Headers.TraceParent, http.Request.Headers.TraceState)
            ?.SetTag("http.request.method", http.Request.Method).SetTag("http.route", route).SetTag("sluice.request.id", requestId);
    }

    /// <summary>Asked every few seconds by whoever watches Sluice: their questions would bury everything else.</summary>
    private static bool IsWatch(HttpContext http) => http.Request.Path.Value is "/healthz" or "/healthz/server" or "/metrics";

    private async Task<Principal> WhoAsync(HttpContext http, string requestId) =>
        http.GetEndpoint()?.Metadata.GetMetadata<TakesPassword>() is not null && PairOf(http.Request) is { } pair
            ? await login.WhoAsync(pair.Name, pair.Secret, PlaceOf(http.Request), requestId, http.RequestAborted)
            : ShownKey(http) is { } key && await keys.WhoAsync(key, requestId, http.RequestAborted) is { } who
            ? who
            : throw Refuse.Unauthorized("Invalid credentials provided.");

    private string? ShownKey(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<TakesRepositoryToken>() is not null
        && AuthenticationHeaderValue.TryParse(http.Request.Headers.Authorization, out var shown) && shown is { Parameter: { } token }
        && shown.Scheme.Equals("token", StringComparison.OrdinalIgnoreCase)
            ? tokens.KeyOf(token) : KeyOf(http.Request);

    /// <summary>The key after <c>Bearer</c>, or the password of <c>Basic</c>, whose user name is anything.</summary>
    internal static string? KeyOf(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var shown) || shown.Parameter is null)
            return null;
        return shown.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) ? shown.Parameter : PairOf(request)?.Secret;
    }

    /// <summary>The two halves of <c>Basic</c>; null when it is not that.</summary>
    internal static (string Name, string Secret)? PairOf(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var shown) || shown.Parameter is null)
            return null;
        Span<byte> plain = stackalloc byte[1024];
        if (!shown.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) || !Convert.TryFromBase64String(shown.Parameter, plain, out var length))
            return null;
        var pair = Encoding.UTF8.GetString(plain[..length]);
        return pair.IndexOf(':') is >= 0 and var colon ? (pair[..colon], pair[(colon + 1)..]) : null;
    }

    /// <summary>Where a request came from: the router says it last, and nobody reaches us but through it.</summary>
    internal static string PlaceOf(HttpRequest request) => request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim();

    /// <summary>The caller's own, when it sends one that is fit to be logged; clients that gather a list of ids get a new one.</summary>
    private static string RequestId(HttpRequest request)
    {
        var given = request.Headers["Request-Id"].ToString();
        var isFit = given.Length is > 0 and <= MaxRequestId && given.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        return isFit ? given : Guid.NewGuid().ToString();
    }
}

/// <summary>What is known of one request, filled in by the <see cref="Doorman"/>.</summary>
internal sealed class Visit
{
    public string RequestId { get; set; } = "";
    public Principal? Who { get; set; }
    public AppAccess? Access { get; set; }
}

/// <summary>Beside a key, the address and the password of an account open the route: it is where one logs in.</summary>
internal sealed record TakesPassword;

/// <summary>Who may come in by a route.</summary>
internal enum Door
{
    /// <summary>Anyone: the secret is in the address, or there is none to keep.</summary>
    Open,

    /// <summary>Anyone with an account; what they see is their own.</summary>
    Account,

    /// <summary>Administrators: those who make and close accounts.</summary>
    Administrator,

    /// <summary>Those with a permission on the app that is in the address.</summary>
    App,

    /// <summary>Those with a permission on what is in the address or the body; the handler asks.</summary>
    Inside,
}

/// <summary>Said by every route of the API; a route that says nothing of the kind does not start the server (<see cref="StatedNeeds"/>).</summary>
internal sealed record Needs(Door Door, Permission Permission = Permission.View) : IStatesItsNeeds
{
    public override string ToString() => Door switch
    {
        Door.Open => "open",
        Door.Account => "account",
        Door.Administrator => "administrator",
        Door.App => $"app {Permission.ToString().ToLowerInvariant()}",
        _ => $"inside {Permission.ToString().ToLowerInvariant()}",
    };
}

internal static class NeedsConventions
{
    public static T Open<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Needs(Door.Open));

    /// <summary>Beside a key, the token that <c>GET /account/github/token</c> tells opens it.</summary>
    public static T OrRepositoryToken<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new TakesRepositoryToken());

    /// <summary>Beside a key, address and password open it.</summary>
    public static T OrPassword<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new TakesPassword());

    public static T ForAccount<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Needs(Door.Account));

    public static T ForAdministrator<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Needs(Door.Administrator));

    public static T ForApp<T>(this T route, Permission permission) where T : IEndpointConventionBuilder => route.WithMetadata(new Needs(Door.App, permission));

    public static T AskedInside<T>(this T route, Permission permission) where T : IEndpointConventionBuilder => route.WithMetadata(new Needs(Door.Inside, permission));
}
