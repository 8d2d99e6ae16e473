using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Router;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Certificates of people's own for the domains of an app. The key goes in and never comes out. The router follows within moments.</summary>
internal static class SniEndpointsApi
{
    private static readonly Key<SniEndpointWire>[] Keys = [new("name", e => e.Name), new("id", e => e.Id.ToString())];

    public static void MapSniEndpoints(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/sni-endpoints", List).ForApp(Permission.View);
        api.MapPost("/apps/{name}/sni-endpoints", Add).ForApp(Permission.Operate);
        api.MapGet("/apps/{name}/sni-endpoints/{endpoint}", Info).ForApp(Permission.View);
        api.MapPatch("/apps/{name}/sni-endpoints/{endpoint}", Replace).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/sni-endpoints/{endpoint}", Remove).ForApp(Permission.Operate);
    }

    private static async Task<IReadOnlyList<SniEndpointWire>> List(HttpContext http, App app, SniEndpointTable endpoints, CancellationToken ct) =>
        Page.Of(http, [.. (await endpoints.ListAsync(app.Id, ct)).Select(e => e.ToWire(app))], endpoint => endpoint, Keys);

    private static async Task<SniEndpointWire> Info(App app, string endpoint, SniEndpointTable endpoints, CancellationToken ct) =>
        (await endpoints.FindAsync(app.Id, endpoint, ct)).ToWire(app);

    private static async Task<Created<SniEndpointWire>> Add(RequestBody body, App app, Principal who, SniEndpointTable endpoints, CancellationToken ct)
    {
        var (chain, key) = PemOf(body);
        var endpoint = await endpoints.AddAsync(app, chain, key, who, ct);
        return TypedResults.Created($"/apps/{app.Id}/sni-endpoints/{endpoint.Id}", endpoint.ToWire(app));
    }

    private static async Task<SniEndpointWire> Replace(
        RequestBody body, string endpoint, App app, Principal who, SniEndpointTable endpoints, DomainTable domains, CertificateGiver giver, CancellationToken ct)
    {
        var found = await endpoints.FindAsync(app.Id, endpoint, ct);
        var (chain, key) = PemOf(body);
        var replaced = await endpoints.ReplaceAsync(found, await domains.ListAsync(app.Id, ct), chain, key, who, ct);
        giver.Nudge();
        return replaced.ToWire(app);
    }

    private static async Task<SniEndpointWire> Remove(string endpoint, App app, Principal who, SniEndpointTable endpoints, CertificateGiver giver, CancellationToken ct)
    {
        var found = await endpoints.FindAsync(app.Id, endpoint, ct);
        await endpoints.RemoveAsync(found, who, ct);
        giver.Nudge();
        return found.ToWire(app);
    }

    private static (string Chain, string Key) PemOf(RequestBody body)
    {
        var (chain, key) = (body.NeedText("certificate_chain"), body.NeedText("private_key"));
        body.RefuseFaults();
        return (chain, key);
    }

    private static SniEndpointWire ToWire(this SniEndpoint endpoint, App app)
    {
        var facts = CertificateFacts.Of(endpoint.Chain);
        return new()
        {
            Id = endpoint.Id,
            Name = endpoint.Name,
            App = app.ToNamed(),
            CertificateChain = endpoint.Chain,
            Domains = endpoint.Domains,
            SslCert = new()
            {
                Id = StableId.Of("ssl-cert", endpoint.Chain),
                CertDomains = facts.Names,
                Subject = facts.Subject,
                Issuer = facts.Issuer,
                StartsAt = facts.From,
                ExpiresAt = facts.Until,
                IsCaSigned = facts.IsTrusted,
                IsSelfSigned = facts.IsSelfSigned,
                Acm = endpoint.IsAutomatic,
            },
            CreatedAt = endpoint.CreatedAt,
            UpdatedAt = endpoint.UpdatedAt,
        };
    }
}
