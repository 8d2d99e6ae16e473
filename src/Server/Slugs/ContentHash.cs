using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sluice.Slugs;

/// <summary>SHA-256 of a file's bytes.</summary>
internal readonly record struct ContentHash(ulong A, ulong B, ulong C, ulong D)
{
    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    public static ContentHash Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(content, hash);
        return From(hash);
    }

    public static ContentHash From(ReadOnlySpan<byte> hash) => MemoryMarshal.Read<ContentHash>(hash);

    /// <summary>64 lower-case hex digits, in ASCII.</summary>
    public void WriteHex(Span<byte> destination)
    {
        var self = this;
        Convert.TryToHexStringLower(MemoryMarshal.AsBytes(new ReadOnlySpan<ContentHash>(in self)), destination, out _);
    }

    public static bool TryParse(ReadOnlySpan<byte> hex, out ContentHash hash)
    {
        Span<byte> bytes = stackalloc byte[32];
        hash = default;
        if (hex.Length != 64 || hex.ContainsAnyExcept(LowerHex)
            || Convert.FromHexString(hex, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            return false;
        hash = From(bytes);
        return true;
    }

    public override string ToString()
    {
        Span<byte> hex = stackalloc byte[64];
        WriteHex(hex);
        return System.Text.Encoding.ASCII.GetString(hex);
    }
}

/// <summary>An object: bytes and the executable bit, since a mode belongs to the inode. Its file is <c>ab/HASH</c> or <c>ab/HASHx</c>.</summary>
internal readonly record struct ObjectName(ContentHash Hash, bool Executable)
{
    /// <summary>Bytes that <see cref="Write"/> needs.</summary>
    public const int Length = 3 + 64 + 1 + 1;

    public uint Mode => Executable ? 0x16du : 0x124u;   // 0555, 0444

    /// <summary>
    /// The object's modification time, Unix seconds between September 2001 and March 2010. Equal for equal bytes; for others nearly always another, because web
    /// servers make ETags of time and size: with one time for all, a browser would keep the old file after a promotion.
    /// </summary>
    public long Seconds => 1_000_000_000 + (long)(Hash.A & 0xfffffff);

    /// <summary>Path below the folder of objects, with its NUL.</summary>
    public void Write(Span<byte> path)
    {
        Hash.WriteHex(path[3..]);
        path[0] = path[3];
        path[1] = path[4];
        path[2] = (byte)'/';
        path[67] = Executable ? (byte)'x' : (byte)0;
        path[68] = 0;
    }

    /// <summary>From the file's own name, without its folder.</summary>
    public static bool TryParse(ReadOnlySpan<byte> file, out ObjectName name)
    {
        var executable = file.Length == 65 && file[64] == 'x';
        var good = ContentHash.TryParse(executable ? file[..64] : file, out var hash);
        name = new(hash, executable);
        return good;
    }

    public override string ToString() => Executable ? $"{Hash}x" : Hash.ToString();
}
