using System.Text;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

public sealed class DiskTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TempFolder folder = new();

    [Fact]
    public void Publishing_syncs_the_bytes_before_the_name_and_the_name_before_it_returns()
    {
        var disk = new PowerCutDisk();
        disk.Publish("/d/key", "new"u8, Mode);
        Assert.Equal(["create", "write", "sync", "rename", "sync folder"], disk.Calls);
    }

    [Fact]
    public void A_power_cut_at_any_step_of_publishing_leaves_the_old_file_or_the_new_one()
    {
        for (var step = 5; step <= 10; step++)   // 5 calls make the old file
        {
            var disk = new PowerCutDisk(step);
            disk.Publish("/d/key", "old"u8, Mode);
            var isAcknowledged = Try(() => disk.Publish("/d/key", "newer"u8, Mode));
            Assert.Equal(step == 10, isAcknowledged);
            foreach (var after in disk.AfterThePowerCut())
            {
                var found = Encoding.UTF8.GetString(after.Read("/d/key")!);
                Assert.Contains(found, isAcknowledged ? ["newer"] : new[] { "old", "newer" });
                after.Publish("/d/key", "again"u8, Mode);
                Assert.Equal("again"u8, after.Read("/d/key")!);
            }
        }
    }

    [Fact]
    public void A_power_cut_while_the_vault_makes_its_key_leaves_no_key_or_a_whole_one()
    {
        for (var step = 0; step <= 5; step++)
        {
            var disk = new PowerCutDisk(step);
            byte[]? box = null;
            Try(() => box = Vault.OpenOrCreate("/d/secret.key", disk).Seal("config", "x"u8));
            foreach (var after in disk.AfterThePowerCut())
            {
                var vault = Vault.OpenOrCreate("/d/secret.key", after);
                if (box is not null)
                    Assert.Equal("x"u8, vault.Open("config", box));
            }
        }
    }

    [Fact]
    public void The_test_disk_does_lose_what_was_not_synced()
    {
        var careless = new PowerCutDisk();
        using (var file = careless.Create("/d/t", Mode))
            file.Write("new"u8);
        careless.Rename("/d/t", "/d/key");
        careless.SyncFolder("/d");
        Assert.Contains(careless.AfterThePowerCut(), after => after.Read("/d/key") is []);
    }

    [Fact]
    public void The_real_disk_publishes_replaces_links_lists_and_unlinks()
    {
        var disk = new RealDisk();
        var (key, second) = (folder.At("key"), folder.At("second"));
        disk.Publish(key, "old"u8, Mode);
        disk.Publish(key, "new"u8, Mode);
        disk.Link(key, second);
        Assert.Equal("new"u8, disk.Read(second)!);
        Assert.Equal(Mode, File.GetUnixFileMode(key));
        Assert.Equal(["key", "second"], disk.List(folder.Path).Order());
        disk.Unlink(key);
        disk.Unlink(key);
        Assert.Null(disk.Read(key));
        Assert.Throws<IOException>(() => disk.Create(second, Mode));
        Assert.Throws<IOException>(() => disk.Link(key, folder.At("third")));
        Assert.Throws<IOException>(() => disk.SyncFolder(folder.At("nowhere")));
    }

    public void Dispose() => folder.Dispose();

    private static bool Try(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (PowerCutException)
        {
            return false;
        }
    }
}
