using System.Security.Cryptography;
using System.Text;

namespace Sluice.Storage;

/// <summary>
/// Seals secrets at rest with <c>DIR/secret.key</c> (AES-256-GCM, a fresh nonce each, the purpose as associated data, so that a
/// sealed value cannot be moved into another column or row). Opening with another key or purpose throws <see cref="CryptographicException"/>.
/// </summary>
/// <code>sealed = 1 byte version (1) | 12 bytes nonce | 16 bytes tag | as many bytes as the plain text</code>
public sealed class Vault
{
    private const byte Version = 1;
    private const int KeySize = 32, NonceSize = 12, TagSize = 16, Overhead = 1 + NonceSize + TagSize;

    public Vault(ReadOnlyMemory<byte> key)
    {
        if (key.Length != KeySize)
            throw new ArgumentException($"A vault's key is {KeySize} bytes, not {key.Length}.", nameof(key));
        Key = key;
    }

    public ReadOnlyMemory<byte> Key { get; }

    /// <summary>Reads the key file, or makes it (32 random bytes, 0600, durable) when it is missing. A file of another size is refused:
    /// a new key in its place would lose every secret that the old one sealed.</summary>
    public static Vault OpenOrCreate(string path) => OpenOrCreate(path, new RealDisk());

    public static Vault OpenOrCreate(string path, Disk disk)
    {
        if (disk.Read(path) is { } key)
        {
            return key.Length == KeySize
                ? new Vault(key)
                : throw Refuse.Unavailable($"{path} is damaged ({key.Length} bytes instead of {KeySize}): put the key back from a backup.");
        }
        key = RandomNumberGenerator.GetBytes(KeySize);
        disk.Publish(path, key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return new Vault(key);
    }

    public byte[] Seal(string purpose, ReadOnlySpan<byte> plain)
    {
        var box = new byte[Overhead + plain.Length];
        box[0] = Version;
        var nonce = box.AsSpan(1, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(Key.Span, TagSize);
        aes.Encrypt(nonce, plain, box.AsSpan(Overhead), box.AsSpan(1 + NonceSize, TagSize), Encoding.UTF8.GetBytes(purpose));
        return box;
    }

    public byte[] Open(string purpose, ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length < Overhead || sealedBytes[0] != Version)
            throw new CryptographicException("Not a value that this vault sealed.");
        var plain = new byte[sealedBytes.Length - Overhead];
        using var aes = new AesGcm(Key.Span, TagSize);
        aes.Decrypt(
            sealedBytes.Slice(1, NonceSize), sealedBytes[Overhead..], sealedBytes.Slice(1 + NonceSize, TagSize), plain,
            Encoding.UTF8.GetBytes(purpose));
        return plain;
    }
}
