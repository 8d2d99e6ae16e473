using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Slugs;

/// <summary>
/// The file calls of the C library that the store needs and System.IO lacks: everything relative to an open folder, nothing through a
/// link. Names are bytes with a NUL at the end. Calls answer -1 and set errno, as in C.
/// </summary>
internal static unsafe partial class Libc
{
    public const int CurrentFolder = -100;
    public const int ReadOnly = 0, WriteOnly = 1, Create = 0x40, Exclusive = 0x80, NonBlocking = 0x800, CloseOnExec = 0x80000;
    public const int SymlinkNoFollow = 0x100, RemoveFolder = 0x200, EmptyPath = 0x1000;
    public const uint NoReplace = 1;
    public const int ENOENT = 2, EIO = 5, EEXIST = 17, EXDEV = 18, ENOTDIR = 20, EMLINK = 31, ENOTEMPTY = 39;

    // Two flags have other numbers on ARM.
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    public static readonly int Folder = Arm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = Arm ? 0x8000 : 0x20000;

    public static int Errno => Marshal.GetLastPInvokeError();

    /// <summary>The user that this process acts as: the store's owner.</summary>
    public static readonly uint Uid = geteuid();
    public static readonly uint Gid = getegid();

    [LibraryImport("libc")] private static partial uint geteuid();
    [LibraryImport("libc")] private static partial uint getegid();
    [LibraryImport("libc", SetLastError = true)] public static partial int openat(int folder, byte* name, int flags, uint mode);
    [LibraryImport("libc", SetLastError = true)] public static partial int close(int fd);
    [LibraryImport("libc", SetLastError = true)] public static partial nint read(int fd, byte* buffer, nint count);
    [LibraryImport("libc", SetLastError = true)] public static partial nint write(int fd, byte* buffer, nint count);
    [LibraryImport("libc", SetLastError = true)] public static partial nint getdents64(int fd, byte* buffer, nint count);
    [LibraryImport("libc", SetLastError = true)] public static partial int statx(int folder, byte* name, int flags, uint mask, Stat* stat);
    [LibraryImport("libc", SetLastError = true)] public static partial int fchown(int fd, uint uid, uint gid);
    [LibraryImport("libc", SetLastError = true)] public static partial int fchownat(int folder, byte* name, uint uid, uint gid, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int fchmod(int fd, uint mode);
    [LibraryImport("libc", SetLastError = true)] public static partial int fchmodat(int folder, byte* name, uint mode, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int futimens(int fd, Time* accessAndChange);
    [LibraryImport("libc", SetLastError = true)]
    public static partial int renameat2(int fromFolder, byte* from, int toFolder, byte* to, uint flags);
    [LibraryImport("libc", SetLastError = true)]
    public static partial int linkat(int fromFolder, byte* from, int toFolder, byte* to, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int symlinkat(byte* target, int folder, byte* name);
    [LibraryImport("libc", SetLastError = true)] public static partial nint readlinkat(int folder, byte* name, byte* buffer, nint size);
    [LibraryImport("libc", SetLastError = true)] public static partial int mkdirat(int folder, byte* name, uint mode);
    [LibraryImport("libc", SetLastError = true)] public static partial int unlinkat(int folder, byte* name, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int syncfs(int fd);
    [LibraryImport("libc", SetLastError = true)] public static partial int fsync(int fd);

    // openat2 has no wrapper in Debian 12's libc; its number is the same everywhere.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint syscall(nint number, nint folder, byte* name, OpenHow* how, nint size);

    /// <summary>Opens what lies below a folder; a link or <c>..</c> anywhere on the way is an error, whoever races us.</summary>
    public static int OpenBelow(int folder, byte* path, int flags, uint mode)
    {
        const ulong NoMagicLinks = 2, NoSymlinks = 4, Beneath = 8;
        var how = new OpenHow { Flags = (ulong)(uint)(flags | CloseOnExec), Mode = mode, Resolve = NoMagicLinks | NoSymlinks | Beneath };
        return (int)syscall(437, folder, path, &how, sizeof(OpenHow));
    }

    /// <summary>Opens a folder by its full path, which is the platform's own.</summary>
    public static SafeFileHandle OpenFolder(string path)
    {
        fixed (byte* name = Name.Of(path))
            return new SafeFileHandle(Check(openat(CurrentFolder, name, Folder | NoFollow | CloseOnExec, 0), path), ownsHandle: true);
    }

    public static int Check(int result, string what) => result >= 0 ? result : throw Failed(what);

    public static IOException Failed(string what)
    {
        var error = Errno;
        return new IOException($"{what}: {new Win32Exception(error).Message}", error);
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>struct statx: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct Stat
    {
        public const uint Basic = 0x7ff;

        [FieldOffset(16)] public uint Links;
        [FieldOffset(20)] public uint Uid;
        [FieldOffset(24)] public uint Gid;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(96)] public long ChangedSeconds;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;

        public readonly bool IsFile => (Mode & 0xf000) == 0x8000;
        public readonly bool IsFolder => (Mode & 0xf000) == 0x4000;
        public readonly bool IsLink => (Mode & 0xf000) == 0xa000;
        public readonly uint Permissions => (uint)Mode & 0xfff;
        public readonly ulong Device => ((ulong)DeviceMajor << 32) | DeviceMinor;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}
