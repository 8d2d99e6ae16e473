using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Sluice.Slugs;

/// <summary>A slug as a gzipped tar, as Heroku's: files under <c>./app/</c>. Same slug, same bytes: fixed order, times, owners and modes.</summary>
internal static class SlugExport
{
    public static async Task PackAsync(SlugManifest manifest, ObjectStore objects, Stream output, CancellationToken ct)
    {
        await using var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        await using var tar = new TarWriter(gzip, TarEntryFormat.Gnu, leaveOpen: true);
        await tar.WriteEntryAsync(Entry(TarEntryType.Directory, "./app/", executable: true), ct);
        foreach (var entry in manifest.Entries)
        {
            var path = "./app/" + Encoding.UTF8.GetString(entry.Path);
            switch (entry.Kind)
            {
                case SlugEntryKind.Folder:
                    await tar.WriteEntryAsync(Entry(TarEntryType.Directory, path + "/", executable: true), ct);
                    break;
                case SlugEntryKind.Link:
                    var link = Entry(TarEntryType.SymbolicLink, path, executable: true);
                    link.LinkName = Encoding.UTF8.GetString(entry.Target);
                    await tar.WriteEntryAsync(link, ct);
                    break;
                default:
                    var file = Entry(TarEntryType.RegularFile, path, entry.Executable);
                    await using (var content = entry.HasObject ? new FileStream(objects.Open(entry.Object), FileAccess.Read, 0) : Stream.Null)
                    {
                        file.DataStream = content;
                        await tar.WriteEntryAsync(file, ct);
                    }
                    break;
            }
        }
    }

    private static GnuTarEntry Entry(TarEntryType type, string path, bool executable) => new(type, path)
    {
        ModificationTime = DateTimeOffset.UnixEpoch,
        Mode = (UnixFileMode)(executable ? 0x1ed : 0x1a4),   // 0755, 0644
    };
}
