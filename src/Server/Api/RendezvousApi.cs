using Microsoft.AspNetCore.Http.Features;
using Sluice.Apps;
using Sluice.Dynos;

namespace Sluice.Api;

/// <summary>
/// Where a caller meets the one-off dyno that it asked for, by an address with its permission in it. The connection becomes the dyno's streams. Only the
/// router gets here, after a TLS connection that said the address alone on its first line.
/// </summary>
internal static class RendezvousApi
{
    private const string Kind = "one-off dyno";

    public static void MapRendezvous(this IEndpointRouteBuilder api) => api.MapGet("/rendezvous/{ticket}", Meet).Open();

    /// <summary>As clients want it: <c>rendezvous://localhost:5000/SECRET</c>.</summary>
    public static string AddressOf(AppId app, DynoId dyno, AppTickets tickets, Links links) =>
        $"rendezvous://{links.HostAndPort}/{tickets.Make(Kind, app, Permission.Deploy, dyno, OneOffs.WaitForCaller)}";

    private static async Task Meet(HttpContext http, string ticket, AppTickets tickets, OneOffs oneOffs, IHostApplicationLifetime lifetime, CancellationToken ct)
    {
        var held = await tickets.OpenAsync<DynoId>(Kind, ticket, ct);
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
            throw Refuse.BadRequest("This address is for a TLS connection, as heroku run and sluice run open it.");
        var attached = oneOffs.Take(held.About) ?? throw Tickets.Refused();
        http.Response.Headers.Upgrade = "rendezvous";
        await using var client = await upgrade.UpgradeAsync();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        await tickets.WhileAllowedAsync(held, ending => attached.RunAsync(client, ending), stopping.Token);
    }
}
