using System.Collections.Immutable;
using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>Public SSH keys that people gave us, per account.</summary>
public sealed class SshKeys(Db db, TimeProvider clock)
{
    /// <summary>Oldest first.</summary>
    public Task<ImmutableArray<SshKey>> ListAsync(AccountId account, CancellationToken ct) => db.ListAsync(
        $"SELECT id, public_key, fingerprint, comment, created_at, updated_at FROM ssh_keys WHERE account_id = {account} ORDER BY created_at, id", Read, ct);

    /// <summary>By id or fingerprint.</summary>
    /// <exception cref="RefusedException">Not found.</exception>
    public async Task<SshKey> FindAsync(AccountId account, string idOrFingerprint, CancellationToken ct) =>
        (await ListAsync(account, ct)).FirstOrDefault(key => key.Id.ToString() == idOrFingerprint || key.Fingerprint == idOrFingerprint)
            ?? throw Refuse.NotFound("key", idOrFingerprint);

    /// <exception cref="RefusedException">It is no public key, or it was added before, here or by someone else.</exception>
    public async Task<SshKey> AddAsync(string publicKey, Principal who, CancellationToken ct)
    {
        var key = SshKey.Parse(publicKey, clock.GetUtcNow());
        try
        {
            await db.WriteAsync(
                new Act("ssh-key.create", key.Id.ToString(), who.Account, RequestId: who.RequestId),
                tx => tx.Execute(
                    $"""
                    INSERT INTO ssh_keys (id, account_id, public_key, fingerprint, comment, created_at, updated_at)
                    VALUES ({key.Id}, {who.Account}, {key.PublicKey}, {key.Fingerprint}, {key.Comment}, {key.CreatedAt}, {key.UpdatedAt})
                    """),
                ct);
            return key;
        }
        catch (ConstraintException taken) when (taken.Constraint == Constraint.Unique)
        {
            throw Refuse.Invalid("This SSH key was added already; a key belongs to one account.");
        }
    }

    public Task RemoveAsync(SshKey key, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("ssh-key.destroy", key.Id.ToString(), who.Account, RequestId: who.RequestId),
        tx => tx.Execute($"DELETE FROM ssh_keys WHERE id = {key.Id} AND account_id = {who.Account}"),
        ct);

    private static SshKey Read(Row row) => new()
    {
        Id = row.Guid("id"),
        PublicKey = row.Text("public_key"),
        Fingerprint = row.Text("fingerprint"),
        Comment = row.Text("comment"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
