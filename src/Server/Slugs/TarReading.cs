using System.Buffers.Text;
using System.IO.Compression;

namespace Sluice.Slugs;

/// <summary>One member of a tar, its name as the bytes that stand there. Its content is to be read before the next member is asked for.</summary>
internal sealed record TarMember(byte[] Path, byte Type, uint Mode, long Size, byte[] Target)
{
    public const byte File = (byte)'0', HardLink = (byte)'1', Link = (byte)'2', Folder = (byte)'5';
}

/// <summary>
/// Reads the members of a tar (ustar, pax, GNU long names), plain or gzip. Written by us because the framework's reader decodes names (one that is
/// not UTF-8 comes out changed) and takes a member's word for how much memory its long name needs.
/// </summary>
internal sealed class TarReading(Stream archive, SlugLimits limits) : IDisposable
{
    private const int Block = 512;

    /// <summary>Longest extended header: far above any name that we take.</summary>
    private const int MaxHeader = 1 << 20;

    private readonly Stream stream = Decompressed(archive);
    private readonly byte[] block = new byte[Block];
    private long content, padding, unpacked;
    private int headers;

    public void Dispose()
    {
        if (stream != archive)
            stream.Dispose();
    }

    /// <summary>Null at the end.</summary>
    /// <exception cref="RefusedException">It is no tar, or it ends too early, or it says what no tar of ours may say.</exception>
    public TarMember? Next()
    {
        byte[]? path = null, target = null;
        long? size = null;
        while (true)
        {
            Skip();
            ReadExactly(block);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
                return headers > 0 ? null : throw NotATar();
            if (!HasGoodSum())
                throw NotATar();
            headers++;
            var type = block[156];
            var length = Number(block.AsSpan(124, 12));
            switch (type)
            {
                case (byte)'x':
                    ReadPax(length, ref path, ref target, ref size);
                    break;
                case (byte)'g':
                    byte[]? none = null;
                    long? noSize = null;
                    ReadPax(length, ref none, ref none, ref noSize);
                    if (none is not null || noSize is not null)
                        throw Refuse.Invalid("The archive names files in a global header, which no slug needs. Pack it with an ordinary tar.");
                    break;
                case (byte)'L':
                    path = UntilNul(ReadHeader(length)).ToArray();
                    break;
                case (byte)'K':
                    target = UntilNul(ReadHeader(length)).ToArray();
                    break;
                default:
                    return Member(path, target, size ?? length, type);
            }
        }
    }

    /// <summary>Content of the member that came last; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        if (content == 0)
            return 0;
        var got = ReadSome(buffer[..(int)Math.Min(buffer.Length, content)]);
        if (got == 0)
            throw TooShort();
        content -= got;
        return got;
    }

    private TarMember Member(byte[]? path, byte[]? target, long size, byte type)
    {
        path ??= NameInHeader();
        var isFolder = type == TarMember.Folder || (type is TarMember.File or 0 && path is [.., (byte)'/']);
        type = isFolder ? TarMember.Folder : type is 0 or (byte)'7' ? TarMember.File : type;
        if (type != TarMember.File)
            size = 0;
        content = size;
        padding = -size & (Block - 1);
        return new(path, type, (uint)Number(block.AsSpan(100, 8)), size, target ?? UntilNul(block.AsSpan(157, 100)).ToArray());
    }

    private byte[] NameInHeader()
    {
        var name = UntilNul(block.AsSpan(0, 100));
        var prefix = block.AsSpan(257, 6).SequenceEqual("ustar\0"u8) ? UntilNul(block.AsSpan(345, 155)) : [];
        return prefix.IsEmpty ? name.ToArray() : Name.Join(prefix, name);
    }

    private byte[] ReadHeader(long length)
    {
        if (length > MaxHeader)
            throw Refuse.Invalid($"The archive has a header of {length:#,0} bytes; a path may be at most {SlugManifest.MaxPath} bytes long.");
        var bytes = new byte[length];
        ReadExactly(bytes);
        padding = -length & (Block - 1);
        return bytes;
    }

    /// <summary>Records of the form <c>LENGTH KEY=VALUE\n</c>.</summary>
    private void ReadPax(long length, ref byte[]? path, ref byte[]? target, ref long? size)
    {
        ReadOnlySpan<byte> rest = ReadHeader(length);
        while (!rest.IsEmpty)
        {
            if (!Utf8Parser.TryParse(rest, out int total, out var digits) || total <= digits + 2 || total > rest.Length
                || rest[digits] != ' ' || rest[total - 1] != '\n')
                throw NotATar();
            var record = rest[(digits + 1)..(total - 1)];
            rest = rest[total..];
            var equals = record.IndexOf((byte)'=');
            if (equals < 0)
                throw NotATar();
            var key = record[..equals];
            var value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8))
                path = value.ToArray();
            else if (key.SequenceEqual("linkpath"u8))
                target = value.ToArray();
            else if (key.SequenceEqual("size"u8))
                size = Utf8Parser.TryParse(value, out long said, out var used) && used == value.Length && said >= 0 ? said : throw NotATar();
            else if (key.StartsWith("GNU.sparse"u8))
                throw Refuse.Invalid("The archive has sparse files. Pack it without tar's --sparse.");
        }
    }

    private bool HasGoodSum()
    {
        var sum = 8 * ' ';
        for (var i = 0; i < Block; i++)
            sum += i is >= 148 and < 156 ? 0 : block[i];
        return Number(block.AsSpan(148, 8)) == sum;
    }

    /// <summary>Octal text, or GNU's big-endian binary when the first bit is set.</summary>
    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            long binary = field[0] & 0x7f;
            foreach (var b in field[1..])
                binary = binary < 1L << 54 ? (binary << 8) | b : throw NotATar();
            return binary;
        }
        long number = 0;
        foreach (var b in field.Trim(" \0"u8))
            number = b is >= (byte)'0' and <= (byte)'7' ? (number << 3) | (uint)(b - '0') : throw NotATar();
        return number;
    }

    private static ReadOnlySpan<byte> UntilNul(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is var at and >= 0 ? field[..at] : field;

    /// <summary>To the next header.</summary>
    private void Skip()
    {
        Span<byte> nothing = stackalloc byte[4096];
        while (Read(nothing) > 0)
        {
        }
        ReadExactly(nothing[..(int)padding]);
        padding = 0;
    }

    private void ReadExactly(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var got = ReadSome(buffer);
            if (got == 0)
                throw TooShort();
            buffer = buffer[got..];
        }
    }

    private int ReadSome(Span<byte> buffer)
    {
        try
        {
            var got = stream.Read(buffer);
            limits.CheckArchive(unpacked += got);
            return got;
        }
        catch (InvalidDataException)
        {
            throw Refuse.Invalid("The archive's gzip data is broken. Upload it again.");
        }
    }

    private static Stream Decompressed(Stream archive)
    {
        Span<byte> magic = stackalloc byte[2];
        var got = archive.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        archive.Position -= got;
        return got == 2 && magic is [0x1f, 0x8b] ? new BufferedStream(new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true), 64 * 1024) : archive;
    }

    private static RefusedException NotATar() => Refuse.Invalid("The archive is not a tar that we can read. Pack it with an ordinary tar, plain or gzip.");

    private static RefusedException TooShort() => Refuse.Invalid("The archive ends in the middle. Upload it again.");
}
