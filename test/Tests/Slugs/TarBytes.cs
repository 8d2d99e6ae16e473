using System.IO.Compression;
using System.Text;

namespace Sluice.Tests.Slugs;

/// <summary>A tar by hand, member by member, so that it can say what no honest tool says. <c>/CANARY</c> in a name stands for the folder given.</summary>
internal sealed class TarBytes(string canary = "")
{
    private readonly MemoryStream bytes = new();

    public TarBytes File(string name, string content = "x", char type = '0') => Member(Text(name), type, content: Encoding.UTF8.GetBytes(content));

    public TarBytes Folder(string name) => Member(Text(name), '5');

    public TarBytes Link(string name, string target, char type = '2') => Member(Text(name), type, link: target);

    /// <summary>An extended header of records <c>key=value</c>.</summary>
    public TarBytes Pax(string key, string value, char type = 'x')
    {
        var record = Text($" {key}={value}\n");
        var length = record.Length;
        while (length != record.Length + length.ToString().Length)
            length = record.Length + length.ToString().Length;
        return Member("pax"u8.ToArray(), type, content: [.. Encoding.ASCII.GetBytes(length.ToString()), .. record]);
    }

    public TarBytes Member(byte[] name, char type, byte[]? content = null, string link = "", long? size = null, int mode = 0x1a4, bool badSum = false, byte[]? rawSize = null)
    {
        content ??= [];
        var header = new byte[512];
        name.CopyTo(header, 0);
        Encoding.ASCII.GetBytes(Convert.ToString(mode, 8).PadLeft(7, '0')).CopyTo(header, 100);
        Encoding.ASCII.GetBytes(Convert.ToString(size ?? content.Length, 8).PadLeft(11, '0')).CopyTo(header, 124);
        rawSize?.CopyTo(header, 124);
        Encoding.ASCII.GetBytes("00000000000").CopyTo(header, 136);
        header[156] = (byte)type;
        Text(link).CopyTo(header, 157);
        "ustar\000"u8.CopyTo(header.AsSpan(257));
        header.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b) + (badSum ? 1 : 0), 8).PadLeft(6, '0') + "\0").CopyTo(header, 148);
        bytes.Write(header);
        bytes.Write(content);
        bytes.Write(new byte[-content.Length & 511]);
        return this;
    }

    public byte[] End()
    {
        bytes.Write(new byte[1024]);
        return bytes.ToArray();
    }

    private byte[] Text(string name) => Encoding.UTF8.GetBytes(name.Replace("/CANARY", canary, StringComparison.Ordinal));

    /// <summary>Without the end mark, and less the last bytes.</summary>
    public byte[] Cut(int last = 0) => bytes.ToArray()[..^last];

    public static byte[] Gzip(byte[] bytes)
    {
        var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return zipped.ToArray();
    }
}
