using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;

namespace Sluice.Slugs;

/// <summary>
/// What a slug holds, as canonical text: the stack, then one line per entry, sorted by the bytes of the path. Times and owners are no part of it.
/// <code>
/// stack debian-12
/// file 644 11 a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447 app.js
/// file 755 220 61a9…  bin/start
/// link current⇥releases/7
/// folder tmp/empty
/// </code>
/// A folder has a line only when it is empty. In names, <c>\</c> is <c>\\</c>, newline is <c>\n</c>, tab <c>\t</c>, other control bytes <c>\xNN</c>.
/// </summary>
internal sealed class SlugManifest
{
    /// <summary>Longest path, as the kernel's.</summary>
    public const int MaxPath = 4095;

    public SlugManifest(string stack, ImmutableArray<SlugEntry> sorted)
    {
        Stack = stack;
        Entries = sorted;
        foreach (var entry in sorted)
            Bytes += entry.Size;
    }

    public string Stack { get; }

    /// <summary>Sorted by <see cref="SlugEntry.Path"/>, each path once.</summary>
    public ImmutableArray<SlugEntry> Entries { get; }

    /// <summary>Bytes of content.</summary>
    public long Bytes { get; }

    /// <summary>Files and links.</summary>
    public int Files => Entries.Count(e => e.Kind != SlugEntryKind.Folder);

    /// <summary>Sorts what a walk found.</summary>
    public static SlugManifest Of(string stack, IEnumerable<SlugEntry> entries)
    {
        if (stack.Length == 0 || stack.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw Refuse.Invalid($"The stack's name is not one word of plain letters: {Name.Show(Encoding.UTF8.GetBytes(stack))}.");
        var sorted = entries.ToArray();
        Array.Sort(sorted, (a, b) => a.Path.AsSpan().SequenceCompareTo(b.Path));
        return new(stack, System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(sorted));
    }

    /// <summary>The text, in UTF-8.</summary>
    public byte[] Format()
    {
        var text = new ArrayBufferWriter<byte>(64 + (Entries.Length * 128));
        text.Write("stack "u8);
        text.Write(Encoding.ASCII.GetBytes(Stack));
        text.Write("\n"u8);
        foreach (var entry in Entries)
            entry.WriteTo(text);
        return text.WrittenSpan.ToArray();
    }

    /// <exception cref="InvalidDataException">It is not the canonical text of any slug; the message names the line.</exception>
    public static SlugManifest Parse(ReadOnlySpan<byte> text)
    {
        var entries = ImmutableArray.CreateBuilder<SlugEntry>();
        string? stack = null;
        byte[]? last = null;
        for (var line = 1; !text.IsEmpty; line++)
        {
            var end = text.IndexOf((byte)'\n');
            var row = end < 0 ? throw Broken(line) : text[..end];
            text = text[(end + 1)..];
            if (stack is null)
            {
                stack = row.StartsWith("stack "u8) && row.Length > 6 ? Encoding.ASCII.GetString(row[6..]) : throw Broken(line);
                continue;
            }
            var entry = SlugEntry.Parse(row) ?? throw Broken(line);
            if (last is not null && last.AsSpan().SequenceCompareTo(entry.Path) >= 0)
                throw Broken(line);
            last = entry.Path;
            entries.Add(entry);
        }
        return new(stack ?? throw Broken(1), entries.DrainToImmutable());
    }

    private static InvalidDataException Broken(int line) => new($"Line {line} of the slug's manifest is not canonical.");
}

internal enum SlugEntryKind : byte
{
    File,
    Link,
    Folder,
}

/// <summary>One line of a manifest.</summary>
internal sealed record SlugEntry
{
    /// <summary>Relative, UTF-8, without <c>.</c>, <c>..</c> or empty parts.</summary>
    public required byte[] Path { get; init; }
    public required SlugEntryKind Kind { get; init; }

    /// <summary>Files only: 755 rather than 644.</summary>
    public bool Executable { get; init; }

    /// <summary>Files only; else 0.</summary>
    public long Size { get; init; }

    /// <summary>Files only.</summary>
    public ContentHash Hash { get; init; }

    /// <summary>Links only.</summary>
    public byte[] Target { get; init; } = [];

    public ObjectName Object => new(Hash, Executable);

    /// <summary>Empty files are made anew, never linked: every project has some, and an inode takes only so many links.</summary>
    public bool HasObject => Kind == SlugEntryKind.File && Size > 0;

    public bool SameContent(SlugEntry other) =>
        Kind == other.Kind && Executable == other.Executable && Size == other.Size && Hash == other.Hash && Target.AsSpan().SequenceEqual(other.Target);

    public void WriteTo(IBufferWriter<byte> text)
    {
        switch (Kind)
        {
            case SlugEntryKind.Folder:
                text.Write("folder "u8);
                break;
            case SlugEntryKind.Link:
                text.Write("link "u8);
                break;
            default:
                text.Write(Executable ? "file 755 "u8 : "file 644 "u8);
                var numbers = text.GetSpan(96);
                Utf8Formatter.TryFormat(Size, numbers, out var digits);
                numbers[digits] = (byte)' ';
                Hash.WriteHex(numbers[(digits + 1)..]);
                numbers[digits + 65] = (byte)' ';
                text.Advance(digits + 66);
                break;
        }
        Escape(Path, text);
        if (Kind == SlugEntryKind.Link)
        {
            text.Write("\t"u8);
            Escape(Target, text);
        }
        text.Write("\n"u8);
    }

    /// <summary>Null when the line is not exactly what <see cref="WriteTo"/> writes.</summary>
    public static SlugEntry? Parse(ReadOnlySpan<byte> line)
    {
        var entry = Read(line);
        if (entry is null || !IsPath(entry.Path))
            return null;
        if (entry.Kind == SlugEntryKind.Link && !IsTarget(entry.Target))
            return null;
        return entry;
    }

    /// <summary>A relative path that stays where it is.</summary>
    public static bool IsPath(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty || path.Length > SlugManifest.MaxPath || path.Contains((byte)0) || !Name.IsUtf8(path))
            return false;
        foreach (var part in path.Split((byte)'/'))
        {
            if (path[part] is [] or [(byte)'.'] or [(byte)'.', (byte)'.'] or { Length: > 255 })
                return false;
        }
        return true;
    }

    /// <summary>Any text; where it leads is for the sandbox to bound.</summary>
    public static bool IsTarget(ReadOnlySpan<byte> target) =>
        !target.IsEmpty && target.Length <= SlugManifest.MaxPath && !target.Contains((byte)0) && Name.IsUtf8(target);

    private static SlugEntry? Read(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("folder "u8))
            return Unescape(line[7..]) is { } folder ? new() { Kind = SlugEntryKind.Folder, Path = folder } : null;
        if (line.StartsWith("link "u8))
        {
            var tab = line.IndexOf((byte)'\t');
            return tab > 0 && Unescape(line[5..tab]) is { } link && Unescape(line[(tab + 1)..]) is { } target
                ? new() { Kind = SlugEntryKind.Link, Path = link, Target = target } : null;
        }
        var executable = line.StartsWith("file 755 "u8);
        if (!executable && !line.StartsWith("file 644 "u8))
            return null;
        line = line[9..];
        if (!Utf8Parser.TryParse(line, out long size, out var digits) || size < 0 || !IsCanonical(line[..digits])
            || line.Length < digits + 67 || line[digits] != ' ' || line[digits + 65] != ' '
            || !ContentHash.TryParse(line.Slice(digits + 1, 64), out var hash))
            return null;
        return Unescape(line[(digits + 66)..]) is { } path
            ? new() { Kind = SlugEntryKind.File, Path = path, Executable = executable, Size = size, Hash = hash } : null;
    }

    private static bool IsCanonical(ReadOnlySpan<byte> number) => number is [(byte)'0'] or [>= (byte)'1' and <= (byte)'9', ..];

    private static void Escape(ReadOnlySpan<byte> name, IBufferWriter<byte> text)
    {
        if (!name.ContainsAnyInRange((byte)0, (byte)31) && !name.ContainsAny((byte)'\\', (byte)127))
        {
            text.Write(name);
            return;
        }
        foreach (var b in name)
        {
            switch (b)
            {
                case (byte)'\\':
                    text.Write(@"\\"u8);
                    break;
                case (byte)'\n':
                    text.Write(@"\n"u8);
                    break;
                case (byte)'\t':
                    text.Write(@"\t"u8);
                    break;
                case < 32 or 127:
                    text.Write(Encoding.ASCII.GetBytes($"\\x{b:x2}"));
                    break;
                default:
                    text.Write([b]);
                    break;
            }
        }
    }

    /// <summary>Null when it is not what <see cref="Escape"/> writes: one name has one spelling, else one slug had two digests.</summary>
    private static byte[]? Unescape(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'\\'))
            return text.ContainsAnyInRange((byte)0, (byte)31) || text.Contains((byte)127) ? null : text.ToArray();
        var name = new ArrayBufferWriter<byte>(text.Length);
        for (var rest = text; !rest.IsEmpty;)
        {
            var (b, length) = rest switch
            {
                [(byte)'\\', (byte)'\\', ..] => ((byte)'\\', 2),
                [(byte)'\\', (byte)'n', ..] => ((byte)'\n', 2),
                [(byte)'\\', (byte)'t', ..] => ((byte)'\t', 2),
                [(byte)'\\', (byte)'x', _, _, ..] when Utf8Parser.TryParse(rest.Slice(2, 2), out byte hex, out var used, 'x') && used == 2 => (hex, 4),
                [(byte)'\\', ..] => ((byte)0, 0),
                _ => (rest[0], 1),
            };
            if (length == 0)
                return null;
            name.Write([b]);
            rest = rest[length..];
        }
        var again = new ArrayBufferWriter<byte>(text.Length);
        Escape(name.WrittenSpan, again);
        return again.WrittenSpan.SequenceEqual(text) ? name.WrittenSpan.ToArray() : null;
    }
}
