using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>The caller's keys. A key's text is in the answer that makes it and in no other.</summary>
internal static class AuthorizationsApi
{
    /// <summary>Ten years.</summary>
    private const long MostSeconds = 315_360_000;

    public static void MapAuthorizations(this IEndpointRouteBuilder api)
    {
        api.MapGet("/oauth/authorizations", List).ForAccount().ReachingAccount();
        api.MapPost("/oauth/authorizations", Create).ForAccount().OrPassword().ReachingAccount();
        api.MapGet("/oauth/authorizations/{authorization}", Info).ForAccount().ReachingAccount();
        api.MapPatch("/oauth/authorizations/{authorization}", Update).ForAccount().ReachingAccount();
        api.MapDelete("/oauth/authorizations/{authorization}", Revoke).ForAccount().ReachingAccount();
        api.MapPost("/oauth/authorizations/{authorization}/actions/regenerate-tokens", Rotate).ForAccount().ReachingAccount();
        api.MapGet("/oauth/sessions", Sessions).ForAccount().ReachingAccount();
        api.MapDelete("/oauth/sessions/{session}", EndSession).ForAccount().ReachingIdentity();
    }

    private static async Task<AuthorizationWire[]> List(Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct) =>
        [.. (await keys.ListAsync(who.Account, ct)).Select(key => key.ToWire(who, clock))];

    private static async Task<AuthorizationWire> Info(string authorization, Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct) =>
        (await FindAsync(keys, who, authorization, ct)).ToWire(who, clock);

    /// <summary>With an address and its password, or a key in its place, it is a login: the new key is a session.</summary>
    private static async Task<Created<AuthorizationWire>> Create(
        HttpContext http, RequestBody body, Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct)
    {
        var isLogin = Doorman.PairOf(http.Request) is not null;
        var description = body.Text("description") is { Length: > 0 } text ? text : "Long-lived user authorization";
        var scope = KeyScope.Parse(body.Texts("scope"), body.Fault);
        var life = Life(body);
        if (body.Has("client"))
            body.Fault("This server has no OAuth clients: leave client out.");
        foreach (var fault in Authorizations.Faults(description))
            body.Fault(fault);
        body.RefuseFaults();
        var (made, key) = await keys.CreateAsync(who, description, scope, life, isLogin, ct);
        return TypedResults.Created($"/oauth/authorizations/{made.Id}", made.ToWire(who, clock, key));
    }

    private static async Task<AuthorizationWire> Update(
        string authorization, RequestBody body, Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct)
    {
        var key = await FindAsync(keys, who, authorization, ct);
        var description = body.Text("description");
        if (body.Has("client"))
            body.Fault("This server has no OAuth clients: leave client out.");
        foreach (var fault in description is null ? [] : Authorizations.Faults(description))
            body.Fault(fault);
        body.RefuseFaults();
        return (description is null ? key : await keys.DescribeAsync(key, description, who, ct)).ToWire(who, clock);
    }

    private static async Task<AuthorizationWire> Revoke(string authorization, Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct)
    {
        var key = await FindAsync(keys, who, authorization, ct);
        await keys.RevokeAsync(key, who, ct);
        return key.ToWire(who, clock);
    }

    private static async Task<AuthorizationWire> Rotate(string authorization, Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct)
    {
        var (rotated, key) = await keys.RotateAsync(await FindAsync(keys, who, authorization, ct), who, ct);
        return rotated.ToWire(who, clock, key);
    }

    private static async Task<SessionWire[]> Sessions(Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct) =>
        [.. (await keys.ListAsync(who.Account, ct)).Where(key => key.IsLogin).Select(key => key.ToSession(clock))];

    /// <summary><c>~</c> is the one that asks: every key may end itself if a login made it, and only greater ones may end others.</summary>
    private static async Task<SessionWire> EndSession(string session, Principal who, Authorizations keys, TimeProvider clock, CancellationToken ct)
    {
        if (session != "~")
            who.Scope.Demand(Reach.Account);
        var wanted = session == "~" ? $"{who.Key}" : session;
        var key = (await keys.ListAsync(who.Account, ct)).FirstOrDefault(key => key.IsLogin && key.Id.ToString() == wanted)
            ?? throw Refuse.NotFound("session", session);
        await keys.RevokeAsync(key, who, ct);
        return key.ToSession(clock);
    }

    /// <summary><c>~</c> is the account's own API key, not the one that asks.</summary>
    private static async Task<Authorization> FindAsync(Authorizations keys, Principal who, string id, CancellationToken ct) => id == "~"
        ? await keys.DefaultAsync(who.Account, ct) ?? throw Refuse.NotFound("authorization", id)
        : await keys.FindAsync(who.Account, id, ct);

    /// <summary>Some clients send the seconds as text.</summary>
    private static TimeSpan? Life(RequestBody body)
    {
        if (body.TextOrNumber("expires_in") is not { } text)
            return null;
        if (long.TryParse(text, out var seconds) && seconds is > 0 and <= MostSeconds)
            return TimeSpan.FromSeconds(seconds);
        body.Fault($"expires_in is a whole number of seconds from 1 to {MostSeconds}; leave it out for a key without an end.");
        return null;
    }

    private static AuthorizationWire ToWire(this Authorization key, Principal who, TimeProvider clock, ApiKey? shown = null) => new()
    {
        Id = key.Id,
        AccessToken = (shown?.Reveal() ?? key.Masked) is { } token ? new AccessTokenWire(key.Id, token, Left(key, clock)) : null,
        Description = key.Description,
        Scope = key.Scope.Words,
        Session = key.IsLogin ? new IdWire(key.Id) : null,
        User = new AuthorizedUserWire(who.Account.Value, who.Email, null),
        CreatedAt = key.CreatedAt,
        UpdatedAt = key.UpdatedAt,
    };

    private static SessionWire ToSession(this Authorization key, TimeProvider clock) => new()
    {
        Id = key.Id,
        Description = key.Description,
        ExpiresIn = Left(key, clock),
        CreatedAt = key.CreatedAt,
        UpdatedAt = key.UpdatedAt,
    };

    private static long? Left(Authorization key, TimeProvider clock) =>
        key.ExpiresAt is { } end ? (long)Math.Ceiling((end - clock.GetUtcNow()).TotalSeconds) : null;
}
