using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sluice.Slugs;

/// <summary>
/// Lists an open folder with getdents64: name, inode number and kind of each entry, without a stat and in no order. The buffer belongs to one thread.
/// <code>
/// using var list = …; while (list.Read(fd)) while (list.Next(out var entry)) …
/// </code>
/// </summary>
internal sealed unsafe class FolderListing
{
    public const byte Folder = 4, File = 8, Link = 10, Unknown = 0;

    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(64 * 1024, pinned: true);
    private int at, end;

    /// <summary>Fetches the next batch; false at the end.</summary>
    public bool Read(int folder, string what)
    {
        var count = Libc.getdents64(folder, (byte*)Unsafe.AsPointer(ref buffer[0]), buffer.Length);
        if (count < 0)
            throw Libc.Failed(what);
        (at, end) = (0, (int)count);
        return count > 0;
    }

    /// <summary>The next entry of the batch, <c>.</c> and <c>..</c> left out. Valid until the next <see cref="Read"/>.</summary>
    public bool Next(out Entry entry)
    {
        while (at < end)
        {
            var record = buffer.AsSpan(at);
            at += BinaryPrimitives.ReadUInt16LittleEndian(record[16..]);
            var name = record[19..];
            name = name[..name.IndexOf((byte)0)];
            if (name is [(byte)'.'] or [(byte)'.', (byte)'.'])
                continue;
            entry = new(name, BinaryPrimitives.ReadUInt64LittleEndian(record), record[18]);
            return true;
        }
        entry = default;
        return false;
    }

    /// <summary>The name is followed by a NUL in memory and does not move.</summary>
    public readonly ref struct Entry(ReadOnlySpan<byte> name, ulong inode, byte kind)
    {
        public ReadOnlySpan<byte> Name { get; } = name;
        public ulong Inode { get; } = inode;
        public byte Kind { get; } = kind;
        public byte* Pointer => (byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in Name[0]));
    }
}
