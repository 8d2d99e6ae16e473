using System.Text.Json;

namespace Sluice.Tests.EndToEnd;

/// <summary>An app that does all that a bad neighbour can, beside a shop with visitors: each of its dynos is stopped at its own wall, its people are told why in the app's log, and the shop loses no visitor.</summary>
public sealed class NeighbourTests
{
    /// <summary>Each stops by itself, so that this machine is not kept busy for longer than it takes.</summary>
    private static readonly (string Type, string Command, string Told)[] Bad =
    [
        ("memory", "python3 -c 'x = bytearray(900_000_000); print(len(x))'; sleep 600", "heroku[memory.1]: Error R15 (Memory quota vastly exceeded) -> used more memory than its size has"),
        ("forks", "python3 -c 'import os, time; [os.fork() or (time.sleep(5), os._exit(0)) for i in range(100000)]'; sleep 600", "app[forks.1]: BlockingIOError: [Errno 11] Resource temporarily unavailable"),
        ("disk", "head -c 50G /dev/zero >big; rm -f big; for i in $(seq 200000); do : >f$i || break; done; sleep 600", "app[disk.1]: head: error writing 'standard output': No space left on device"),
        ("cpu", "timeout 5 bash -c 'while :; do :; done'; echo cooled; sleep 600", "app[cpu.1]: cooled"),
        ("scanner", "python3 scan.py; sleep 600", "app[scanner.1]: open: none"),
        ("stubborn", "trap '' TERM; echo deaf; while :; do sleep 0.2; done", "heroku[stubborn.1]: Error R12 (Exit timeout) -> did not exit within 30 s of SIGTERM"),
    ];

    /// <summary>It comes last: it pushes what is older out of its own app's log, and of no other's.</summary>
    private const string Flood = "yes flooding | head -n 60000; echo flooded; sleep 600";

    private const string Scan = """
        import os, socket, struct, concurrent.futures
        gateway = next(socket.inet_ntoa(struct.pack("<I", int(line.split()[2], 16))) for line in open("/proc/net/route") if line.split()[1] == "00000000")
        def is_open(target):
            with socket.socket() as s:
                s.settimeout(0.5)
                return s.connect_ex(target) == 0
        targets = [(gateway, port) for port in [*range(1, 200), int(os.environ["SERVER_PORT"])]] + [(address, 5000) for address in os.environ["NEIGHBOURS"].split(",")]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            print("open:", [t for t, o in zip(targets, pool.map(is_open, targets)) if o] or "none", flush=True)
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bad_neighbours_are_stopped_and_told_and_the_shop_loses_no_visitor()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, without which apps have no limits.");
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop");
        await keeper.PushAsync("sluice");
        await keeper.TypeAsync("create hog --remote hog");
        await keeper.TypeAsync($"config:set SERVER_PORT={keeper.Sluice.Address.Port} NEIGHBOURS={string.Join(',', Sandboxes(keeper).Select(AddressOf))} -a hog");
        foreach (var file in Directory.EnumerateFiles(keeper.Typed.Work))
            File.Delete(file);
        await File.WriteAllTextAsync(Path.Combine(keeper.Typed.Work, "Procfile"), string.Concat(Bad.Select(b => $"{b.Type}: {b.Command}\n")) + $"flood: {Flood}\n", Ct);
        await File.WriteAllTextAsync(Path.Combine(keeper.Typed.Work, "scan.py"), Scan, Ct);
        await keeper.CommitAsync("A bad neighbour");
        await keeper.PushAsync("hog");

        await using var visitors = new Visitors(keeper.Sluice.Address, "shop");
        await keeper.TypeAsync($"ps:scale {string.Join(' ', Bad.Select(b => $"{b.Type}=1"))} -a hog");
        await UntilAsync("the deaf one listens to nobody", async () => (await LogAsync(keeper, "stubborn")).Contains("app[stubborn.1]: deaf", StringComparison.Ordinal));
        await keeper.TypeAsync("ps:scale stubborn=0 -a hog");
        foreach (var (type, _, told) in Bad)
            await UntilAsync(told, async () => (await LogAsync(keeper, type)).Contains(told, StringComparison.Ordinal));
        await keeper.TypeAsync("ps:scale flood=1 -a hog");
        await UntilAsync("the flood is over", async () => (await LogAsync(keeper, "flood")).Contains("app[flood.1]: flooded", StringComparison.Ordinal));
        await visitors.StopAsync();
        Assert.Empty(visitors.Lost);
        Assert.True(visitors.Visits > 20);
        // The shop's own log is the shop's: nothing of the flood is in it, and nothing was pushed out.
        var own = await keeper.TypeAsync("logs -n 1500 -d web.1 -a shop");
        Assert.DoesNotContain("flooding", own, StringComparison.Ordinal);
        Assert.Contains("State changed from starting to up", own, StringComparison.Ordinal);

        await keeper.TypeAsync("apps:destroy hog --confirm hog");
        await UntilAsync("only the shop's sandbox is left", () => Task.FromResult(Sandboxes(keeper).Length == 1));
        Assert.StartsWith("Hello from the shop", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
    }

    private static Task<string> LogAsync(Shopkeeper keeper, string type) => keeper.TypeAsync($"logs -n 1500 -d {type}.1 -a hog");

    private static string[] Sandboxes(Shopkeeper keeper) => [.. Directory.EnumerateFiles(keeper.Sluice.Data.Sandboxes, "sandbox.json", SearchOption.AllDirectories)];

    private static string AddressOf(string note) => JsonDocument.Parse(File.ReadAllText(note)).RootElement.GetProperty("Address").GetString()!;

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        for (var end = Environment.TickCount64 + 180_000; !await holds();)
        {
            Assert.True(Environment.TickCount64 < end, $"Not within 180 s: {what}");
            await Task.Delay(200, Ct);
        }
    }
}
