using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Sluice.Storage;

/// <summary>
/// Seals secrets at rest by envelope: values with a data key that lies in the records, the data key with the one in <c>DIR/secret.key</c>. A copy of
/// the records alone opens nothing. Opening with another key or purpose throws <see cref="CryptographicException"/>.
/// </summary>
/// <code>
/// by data key   = 1 byte version (2) | 4 bytes number of the data key, big-endian | box
/// by key file   = 1 byte version (1) | box      what was sealed before there were data keys, and the data keys themselves
/// </code>
public sealed class Vault
{
    private const byte ByKeyFile = 1, ByDataKey = 2;
    private const int HeadSize = 5;

    private volatile Keys keys;

    /// <summary>Without data keys, until <see cref="KeyRotation"/> has read them.</summary>
    public Vault(ReadOnlyMemory<byte> key) : this([key]) { }

    private Vault(ReadOnlyMemory<byte>[] file)
    {
        if (Array.Exists(file, key => key.Length != Box.KeySize))
            throw new ArgumentException($"A vault's key is {Box.KeySize} bytes.", nameof(file));
        keys = new Keys([.. file], 0, ImmutableDictionary<int, byte[]>.Empty);
    }

    public static Vault OpenOrCreate(string path) => OpenOrCreate(path, new RealDisk());

    /// <exception cref="RefusedException">The key file is damaged.</exception>
    public static Vault OpenOrCreate(string path, Disk disk) => new(new KeyFile(path, disk).ReadOrCreate());

    /// <summary>What every value begins with that is sealed as one would be now.</summary>
    internal byte[] Head
    {
        get
        {
            var now = keys;
            if (now.Current == 0)
                return [ByKeyFile];
            var head = new byte[HeadSize];
            head[0] = ByDataKey;
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), now.Current);
            return head;
        }
    }

    /// <summary>Of the key file; more than one while it is replaced.</summary>
    internal ImmutableArray<ReadOnlyMemory<byte>> File => keys.File;

    public byte[] Seal(string purpose, ReadOnlySpan<byte> plain)
    {
        var now = keys;
        return now.Current == 0 ? Box.Seal(now.File[0].Span, purpose, plain, [ByKeyFile]) : Box.Seal(now.Data[now.Current], purpose, plain, Head);
    }

    public byte[] Open(string purpose, ReadOnlySpan<byte> value)
    {
        var now = keys;
        if (value is [ByKeyFile, .. var direct])
            return OpenByFile(now, purpose, direct);
        if (value.Length > HeadSize && value[0] == ByDataKey && now.Data.TryGetValue(BinaryPrimitives.ReadInt32BigEndian(value[1..]), out var key))
            return Box.Open(key, purpose, value[HeadSize..]);
        throw new CryptographicException("Not a value that this vault sealed.");
    }

    /// <summary>A data key as it lies in the records, sealed by <paramref name="file"/>.</summary>
    internal static byte[] Wrap(ReadOnlyMemory<byte> file, int number, byte[] data) => Box.Seal(file.Span, Purpose(number), data, [ByKeyFile]);

    /// <summary>A data key from the records. Opens with either key while the file is replaced.</summary>
    internal byte[] Unwrap(int number, byte[] wrapped) => OpenByFile(keys, Purpose(number), wrapped.AsSpan(1));

    /// <summary>From now on. Zero as <paramref name="current"/>: no data key is known.</summary>
    internal void Use(ReadOnlySpan<ReadOnlyMemory<byte>> file, int current, ImmutableDictionary<int, byte[]> data) => keys = new Keys([.. file], current, data);

    private static byte[] OpenByFile(Keys now, string purpose, ReadOnlySpan<byte> box)
    {
        foreach (var key in now.File[..^1])
        {
            try
            {
                return Box.Open(key.Span, purpose, box);
            }
            catch (CryptographicException)
            {
                // Sealed by the one that is being replaced.
            }
        }
        return Box.Open(now.File[^1].Span, purpose, box);
    }

    private static string Purpose(int number) => $"data_keys {number}";

    private sealed record Keys(ImmutableArray<ReadOnlyMemory<byte>> File, int Current, ImmutableDictionary<int, byte[]> Data);
}
