using Sluice.Accounts;
using Sluice.Api;

namespace Sluice.Dashboard.SignIn;

/// <summary>In and out.</summary>
internal static class SignInPages
{
    private const string Home = "/dashboard";

    public static void MapSignIn(this IEndpointRouteBuilder dashboard)
    {
        dashboard.MapGet("/sign-in", Show).ForAnyone();
        dashboard.MapPost("/sign-in", Begin).ForAnyone();
        dashboard.MapPost("/sign-out", End).ForMe(Reach.Identity);
        dashboard.MapPost("/sign-out-everywhere", EndAll).ForMe(Reach.Identity);
    }

    private static async Task<IResult> Show(string? next, Visit visit, Views views) =>
        visit.Who is not null ? views.Go(Local(next)) : await PageAsync(views, new("", null, Local(next)), 200);

    /// <summary>One sentence for every way to be wrong: nobody learns which addresses there are.</summary>
    private static async Task<IResult> Begin(HttpContext http, Posted form, Visit visit, Views views, Session session, SignInThrottle throttle, CancellationToken ct)
    {
        var (email, place, next) = (form["email"], PlaceOf(http), Local(form["next"]));
        if (throttle.WaitOf(email, place) is { } wait)
            return await PageAsync(views, new(email, $"Too many wrong keys from here. Try again in {Shell.Ages.Span(wait)}.", next), StatusCodes.Status429TooManyRequests);
        if (await session.BeginAsync(http, email, form["key"], visit.RequestId, ct) is null)
        {
            throttle.Wrong(email, place);
            return await PageAsync(views, new(email, "This address and this key do not belong together.", next), StatusCodes.Status401Unauthorized);
        }

        throttle.Right(email, place);
        return views.Go(next);
    }

    private static async Task<IResult> End(HttpContext http, Principal who, Session session, Views views, CancellationToken ct)
    {
        await session.EndAsync(http, who, ct);
        return views.Go("/dashboard/sign-in");
    }

    private static async Task<IResult> EndAll(HttpContext http, Principal who, Session session, Views views, CancellationToken ct)
    {
        await session.EndAllAsync(http, who, ct);
        return views.Go("/dashboard/sign-in");
    }

    private static Task<IResult> PageAsync(Views views, SignInPage.View view, int status) => views.PageAsync<SignInPage>("Sign in", [], view, status);

    /// <summary>A page of ours to go on to; anything else is home.</summary>
    private static string Local(string? next) => next is not null && next.StartsWith(Home, StringComparison.Ordinal) && !next.Contains('\\', StringComparison.Ordinal) && !next.Any(char.IsControl) ? next : Home;

    /// <summary>The router says where it came from, and nobody reaches us but through it.</summary>
    private static string PlaceOf(HttpContext http) => http.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim();
}
