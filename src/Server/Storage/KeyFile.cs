using System.Security.Cryptography;

namespace Sluice.Storage;

/// <summary>
/// <c>DIR/secret.key</c>: the key that seals the data keys, 32 random bytes, 0600. While it is replaced the file holds two, the new one first, so
/// that a crash at any moment leaves a file that opens what there is. Never in the database, and not in a copy of it.
/// </summary>
internal sealed class KeyFile(string path, Disk disk)
{
    /// <summary>Reads the file, or makes it, durably, when it is missing. The first key is the one to seal with.</summary>
    /// <exception cref="RefusedException">The file has another size: a new key in its place would lose every secret that the old one sealed.</exception>
    public ReadOnlyMemory<byte>[] ReadOrCreate()
    {
        var bytes = disk.Read(path) ?? Save(RandomNumberGenerator.GetBytes(Box.KeySize));
        return bytes.Length is Box.KeySize or 2 * Box.KeySize
            ? [.. bytes.Chunk(Box.KeySize).Select(key => (ReadOnlyMemory<byte>)key)]
            : throw Refuse.Unavailable($"{path} is damaged ({bytes.Length} bytes instead of {Box.KeySize}): put the key back from a backup.");
    }

    /// <summary>Replaces the file as a whole, durably.</summary>
    public void Save(params ReadOnlySpan<ReadOnlyMemory<byte>> keys)
    {
        var bytes = new byte[keys.Length * Box.KeySize];
        for (var i = 0; i < keys.Length; i++)
            keys[i].Span.CopyTo(bytes.AsSpan(i * Box.KeySize));
        Save(bytes);
    }

    private byte[] Save(byte[] bytes)
    {
        disk.Publish(path, bytes, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return bytes;
    }
}
