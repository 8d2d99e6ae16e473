using Sluice.Accounts;
using Sluice.Api;

namespace Sluice.Dashboard;

/// <summary>
/// A browser that is signed in: a key of the account that a login made, kept by the browser as a cookie and here as its hash, like every key. So it ends
/// with "sign out", with "sign out everywhere", with the account, and by itself after 30 days.
/// </summary>
internal sealed class Session(KeyRing keys, Login login, Authorizations authorizations, Site site, TimeProvider clock)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(30);

    /// <summary>Who the browser is; null when nobody, or not any more.</summary>
    public async Task<Principal?> WhoAsync(HttpContext http, string requestId, CancellationToken ct) =>
        http.Request.Cookies[NameFor(http)] is { } cookie ? await keys.WhoAsync(cookie, requestId, ct) : null;

    /// <summary>A key that was shown in place of a password: the session may do what the key may, and no longer than it.</summary>
    /// <exception cref="RefusedException">Unauthorized: address and secret do not belong together. Too many were tried.</exception>
    public async Task BeginAsync(HttpContext http, string email, string secret, string requestId, CancellationToken ct)
    {
        var who = await login.WhoAsync(email, secret, Doorman.PlaceOf(http.Request), requestId, ct);
        var shown = (await authorizations.ListAsync(who.Account, ct)).FirstOrDefault(a => a.Id == who.Key);
        var left = shown?.ExpiresAt - clock.GetUtcNow();
        var lasts = left < Lasts ? left.Value : Lasts;
        var (_, made) = await authorizations.CreateAsync(who, "Dashboard, signed in with a browser", who.Scope, lasts, isLogin: true, ct);
        http.Response.Cookies.Append(NameFor(http), made.Reveal(), Options(http, lasts));
    }

    /// <summary>Ends this one.</summary>
    public async Task EndAsync(HttpContext http, Principal who, CancellationToken ct)
    {
        if ((await authorizations.ListAsync(who.Account, ct)).FirstOrDefault(a => a.IsLogin && a.Id == who.Key) is { } mine)
            await authorizations.RevokeAsync(mine, who, ct);
        http.Response.Cookies.Delete(NameFor(http), Options(http, Lasts));
    }

    /// <summary>Ends all sessions of the account, this one too: whatever a login made, here or by a command line.</summary>
    public async Task EndAllAsync(HttpContext http, Principal who, CancellationToken ct)
    {
        foreach (var login in (await authorizations.ListAsync(who.Account, ct)).Where(a => a.IsLogin))
            await authorizations.RevokeAsync(login, who, ct);
        http.Response.Cookies.Delete(NameFor(http), Options(http, Lasts));
    }

    public static bool IsHttps(HttpContext http) => http.Request.Headers["X-Forwarded-Proto"].ToString() == "https" || http.Request.IsHttps;

    /// <summary>Cookies know no ports, and several servers may run on one machine.</summary>
    private string NameFor(HttpContext http) => $"{(IsHttps(http) ? "__Host-" : "")}sluice-{site.Port}";

    /// <summary>For this very host and no app below it.</summary>
    private static CookieOptions Options(HttpContext http, TimeSpan lasts) => new()
    {
        HttpOnly = true, Secure = IsHttps(http), SameSite = SameSiteMode.Lax, Path = "/", MaxAge = lasts, IsEssential = true,
    };
}
