using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sluice.Slugs;

/// <summary>File names as the file system has them: bytes. A slug takes only those that are UTF-8; others are refused by name.</summary>
internal static class Name
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes of a name or path with a NUL at the end, for the C library.</summary>
    public static byte[] Of(string path)
    {
        var bytes = new byte[Strict.GetByteCount(path) + 1];
        Strict.GetBytes(path, bytes);
        return bytes;
    }

    public static byte[] Terminated(ReadOnlySpan<byte> path)
    {
        var bytes = new byte[path.Length + 1];
        path.CopyTo(bytes);
        return bytes;
    }

    public static bool IsUtf8(ReadOnlySpan<byte> name) => System.Text.Unicode.Utf8.IsValid(name);

    /// <summary>For a message: printable, with every odd byte as <c>\xNN</c>, at most 200 characters.</summary>
    public static string Show(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder();
        foreach (var rune in (IsUtf8(path) ? Encoding.UTF8 : Encoding.Latin1).GetString(path).EnumerateRunes())
        {
            if (text.Length > 200)
                return text.Append('…').ToString();
            if (Rune.IsControl(rune) || (rune.Value is >= 0x80 and <= 0xff && !IsUtf8(path)) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format)
                text.Append($"\\x{rune.Value:x2}");
            else
                text.Append(rune);
        }
        return text.ToString();
    }

    public static byte[] Join(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name)
    {
        if (folder.IsEmpty)
            return name.ToArray();
        var path = new byte[folder.Length + 1 + name.Length];
        folder.CopyTo(path);
        path[folder.Length] = (byte)'/';
        name.CopyTo(path.AsSpan(folder.Length + 1));
        return path;
    }

    /// <summary>What is before the last slash; empty at the top.</summary>
    public static ReadOnlySpan<byte> FolderOf(ReadOnlySpan<byte> path) => path.LastIndexOf((byte)'/') is var at and >= 0 ? path[..at] : [];
}

/// <summary>Paths as dictionary keys, looked up by a slice of a longer path without a copy.</summary>
internal sealed class PathComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly PathComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
