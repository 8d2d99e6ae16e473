using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Sluice.Runtime;

/// <summary>
/// The same tree as another user's: a mount in which everything that belongs to root appears to belong to a dyno's uid, so that the dyno may write in
/// any folder of its <c>/app</c> (into the layer above), as on Heroku, although a laid-out slug belongs to the store. Linux 5.19 and later; nothing is
/// copied or changed. The kernel takes the mapping from a user namespace, which is made once per uid and kept.
/// </summary>
internal static unsafe class OwnedView
{
    private const int OpenTree = 428, MoveMount = 429, MountSetAttr = 442;
    private const int CurrentFolder = -100, Clone = 1, EmptyPath = 0x1000, FromEmptyPath = 4;
    private const ulong IdMap = 0x00100000;
    private static readonly ConcurrentDictionary<uint, Lazy<int>> Maps = new();

    /// <summary>Mounts the view of <paramref name="tree"/> at <paramref name="place"/>; false when this kernel or file system cannot, and nothing is mounted.</summary>
    public static bool TryMount(string tree, string place, uint uid)
    {
        var map = Maps.GetOrAdd(uid, _ => new(() => MakeMap(uid))).Value;
        var (from, to, empty) = (Marshal.StringToCoTaskMemUTF8(tree), Marshal.StringToCoTaskMemUTF8(place), Marshal.StringToCoTaskMemUTF8(""));
        var view = -1;
        try
        {
            view = (int)Libc.Syscall(OpenTree, CurrentFolder, from, Clone | Libc.O_CLOEXEC, 0, 0);
            if (view < 0)
                return false;
            var change = new Attributes { Set = IdMap, UserNamespace = (ulong)map };
            return Libc.Syscall(MountSetAttr, view, empty, EmptyPath, (nint)(&change), sizeof(Attributes)) == 0
                && Libc.Syscall(MoveMount, view, empty, CurrentFolder, to, FromEmptyPath) == 0;
        }
        finally
        {
            if (view >= 0)
                Libc.close(view);
            foreach (var text in new[] { from, to, empty })
                Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>A namespace lives as long as someone holds it: a process makes it, we take hold of it, the process ends.</summary>
    private static int MakeMap(uint uid)
    {
        var (input, hold) = Pipe.Open();
        var pid = Spawn.Start(new SpawnSpec { File = "/usr/bin/unshare", Args = ["unshare", "--user", "/bin/cat"], Descriptors = [(input, 0)] });
        Libc.close(input);
        try
        {
            WaitForNamespace(pid);
            File.WriteAllText($"/proc/{pid}/uid_map", $"0 {uid} 1");
            File.WriteAllText($"/proc/{pid}/gid_map", $"0 {uid} 1");
            return Libc.Check(Libc.open($"/proc/{pid}/ns/user", Libc.O_RDONLY | Libc.O_CLOEXEC, 0), "Opening a user namespace");
        }
        finally
        {
            Libc.close(hold);
            Spawn.Kill(pid, Libc.SigKill);
            Spawn.WaitAsync(pid, CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    private static void WaitForNamespace(int pid)
    {
        var ours = new FileInfo("/proc/self/ns/user").LinkTarget;
        if (!SpinWait.SpinUntil(() => new FileInfo($"/proc/{pid}/ns/user").LinkTarget is { } theirs && theirs != ours, TimeSpan.FromSeconds(5)))
            throw new AgentException("A user namespace could not be made within 5 s.");
    }

    /// <summary>struct mount_attr</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public ulong Set, Clear, Propagation, UserNamespace;
    }
}
