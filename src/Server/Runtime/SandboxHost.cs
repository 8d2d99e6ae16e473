using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>
/// Starts, watches and stops sandboxes; lives in the agent and is the only place there that starts processes. With root: own uid per app and
/// use, control groups, own network namespace. Without: one uid, shared loopback (the one-team mode).
/// </summary>
public sealed class SandboxHost : IAsyncDisposable
{
    private const int OutputPipeBytes = 1024 * 1024;
    private static readonly TimeSpan LookForMemory = TimeSpan.FromMilliseconds(500);

    private readonly DataFolder data;
    private readonly TimeProvider clock;
    private readonly bool oneTeam;
    private readonly Lazy<Machine> machine;
    private Task? machineStarted;
    private readonly byte[] filter = Seccomp.Filter(RuntimeInformation.ProcessArchitecture);

    /// <param name="oneTeam">Take what isolation there is and share the network, even as root: for a machine whose self-check fails.</param>
    public SandboxHost(DataFolder data, TimeProvider clock, bool oneTeam = false)
    {
        (this.data, this.clock, this.oneTeam) = (data, clock, oneTeam);
        machine = new(() => Machine.Open(data, clock, Libc.geteuid() == 0, oneTeam));
    }

    /// <summary>True when the agent runs as root and isolates; false in one-team mode.</summary>
    public bool Isolates => !oneTeam && Libc.geteuid() == 0;

    /// <summary>True when sandboxes run under users of their own, which they do wherever the agent may give files away, isolated or not.</summary>
    public bool HasUsers => Libc.geteuid() == 0;

    /// <summary>The uid (and gid) that this app's sandboxes of that use run under; the agent's own without root. Stable for an app's life.</summary>
    public uint UidOf(AppId app, SandboxUse use) => machine.Value.Identities?.Of(app, use) ?? Libc.geteuid();

    /// <summary>Runs to the end. Output (both streams, as bytes, in order) goes to <paramref name="output"/>; cancelling kills everything inside.
    /// When it returns, no process of the sandbox is left: its files can be hashed.</summary>
    public Task<SandboxExit> RunAsync(SandboxSpec spec, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct) =>
        RunAsync(spec, output, (_, _) => ValueTask.CompletedTask, ct);

    /// <param name="started">Told of the sandbox as soon as there is one, with what can be typed to it.</param>
    internal async Task<SandboxExit> RunAsync(
        SandboxSpec spec, Func<ReadOnlyMemory<byte>, ValueTask> output, Func<LiveSandbox, PipeStream?, ValueTask> started, CancellationToken ct)
    {
        await using var ends = SandboxEnds.Open(spec, machine.Value.Identities is null ? null : UidOf(spec.App, spec.Use));
        LiveSandbox sandbox;
        try
        {
            sandbox = await StartAsync(spec, ends.TheirOutput, ends.TheirInput, ct);
        }
        finally
        {
            ends.CloseTheirs();
        }
        try
        {
            await started(sandbox, ends.Typed);
            return await WatchAsync(sandbox, spec, ends.Printed, output, ct);
        }
        finally
        {
            await ClearAsync(sandbox);
        }
    }

    private async Task<SandboxExit> WatchAsync(
        LiveSandbox sandbox, SandboxSpec spec, PipeStream printed, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct)
    {
        using var ended = new CancellationTokenSource();
        var tail = new StringBuilder();
        var copying = CopyAsync(printed, output, tail, ct);
        var limit = KillAfterAsync(sandbox, spec.Limits.Time, ended.Token);
        var memory = KillWhenOutOfMemoryAsync(sandbox, ended.Token);
        try
        {
            var end = sandbox.EndAsync(ct);
            // A reader that went away ends the sandbox: nobody would drain it any more.
            if (await Task.WhenAny(end, copying) == copying && !copying.IsCompletedSuccessfully)
                await copying;
            var code = await end;
            var outOfMemory = sandbox.WasOutOfMemory;
            await sandbox.KillAsync();
            await copying;
            await ended.CancelAsync();
            return new SandboxExit(code, outOfMemory, await limit);
        }
        catch (SandboxNotMadeException e)
        {
            await copying;
            throw new AgentException($"{e.Message} {tail}".Trim(), e);
        }
        finally
        {
            await ended.CancelAsync();
            await sandbox.KillAsync();
            await Task.WhenAll(limit, memory);
        }
    }

    /// <summary>Starts it with both output streams on <paramref name="output"/>; the caller watches it and then clears it.</summary>
    /// <param name="input">Its standard input; null for what the specification says.</param>
    internal async Task<LiveSandbox> StartAsync(SandboxSpec spec, int output, int? input, CancellationToken ct)
    {
        using var span = Traces.StartWithin("sandbox.start");
        await StartMachineOnceAsync([]).WaitAsync(ct);
        ct.ThrowIfCancellationRequested();
        var folder = FolderOf(spec.Id);
        Directory.CreateDirectory(folder);
        var link = machine.Value.Network is { } network ? await network.TakeAsync(ct) : null;
        var note = new SandboxNote { Id = spec.Id, KeepUp = spec.KeepUp, Link = link?.Name, Address = link?.Address ?? "127.0.0.1" };
        Save(note);
        var group = machine.Value.Groups?.Create(spec.Id, spec.Limits);
        try
        {
            if (spec.LayOut is not null)
                await WritableLayer.MountAsync(folder, spec, machine.Value.Identities is null ? null : UidOf(spec.App, spec.Use), ct);
            await File.WriteAllTextAsync(Path.Combine(folder, "hosts"), $"127.0.0.1 localhost {spec.Hostname}\n::1 localhost ip6-localhost\n", ct);
            var pid = Exec(spec, folder, group, link, output, input);
            note = note with { Pid = pid, PidStarted = ProcessTable.StartedAt(pid) };
            Save(note);
            return new LiveSandbox(note, folder, group, clock);
        }
        catch
        {
            await ClearAsync(new LiveSandbox(note, folder, group, clock));
            throw;
        }
    }

    /// <summary>Kills what is left and removes groups, mounts, network and folder. May be repeated.</summary>
    internal async Task ClearAsync(LiveSandbox sandbox)
    {
        await sandbox.KillAsync();
        if (sandbox.Group is { } group)
            await group.RemoveAsync(clock);
        WritableLayer.Unmount(sandbox.Folder);
        if (Directory.Exists(sandbox.Folder))
            Directory.Delete(sandbox.Folder, recursive: true);
        if (sandbox.Note.Link is { } link && machine.Value.Network is { } network)
            network.Free(link);
    }

    /// <summary>What a former agent of this DIR left. Kept-up sandboxes that <paramref name="adopt"/> accepts are returned; all else is cleared from the machine.</summary>
    internal async Task<ImmutableArray<LiveSandbox>> AdoptAsync(Func<LiveSandbox, bool> adopt)
    {
        var kept = ImmutableArray.CreateBuilder<LiveSandbox>();
        var left = new List<LiveSandbox>();
        foreach (var id in Leftovers())
        {
            var note = Read(id) ?? new SandboxNote { Id = id, KeepUp = false, Address = "" };
            var sandbox = new LiveSandbox(note, FolderOf(id), machine.Value.Groups?.Find(id), clock);
            if (note.KeepUp && adopt(sandbox))
                kept.Add(sandbox);
            else
                left.Add(sandbox);
        }
        foreach (var sandbox in left)
            await ClearAsync(new LiveSandbox(sandbox.Note with { Link = null }, sandbox.Folder, sandbox.Group, clock));
        await StartMachineOnceAsync([.. kept.Select(k => k.Note.Link).OfType<string>()]);
        return kept.ToImmutable();
    }

    /// <summary>Who is inside now; nobody in one-team mode, where it is not known.</summary>
    internal ImmutableArray<int> ProcessesOf(string id) => machine.Value.Groups?.Find(id).Processes() ?? [];

    /// <summary>Null in one-team mode, where it is not known, and when it is over.</summary>
    internal (long MemoryBytes, TimeSpan CpuTime)? UsageOf(string id) => machine.Value.Groups?.Find(id).Usage();

    internal string FolderOf(string id) => Path.Combine(data.Sandboxes, id);

    /// <summary>Gives back what this DIR holds on the machine, unless dynos still run there.</summary>
    public async ValueTask DisposeAsync()
    {
        if (machine.IsValueCreated)
            await machine.Value.CloseAsync(stillInUse: Directory.Exists(data.Sandboxes) && Leftovers().Any());
    }

    private Task StartMachineOnceAsync(string[] linksInUse)
    {
        lock (machine)
            return machineStarted ??= machine.Value.Network?.StartAsync(linksInUse, CancellationToken.None) ?? Task.CompletedTask;
    }

    private ImmutableArray<string> Leftovers()
    {
        var groups = machine.Value.Groups?.Ids() ?? [];
        return [.. Directory.EnumerateDirectories(data.Sandboxes).Select(p => Path.GetFileName(p)).Where(name => name != Machine.SharedFolder).Union(groups)];
    }

    private int Exec(SandboxSpec spec, string folder, ControlGroup? group, NetworkLink? link, int output, int? input)
    {
        var place = new SandboxPlace
        {
            Folder = folder, Shared = Path.Combine(data.Sandboxes, Machine.SharedFolder), Group = group,
            HasProfile = spec.Use == SandboxUse.Run && spec.LayOut is { } slug && Directory.Exists(Path.Combine(slug, ".profile.d")),
            Uid = machine.Value.Identities is null ? null : UidOf(spec.App, spec.Use),
        };
        using var descriptors = new Descriptors();
        var start = new SpawnSpec
        {
            File = "/bin/sh", Args = SandboxRecipe.Words(spec, place, machine.Value.OpenFiles), NewSession = true, WorkingDirectory = "/",
            Descriptors =
            [
                (input ?? descriptors.Input(spec.StandardInput ?? "/dev/null"), 0), (output, 1), (output, 2),
                (descriptors.Memory("args", SandboxRecipe.ArgsBytes(spec, place)), SandboxRecipe.ArgsDescriptor),
                (descriptors.Memory("filter", filter), SandboxRecipe.FilterDescriptor),
                (descriptors.New(Path.Combine(folder, "status")), SandboxRecipe.StatusDescriptor),
            ],
        };
        return link is null ? Spawn.Start(start) : Spawn.StartIn(link.NamespacePath, start);
    }

    private static async Task CopyAsync(PipeStream from, Func<ReadOnlyMemory<byte>, ValueTask> to, StringBuilder tail, CancellationToken ct)
    {
        var buffer = new byte[32 * 1024];
        while (await from.ReadAsync(buffer, ct) is var count and > 0)
        {
            if (tail.Length < 1000)
                tail.Append(Encoding.UTF8.GetString(buffer, 0, Math.Min(count, 1000)));
            await to(buffer.AsMemory(0, count));
        }
    }

    private async Task<bool> KillAfterAsync(LiveSandbox sandbox, TimeSpan? limit, CancellationToken ended)
    {
        try
        {
            await Task.Delay(limit ?? Timeout.InfiniteTimeSpan, clock, ended);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        await sandbox.KillAsync();
        return true;
    }

    /// <summary>On v1 the kernel kills one process of a group, which leaves half an app running: look, and end it as a whole.</summary>
    internal async Task KillWhenOutOfMemoryAsync(LiveSandbox sandbox, CancellationToken ended)
    {
        try
        {
            while (!sandbox.WasOutOfMemory)
                await Task.Delay(LookForMemory, clock, ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        await sandbox.KillAsync();
    }

    private void Save(SandboxNote note)
    {
        var file = Path.Combine(FolderOf(note.Id), "sandbox.json");
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(note));
        File.Move(file + ".new", file, overwrite: true);
    }

    private SandboxNote? Read(string id) => OwnNote.Read<SandboxNote>(Path.Combine(FolderOf(id), "sandbox.json"));

    internal static void WidenPipe(int fd) => Libc.fcntl(fd, Libc.F_SETPIPE_SZ, OutputPipeBytes);

    /// <summary>Descriptors that live until the process is started.</summary>
    private sealed class Descriptors : IDisposable
    {
        private const uint CloseOnExec = 1;
        private readonly List<int> open = [];

        public int Input(string path) => Keep(Libc.open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0), path);

        public int New(string path) => Keep(Libc.open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_TRUNC | Libc.O_CLOEXEC, 0x180), path);

        public unsafe int Memory(string name, byte[] bytes)
        {
            var fd = Keep(Libc.memfd_create(name, CloseOnExec), name);
            fixed (byte* p = bytes)
            {
                for (nint done = 0; done < bytes.Length;)
                    done += Libc.Check((int)Libc.write(fd, p + done, bytes.Length - done), "Writing a sandbox's options");
            }
            Libc.lseek(fd, 0, 0);
            return fd;
        }

        public void Dispose() => open.ForEach(fd => Libc.close(fd));

        private int Keep(int fd, string what)
        {
            open.Add(Libc.Check(fd, $"Opening {what}"));
            return fd;
        }
    }
}
