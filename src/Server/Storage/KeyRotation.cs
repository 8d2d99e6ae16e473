using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Sluice.Storage;

/// <summary>How far a rotation is. <paramref name="Waiting"/>: sealed values that a former key still opens; 0 when all is done.</summary>
public sealed record KeyState(int DataKey, DateTimeOffset Since, long Waiting);

/// <summary>
/// Gives the vault its data keys at start, and replaces all keys when asked: the file's and the data key, at once for what is sealed from now on, and
/// in the background for what there is. Each step may be repeated, and a kill between any two of them is made good at the next start:
/// <code>
/// file: new, old ─► records: data keys sealed by new, and a fresh one ─► file: new ─► every value sealed again ─► former data keys deleted
/// </code>
/// </summary>
public sealed partial class KeyRotation(Db db, Vault vault, DataFolder data, Disk disk, IEnumerable<SealedColumn> columns, TimeProvider clock, ILogger<KeyRotation> logger)
    : BackgroundService
{
    private const int Batch = 200;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    private readonly SealedColumn[] columns = [.. columns];
    private readonly KeyFile file = new(data.SecretKey, disk);
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly SemaphoreSlim more = new(0);

    /// <summary>Before anything is sealed or opened: the others' workers start after this one.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Reads the data keys, makes the first, and ends a replacement of the file that was cut.</summary>
    /// <exception cref="RefusedException">The key file is not the one that sealed the records.</exception>
    public async Task OpenAsync(CancellationToken ct)
    {
        var found = await ReadAsync(ct);
        if (found.IsEmpty || vault.File.Length > 1)
            await ReplaceAsync(new Act("secret_key.open", "data_keys"), vault.File[0], found, addsDataKey: found.IsEmpty, ct);
        else
            vault.Use(vault.File.AsSpan(), found.Keys.Max(), found);
    }

    /// <summary>Replaces the key in the file and the data key. From its return on the former file opens nothing that is sealed from now on;
    /// what there was follows in the background (see <see cref="StateAsync"/>).</summary>
    public async Task<KeyState> RotateAsync(AccountId who, string? requestId, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            await SealAllAgainAsync(ct);   // from before there were data keys some may need the file's key itself
            ReadOnlyMemory<byte> fresh = RandomNumberGenerator.GetBytes(Box.KeySize), former = vault.File[0];
            file.Save(fresh, former);
            CrashGate.Pass("keys.both-in-file");
            var found = await ReadAsync(ct);
            vault.Use([fresh, former], found.Keys.Max(), found);
            await ReplaceAsync(new Act("secret_key.rotate", "data_keys", who, null, requestId), fresh, found, addsDataKey: true, CancellationToken.None);
        }
        finally
        {
            one.Release();
        }
        more.Release();
        return await StateAsync(ct);
    }

    public async Task<KeyState> StateAsync(CancellationToken ct)
    {
        var (number, since) = await db.FindAsync($"SELECT number, created_at FROM data_keys ORDER BY number DESC LIMIT 1", row => (row.Int("number"), row.Time("created_at")), ct);
        var waiting = 0L;
        foreach (var column in columns)
            waiting += await db.FindAsync($"SELECT COUNT(*) AS waiting FROM {Sql.Literal(column.Table)} WHERE {IsOld(column)}", row => row.Long("waiting"), ct);
        return new KeyState(number, since, waiting);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SealAgainAsync(stoppingToken);
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogTrouble(trouble);
            }
            await ((Task)more.WaitAsync(LookEvery, stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Seals with the newest data key whatever is not, and deletes those that nothing needs any more.</summary>
    internal async Task SealAgainAsync(CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            await SealAllAgainAsync(ct);
        }
        finally
        {
            one.Release();
        }
    }

    private async Task SealAllAgainAsync(CancellationToken ct)
    {
        foreach (var column in columns)
            await SealAgainAsync(column, ct);
        var found = await ReadAsync(ct);
        var newest = found.Keys.Max();
        if (found.Count == 1)
            return;
        await db.WriteAsync(new Act("data_key.delete", $"before {newest}"), tx => tx.Execute($"DELETE FROM data_keys WHERE number < {newest}"), ct);
        vault.Use(vault.File.AsSpan(), newest, ImmutableDictionary<int, byte[]>.Empty.Add(newest, found[newest]));
    }

    private async Task SealAgainAsync(SealedColumn column, CancellationToken ct)
    {
        for (var last = ""; ;)
        {
            var rows = await db.ListAsync(
                $"SELECT * FROM {Sql.Literal(column.Table)} WHERE {IsOld(column)} AND id > {last} ORDER BY id LIMIT {Batch}",
                row => (Id: row.Text("id"), Purpose: column.Purpose(row), Value: row.Bytes(column.Column)), ct);
            if (rows.IsEmpty)
                return;
            last = rows[^1].Id;
            var renewed = rows.Select(row => (row.Id, row.Value, Fresh: Renew(column, row.Id, row.Purpose, row.Value))).Where(row => row.Fresh is not null).ToArray();
            await db.WriteAsync(
                new Act("secret.seal-again", column.Table),
                tx =>
                {
                    // A value that was changed meanwhile is sealed with the newest key already.
                    foreach (var (id, value, fresh) in renewed)
                        tx.Execute($"UPDATE {Sql.Literal(column.Table)} SET {Sql.Literal(column.Column)} = {fresh} WHERE id = {id} AND {Sql.Literal(column.Column)} = {value}");
                },
                ct);
        }
    }

    /// <summary>Null, and left as it is, when no key opens it.</summary>
    private byte[]? Renew(SealedColumn column, string id, string purpose, byte[] value)
    {
        try
        {
            return vault.Seal(purpose, vault.Open(purpose, value));
        }
        catch (CryptographicException trouble)
        {
            LogLost(trouble, column.Table, column.Column, id);
            return null;
        }
    }

    private async Task ReplaceAsync(Act act, ReadOnlyMemory<byte> fresh, ImmutableDictionary<int, byte[]> found, bool addsDataKey, CancellationToken ct)
    {
        var all = addsDataKey ? found.Add(found.Keys.DefaultIfEmpty().Max() + 1, RandomNumberGenerator.GetBytes(Box.KeySize)) : found;
        var now = clock.GetUtcNow();
        await db.WriteAsync(
            act,
            tx =>
            {
                foreach (var (number, key) in all)
                {
                    tx.Execute(
                        $"""
                        INSERT INTO data_keys (number, key, created_at) VALUES ({number}, {Vault.Wrap(fresh, number, key)}, {now})
                        ON CONFLICT (number) DO UPDATE SET key = EXCLUDED.key
                        """);
                }
            },
            ct);
        CrashGate.Pass("keys.data-keys-sealed");
        file.Save(fresh);
        vault.Use([fresh], all.Keys.Max(), all);
    }

    private async Task<ImmutableDictionary<int, byte[]>> ReadAsync(CancellationToken ct)
    {
        var rows = await db.ListAsync($"SELECT number, key FROM data_keys", row => (Number: row.Int("number"), Key: row.Bytes("key")), ct);
        try
        {
            return rows.ToImmutableDictionary(row => row.Number, row => vault.Unwrap(row.Number, row.Key));
        }
        catch (CryptographicException)
        {
            throw Refuse.Unavailable($"{data.SecretKey} is not the key that sealed these records: put back the one that belongs to them.");
        }
    }

    private Sql IsOld(SealedColumn column)
    {
        var head = vault.Head;
        return Sql.Part($"substr({Sql.Literal(column.Column)}, 1, {head.Length}) <> {head}");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Values could not be sealed with the newest data key; tried again in a minute")]
    private partial void LogTrouble(Exception trouble);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No key opens {Table}.{Column} of {Id}: it stays as it is")]
    private partial void LogLost(Exception trouble, string table, string column, string id);
}
