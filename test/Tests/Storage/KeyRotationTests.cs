using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>Values in a table of the test's own, before, while and after the keys are replaced, whatever moment the power goes.</summary>
public sealed class KeyRotationTests : IDisposable
{
    private const int Values = 450;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TempFolder folder = new();

    private DataFolder Data => new(folder.Path);

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task After_a_rotation_the_former_key_file_opens_nothing_and_the_new_one_all(string kind)
    {
        await using var test = await MakeAsync(kind);
        var former = File.ReadAllBytes(Data.SecretKey);
        var (keys, vault) = await LifeAsync(test);
        var asked = await keys.RotateAsync(AccountId.New(), "request-1", None);
        Assert.Equal((2, (long)Values), (asked.DataKey, asked.Waiting));
        await keys.SealAgainAsync(None);
        Assert.Equal(0, (await keys.StateAsync(None)).Waiting);
        await CheckAsync(test, vault);
        Assert.Equal([2], await test.Db.ListAsync($"SELECT number FROM data_keys", row => row.Int("number"), None));

        File.WriteAllBytes(Data.SecretKey, former);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => LifeAsync(test));
        Assert.Contains("is not the key that sealed these records", refused.Message);
        Assert.Equal(former, File.ReadAllBytes(Data.SecretKey));
    }

    [Fact]
    public async Task Values_from_before_there_were_data_keys_open_and_are_sealed_again()
    {
        await using var test = await MakeAsync("sqlite");
        var (keys, vault) = await LifeAsync(test);
        await CheckAsync(test, vault);
        Assert.Equal(Values, (await keys.StateAsync(None)).Waiting);
        await keys.SealAgainAsync(None);
        Assert.Equal(0, (await keys.StateAsync(None)).Waiting);
        await CheckAsync(test, vault);
    }

    [Fact]
    public async Task The_power_may_go_at_any_moment_of_a_rotation()
    {
        var cuts = 0;
        for (var cutAt = 1; await IsCutAsync(cutAt); cutAt++)
            cuts++;
        Assert.True(cuts >= 8, $"only {cuts} gates");
    }

    [Fact]
    public async Task What_no_key_opens_stays_as_it_is_and_holds_up_nothing()
    {
        await using var test = await MakeAsync("sqlite");
        byte[] foreign = new Vault(RandomNumberGenerator.GetBytes(32)).Seal("secret-0007", "x"u8);
        await test.Db.WriteAsync(new Act("test", ""), tx => tx.Execute($"UPDATE secrets SET value = {foreign} WHERE id = {"secret-0007"}"), None);
        var (keys, _) = await LifeAsync(test);
        await keys.SealAgainAsync(None);
        Assert.Equal(1, (await keys.StateAsync(None)).Waiting);
        Assert.Equal(foreign, await test.Db.FindAsync($"SELECT value FROM secrets WHERE id = {"secret-0007"}", row => row.Bytes("value"), None));
    }

    public void Dispose() => folder.Dispose();

    private async Task<bool> IsCutAsync(int cutAt)
    {
        File.Delete(Data.SecretKey);
        await using var test = await MakeAsync("sqlite");
        var passed = 0;
        CrashGate.Watcher.Value = _ =>
        {
            if (++passed == cutAt)
                throw new PowerCutException();
        };
        try
        {
            var (keys, _) = await LifeAsync(test);
            await keys.RotateAsync(AccountId.New(), null, None);
            await keys.SealAgainAsync(None);
            return false;
        }
        catch (PowerCutException)
        {
            CrashGate.Watcher.Value = null;
            var (keys, vault) = await LifeAsync(test);
            await CheckAsync(test, vault);
            await keys.SealAgainAsync(None);
            await CheckAsync(test, vault);
            Assert.Equal(0, (await keys.StateAsync(None)).Waiting);
            Assert.Equal(32, new FileInfo(Data.SecretKey).Length);
            return true;
        }
        finally
        {
            CrashGate.Watcher.Value = null;
        }
    }

    /// <summary>A database with values as a server without data keys sealed them.</summary>
    private async Task<TestDb> MakeAsync(string kind)
    {
        var test = await TestDb.OpenAsync(kind);
        var vault = Vault.OpenOrCreate(Data.SecretKey);
        await test.Db.WriteAsync(
            new Act("test", ""),
            tx =>
            {
                tx.Execute($"CREATE TABLE secrets (id TEXT PRIMARY KEY, value {Sql.Literal(kind == "sqlite" ? "BLOB" : "BYTEA")})");
                for (var i = 0; i < Values; i++)
                    tx.Execute($"INSERT INTO secrets (id, value) VALUES ({Id(i)}, {vault.Seal(Id(i), Encoding.UTF8.GetBytes($"value {i}"))})");
            },
            None);
        return test;
    }

    /// <summary>A server's start over the same records and key file.</summary>
    private async Task<(KeyRotation Keys, Vault Vault)> LifeAsync(TestDb test)
    {
        var vault = Vault.OpenOrCreate(Data.SecretKey);
        var keys = new KeyRotation(
            test.Db, vault, Data, new RealDisk(), [new SealedColumn("secrets", "value", row => row.Text("id"))], TimeProvider.System, NullLogger<KeyRotation>.Instance);
        await keys.OpenAsync(None);
        return (keys, vault);
    }

    private static async Task CheckAsync(TestDb test, Vault vault)
    {
        var all = await test.Db.ListAsync($"SELECT id, value FROM secrets ORDER BY id", row => (Id: row.Text("id"), Value: row.Bytes("value")), None);
        Assert.Equal(Enumerable.Range(0, Values).Select(i => $"value {i}"), all.Select(v => Encoding.UTF8.GetString(vault.Open(v.Id, v.Value))));
    }

    private static string Id(int i) => $"secret-{i:0000}";

    private sealed class PowerCutException : Exception;
}
