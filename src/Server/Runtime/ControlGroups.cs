using System.Collections.Immutable;

namespace Sluice.Runtime;

/// <summary>
/// Control groups as this machine has them: controllers on v1 hierarchies, on v2, or mixed (limits on v1, while a v2 tree
/// without controllers still kills and counts a group as a whole). Each sandbox has a group <c>sluice-INSTANCE/ID</c> in each hierarchy that is used.
/// </summary>
internal sealed class ControlGroups
{
    private static readonly string[] Controllers = ["memory", "pids", "cpu"];

    private readonly string name;
    private readonly ImmutableDictionary<string, string> v1;
    private readonly string v2;
    private readonly bool limitsOnV2;

    private ControlGroups(string instance, ImmutableDictionary<string, string> v1, string v2)
    {
        (name, this.v1, this.v2) = ($"sluice-{instance}", v1, v2);
        limitsOnV2 = !v1.ContainsKey("memory");
    }

    /// <summary>Null when the machine has no v2 tree, or a controller is missing: then nothing can be limited.</summary>
    public static ControlGroups? Detect(string instance, IEnumerable<string> mounts)
    {
        var limits = ImmutableDictionary.CreateBuilder<string, string>();
        string? tree = null;
        foreach (var fields in mounts.Select(line => line.Split(' ')))
        {
            // device, place, type, options …, as in /proc/mounts; another mount of the same hierarchy does not matter
            if (fields[2] == "cgroup2")
                tree ??= fields[1];
            foreach (var controller in fields[2] == "cgroup" ? fields[3].Split(',').Intersect(Controllers) : [])
                limits.TryAdd(controller, fields[1]);
        }
        return tree is not null && (limits.Count == 0 || Controllers.All(limits.ContainsKey)) ? new ControlGroups(instance, limits.ToImmutable(), tree) : null;
    }

    public static ControlGroups? Detect(string instance) => Detect(instance, File.ReadLines("/proc/mounts"));

    /// <summary>Makes the groups and sets the limits; to join them write 0 to each of <see cref="ControlGroup.Joins"/>.</summary>
    public ControlGroup Create(string id, SandboxLimits limits)
    {
        if (limitsOnV2)
            Delegate();
        var group = Find(id);
        foreach (var folder in group.Folders)
            Directory.CreateDirectory(folder);
        foreach (var (file, value) in limitsOnV2 ? OnV2(group, limits) : OnV1(group, limits))
        {
            if (File.Exists(file))
                File.WriteAllText(file, value);
        }
        return group;
    }

    public ControlGroup Find(string id)
    {
        string At(string mount) => Path.Combine(mount, name, id);
        return new ControlGroup(At(v2), limitsOnV2 ? At(v2) : At(v1["memory"]), v1.ToImmutableDictionary(c => c.Key, c => At(c.Value)), limitsOnV2);
    }

    /// <summary>Ids of all groups that this instance has, in use or left over.</summary>
    public ImmutableArray<string> Ids() =>
    [
        .. v1.Values.Append(v2).Select(mount => Path.Combine(mount, name)).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories).Select(folder => Path.GetFileName(folder)!).Distinct(),
    ];

    /// <summary>Removes the groups above the sandboxes' when none is left below.</summary>
    public void RemoveParents()
    {
        foreach (var parent in v1.Values.Append(v2).Distinct().Select(mount => Path.Combine(mount, name)).Where(Directory.Exists))
        {
            if (!Directory.EnumerateDirectories(parent).Any())
                Directory.Delete(parent);
        }
    }

    /// <summary>On v2 a group has controllers only if each group above hands them down.</summary>
    private void Delegate()
    {
        var parent = Path.Combine(v2, name);
        Directory.CreateDirectory(parent);
        foreach (var folder in new[] { v2, parent })
            File.WriteAllText(Path.Combine(folder, "cgroup.subtree_control"), "+memory +pids +cpu");
    }

    private static IEnumerable<(string File, string Value)> OnV1(ControlGroup group, SandboxLimits limits)
    {
        var (memory, cpu, pids) = (group.V1["memory"], group.V1["cpu"], group.V1["pids"]);
        yield return (Path.Combine(memory, "memory.limit_in_bytes"), $"{limits.MemoryMb}M");
        yield return (Path.Combine(memory, "memory.memsw.limit_in_bytes"), $"{limits.MemoryMb}M");
        yield return (Path.Combine(pids, "pids.max"), $"{limits.Processes}");
        yield return (Path.Combine(cpu, "cpu.cfs_period_us"), "100000");
        yield return (Path.Combine(cpu, "cpu.cfs_quota_us"), $"{limits.CpuPercent * 1000}");
        yield return (Path.Combine(cpu, "cpu.shares"), $"{1024 * limits.CpuWeight / SandboxLimits.Usual}");
    }

    private static IEnumerable<(string File, string Value)> OnV2(ControlGroup group, SandboxLimits limits)
    {
        yield return (Path.Combine(group.V2, "memory.max"), $"{limits.MemoryMb}M");
        yield return (Path.Combine(group.V2, "memory.swap.max"), "0");
        yield return (Path.Combine(group.V2, "memory.oom.group"), "1");
        yield return (Path.Combine(group.V2, "pids.max"), $"{limits.Processes}");
        yield return (Path.Combine(group.V2, "cpu.max"), $"{limits.CpuPercent * 1000} 100000");
        yield return (Path.Combine(group.V2, "cpu.weight"), $"{limits.CpuWeight}");
    }
}

/// <summary>One sandbox's groups. <paramref name="V2"/> knows who is inside and kills all at once; limits are there or on v1.</summary>
internal sealed record ControlGroup(string V2, string Memory, ImmutableDictionary<string, string> V1, bool LimitsOnV2)
{
    private static readonly TimeSpan EmptyWithin = TimeSpan.FromSeconds(10);

    public IEnumerable<string> Folders => V1.Values.Append(V2).Distinct();

    public IEnumerable<string> Joins => Folders.Select(folder => Path.Combine(folder, "cgroup.procs"));

    /// <summary>What to show inside, read-only, so that runtimes see their own limits: this group's folder at the place of the whole tree.</summary>
    public IEnumerable<SandboxMount> Shown => LimitsOnV2
        ? [new SandboxMount(V2, "/sys/fs/cgroup", Writable: false)]
        : V1.Where(c => c.Key != "pids").Select(c => new SandboxMount(c.Value, $"/sys/fs/cgroup/{c.Key}", Writable: false));

    /// <summary>Empty, too, when the group is gone or goes while we look.</summary>
    public ImmutableArray<int> Processes()
    {
        try
        {
            return [.. File.ReadAllLines(Path.Combine(V2, "cgroup.procs")).Select(int.Parse)];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>No, too, when the group is gone or goes while we look.</summary>
    public bool IsPopulated
    {
        get
        {
            try
            {
                return File.ReadLines(Path.Combine(V2, "cgroup.events")).Contains("populated 1");
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>How many processes the kernel killed in it for want of memory.</summary>
    public int OutOfMemoryKills()
    {
        var file = Path.Combine(Memory, LimitsOnV2 ? "memory.events" : "memory.oom_control");
        return !File.Exists(file) ? 0
            : File.ReadLines(file).Where(line => line.StartsWith("oom_kill ", StringComparison.Ordinal)).Select(line => int.Parse(line.AsSpan(9))).FirstOrDefault();
    }

    /// <summary>Memory without files that the kernel keeps only because there is room, and CPU time since it began. Null when the group is gone.</summary>
    public (long MemoryBytes, TimeSpan CpuTime)? Usage()
    {
        try
        {
            var used = long.Parse(File.ReadAllText(Path.Combine(Memory, LimitsOnV2 ? "memory.current" : "memory.usage_in_bytes")));
            var spare = Counter(Path.Combine(Memory, "memory.stat"), LimitsOnV2 ? "inactive_file" : "total_inactive_file");
            return (Math.Max(0, used - spare), TimeSpan.FromMicroseconds(Counter(Path.Combine(V2, "cpu.stat"), "usage_usec")));
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Counter(string file, string name) =>
        File.ReadLines(file).Where(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Select(line => long.Parse(line.AsSpan(name.Length + 1))).FirstOrDefault();

    /// <summary>SIGKILL to everything inside, forks in flight included; returns when nothing is left.</summary>
    public async Task KillAsync(TimeProvider clock)
    {
        var started = clock.GetTimestamp();
        try
        {
            await File.WriteAllTextAsync(Path.Combine(V2, "cgroup.kill"), "1");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException && !Directory.Exists(V2))
        {
            return;   // somebody else killed all and removed it
        }
        while (IsPopulated)
        {
            if (clock.GetElapsedTime(started) > EmptyWithin)
                throw new AgentException("Processes of a sandbox did not end within 10 s of SIGKILL.");
            await Task.Delay(TimeSpan.FromMilliseconds(1), clock);
        }
    }

    /// <summary>Removes the groups; they must be empty. The kernel may hold a v1 group for a moment after its last process is gone.</summary>
    public async Task RemoveAsync(TimeProvider clock)
    {
        foreach (var folder in Folders)
        {
            for (var tries = 0; Directory.Exists(folder); tries++)
            {
                try
                {
                    Directory.Delete(folder);
                }
                catch (IOException) when (tries < 200)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(5), clock);
                }
            }
        }
    }
}
