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

    /// <summary>The page to sign in, and to go on from there.</summary>
    public static string PathTo(string next) => "/dashboard/sign-in" + (next == Home ? "" : "?next=" + Uri.EscapeDataString(next));

    private static async Task<IResult> Show(string? next, Visit visit, Views views) =>
        visit.Who is not null ? views.Go(Local(next)) : await PageAsync(views, new("", null, Local(next)), 200);

    /// <summary>A refusal comes on the page itself, which keeps the address that was typed.</summary>
    private static async Task<IResult> Begin(HttpContext http, Posted form, Visit visit, Views views, Session session, CancellationToken ct)
    {
        var next = Local(form["next"]);
        try
        {
            await session.BeginAsync(http, form["email"], form.Exactly("key"), visit.RequestId, ct);
            return views.Go(next);
        }
        catch (RefusedException refused) when (refused.Kind is RefusalKind.Unauthorized or RefusalKind.TooMany)
        {
            return await PageAsync(views, new(form["email"], refused.Message, next), Refusals.StatusOf(refused.Kind));
        }
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
    public static string Local(string? next) => next is not null && (next + "/").StartsWith(Home + "/", StringComparison.Ordinal) && !next.Contains("..", StringComparison.Ordinal) && !next.Contains('\\', StringComparison.Ordinal) && !next.Any(char.IsControl) ? next : Home;
}
