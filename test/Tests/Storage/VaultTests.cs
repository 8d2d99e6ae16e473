using System.Security.Cryptography;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

public sealed class VaultTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string KeyFile => folder.At("secret.key");

    [Fact]
    public void The_key_is_made_once_and_opens_what_it_sealed()
    {
        var box = Vault.OpenOrCreate(KeyFile).Seal("config", "SECRET=1"u8);
        Assert.Equal("SECRET=1"u8, Vault.OpenOrCreate(KeyFile).Open("config", box));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal(32, new FileInfo(KeyFile).Length);
        Assert.Equal(["secret.key"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Sealing_twice_gives_different_bytes_that_hide_the_text()
    {
        var vault = Vault.OpenOrCreate(KeyFile);
        var (one, two) = (vault.Seal("config", "SECRET=1"u8), vault.Seal("config", "SECRET=1"u8));
        Assert.NotEqual(one, two);
        Assert.Equal(-1, one.AsSpan().IndexOf("SECRET"u8));
    }

    [Fact]
    public void A_value_does_not_open_for_another_purpose() => Refuses(vault => vault.Open("release 2", vault.Seal("release 1", "x"u8)));

    [Fact]
    public void A_value_does_not_open_with_another_key() =>
        Refuses(vault => new Vault(RandomNumberGenerator.GetBytes(32)).Open("config", vault.Seal("config", "x"u8)));

    [Fact]
    public void A_value_with_any_byte_changed_or_cut_does_not_open()
    {
        var vault = Vault.OpenOrCreate(KeyFile);
        var box = vault.Seal("config", "text"u8);
        for (var i = 0; i < box.Length; i++)
        {
            byte[] tampered = [.. box];
            tampered[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => vault.Open("config", tampered));
            Assert.ThrowsAny<CryptographicException>(() => vault.Open("config", box.AsSpan(0, i)));
        }
    }

    [Fact]
    public void A_damaged_key_file_is_never_replaced()
    {
        File.WriteAllText(KeyFile, "short");
        var refused = Assert.Throws<RefusedException>(() => Vault.OpenOrCreate(KeyFile));
        Assert.Contains("put the key back", refused.Message);
        Assert.Equal("short", File.ReadAllText(KeyFile));
    }

    public void Dispose() => folder.Dispose();

    private void Refuses(Action<Vault> open) => Assert.ThrowsAny<CryptographicException>(() => open(Vault.OpenOrCreate(KeyFile)));
}
