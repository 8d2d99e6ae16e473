using System.Net.Sockets;
using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

/// <summary>Where a sandbox may go: a small world beyond this machine, with a public address and private ones, all of which the machine itself reaches.</summary>
public sealed class EgressTests(RootSandboxes sandboxes) : IClassFixture<RootSandboxes>
{
    private const string Public = "203.0.113.77";
    private const int Port = 8080;
    private static readonly string[] Private = ["10.99.88.77", "172.30.88.77", "192.168.88.77", "100.77.88.77", "169.254.88.77", "198.18.88.77"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_internet_is_reached_and_private_networks_are_not_though_the_host_reaches_them()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to make a network.");
        var name = $"world{Environment.ProcessId}";
        try
        {
            await MakeAsync(name);
            await using var answering = Shell.Start(new Command("ip", "netns", "exec", name, "python3", "-u", "-c",
                $"import socketserver\nclass Hello(socketserver.BaseRequestHandler):\n    def handle(self): self.request.sendall(b'hello\\n')\nsocketserver.ThreadingTCPServer(('', {Port}), Hello).serve_forever()"));
            foreach (var address in Private.Prepend(Public))
                await ReachAsync(address);
            var tries = string.Join(" ", Private.Prepend(Public));
            Assert.Equal($"{Public} hello", await sandboxes.SayAsync($$"""
                for to in {{tries}}; do (timeout 3 bash -c "exec 3<>/dev/tcp/$to/{{Port}} && read -u 3 line && echo $to \$line" 2>/dev/null) & done; wait
                """));
        }
        finally
        {
            await Shell.RunAsync(new Command("ip", "netns", "del", name), CancellationToken.None);
            await Shell.RunAsync(new Command("ip", "link", "del", name), CancellationToken.None);
        }
    }

    private static async Task MakeAsync(string name)
    {
        string[] steps =
        [
            $"netns add {name}", $"link add {name} type veth peer name eth0 netns {name}", $"addr add 203.0.113.1/30 dev {name}", $"link set {name} up",
            $"-n {name} link set lo up", $"-n {name} addr add 203.0.113.2/30 dev eth0", $"-n {name} link set eth0 up", $"-n {name} route add default via 203.0.113.1",
            .. Private.Prepend(Public).SelectMany(address => new[] { $"-n {name} addr add {address}/32 dev lo", $"route add {address}/32 via 203.0.113.2" }),
        ];
        foreach (var step in steps)
            await Shell.TextAsync(new Command("ip", [.. step.Split(' ')]), Ct);
    }

    private static async Task ReachAsync(string address)
    {
        for (var tries = 0; ; tries++)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(address, Port, Ct);
                return;
            }
            catch (SocketException) when (tries < 200)
            {
                await Task.Delay(50, Ct);
            }
        }
    }
}
