using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>Host names of apps. One name leads to one app; whoever changes this nudges the app's plan, from which the router learns.</summary>
public sealed class DomainTable(Db db, Site site, TimeProvider clock)
{
    /// <summary>By host name.</summary>
    public Task<ImmutableArray<Domain>> ListAsync(AppId app, CancellationToken ct) =>
        db.ListAsync($"SELECT id, app_id, hostname, sni_endpoint_id, created_at, updated_at FROM domains WHERE app_id = {app} ORDER BY hostname", Read, ct);

    /// <summary>By id or host name, in any case.</summary>
    /// <exception cref="RefusedException">Not found, or another app's.</exception>
    public async Task<Domain> FindAsync(AppId app, string idOrHostname, CancellationToken ct) =>
        (await ListAsync(app, ct)).FirstOrDefault(domain => domain.Id.ToString() == idOrHostname || domain.Hostname.Equals(idOrHostname, StringComparison.OrdinalIgnoreCase))
            ?? throw Refuse.NotFound("domain", idOrHostname);

    /// <exception cref="RefusedException">The name is no good, or it is taken; also by a wildcard of another owner, or with names below it that others have.</exception>
    /// <param name="with">The certificate to serve it with; null: one of the server's own authority.</param>
    public async Task<Domain> AddAsync(App app, string hostname, SniEndpoint? with, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var domain = new Domain { Id = Guid.CreateVersion7(), App = app.Id, Hostname = hostname.ToLowerInvariant(), SniEndpoint = with?.Id, CreatedAt = now, UpdatedAt = now };
        var faults = DomainName.Faults(domain.Hostname, site).ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        RefuseUncovered(domain.Hostname, with);
        try
        {
            await db.WriteAsync(new Act("domain.create", domain.Hostname, who.Account, app.Id, who.RequestId).Changing(("domain", null, domain.Hostname)), tx => Insert(tx, app, domain), ct);
            return domain;
        }
        catch (ConstraintException taken) when (taken.Constraint == Constraint.Unique)
        {
            throw Taken(domain.Hostname);
        }
    }

    /// <summary>Serves it with another certificate; null: with one of the server's own authority.</summary>
    /// <exception cref="RefusedException">The certificate is for other names.</exception>
    public async Task<Domain> ServeWithAsync(Domain domain, SniEndpoint? with, Principal who, CancellationToken ct)
    {
        RefuseUncovered(domain.Hostname, with);
        var changed = domain with { SniEndpoint = with?.Id, UpdatedAt = clock.GetUtcNow() };
        await db.WriteAsync(
            new Act("domain.update", domain.Hostname, who.Account, domain.App, who.RequestId),
            tx =>
            {
                tx.Execute($"UPDATE domains SET sni_endpoint_id = {changed.SniEndpoint}, updated_at = {changed.UpdatedAt} WHERE id = {domain.Id}");
                SniEndpointTable.RemoveUnused(tx, domain.App);
            },
            ct);
        return changed;
    }

    public Task RemoveAsync(Domain domain, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("domain.destroy", domain.Hostname, who.Account, domain.App, who.RequestId),
        tx =>
        {
            tx.Execute($"DELETE FROM domains WHERE id = {domain.Id}");
            SniEndpointTable.RemoveUnused(tx, domain.App);
        },
        ct);

    private static void RefuseUncovered(string hostname, SniEndpoint? with)
    {
        if (with is not null && CertificateFacts.Of(with.Chain) is var facts && !facts.Covers(hostname))
            throw Refuse.Invalid(SniEndpointTable.NotCovered(hostname, facts));
    }

    private static void Insert(Tx tx, App app, Domain domain)
    {
        tx.LockApp(app.Id);
        if (tx.Find($"SELECT COUNT(*) AS n FROM domains WHERE app_id = {app.Id}", row => row.Int("n")) >= QuotaTable.Of(tx, app.Id, Quota.Domains))
            throw Refuse.Invalid(Quota.Domains.Sentence(QuotaTable.Of(tx, app.Id, Quota.Domains), "A wildcard like *.example.com is one."));
        if (Overlaps(tx, app, domain.Hostname))
            throw Taken(domain.Hostname);
        tx.Execute(
            $"""
            INSERT INTO domains (id, app_id, hostname, sni_endpoint_id, created_at, updated_at)
            VALUES ({domain.Id}, {domain.App}, {domain.Hostname}, {domain.SniEndpoint}, {domain.CreatedAt}, {domain.UpdatedAt})
            """);
    }

    /// <summary>Taken as it is; or, for apps of other owners, by the wildcard above it or by a name below it.</summary>
    private static bool Overlaps(Tx tx, App app, string hostname)
    {
        var (wildcard, below) = (DomainName.WildcardFor(hostname), hostname.StartsWith('*') ? "%" + hostname[1..] : hostname);
        return tx.Find(
            $"""
            SELECT 1 AS yes FROM domains JOIN apps ON apps.id = domains.app_id
             WHERE hostname = {hostname} OR (owner_id <> {app.Owner} AND (hostname = {wildcard} OR hostname LIKE {below}))
             LIMIT 1
            """, row => row.Flag("yes"));
    }

    private static RefusedException Taken(string hostname) =>
        Refuse.Invalid($"{hostname} is taken by an app already. One name leads to one app: remove it there first.");

    private static Domain Read(Row row) => new()
    {
        Id = row.Guid("id"),
        App = new AppId(row.Guid("app_id")),
        Hostname = row.Text("hostname"),
        SniEndpoint = row.GuidOrNull("sni_endpoint_id"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
