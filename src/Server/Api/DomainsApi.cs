using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Acme;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Router;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Host names of an app: first its own under the server's domain, then those that were added. The router follows within moments.</summary>
internal static class DomainsApi
{
    private static readonly Key<DomainWire>[] Keys = [new("hostname", d => d.Hostname), new("id", d => d.Id.ToString())];

    public static void MapDomains(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/domains", List).ForApp(Permission.View);
        api.MapPost("/apps/{name}/domains", Add).ForApp(Permission.Operate);
        api.MapGet("/apps/{name}/domains/{domain}", Info).ForApp(Permission.View);
        api.MapPatch("/apps/{name}/domains/{domain}", Update).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/domains/{domain}", Remove).ForApp(Permission.Operate);
    }

    private static async Task<IReadOnlyList<DomainWire>> List(HttpContext http, App app, DomainTable domains, SniEndpointTable endpoints, AcmeJobs jobs, Site site, CancellationToken ct)
    {
        var (served, automatic) = (await endpoints.ListAsync(app.Id, ct), await jobs.StatusesAsync(app, ct));
        return Page.Of(http, [OwnOf(app, site), .. (await domains.ListAsync(app.Id, ct)).Select(d => d.ToWire(app, site, served, automatic))], domain => domain, Keys);
    }

    private static async Task<DomainWire> Info(App app, string domain, DomainTable domains, SniEndpointTable endpoints, AcmeJobs jobs, Site site, CancellationToken ct) =>
        OwnOf(app, site) is var own && (domain == own.Id.ToString() || domain.Equals(own.Hostname, StringComparison.OrdinalIgnoreCase))
            ? own : (await domains.FindAsync(app.Id, domain, ct)).ToWire(app, site, await endpoints.ListAsync(app.Id, ct), await jobs.StatusesAsync(app, ct));

    private static async Task<Created<DomainWire>> Add(
        RequestBody body, App app, Principal who, DomainTable domains, SniEndpointTable endpoints, CurrentPlans plans, CertificateGiver giver, AcmeWorker acme, AcmeJobs jobs, Site site, CancellationToken ct)
    {
        var hostname = body.NeedText("hostname");
        var wanted = body.Reference("sni_endpoint");
        body.RefuseFaults();
        var with = wanted is null ? null : await endpoints.FindAsync(app.Id, wanted, ct);
        var domain = await domains.AddAsync(app, hostname, with, who, ct);
        plans.Nudge(app.Id);
        giver.Nudge();
        acme.Nudge();
        return TypedResults.Created($"/apps/{app.Id}/domains/{domain.Id}", domain.ToWire(app, site, with is null ? [] : [with], await jobs.StatusesAsync(app, ct)));
    }

    private static async Task<DomainWire> Update(
        string domain, RequestBody body, App app, Principal who, DomainTable domains, SniEndpointTable endpoints, CertificateGiver giver, AcmeWorker acme, AcmeJobs jobs,
        Site site, CancellationToken ct)
    {
        var found = await domains.FindAsync(app.Id, domain, ct);
        var wanted = body.Reference("sni_endpoint");
        body.RefuseFaults();
        if (body.Mentions("sni_endpoint"))
        {
            var with = wanted is null ? null : await endpoints.FindAsync(app.Id, wanted, ct);
            found = await domains.ServeWithAsync(found, with, who, ct);
            giver.Nudge();
            acme.Nudge();
        }
        return found.ToWire(app, site, await endpoints.ListAsync(app.Id, ct), await jobs.StatusesAsync(app, ct));
    }

    private static async Task<DomainWire> Remove(
        string domain, App app, Principal who, DomainTable domains, CurrentPlans plans, CertificateGiver giver, Site site, CancellationToken ct)
    {
        if (domain.Equals(site.HostOf(app.Name), StringComparison.OrdinalIgnoreCase))
            throw Refuse.Invalid($"{domain} is the app's own name on this server and stays as long as the app does.");
        var found = await domains.FindAsync(app.Id, domain, ct);
        await domains.RemoveAsync(found, who, ct);
        plans.Nudge(app.Id);
        giver.Nudge();
        return found.ToWire(app, site, [], ImmutableDictionary<Guid, AcmStatus>.Empty);
    }

    private static DomainWire OwnOf(App app, Site site) => new()
    {
        Id = StableId.Of("domain", app.Id.ToString()),
        App = app.ToNamed(),
        Hostname = site.HostOf(app.Name),
        Kind = "heroku",
        Cname = null,
        CreatedAt = app.CreatedAt,
        UpdatedAt = app.CreatedAt,
    };

    /// <param name="endpoints">Among them the one that it is served with.</param>
    private static DomainWire ToWire(this Domain domain, App app, Site site, IReadOnlyList<SniEndpoint> endpoints, ImmutableDictionary<Guid, AcmStatus> automatic) => new()
    {
        Id = domain.Id,
        App = app.ToNamed(),
        Hostname = domain.Hostname,
        Kind = "custom",
        Cname = site.HostOf(app.Name),
        AcmStatus = automatic.GetValueOrDefault(domain.Id)?.Word,
        AcmStatusReason = automatic.GetValueOrDefault(domain.Id)?.Reason,
        SniEndpoint = endpoints.FirstOrDefault(endpoint => endpoint.Id == domain.SniEndpoint) is { } with ? new NamedWire(with.Id, with.Name) : null,
        CreatedAt = domain.CreatedAt,
        UpdatedAt = domain.UpdatedAt,
    };
}
