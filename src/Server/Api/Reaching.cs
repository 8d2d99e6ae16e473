using Sluice.Accounts;

namespace Sluice.Api;

/// <summary>
/// How far a route reaches, for keys that may not do everything. A route that says nothing reads when it is asked by GET and writes otherwise; those that
/// touch config vars, or the account itself, say so.
/// </summary>
internal sealed record Reaching(Reach OnGet, Reach Else)
{
    private static readonly Reaching Plain = new(Reach.Read, Reach.Write);

    public static Reach Of(HttpContext http)
    {
        var reaching = http.GetEndpoint()?.Metadata.GetMetadata<Reaching>() ?? Plain;
        return HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? reaching.OnGet : reaching.Else;
    }

    public override string ToString() => OnGet == Else ? $"{OnGet}" : $"{OnGet}, {Else}";
}

internal static class ReachingConventions
{
    /// <summary>The account's keys and flags: only a key that may do everything.</summary>
    public static T ReachingAccount<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Reaching(Reach.Account, Reach.Account));

    /// <summary>Who may do what: to see it is reading; to change it would let a smaller key reach more by another account.</summary>
    public static T ReachingAccess<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Reaching(Reach.Read, Reach.Account));

    /// <summary>Any key.</summary>
    public static T ReachingIdentity<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Reaching(Reach.Identity, Reach.Identity));

    public static T ReachingConfig<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Reaching(Reach.ReadProtected, Reach.WriteProtected));

    /// <summary>It is a POST and changes nothing.</summary>
    public static T OnlyReading<T>(this T route) where T : IEndpointConventionBuilder => route.WithMetadata(new Reaching(Reach.Read, Reach.Read));
}
