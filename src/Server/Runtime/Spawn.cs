using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace Sluice.Runtime;

/// <summary>A process to start. Only the listed descriptors reach it; its environment is exactly <see cref="Env"/>; no signal is blocked or ignored.</summary>
public sealed record SpawnSpec
{
    /// <summary>Absolute path of the program.</summary>
    public required string File { get; init; }

    /// <summary>The whole argument vector; the first is the name that the process list shows, free to choose.</summary>
    public required ImmutableArray<string> Args { get; init; }

    public ImmutableDictionary<string, string> Env { get; init; } = [];

    /// <summary>Our descriptor → its number in the child. What is not here of 0, 1 and 2 is /dev/null.</summary>
    public ImmutableArray<(int Source, int Target)> Descriptors { get; init; } = [];

    /// <summary>In a session of its own: the terminal's signals do not reach it.</summary>
    public bool NewSession { get; init; }

    public string? WorkingDirectory { get; init; }
}

/// <summary>
/// Starts processes by <c>posix_spawn</c>, and waits for their end without holding a thread. Every start happens on one thread that
/// never ends, so that what asks to die with its parent (bwrap's <c>--die-with-parent</c> means the parent <em>thread</em>) does not die with a pool thread.
/// </summary>
public static class Spawn
{
    private const short SetSigDef = 0x04, SetSigMask = 0x08, SetSid = 0x80;

    // Sources are moved up here first: a source inside the range that is mapped onto would be overwritten before its turn.
    private const int Above = 64;
    private static readonly SpawnThread Thread = new();

    /// <summary>Starts it and answers its pid. Someone must <see cref="WaitAsync"/> for it, or it stays a zombie. Throws <see cref="IOException"/> when it cannot be started.</summary>
    public static int Start(SpawnSpec spec) => Thread.Run(() => StartHere(spec));

    /// <summary>The same inside another network namespace.</summary>
    internal static int StartIn(string networkNamespace, SpawnSpec spec) => Thread.RunIn(networkNamespace, () => StartHere(spec));

    /// <summary>Waits for its end: the shell's code, 128 + signal if it was killed; -1 when it is not our child (its end was seen, its code is lost).</summary>
    public static async Task<int> WaitAsync(int pid, CancellationToken ct)
    {
        var pidfd = Libc.PidfdOpen(pid);
        if (pidfd < 0)
            return -1;
        try
        {
            await Poller.ReadableAsync(pidfd, ct);
            return Reap(pid);
        }
        finally
        {
            Libc.close(pidfd);
        }
    }

    public static void Kill(int pid, int signal) => Libc.kill(pid, signal);

    private static unsafe int Reap(int pid)
    {
        const int Pid = 1, Exited = 4, CodeExited = 1;
        Libc.SigInfo info;
        while (Libc.waitid(Pid, pid, &info, Exited) < 0)
        {
            if (Libc.Errno != Libc.EINTR)
                return -1;
        }
        return info.Code == CodeExited ? info.Status : 128 + info.Status;
    }

    private static unsafe int StartHere(SpawnSpec spec)
    {
        var actions = stackalloc byte[128];
        var attributes = stackalloc byte[512];
        Libc.posix_spawn_file_actions_init(actions);
        Libc.posix_spawnattr_init(attributes);
        var lifted = new List<int>();
        try
        {
            MapDescriptors(spec, actions, lifted);
            if (spec.WorkingDirectory is { } folder)
                Libc.posix_spawn_file_actions_addchdir_np(actions, folder);
            SetSignals(attributes, spec.NewSession);
            return Exec(spec, actions, attributes);
        }
        finally
        {
            lifted.ForEach(fd => Libc.close(fd));
            Libc.posix_spawn_file_actions_destroy(actions);
            Libc.posix_spawnattr_destroy(attributes);
        }
    }

    private static unsafe void MapDescriptors(SpawnSpec spec, byte* actions, List<int> lifted)
    {
        var map = spec.Descriptors.ToDictionary(d => d.Target, d => d.Source);
        var opened = -1;
        for (var standard = 0; standard <= 2; standard++)
        {
            if (!map.ContainsKey(standard))
                map[standard] = opened >= 0 ? opened : opened = Libc.Check(Libc.open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0), "Opening /dev/null");
        }
        foreach (var (target, source) in map.OrderBy(m => m.Key))
        {
            var high = Libc.Check(Libc.fcntl(source, Libc.F_DUPFD_CLOEXEC, Above), $"Passing descriptor {source} on");
            lifted.Add(high);
            Libc.posix_spawn_file_actions_adddup2(actions, high, target);
        }
        if (opened >= 0)
            Libc.close(opened);
        Libc.posix_spawn_file_actions_addclosefrom_np(actions, map.Keys.Max() + 1);
    }

    private static unsafe void SetSignals(byte* attributes, bool newSession)
    {
        var signals = stackalloc byte[128];
        Libc.sigfillset(signals);
        Libc.posix_spawnattr_setsigdefault(attributes, signals);
        Libc.sigemptyset(signals);
        Libc.posix_spawnattr_setsigmask(attributes, signals);
        Libc.posix_spawnattr_setflags(attributes, (short)(SetSigDef | SetSigMask | (newSession ? SetSid : 0)));
    }

    private static unsafe int Exec(SpawnSpec spec, byte* actions, byte* attributes)
    {
        var argv = Vector(spec.Args);
        var envp = Vector([.. spec.Env.Select(v => $"{v.Key}={v.Value}")]);
        try
        {
            int pid;
            var error = Libc.posix_spawn(&pid, spec.File, actions, attributes, argv, envp);
            return error == 0 ? pid : throw Libc.Failure($"Starting {spec.File}", error);
        }
        finally
        {
            Free(argv);
            Free(envp);
        }
    }

    private static unsafe byte** Vector(ImmutableArray<string> words)
    {
        var vector = (byte**)NativeMemory.AllocZeroed((nuint)(words.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < words.Length; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(words[i]);
            if (bytes.AsSpan().Contains((byte)0))
                throw new ArgumentException("A process cannot take a NUL byte in an argument or a variable.", nameof(words));
            vector[i] = (byte*)NativeMemory.AllocZeroed((nuint)(bytes.Length + 1));
            bytes.CopyTo(new Span<byte>(vector[i], bytes.Length));
        }
        return vector;
    }

    private static unsafe void Free(byte** vector)
    {
        for (var word = vector; *word != null; word++)
            NativeMemory.Free(*word);
        NativeMemory.Free(vector);
    }
}
