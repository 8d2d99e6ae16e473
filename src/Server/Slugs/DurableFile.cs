namespace Sluice.Slugs;

/// <summary>Small files that must survive a power cut: write and sync under a temporary name, rename, sync the folder.</summary>
internal static class DurableFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    public static void SyncFolder(string path)
    {
        using var folder = Libc.OpenFolder(path);
        Libc.Check(Libc.fsync((int)folder.DangerousGetHandle()), "syncing " + path);
    }
}
