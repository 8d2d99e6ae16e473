using Sluice.Storage;

namespace Sluice.Acme;

/// <summary>Our account with each authority that was ever asked, its key sealed. Made when it is first needed; each step may be repeated.</summary>
internal sealed class AcmeAccounts(Db db, Vault vault, TimeProvider clock)
{
    /// <summary>The caller disposes of it.</summary>
    /// <exception cref="AcmeException">The authority does not take us.</exception>
    public async Task<AcmeAccount> OpenAsync(AcmeClient client, Uri directory, CancellationToken ct)
    {
        var stored = await FindAsync(directory, ct) ?? await MakeAsync(directory, ct);
        var key = AcmeKey.Open(vault.Open(Purpose(stored.Id), stored.Key));
        try
        {
            return new AcmeAccount(key, stored.Url is { } known ? new Uri(known) : await RegisterAsync(client, stored.Id, key, ct));
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The authority does not know the account any more: the next <see cref="OpenAsync"/> registers its key again.</summary>
    public Task ForgetUrlAsync(Uri directory, CancellationToken ct) => db.WriteAsync(
        new Act("acme_account.forget", directory.Host), tx => tx.Execute($"UPDATE acme_accounts SET url = NULL WHERE directory = {directory.AbsoluteUri}"), ct);

    internal static string Purpose(Guid id) => $"acme_accounts.private_key {id}";

    private async Task<Uri> RegisterAsync(AcmeClient client, Guid id, AcmeKey key, CancellationToken ct)
    {
        var url = await client.RegisterAsync(key, ct);
        await db.WriteAsync(new Act("acme_account.register", url.Host), tx => tx.Execute($"UPDATE acme_accounts SET url = {url.AbsoluteUri} WHERE id = {id}"), ct);
        return url;
    }

    /// <summary>The key is durable before the authority hears of it.</summary>
    private async Task<Stored> MakeAsync(Uri directory, CancellationToken ct)
    {
        var id = Guid.CreateVersion7();
        using var key = AcmeKey.Create();
        var sealedKey = vault.Seal(Purpose(id), key.Export());
        await db.WriteAsync(
            new Act("acme_account.create", directory.Host),
            tx => tx.Execute(
                $"""
                INSERT INTO acme_accounts (id, directory, private_key, created_at) VALUES ({id}, {directory.AbsoluteUri}, {sealedKey}, {clock.GetUtcNow()})
                ON CONFLICT (directory) DO NOTHING
                """),
            ct);
        return (await FindAsync(directory, ct))!;
    }

    private Task<Stored?> FindAsync(Uri directory, CancellationToken ct) => db.FindAsync(
        $"SELECT id, private_key, url FROM acme_accounts WHERE directory = {directory.AbsoluteUri}",
        row => new Stored(row.Guid("id"), row.Bytes("private_key"), row.TextOrNull("url")), ct);

    private sealed record Stored(Guid Id, byte[] Key, string? Url);
}
