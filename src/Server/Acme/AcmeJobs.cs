using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Acme;

/// <summary>
/// Which domains are to have a certificate by themselves, and how far each one's is. What is asked for follows from apps and domains; a row here only
/// keeps what was done, so that a lost row, or a step done twice, costs an order and no more.
/// </summary>
public sealed class AcmeJobs(Db db, Vault vault, Site site, TimeProvider clock)
{
    private const int MostDue = 100;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMinutes(1);

    private static Sql Columns => Sql.Part(
        $"domains.id, domains.app_id, domains.hostname, domains.sni_endpoint_id, next_at, failures, reason, order_url, ordered_at, token");

    /// <summary>Domains of apps that want it, but those that are served with an uploaded certificate.</summary>
    private static Sql Wanted => Sql.Part(
        $"""
        FROM domains JOIN apps ON apps.id = domains.app_id LEFT JOIN acme_jobs ON acme_jobs.id = domains.id LEFT JOIN sni_endpoints ON sni_endpoints.id = domains.sni_endpoint_id
        WHERE apps.acm = 1 AND (sni_endpoints.id IS NULL OR sni_endpoints.acm = 1)
        """);

    /// <exception cref="RefusedException">There is nobody to ask.</exception>
    public async Task EnableAsync(App app, Principal who, CancellationToken ct)
    {
        if (site.Authority is null)
            throw Refuse.Invalid("This server asks no authority for certificates. Who runs it starts it with: sluice up --acme letsencrypt --acme-agree. Until then, upload your own with certs:add.");
        if (!app.HasAutomaticCertificates)
            await SetAsync(app, isOn: true, "acm.enable", _ => { }, who, ct);
    }

    /// <summary>Certificates that came by themselves are removed; their domains are served with the server's own authority's again.</summary>
    public async Task DisableAsync(App app, Principal who, CancellationToken ct)
    {
        if (!app.HasAutomaticCertificates)
            return;
        await SetAsync(app, isOn: false, "acm.disable", tx =>
        {
            tx.Execute($"DELETE FROM sni_endpoints WHERE app_id = {app.Id} AND acm = 1");
            tx.Execute($"DELETE FROM acme_jobs WHERE id IN (SELECT id FROM domains WHERE app_id = {app.Id})");
        }, who, ct);
    }

    /// <summary>What failed is tried again at once, though not within a minute of its last try.</summary>
    public Task RefreshAsync(App app, Principal who, CancellationToken ct)
    {
        if (!app.HasAutomaticCertificates)
            throw Refuse.Invalid($"{app.Name} has no automatic certificates. Turn them on first: certs:auto:enable -a {app.Name}");
        var now = clock.GetUtcNow();
        var micros = (long)BetweenTries.TotalMicroseconds;
        return db.WriteAsync(
            new Act("acm.refresh", app.Id.ToString(), who.Account, app.Id, who.RequestId),
            tx => tx.Execute(
                $"""
                UPDATE acme_jobs SET next_at = CASE WHEN tried_at + {micros} < {now} THEN {now} ELSE tried_at + {micros} END
                 WHERE failures > 0 AND id IN (SELECT id FROM domains WHERE app_id = {app.Id})
                """),
            ct);
    }

    /// <summary>What people are told, by domain; of an app without automatic certificates nothing.</summary>
    public async Task<ImmutableDictionary<Guid, AcmStatus>> StatusesAsync(App app, CancellationToken ct)
    {
        if (!app.HasAutomaticCertificates)
            return ImmutableDictionary<Guid, AcmStatus>.Empty;
        var own = await db.ListAsync($"SELECT {Columns} {Wanted} AND apps.id = {app.Id}", Read, ct);
        var uploaded = await db.ListAsync(
            $"""
            SELECT domains.id, sni_endpoints.name FROM domains JOIN sni_endpoints ON sni_endpoints.id = domains.sni_endpoint_id
             WHERE domains.app_id = {app.Id} AND sni_endpoints.acm = 0
            """, row => (Domain: row.Guid("id"), Name: row.Text("name")), ct);
        return own.Select(job => KeyValuePair.Create(job.Domain, job.Status(site.Authority is not null)))
            .Concat(uploaded.Select(one => KeyValuePair.Create(one.Domain, new AcmStatus("cert issued", $"Served with {one.Name}, which was uploaded and which nobody renews but you."))))
            .ToImmutableDictionary();
    }

    /// <summary>Those that something can be done for now; the longest waiting first. What was tried in the future was tried before the date was set back, and waits no longer.</summary>
    internal Task<ImmutableArray<AcmeJob>> DueAsync(CancellationToken ct) => db.ListAsync(
        $"""
        SELECT {Columns} {Wanted} AND domains.hostname NOT LIKE '*%'
           AND (next_at IS NULL OR next_at <= {clock.GetUtcNow()} OR (domains.sni_endpoint_id IS NULL AND order_url IS NULL AND failures = 0)
                OR (tried_at > {clock.GetUtcNow() + BetweenTries} AND (order_url IS NOT NULL OR failures > 0)))
         ORDER BY COALESCE(next_at, 0), domains.id LIMIT {MostDue}
        """, Read, ct);

    /// <summary>As it is now; null when nobody wants it any more.</summary>
    internal Task<AcmeJob?> FindAsync(Guid domain, CancellationToken ct) => db.FindAsync($"SELECT {Columns} {Wanted} AND domains.id = {domain}", Read, ct);

    /// <summary>What authorities are to find at names.</summary>
    internal Task<ImmutableArray<(string Host, string Token, string Proof)>> ProofsAsync(CancellationToken ct) => db.ListAsync(
        $"SELECT domains.hostname, token, proof {Wanted} AND order_url IS NOT NULL AND token IS NOT NULL ORDER BY domains.hostname",
        row => (row.Text("hostname"), row.Text("token"), row.Text("proof")), ct);

    /// <summary>An order was taken. Its key is durable before the certificate is.</summary>
    internal Task OrderedAsync(AcmeJob job, Uri order, byte[] key, CancellationToken ct)
    {
        var (now, sealedKey) = (clock.GetUtcNow(), vault.Seal(Purpose(job.Domain), key));
        return db.WriteAsync(
            new Act("acme.order", job.Hostname, App: job.App),
            tx => tx.Execute(
                $"""
                INSERT INTO acme_jobs (id, next_at, tried_at, failures, order_url, ordered_at, private_key)
                SELECT id, {now}, {now}, 0, {order.AbsoluteUri}, {now}, {sealedKey} FROM domains WHERE id = {job.Domain}
                ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, tried_at = excluded.tried_at, order_url = excluded.order_url, ordered_at = excluded.ordered_at,
                    private_key = excluded.private_key, token = NULL, proof = NULL
                """),
            ct);
    }

    /// <summary>The private key of what was ordered; null when the order is another one by now.</summary>
    internal async Task<byte[]?> KeyAsync(AcmeJob job, CancellationToken ct)
    {
        var stored = await db.FindAsync($"SELECT private_key FROM acme_jobs WHERE id = {job.Domain} AND order_url = {job.Order!.AbsoluteUri}", row => row.BytesOrNull("private_key"), ct);
        return stored is null ? null : vault.Open(Purpose(job.Domain), stored);
    }

    internal Task ProveAsync(AcmeJob job, string token, string proof, CancellationToken ct) => db.WriteAsync(
        new Act("acme.prove", job.Hostname, App: job.App),
        tx => tx.Execute($"UPDATE acme_jobs SET token = {token}, proof = {proof} WHERE id = {job.Domain} AND order_url = {job.Order!.AbsoluteUri}"), ct);

    internal Task WaitAsync(AcmeJob job, TimeSpan wait, string reason, CancellationToken ct) => db.WriteAsync(
        new Act("acme.wait", job.Hostname, App: job.App), tx => tx.Execute($"UPDATE acme_jobs SET next_at = {clock.GetUtcNow() + wait}, reason = {reason} WHERE id = {job.Domain}"), ct);

    /// <param name="keepsOrder">The order is as good as before; else the next try begins with another one.</param>
    internal Task FailAsync(AcmeJob job, string reason, TimeSpan? asked, bool keepsOrder, CancellationToken ct)
    {
        var (now, failures) = (clock.GetUtcNow(), job.Failures + 1);
        var next = now + AcmeJob.PauseAfter(failures, asked);
        return db.WriteAsync(
            new Act("acme.fail", job.Hostname, App: job.App),
            tx =>
            {
                tx.Execute(
                    $"""
                    INSERT INTO acme_jobs (id, next_at, tried_at, failures, reason) SELECT id, {next}, {now}, {failures}, {reason} FROM domains WHERE id = {job.Domain}
                    ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, tried_at = excluded.tried_at, failures = excluded.failures, reason = excluded.reason
                    """);
                if (!keepsOrder)
                    tx.Execute($"UPDATE acme_jobs SET order_url = NULL, ordered_at = NULL, private_key = NULL, token = NULL, proof = NULL WHERE id = {job.Domain}");
            },
            ct);
    }

    /// <summary>The domain is served with this certificate from now on. False, and nothing is changed, when nobody wants it any more.</summary>
    internal Task<bool> KeepAsync(AcmeJob job, string chain, byte[] key, DateTimeOffset renewal, CancellationToken ct)
    {
        var (now, fresh) = (clock.GetUtcNow(), Guid.CreateVersion7());
        var pem = System.Text.Encoding.ASCII.GetBytes(System.Security.Cryptography.PemEncoding.Write("PRIVATE KEY", key));
        return db.WriteAsync(
            new Act("acme.issue", job.Hostname, App: job.App),
            tx =>
            {
                tx.LockApp(job.App);
                if (tx.Find($"SELECT {Columns} {Wanted} AND domains.id = {job.Domain} AND order_url = {job.Order!.AbsoluteUri}", Read) is not { } still)
                    return false;
                var endpoint = still.Endpoint ?? fresh;
                tx.Execute(
                    $"""
                    INSERT INTO sni_endpoints (id, app_id, name, chain, private_key, acm, created_at, updated_at)
                    VALUES ({endpoint}, {job.App}, {SniEndpointTable.NewName()}, {chain}, {vault.Seal(SniEndpointTable.Purpose(endpoint), pem)}, 1, {now}, {now})
                    ON CONFLICT (id) DO UPDATE SET chain = excluded.chain, private_key = excluded.private_key, updated_at = excluded.updated_at
                    """);
                tx.Execute($"UPDATE domains SET sni_endpoint_id = {endpoint}, updated_at = {now} WHERE id = {job.Domain}");
                tx.Execute(
                    $"""
                    UPDATE acme_jobs SET next_at = {renewal}, failures = 0, reason = NULL, order_url = NULL, ordered_at = NULL, private_key = NULL, token = NULL, proof = NULL
                     WHERE id = {job.Domain}
                    """);
                return true;
            },
            ct);
    }

    internal static string Purpose(Guid domain) => $"acme_jobs.private_key {domain}";

    private Task SetAsync(App app, bool isOn, string what, Action<Tx> with, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act(what, app.Id.ToString(), who.Account, app.Id, who.RequestId),
        tx =>
        {
            tx.LockApp(app.Id);
            tx.Execute($"UPDATE apps SET acm = {isOn}, updated_at = {clock.GetUtcNow()} WHERE id = {app.Id}");
            with(tx);
        },
        ct);

    private static AcmeJob Read(Row row) => new()
    {
        Domain = row.Guid("id"),
        App = new AppId(row.Guid("app_id")),
        Hostname = row.Text("hostname"),
        Endpoint = row.GuidOrNull("sni_endpoint_id"),
        NextAt = row.TimeOrNull("next_at"),
        Failures = row.IntOrNull("failures") ?? 0,
        Reason = row.TextOrNull("reason"),
        Order = row.TextOrNull("order_url") is { } url ? new Uri(url) : null,
        OrderedAt = row.TimeOrNull("ordered_at"),
        Token = row.TextOrNull("token"),
    };
}
