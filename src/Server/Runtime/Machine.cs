using System.Text;
using Sluice.Storage;

namespace Sluice.Runtime;

/// <summary>What this machine gives to the sandboxes of one DIR; what is null is not had without root (or, the network, in one-team mode).</summary>
internal sealed class Machine
{
    /// <summary>In the sandboxes' folder: the files that every sandbox sees.</summary>
    public const string SharedFolder = "shared";

    private const string LeaseFolder = "/run/sluice";
    private const long MostOpenFiles = 10_000;
    private MachineLease? lease;

    public Identities? Identities { get; private init; }
    public ControlGroups? Groups { get; private init; }
    public Network? Network { get; private init; }
    public long OpenFiles { get; private init; }

    public static Machine Open(DataFolder data, TimeProvider clock, bool root, bool oneTeam)
    {
        var instance = InstanceOf(data);
        MakeFolders(data, root);
        if (!root)
            return new Machine { OpenFiles = Math.Min(MostOpenFiles, OpenFilesAllowed()) };
        var share = MachineLease.Take(LeaseFolder, data.Root, instance, ClearGone);
        var groups = ControlGroups.Detect(instance);
        if (groups is null && !oneTeam)
            throw new AgentException("This machine has no control groups with memory, pids and cpu beside a v2 tree: sandboxes cannot be limited. `--one-team` runs without limits.");
        return new Machine
        {
            lease = share, Identities = new Identities(Path.Combine(data.Sandboxes, SharedFolder, "uids.json"), share.FirstUid, new RealDisk()), Groups = groups,
            Network = oneTeam ? null : new Network(share, instance, clock), OpenFiles = MostOpenFiles,
        };
    }

    public async Task CloseAsync(bool stillInUse)
    {
        if (Network is not null)
            await Network.DisposeAsync();
        if (!stillInUse)
        {
            Groups?.RemoveParents();
            lease?.Release();
        }
        lease?.Dispose();
    }

    /// <summary>A DIR that was deleted while its dynos ran: they end with it.</summary>
    private static void ClearGone(int number, string instance)
    {
        if (ControlGroups.Detect(instance) is { } groups)
        {
            foreach (var id in groups.Ids())
            {
                var group = groups.Find(id);
                group.KillAsync(TimeProvider.System).GetAwaiter().GetResult();
                group.RemoveAsync(TimeProvider.System).GetAwaiter().GetResult();
            }
            groups.RemoveParents();
        }
        Network.ClearAsync($"sluice{number}-", instance, CancellationToken.None).GetAwaiter().GetResult();
    }

    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static string InstanceOf(DataFolder data)
    {
        Directory.CreateDirectory(data.Root);
        if (!File.Exists(data.InstanceId))
            new RealDisk().Publish(data.InstanceId, Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 4))}\n"), ReadableByAll);
        return File.ReadAllText(data.InstanceId).Trim();
    }

    private static void MakeFolders(DataFolder data, bool root)
    {
        var shared = Path.Combine(data.Sandboxes, SharedFolder);
        Directory.CreateDirectory(shared);
        const UnixFileMode Pass = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        if (root)
        {
            File.SetUnixFileMode(data.Sandboxes, Pass);
            File.SetUnixFileMode(shared, Pass);
        }
        Write("passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\ndyno:x:1000:1000:dyno:/app:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
        Write("group", "root:x:0:\ndyno:x:1000:\nnogroup:x:65534:\n");
        Write("resolv.conf", Resolver.Text());

        void Write(string name, string text)
        {
            var file = Path.Combine(shared, name);
            File.WriteAllText(file, text);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }

    private static long OpenFilesAllowed() =>
        File.ReadLines("/proc/self/limits").Where(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4]).Select(hard => hard == "unlimited" ? MostOpenFiles : long.Parse(hard)).First();
}
