using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Runtime;

/// <summary>
/// The twelve most telling ways out, tried from inside a sandbox at each start of the agent, in one run of a second at most. One that is not closed is named, and
/// the agent does not start (<c>--one-team</c> says to do so all the same).
/// </summary>
internal static class SandboxCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>What must not be possible, and shell text that succeeds when it is. Tools of the stack only; <c>$CANARY</c> is a file of root's on the host.</summary>
    public static readonly ImmutableArray<(string What, string Try)> Probes =
    [
        ("be root outside", """[ "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)" = 0 ] || grep -q '^CapEff:.*[1-9a-f]' /proc/self/status"""),
        ("gain privileges", "! grep -q '^NoNewPrivs:.*1' /proc/self/status || ! grep -q '^Seccomp:.*2' /proc/self/status"),
        ("mount", "mount -t tmpfs none /tmp"),
        ("make a user namespace", "unshare --user true"),
        ("write a kernel setting", "v=$(cat /proc/sys/kernel/hostname) && echo $v > /proc/sys/kernel/hostname || cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern"),
        ("write to the stack", "touch /usr/sluice-probe || touch /etc/sluice-probe || touch /sluice-probe"),
        ("read files of the host", "cat \"$CANARY\" /etc/shadow || cat /proc/1/root\"$CANARY\""),
        ("see processes of the host", "[ \"$(ls -d /proc/[0-9]* | wc -l)\" -gt 12 ]"),
        ("read what started it", "[ -n \"$(tr -d '\\0' < /proc/1/environ)\" ]"),
        ("find an open descriptor", "[ -n \"$(ls /proc/$$/fd | grep -vx -e 0 -e 1 -e 2 -e 255)\" ]"),
        ("change its own limits", "echo 100000 > /sys/fs/cgroup/pids.max || echo 100000 > /sys/fs/cgroup/memory/memory.limit_in_bytes"),
        // A way that is open takes a millisecond: there is nothing but memory between.
        ("reach the host by network", "timeout 0.3 bash -c 'exec 3<>/dev/tcp/$HOST_ADDRESS/$HOST_PORT'"),
    ];

    /// <summary>
    /// The script: prints the name of each probe that succeeded, and <c>checked</c> at its end. The last probe goes on beside the others: what is dropped is
    /// answered by nobody, so it lasts its whole time.
    /// </summary>
    public static string Script() =>
        new StringBuilder($"{Line(Probes[^1])} &\n").AppendJoin('\n', Probes[..^1].Select(Line)).Append("\nwait\necho checked\n").ToString();

    private static string Line((string What, string Try) probe) => $"if ({probe.Try}) >/dev/null 2>&1; then echo '{probe.What}'; fi";

    /// <summary>Throws <see cref="AgentException"/> with the names of what was possible.</summary>
    public static async Task RunAsync(SandboxHost sandboxes, DataFolder data, CancellationToken ct)
    {
        var id = Guid.NewGuid().ToString("N");
        var empty = Directory.CreateDirectory(Path.Combine(data.Sandboxes, Machine.SharedFolder, "check")).FullName;
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var output = new MemoryStream();
        var exit = await sandboxes.RunAsync(new SandboxSpec
        {
            Id = id, App = default, Use = SandboxUse.Run, Hostname = "check", Mounts = [], LayOut = empty, KeepUp = false, Command = Script(),
            Env = ImmutableDictionary<string, string>.Empty.Add("CANARY", data.InstanceId).Add("HOST_PORT", $"{((IPEndPoint)listener.LocalEndpoint).Port}").Add("HOST_ADDRESS", HostAddress()),
            Limits = new SandboxLimits { MemoryMb = 128, CpuPercent = 200, Processes = 32, FileSizeBytes = 1 << 20, Time = Limit },
        }, bytes => { output.Write(bytes.Span); return default; }, ct);
        var said = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (exit.TimedOut)
            throw new AgentException($"The isolation of sandboxes could not be checked within {Limit.TotalSeconds:0} s, which takes one second: the machine is too busy. Start again.");
        if (said is not [.. var possible, "checked"])
            throw new AgentException($"The isolation of sandboxes could not be checked (exit code {exit.Code}): {string.Join(' ', said)}");
        if (possible.Length > 0)
            throw new AgentException($"Sandboxes do not isolate on this machine: inside one it was possible to {string.Join(", and to ", possible)}. `--one-team` runs apps all the same, for one trusted team.");
    }

    /// <summary>The address that the host sends from, or its loopback when it has no way out. Links come and go meanwhile, so they are not walked.</summary>
    private static string HostAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 9));   // picks a route; sends nothing
            return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
        }
        catch (SocketException)
        {
            return "127.0.0.1";
        }
    }
}
