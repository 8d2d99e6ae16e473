namespace Sluice.Storage;

/// <summary>
/// Seals secrets at rest with <c>DIR/secret.key</c> (AES-256-GCM, a fresh nonce each, the purpose as associated data, so that a
/// sealed value cannot be moved into another column or row). Opening with another key or purpose throws <see cref="System.Security.Cryptography.CryptographicException"/>.
/// </summary>
public sealed class Vault(ReadOnlyMemory<byte> key)
{
    /// <summary>Reads the key file, or makes it (32 random bytes, 0600, durable) when it is missing.</summary>
    public static Vault OpenOrCreate(string path) => throw new NotImplementedException();

    public byte[] Seal(string purpose, ReadOnlySpan<byte> plain) => throw new NotImplementedException();

    public byte[] Open(string purpose, ReadOnlySpan<byte> sealedBytes) => throw new NotImplementedException();

    public ReadOnlyMemory<byte> Key { get; } = key;
}
