using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sluice.Runtime;

/// <summary>The part of libc that starting and watching processes needs. Names are libc's own; a negative answer means errno.</summary>
internal static unsafe class Libc
{
    public const int SigHup = 1, SigKill = 9, SigTerm = 15;
    public const int O_RDONLY = 0, O_RDWR = 2, O_CREAT = 0x40, O_TRUNC = 0x200, O_NONBLOCK = 0x800, O_NOFOLLOW = 0x20000, O_CLOEXEC = 0x80000, O_PATH = 0x200000;
    public const int O_DIRECTORY = 0x10000;
    public const int EINTR = 4, EAGAIN = 11, EPIPE = 32, ECHILD = 10, ESRCH = 3, ENOENT = 2, EEXIST = 17, EBUSY = 16, EIO = 5;
    public const int F_DUPFD_CLOEXEC = 1030, F_SETFL = 4, F_GETFL = 3, F_SETPIPE_SZ = 1031;

    [DllImport("libc", SetLastError = true)] public static extern int kill(int pid, int signal);
    [DllImport("libc", SetLastError = true)] public static extern int close(int fd);
    [DllImport("libc", SetLastError = true)] public static extern nint read(int fd, byte* buffer, nint count);
    [DllImport("libc", SetLastError = true)] public static extern nint write(int fd, byte* buffer, nint count);
    [DllImport("libc", SetLastError = true)] public static extern int fcntl(int fd, int command, nint argument);
    [DllImport("libc", SetLastError = true)] public static extern int pipe2(int* fds, int flags);
    [DllImport("libc", SetLastError = true)] public static extern int open(string path, int flags, uint mode);
    [DllImport("libc", SetLastError = true)] public static extern int mkfifo(string path, uint mode);
    [DllImport("libc", SetLastError = true)] public static extern int chown(string path, uint uid, uint gid);
    [DllImport("libc", SetLastError = true)] public static extern int fchown(int fd, uint uid, uint gid);
    [DllImport("libc", SetLastError = true)] public static extern int chmod(string path, uint mode);
    [DllImport("libc", SetLastError = true)] public static extern int memfd_create(string name, uint flags);
    [DllImport("libc", SetLastError = true)] public static extern long lseek(int fd, long offset, int whence);
    [DllImport("libc", SetLastError = true)] public static extern uint geteuid();
    [DllImport("libc", SetLastError = true)] public static extern int mount(string? source, string target, string? type, ulong flags, string? data);
    [DllImport("libc", SetLastError = true)] public static extern int umount2(string target, int flags);
    [DllImport("libc", SetLastError = true)] public static extern int setns(int fd, int type);
    [DllImport("libc", SetLastError = true)] public static extern int flock(int fd, int operation);
    [DllImport("libc", SetLastError = true)] public static extern int epoll_create1(int flags);
    [DllImport("libc", SetLastError = true)] public static extern int epoll_ctl(int epoll, int operation, int fd, EpollEvent* e);
    [DllImport("libc", SetLastError = true)] public static extern int epoll_wait(int epoll, EpollEvent* events, int max, int timeoutMs);
    [DllImport("libc", SetLastError = true)] public static extern int ioctl(int fd, nuint request, nint argument);
    [DllImport("libc", SetLastError = true)] public static extern int waitid(int idType, int id, SigInfo* info, int options);
    [DllImport("libc", SetLastError = true)] public static extern int getsockopt(int fd, int level, int name, PeerCredentials* value, uint* size);
    [DllImport("libc", SetLastError = true)] private static extern long syscall(long number, long a, long b, long c, long d, long e);

    // posix_spawn answers the error itself, not errno. Its structures are opaque: glibc's are 80 and 336 bytes, callers give 128 and 512.
    [DllImport("libc")] public static extern int posix_spawn(int* pid, string path, void* actions, void* attributes, byte** argv, byte** envp);
    [DllImport("libc")] public static extern int posix_spawn_file_actions_init(void* actions);
    [DllImport("libc")] public static extern int posix_spawn_file_actions_destroy(void* actions);
    [DllImport("libc")] public static extern int posix_spawn_file_actions_adddup2(void* actions, int fd, int target);
    [DllImport("libc")] public static extern int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);
    [DllImport("libc")] public static extern int posix_spawn_file_actions_addchdir_np(void* actions, string path);
    [DllImport("libc")] public static extern int posix_spawnattr_init(void* attributes);
    [DllImport("libc")] public static extern int posix_spawnattr_destroy(void* attributes);
    [DllImport("libc")] public static extern int posix_spawnattr_setflags(void* attributes, short flags);
    [DllImport("libc")] public static extern int posix_spawnattr_setsigdefault(void* attributes, void* signals);
    [DllImport("libc")] public static extern int posix_spawnattr_setsigmask(void* attributes, void* signals);
    [DllImport("libc")] public static extern int sigfillset(void* signals);
    [DllImport("libc")] public static extern int sigemptyset(void* signals);

    public static int PidfdOpen(int pid) => (int)syscall(434, pid, 0, 0, 0, 0);

    /// <summary>For calls that libc of Debian 12 has no name for.</summary>
    public static long Syscall(long number, long a, long b, long c, long d, long e) => syscall(number, a, b, c, d, e);

    public static int Errno => Marshal.GetLastPInvokeError();

    /// <summary>Throws what the last call's errno says, with the sentence of what was tried.</summary>
    public static int Check(int result, string what) => result >= 0 ? result : throw Failure(what);

    public static IOException Failure(string what) => Failure(what, Errno);

    public static IOException Failure(string what, int errno) => new($"{what}: {new Win32Exception(errno).Message}", errno);

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct EpollEvent
    {
        public uint Events;
        public ulong Data;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PeerCredentials
    {
        public int Pid;
        public uint Uid, Gid;
    }

    /// <summary>The head of siginfo_t as waitid fills it on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    public struct SigInfo
    {
        public int Signal, Error, Code, Padding, Pid;
        public uint Uid;
        public int Status;
    }
}
