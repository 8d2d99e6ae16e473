using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sluice.Apps;
using Sluice.Jobs;
using Sluice.Router;

namespace Sluice.Acme;

/// <summary>
/// Takes one domain's certificate as far as it gets. Every step asks the authority how far the order is, so each may be repeated after a crash anywhere:
/// <code>
/// order, its key durable ─► prove the name: token durable, every router has it, the authority is told to look ─► finalize ─► download ─► kept, one transaction
/// </code>
/// </summary>
internal sealed class Certifier(AcmeJobs jobs, AcmeAccounts accounts, AcmeClient client, Authority authority, Func<CancellationToken, Task> give, TimeProvider clock)
{
    private static readonly TimeSpan ForOneTake = TimeSpan.FromMinutes(2), LaterTake = TimeSpan.FromMinutes(1), LongestWait = TimeSpan.FromHours(1), OrderLife = TimeSpan.FromDays(1);

    /// <summary>Between two looks at an order, when the authority does not say.</summary>
    internal TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>True when another certificate is there to be served.</summary>
    public async Task<bool> TakeAsync(AcmeJob job, CancellationToken ct)
    {
        try
        {
            using var account = await accounts.OpenAsync(client, authority.Directory, ct);
            return await FollowAsync(job, account, ct);
        }
        catch (AcmeException refused)
        {
            if (refused.Problem?.Is("accountDoesNotExist") == true)
                await accounts.ForgetUrlAsync(authority.Directory, ct);
            // What the authority refuses is over; when it did not answer, the order may go on where it was.
            await jobs.FailAsync(await jobs.FindAsync(job.Domain, ct) ?? job, refused.Message, refused.RetryAfter, keepsOrder: refused.Problem is null, ct);
            return false;
        }
        catch (RouterAwayException)
        {
            await jobs.FailAsync(await jobs.FindAsync(job.Domain, ct) ?? job, "The router is away, and so the authority could not look whether the name leads here.", null, keepsOrder: true, ct);
            return false;
        }
    }

    private async Task<bool> FollowAsync(AcmeJob job, AcmeAccount account, CancellationToken ct)
    {
        var until = clock.Monotonic + ForOneTake;
        while (await jobs.FindAsync(job.Domain, ct) is { } now)
        {
            if (now.Order is null)
            {
                await OrderAsync(now, account, ct);
                continue;
            }
            var order = await client.GetAsync<AcmeOrder>(account, now.Order, ct);
            switch (order.Value.Status)
            {
                case "ready":
                    if (!await FinalizeAsync(now, order.Value, account, ct))
                        continue;
                    break;
                case "valid":
                    return await KeepAsync(now, order.Value, account, ct);
                case "invalid":
                    await jobs.FailAsync(now, await WhyAsync(now, order.Value, account, ct), order.RetryAfter, keepsOrder: false, ct);
                    return false;
                case "pending":
                    if (await ProveAsync(now, order.Value, account, ct))
                        continue;
                    break;
            }
            if (clock.GetUtcNow() - now.OrderedAt > OrderLife)
            {
                await jobs.FailAsync(now, "The authority did not decide within a day.", null, keepsOrder: false, ct);
                return false;
            }
            var wait = order.RetryAfter is { } asked && asked > TimeSpan.Zero ? asked < LongestWait ? asked : LongestWait : LookEvery;
            if (clock.Monotonic + wait > until)
            {
                await jobs.WaitAsync(now, wait > LaterTake ? wait : LaterTake, "The authority has not decided yet.", ct);
                return false;
            }
            await Task.Delay(wait, clock, ct);
        }
        return false;
    }

    private async Task OrderAsync(AcmeJob job, AcmeAccount account, CancellationToken ct)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var made = await client.OrderAsync(account, job.Hostname, ct);
        await jobs.OrderedAsync(job, made.Location ?? throw new AcmeException($"{authority.Directory.Host} took an order and did not say where it is."), key.ExportPkcs8PrivateKey(), ct);
    }

    /// <summary>True when something was told to the authority, and it is worth a look at once.</summary>
    private async Task<bool> ProveAsync(AcmeJob job, AcmeOrder order, AcmeAccount account, CancellationToken ct)
    {
        var told = false;
        foreach (var url in order.Authorizations ?? [])
        {
            var asked = (await client.GetAsync<AcmeAuthorization>(account, url, ct)).Value;
            if (asked.Status != "pending")
                continue;
            var challenge = asked.Challenges?.FirstOrDefault(c => c.Type == "http-01" && c.Token is not null)
                ?? throw new AcmeException($"{authority.Directory.Host} does not take a proof by HTTP for {job.Hostname}: upload a certificate with certs:add.", new AcmeProblem(null, null));
            if (challenge.Status != "pending")
                continue;   // told before, and it looks
            if (job.Token != challenge.Token)
                await jobs.ProveAsync(job, challenge.Token!, $"{challenge.Token}.{account.Key.Thumbprint}", ct);
            await give(ct);
            await client.PostAsync<AcmeChallenge>(account, challenge.Url, new { }, ct);
            told = true;
        }
        return told;
    }

    /// <summary>False when the order is not as it was thought to be, and is to be looked at again.</summary>
    private async Task<bool> FinalizeAsync(AcmeJob job, AcmeOrder order, AcmeAccount account, CancellationToken ct)
    {
        if (await jobs.KeyAsync(job, ct) is not { } stored || order.Finalize is null)
            return false;
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(stored, out _);
        var request = new CertificateRequest(new X500DistinguishedName(""), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(job.Hostname);
        request.CertificateExtensions.Add(names.Build());
        await client.PostAsync<AcmeOrder>(account, order.Finalize, new { csr = AcmeKey.Text(request.CreateSigningRequest()) }, ct);
        return false;
    }

    private async Task<bool> KeepAsync(AcmeJob job, AcmeOrder order, AcmeAccount account, CancellationToken ct)
    {
        if (order.Certificate is null || await jobs.KeyAsync(job, ct) is not { } key)
            throw new AcmeException($"{authority.Directory.Host} says that the certificate is there, and not where.", new AcmeProblem(null, null));
        var chain = await client.DownloadAsync(account, order.Certificate, ct);
        var faults = CertificateFacts.Faults(chain, new string(PemEncoding.Write("PRIVATE KEY", key)), clock.GetUtcNow()).ToList();
        if (faults.Count == 0 && CertificateFacts.Of(chain) is var facts)
        {
            if (facts.Covers(job.Hostname))
                return await jobs.KeepAsync(job, chain, key, AcmeJob.RenewalOf(facts.From, facts.Until), ct);
            faults.Add(SniEndpointTable.NotCovered(job.Hostname, facts));
        }
        throw new AcmeException($"{authority.Directory.Host} gave a certificate that cannot be served. {string.Join(' ', faults)}", new AcmeProblem(null, null));
    }

    /// <summary>Mostly the authority asked at the name and found somebody else, or nobody.</summary>
    private async Task<string> WhyAsync(AcmeJob job, AcmeOrder order, AcmeAccount account, CancellationToken ct)
    {
        foreach (var url in order.Authorizations ?? [])
        {
            var asked = (await client.GetAsync<AcmeAuthorization>(account, url, ct)).Value;
            if (asked.Challenges?.FirstOrDefault(c => c.Error is not null)?.Error is { } error)
                return $"{authority.Directory.Host} asked http://{job.Hostname}{Challenges.Path}… for its proof and did not find it: {AcmeClient.Clean(error.Detail ?? "it does not say why")}. The name must lead to this server on port 80.";
        }
        return $"{authority.Directory.Host} turned the order down: {AcmeClient.Clean(order.Error?.Detail ?? "it does not say why")}.";
    }
}
