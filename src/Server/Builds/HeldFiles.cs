using System.Text;
using Sluice.Slugs;

namespace Sluice.Builds;

/// <summary>Files that processes hold open or mapped although no name leads to them any more: they take room on disk that no walk finds.</summary>
internal static class HeldFiles
{
    /// <summary>What follows a link instead of looking at it.</summary>
    private const int Follow = 0;

    /// <summary>Bytes of those on the file system of <paramref name="tree"/>, each counted once. Processes that end meanwhile count nothing.</summary>
    public static long Bytes(IEnumerable<int> processes, string tree)
    {
        var device = StatOf(tree)?.Device;
        return processes.SelectMany(LinksOf).Select(StatOf)
            .Where(file => file is { IsFile: true, Links: 0 } && file.Value.Device == device)
            .DistinctBy(file => file!.Value.Inode)
            .Sum(file => (long)file!.Value.Size);
    }

    private static IEnumerable<string> LinksOf(int process)
    {
        foreach (var folder in new[] { $"/proc/{process}/fd", $"/proc/{process}/map_files" })
        {
            string[] links;
            try
            {
                links = Directory.GetFileSystemEntries(folder);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue;   // the process ended, or this kernel shows no maps
            }

            foreach (var link in links)
                yield return link;
        }
    }

    private static unsafe Libc.Stat? StatOf(string path)
    {
        Libc.Stat stat;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            return Libc.statx(Libc.CurrentFolder, name, Follow, Libc.Stat.Basic, &stat) == 0 ? stat : null;
    }
}
