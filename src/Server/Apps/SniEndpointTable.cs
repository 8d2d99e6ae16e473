using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Sluice.Accounts;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>Certificates of apps, their keys sealed: uploaded ones, and those that came by themselves. Whoever changes this nudges <c>Router/ServedCertificates</c>, from which the router learns.</summary>
public sealed class SniEndpointTable(Db db, Vault vault, TimeProvider clock)
{
    private const int MaxPerApp = 100;

    /// <summary>By name.</summary>
    public async Task<ImmutableArray<SniEndpoint>> ListAsync(AppId app, CancellationToken ct)
    {
        var domains = (await db.ListAsync(
            $"SELECT id, sni_endpoint_id FROM domains WHERE app_id = {app} AND sni_endpoint_id IS NOT NULL ORDER BY hostname",
            row => (Domain: row.Guid("id"), Endpoint: row.Guid("sni_endpoint_id")), ct)).ToLookup(d => d.Endpoint, d => d.Domain);
        return await db.ListAsync(
            $"SELECT id, app_id, name, chain, acm, created_at, updated_at FROM sni_endpoints WHERE app_id = {app} ORDER BY name", row => Read(row, domains), ct);
    }

    /// <summary>By id or name.</summary>
    /// <exception cref="RefusedException">Not found, or another app's.</exception>
    public async Task<SniEndpoint> FindAsync(AppId app, string idOrName, CancellationToken ct) =>
        (await ListAsync(app, ct)).FirstOrDefault(endpoint => endpoint.Id.ToString() == idOrName || endpoint.Name == idOrName)
            ?? throw Refuse.NotFound("certificate", idOrName);

    /// <exception cref="RefusedException">Chain or key is no good, or the app has too many.</exception>
    public async Task<SniEndpoint> AddAsync(App app, string chain, string key, Principal who, CancellationToken ct)
    {
        RefuseFaults(chain, key);
        var id = Guid.CreateVersion7();
        var now = clock.GetUtcNow();
        var endpoint = new SniEndpoint
        {
            Id = id,
            App = app.Id,
            Name = NewName(),
            Chain = chain,
            Domains = [],
            CreatedAt = now,
            UpdatedAt = now,
        };
        var sealedKey = vault.Seal(Purpose(id), Encoding.UTF8.GetBytes(key));
        await db.WriteAsync(
            new Act("sni-endpoint.create", endpoint.Name, who.Account, app.Id, who.RequestId),
            tx =>
            {
                if (tx.Find($"SELECT COUNT(*) AS n FROM sni_endpoints WHERE app_id = {app.Id} AND acm = 0", row => row.Int("n")) >= MaxPerApp)
                    throw Refuse.Invalid($"An app may have {MaxPerApp} certificates. Remove one that is no longer needed.");
                tx.Execute(
                    $"""
                    INSERT INTO sni_endpoints (id, app_id, name, chain, private_key, created_at, updated_at)
                    VALUES ({id}, {app.Id}, {endpoint.Name}, {chain}, {sealedKey}, {now}, {now})
                    """);
            },
            ct);
        return endpoint;
    }

    /// <summary>Another chain and key under the same name; its domains stay with it. One that came by itself is an uploaded one from then on.</summary>
    /// <exception cref="RefusedException">Chain or key is no good, or it does not cover a domain that is served with it.</exception>
    public async Task<SniEndpoint> ReplaceAsync(SniEndpoint endpoint, IEnumerable<Domain> served, string chain, string key, Principal who, CancellationToken ct)
    {
        RefuseFaults(chain, key);
        var facts = CertificateFacts.Of(chain);
        var faults = served.Where(domain => domain.SniEndpoint == endpoint.Id && !facts.Covers(domain.Hostname)).Select(domain => NotCovered(domain.Hostname, facts)).ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        var replaced = endpoint with { Chain = chain, IsAutomatic = false, UpdatedAt = clock.GetUtcNow() };
        var sealedKey = vault.Seal(Purpose(endpoint.Id), Encoding.UTF8.GetBytes(key));
        await db.WriteAsync(
            new Act("sni-endpoint.update", endpoint.Name, who.Account, endpoint.App, who.RequestId),
            tx => tx.Execute($"UPDATE sni_endpoints SET chain = {chain}, private_key = {sealedKey}, acm = 0, updated_at = {replaced.UpdatedAt} WHERE id = {endpoint.Id}"),
            ct);
        return replaced;
    }

    /// <summary>Its domains are served with a certificate of the server's own authority again.</summary>
    /// <exception cref="RefusedException">It came by itself, and would come again.</exception>
    public async Task RemoveAsync(SniEndpoint endpoint, Principal who, CancellationToken ct)
    {
        if (endpoint.IsAutomatic)
            throw Refuse.Invalid($"{endpoint.Name} came by itself and would be ordered again. certs:auto:disable ends that for the app; domains:update --cert serves a domain with one of yours.");
        await db.WriteAsync(
            new Act("sni-endpoint.destroy", endpoint.Name, who.Account, endpoint.App, who.RequestId),
            tx => tx.Execute($"DELETE FROM sni_endpoints WHERE id = {endpoint.Id}"),
            ct);
    }

    internal static string NewName() => "cert-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))[..5];

    /// <summary>Deletes those that came by themselves and that no domain is served with any more.</summary>
    internal static void RemoveUnused(Tx tx, AppId app) => tx.Execute(
        $"DELETE FROM sni_endpoints WHERE app_id = {app} AND acm = 1 AND NOT EXISTS (SELECT 1 FROM domains WHERE sni_endpoint_id = sni_endpoints.id)");

    /// <summary>Every certificate that some domain is served with, its key open: for the router alone.</summary>
    internal async Task<ImmutableArray<ServedCertificate>> ServedAsync(CancellationToken ct)
    {
        var rows = await db.ListAsync(
            $"""
            SELECT hostname, sni_endpoints.id AS id, chain, private_key
              FROM domains JOIN sni_endpoints ON sni_endpoints.id = domains.sni_endpoint_id
             ORDER BY hostname
            """, row => (Host: row.Text("hostname"), Id: row.Guid("id"), Chain: row.Text("chain"), Key: row.Bytes("private_key")), ct);
        return [.. rows.GroupBy(row => row.Id).Select(of =>
            new ServedCertificate([.. of.Select(row => row.Host)], of.First().Chain, Encoding.UTF8.GetString(vault.Open(Purpose(of.Key), of.First().Key))))];
    }

    internal static string Purpose(Guid id) => $"sni_endpoints.private_key {id}";

    internal static string NotCovered(string hostname, CertificateFacts facts) =>
        $"The certificate is for {string.Join(", ", facts.Names.Take(5))}, and {hostname} is not among them.";

    private void RefuseFaults(string chain, string key)
    {
        var faults = CertificateFacts.Faults(chain, key, clock.GetUtcNow()).ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
    }

    private static SniEndpoint Read(Row row, ILookup<Guid, Guid> domains) => new()
    {
        Id = row.Guid("id"),
        App = new AppId(row.Guid("app_id")),
        Name = row.Text("name"),
        Chain = row.Text("chain"),
        IsAutomatic = row.Flag("acm"),
        Domains = [.. domains[row.Guid("id")]],
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}

/// <summary>A certificate on its way to the router. Not to be logged.</summary>
/// <param name="Hosts">Host names, maybe with a star for the first part.</param>
internal sealed record ServedCertificate(ImmutableArray<string> Hosts, string Chain, string Key)
{
    public override string ToString() => $"certificate of {string.Join(", ", Hosts)}";
}
