using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>Whether DIR's disk has room for more. Asked before something large is taken in, so that a person hears of it in a sentence and not from git's or a build's last words.</summary>
internal sealed class DiskRoom(DataFolder data)
{
    /// <summary>Less than this is full: what was accepted already needs some to end well.</summary>
    private const long LeastBytes = 32 * 1024 * 1024;

    /// <summary>Fewer files than this can be made: a push of a small app makes some hundred.</summary>
    private const ulong LeastFiles = 1000;

    /// <summary>Null while there is room.</summary>
    public RefusedException? Refusal =>
        new DriveInfo(data.Root).AvailableFreeSpace < LeastBytes || FilesLeft() < LeastFiles ? SqliteFailure.FullDisk(data.Database) : null;

    /// <summary>How many more the file system takes; without end where it does not count them.</summary>
    private unsafe ulong FilesLeft()
    {
        var found = stackalloc ulong[32];
        var path = Marshal.StringToCoTaskMemUTF8(data.Root);
        try
        {
            // struct statvfs of 64-bit Linux: block size, fragment size, blocks, free, available, files, free files, available files
            return statvfs(path, found) == 0 && found[5] > 0 ? found[7] : ulong.MaxValue;
        }
        finally
        {
            Marshal.FreeCoTaskMem(path);
        }
    }

    [DllImport("libc")]
    private static extern unsafe int statvfs(nint path, ulong* found);
}
