using Microsoft.Win32.SafeHandles;
using Sluice.Slugs;

namespace Sluice.Builds;

/// <summary>
/// How much a tree holds while a tenant still writes to it. Names are bytes and folders are opened below the top without following a link, so no
/// name hides what lies under it. A folder whose path is too long for any slug counts as too large.
/// </summary>
internal static class TreeSize
{
    /// <summary>Whether all files together have more than so many bytes, or there are more entries than so many; it stops counting there.</summary>
    public static bool Passes(string root, long bytes, int entries)
    {
        using var top = Libc.OpenFolder(root);
        var list = new FolderListing();
        var folders = new Stack<byte[]>([[(byte)'.']]);
        while (bytes >= 0 && entries >= 0 && folders.TryPop(out var path))
        {
            if (path.Length > SlugManifest.MaxPath)
                return true;
            using var folder = Open(top, path);
            if (!folder.IsInvalid)
                Count((int)folder.DangerousGetHandle(), path, list, folders, ref bytes, ref entries);
        }
        return bytes < 0 || entries < 0;
    }

    private static unsafe void Count(int folder, byte[] path, FolderListing list, Stack<byte[]> folders, ref long bytes, ref int entries)
    {
        try
        {
            while (list.Read(folder, "Counting a build's files"))
            {
                while (list.Next(out var entry) && --entries >= 0)
                {
                    if (entry.Kind == FolderListing.Folder)
                        folders.Push(Name.Join(path, entry.Name));
                    else if (ObjectStore.StatOf(folder, entry.Pointer) is { IsFile: true } file)
                        bytes -= (long)file.Size;
                }
            }
        }
        catch (IOException)
        {
            // The folder was removed, or closed, while we looked: the next look counts again.
        }
    }

    private static unsafe SafeFileHandle Open(SafeFileHandle top, byte[] path)
    {
        fixed (byte* name = Name.Terminated(path))
            return new SafeFileHandle(Libc.OpenBelow((int)top.DangerousGetHandle(), name, Libc.Folder | Libc.NoFollow, 0), ownsHandle: true);
    }
}
