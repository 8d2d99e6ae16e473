using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Threading.Channels;

namespace Sluice.Runtime;

/// <summary>A network namespace with one veth pair into the host, and the address that it has there. Given to one sandbox, then thrown away.</summary>
internal sealed record NetworkLink(string Name, string Address)
{
    public string NamespacePath => Path.Combine("/run/netns", Name);
}

/// <summary>
/// The dynos' network: a few links made ahead (making one takes 20 ms and more), and the host's rules for all of them: answers
/// may go out, the internet may be reached, the host, other dynos and private networks may not. Addresses are taken in turn, so that
/// one is not given to another app right after it was freed.
/// </summary>
internal sealed class Network(MachineLease lease, string instance, TimeProvider clock) : IAsyncDisposable
{
    private const int Ready = 4;
    private const int Links = 512;
    private static readonly TimeSpan TakeWithin = TimeSpan.FromSeconds(15), AfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>How long the making of a link waits while there are others: who took the last one is booting and needs the processors more.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);
    private static readonly string[] Closed = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"];

    private readonly Channel<NetworkLink> pool = Channel.CreateBounded<NetworkLink>(Ready);
    private readonly CancellationTokenSource stop = new();
    private readonly HashSet<string> used = [];
    private readonly Lock one = new();
    private readonly Channel<string> freed = Channel.CreateUnbounded<string>();
    private Task? filling, freeing;
    private string? lastFailure;
    private int next;

    private string Table => $"sluice_{instance}";

    /// <summary>Two addresses per link in a block of 1,024 of this share: 10.213.0.0 to 10.213.255.255 for all 64.</summary>
    private IPAddress Host(int link) => At(link * 2);

    private IPAddress Dyno(int link) => At((link * 2) + 1);

    private IPAddress At(int offset) => new([10, 213, (byte)((lease.Number * 4) + (offset >> 8)), (byte)offset]);

    /// <summary>Sets the rules, removes what a dead agent left but <paramref name="keep"/>, and begins to make links ahead.</summary>
    public async Task StartAsync(IReadOnlyCollection<string> keep, CancellationToken ct)
    {
        used.UnionWith(keep);
        foreach (var left in Existing(lease.LinkPrefix).Except(keep))
            await DeleteAsync(left, ct);
        await Shell.TextAsync(new Command("nft", "-f", "-"), ct, Encoding.UTF8.GetBytes(Rules()));
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1", ct);
        next = clock.GetUtcNow().Second * 8 % Links;
        filling = FillAsync(stop.Token);
        freeing = RemoveFreedAsync();
    }

    public async Task<NetworkLink> TakeAsync(CancellationToken ct)
    {
        using var late = new CancellationTokenSource(TakeWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            return await pool.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new AgentException($"No network for a dyno within {TakeWithin.TotalSeconds:0} s: {lastFailure ?? "the machine is busy"}.");
        }
    }

    /// <summary>Gives a link back; its removal takes a while and nobody waits for it.</summary>
    public void Free(string link) => freed.Writer.TryWrite(link);

    private async Task RemoveFreedAsync()
    {
        await foreach (var link in freed.Reader.ReadAllAsync())
        {
            await DeleteAsync(link, CancellationToken.None);
            lock (one)
                used.Remove(link);
        }
    }

    /// <summary>Removes what is left of an instance that is gone for good.</summary>
    public static async Task ClearAsync(string prefix, string instance, CancellationToken ct)
    {
        foreach (var left in Existing(prefix))
            await DeleteAsync(left, ct);
        await Shell.RunAsync(new Command("nft", "delete", "table", "inet", $"sluice_{instance}"), ct);
    }

    /// <summary>Stops making links and removes those that nobody took; with no link in use the rules go, too.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await (filling ?? Task.CompletedTask);
        pool.Writer.TryComplete();
        while (pool.Reader.TryRead(out var link))
            Free(link.Name);
        freed.Writer.TryComplete();
        await (freeing ?? Task.CompletedTask);
        if (used.Count == 0)
            await ClearAsync(lease.LinkPrefix, instance, CancellationToken.None);
        stop.Dispose();
    }

    private async Task FillAsync(CancellationToken ct)
    {
        try
        {
            while (await pool.Writer.WaitToWriteAsync(ct))
            {
                if (pool.Reader.Count > 1)
                    await Task.Delay(Settle, clock, ct);
                if (await TryMakeAsync(ct) is { } link)
                    await pool.Writer.WriteAsync(link, ct);
                else
                    await Task.Delay(AfterFailure, clock, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Null when it went wrong: said once per attempt, tried again later, and a dyno that waits in vain is told why.</summary>
    private async Task<NetworkLink?> TryMakeAsync(CancellationToken ct)
    {
        var number = Number();
        try
        {
            return await MakeAsync(number, ct);
        }
        catch (Exception e)
        {
            Free($"{lease.LinkPrefix}{number}");
            if (ct.IsCancellationRequested)
                throw;
            lastFailure = e.Message;
            await Console.Error.WriteLineAsync($"agent: a dyno's network could not be made: {e.Message}");
            return null;
        }
    }

    private async Task<NetworkLink> MakeAsync(int number, CancellationToken ct)
    {
        var (name, host, dyno) = ($"{lease.LinkPrefix}{number}", Host(number), Dyno(number));
        await BatchAsync(["-batch", "-"], ct,
            $"netns add {name}",
            $"link add {name} type veth peer name eth0 netns {name}",
            $"link set {name} addrgenmode none",
            $"addr add {host}/31 dev {name}",
            $"link set {name} up");
        await BatchAsync(["-n", name, "-batch", "-"], ct,
            "link set lo up",
            "link set eth0 addrgenmode none",
            $"addr add {dyno}/31 dev eth0",
            "link set eth0 up",
            $"route add default via {host}");
        return new NetworkLink(name, dyno.ToString());
    }

    private int Number()
    {
        lock (one)
        {
            for (var tries = 0; tries < Links; tries++)
            {
                var number = next++ % Links;
                if (used.Add($"{lease.LinkPrefix}{number}"))
                    return number;
            }
        }
        throw new AgentException($"All {Links} networks of this machine's share are in use.");
    }

    private string Rules()
    {
        var links = $"\"{lease.LinkPrefix}*\"";
        var block = $"{At(0)}/22";
        var resolvers = Resolver.Servers().Where(s => s.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork).Select(s => s.ToString()).ToImmutableArray();
        var dns = resolvers.IsEmpty ? "" : $"iifname {links} ip daddr {{ {string.Join(", ", resolvers)} }} meta l4proto {{ tcp, udp }} th dport 53 accept";
        return $$"""
            table inet {{Table}} { }
            delete table inet {{Table}}
            table inet {{Table}} {
              chain input {
                type filter hook input priority -10; policy accept;
                iifname {{links}} ip saddr {{block}} ct state established,related accept
                iifname {{links}} drop
              }
              chain forward {
                type filter hook forward priority -10; policy accept;
                oifname {{links}} ct state established,related accept
                oifname {{links}} drop
                iifname {{links}} meta nfproto != ipv4 drop
                iifname {{links}} ip saddr != {{block}} drop
                {{dns}}
                iifname {{links}} ip daddr { {{string.Join(", ", Closed)}} } drop
              }
              chain out {
                type nat hook postrouting priority 100; policy accept;
                ip saddr {{block}} masquerade
              }
            }
            """;
    }

    private static IEnumerable<string> Existing(string prefix)
    {
        var spaces = Directory.Exists("/run/netns") ? Directory.EnumerateFiles("/run/netns", prefix + "*").Select(p => Path.GetFileName(p)) : [];
        var links = Directory.EnumerateFileSystemEntries("/sys/class/net", prefix + "*").Select(p => Path.GetFileName(p));
        return [.. spaces.Concat(links).Distinct()];
    }

    /// <summary>Either half may be missing: what a dead agent had begun.</summary>
    private static async Task DeleteAsync(string name, CancellationToken ct)
    {
        await Shell.RunAsync(new Command("ip", "link", "del", name), ct);
        await Shell.RunAsync(new Command("ip", "netns", "del", name), ct);
    }

    private static Task<string> BatchAsync(ImmutableArray<string> words, CancellationToken ct, params string[] lines) =>
        Shell.TextAsync(new Command("ip", words), ct, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
}

/// <summary>The name servers that sandboxes are given: the host's, but not one on the host's own loopback, which a sandbox cannot reach.</summary>
internal static class Resolver
{
    private static readonly string[] Files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

    public static ImmutableArray<IPAddress> Servers() => Files.Where(File.Exists).Select(ServersOf).FirstOrDefault(s => !s.IsEmpty, []);

    public static string Text() => string.Concat(Servers().Select(s => $"nameserver {s}\n"));

    private static ImmutableArray<IPAddress> ServersOf(string file) =>
    [
        .. File.ReadLines(file).Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["nameserver", _, ..]).Select(words => IPAddress.TryParse(words[1], out var server) ? server : null)
            .OfType<IPAddress>().Where(server => !IPAddress.IsLoopback(server)),
    ];
}
