using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sluice.Runtime;

/// <summary>
/// The system calls that no sandbox may make, as a table, and its translation into the kernel's filter program. What a call answers when
/// denied is what programs expect of an old kernel (<c>ENOSYS</c> for clone3, so that libc falls back to clone) or of a
/// user without rights (<c>EPERM</c>). Programs for another architecture (i386, x32) are killed: their calls have other numbers.
/// </summary>
internal static class Seccomp
{
    private const uint Allow = 0x7fff0000, KillProcess = 0x80000000, Errno = 0x00050000;
    private const uint NotPermitted = 1, NoSuchCall = 38, NoSuchFamily = 97;
    private const uint NamespaceFlags = 0x7e020000;   // NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET

    private enum When
    {
        Always,

        /// <summary>clone: only with a flag that makes a namespace.</summary>
        NewNamespace,

        /// <summary>ioctl: typing into a terminal (TIOCSTI, TIOCLINUX).</summary>
        TerminalInput,

        /// <summary>socket: families other than UNIX, INET, INET6 and NETLINK's routing.</summary>
        OddFamily,

        /// <summary>personality: anything but the usual ones and the question.</summary>
        OddPersonality,
    }

    /// <summary>Name, number on x86-64, number on arm64 (-1: that machine lacks it), when, and the answer.</summary>
    private static readonly (string Name, int X64, int Arm64, When When, uint Answer)[] Denied =
    [
        // mounting, old and new interface
        ("mount", 165, 40, When.Always, NotPermitted), ("umount2", 166, 39, When.Always, NotPermitted),
        ("pivot_root", 155, 41, When.Always, NotPermitted), ("open_tree", 428, 428, When.Always, NotPermitted),
        ("move_mount", 429, 429, When.Always, NotPermitted), ("fsopen", 430, 430, When.Always, NotPermitted),
        ("fsconfig", 431, 431, When.Always, NotPermitted), ("fsmount", 432, 432, When.Always, NotPermitted),
        ("fspick", 433, 433, When.Always, NotPermitted), ("mount_setattr", 442, 442, When.Always, NotPermitted),
        ("open_tree_attr", 467, 467, When.Always, NotPermitted),

        // namespaces
        ("unshare", 272, 97, When.Always, NotPermitted), ("setns", 308, 268, When.Always, NotPermitted),
        ("clone", 56, 220, When.NewNamespace, NotPermitted), ("clone3", 435, 435, When.Always, NoSuchCall),

        // looking into other processes
        ("ptrace", 101, 117, When.Always, NotPermitted), ("process_vm_readv", 310, 270, When.Always, NotPermitted),
        ("process_vm_writev", 311, 271, When.Always, NotPermitted), ("kcmp", 312, 272, When.Always, NotPermitted),
        ("pidfd_getfd", 438, 438, When.Always, NotPermitted), ("process_madvise", 440, 440, When.Always, NotPermitted),
        ("move_pages", 279, 239, When.Always, NotPermitted), ("migrate_pages", 256, 238, When.Always, NotPermitted),

        // kernel code that has been an attacker's way in before
        ("bpf", 321, 280, When.Always, NotPermitted), ("perf_event_open", 298, 241, When.Always, NotPermitted),
        ("userfaultfd", 323, 282, When.Always, NotPermitted), ("io_uring_setup", 425, 425, When.Always, NoSuchCall),
        ("io_uring_enter", 426, 426, When.Always, NoSuchCall), ("io_uring_register", 427, 427, When.Always, NoSuchCall),
        ("keyctl", 250, 219, When.Always, NotPermitted), ("add_key", 248, 217, When.Always, NotPermitted),
        ("request_key", 249, 218, When.Always, NotPermitted), ("open_by_handle_at", 304, 265, When.Always, NotPermitted),
        ("fanotify_init", 300, 262, When.Always, NotPermitted), ("lookup_dcookie", 212, 18, When.Always, NotPermitted),
        ("socket", 41, 198, When.OddFamily, NoSuchFamily), ("ioctl", 16, 29, When.TerminalInput, NotPermitted),
        ("personality", 135, 92, When.OddPersonality, NotPermitted), ("uselib", 134, -1, When.Always, NoSuchCall),

        // the machine itself
        ("kexec_load", 246, 104, When.Always, NotPermitted), ("kexec_file_load", 320, 294, When.Always, NotPermitted),
        ("init_module", 175, 105, When.Always, NotPermitted), ("finit_module", 313, 273, When.Always, NotPermitted),
        ("delete_module", 176, 106, When.Always, NotPermitted), ("reboot", 169, 142, When.Always, NotPermitted),
        ("swapon", 167, 224, When.Always, NotPermitted), ("swapoff", 168, 225, When.Always, NotPermitted),
        ("acct", 163, 89, When.Always, NotPermitted), ("quotactl", 179, 60, When.Always, NotPermitted),
        ("quotactl_fd", 443, 443, When.Always, NotPermitted), ("syslog", 103, 116, When.Always, NotPermitted),
        ("vhangup", 153, 58, When.Always, NotPermitted), ("settimeofday", 164, 170, When.Always, NotPermitted),
        ("clock_settime", 227, 112, When.Always, NotPermitted), ("clock_adjtime", 305, 266, When.Always, NotPermitted),
        ("iopl", 172, -1, When.Always, NotPermitted), ("ioperm", 173, -1, When.Always, NotPermitted),
    ];

    /// <summary>The program as bytes, for <c>bwrap --seccomp</c>.</summary>
    public static byte[] Filter(Architecture machine)
    {
        var x64 = machine == Architecture.X64;
        if (!x64 && machine != Architecture.Arm64)
            throw new AgentException($"There is no sandbox filter for {machine} machines.");
        var program = new Program();
        program.Load(4);
        program.IfNot(Program.Equal, x64 ? 0xc000003e : 0xc00000b7, KillProcess);
        program.Load(0);
        if (x64)
            program.If(Program.GreaterOrEqual, 0x40000000, KillProcess);
        foreach (var (_, onX64, onArm64, when, answer) in Denied)
        {
            if ((x64 ? onX64 : onArm64) is var number and >= 0)
                program.Call((uint)number, body => Deny(body, when, Errno | answer));
        }
        program.Return(Allow);
        return program.ToBytes();
    }

    private static void Deny(Program body, When when, uint answer)
    {
        switch (when)
        {
            case When.NewNamespace:
                body.Argument(0);
                body.If(Program.AnyBit, NamespaceFlags, answer);
                break;
            case When.TerminalInput:
                body.Argument(1);
                body.If(Program.Equal, 0x5412, answer);
                body.If(Program.Equal, 0x541c, answer);
                break;
            case When.OddFamily:
                body.Argument(0);
                foreach (var family in new uint[] { 1, 2, 10 })
                    body.If(Program.Equal, family, Allow);
                body.IfNot(Program.Equal, 16, answer);
                body.Argument(2);
                body.IfNot(Program.Equal, 0, answer);
                break;
            case When.OddPersonality:
                body.Argument(0);
                foreach (var usual in new uint[] { 0, 8, 0x20000, 0x20008, 0xffffffff })
                    body.If(Program.Equal, usual, Allow);
                body.Return(answer);
                return;
            default:
                body.Return(answer);
                return;
        }
        body.Return(Allow);
    }

    /// <summary>Classic BPF: each instruction 8 bytes (code, jump if true, jump if false, operand).</summary>
    private sealed class Program
    {
        public const ushort Equal = 0x15, GreaterOrEqual = 0x35, AnyBit = 0x45;
        private const ushort LoadWord = 0x20, Ret = 0x06;
        private readonly List<(ushort Code, byte True, byte False, uint Operand)> instructions = [];

        public void Load(uint offset) => instructions.Add((LoadWord, 0, 0, offset));

        /// <summary>The low half of a call's argument; every one that we look at is an int or is cut to 32 bits by the kernel.</summary>
        public void Argument(int index) => Load(16 + (8 * (uint)index));

        public void Return(uint answer) => instructions.Add((Ret, 0, 0, answer));

        public void If(ushort test, uint operand, uint answer)
        {
            instructions.Add((test, 0, 1, operand));
            Return(answer);
        }

        public void IfNot(ushort test, uint operand, uint answer)
        {
            instructions.Add((test, 1, 0, operand));
            Return(answer);
        }

        /// <summary>Runs the body, which always returns, for that call; skips it for others.</summary>
        public void Call(uint number, Action<Program> build)
        {
            var body = new Program();
            build(body);
            instructions.Add((Equal, 0, (byte)body.instructions.Count, number));
            instructions.AddRange(body.instructions);
        }

        public byte[] ToBytes()
        {
            var bytes = new byte[instructions.Count * 8];
            foreach (var (index, (code, yes, no, operand)) in instructions.Index())
            {
                var at = bytes.AsSpan(index * 8);
                BinaryPrimitives.WriteUInt16LittleEndian(at, code);
                (at[2], at[3]) = (yes, no);
                BinaryPrimitives.WriteUInt32LittleEndian(at[4..], operand);
            }
            return bytes;
        }
    }
}
