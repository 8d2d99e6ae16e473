using System.Net.Sockets;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Runtime;
using Route = Sluice.Router.Route;

namespace Sluice.Bench;

/// <summary>The router role of the published server, alone, with one app in its saved table. It inherits its socket, as from the supervisor.</summary>
internal sealed class LoneRouter : IAsyncDisposable
{
    private const int SigKill = 9;
    private readonly string folder = Place.NewFolder();
    private readonly Socket socket;

    private LoneRouter((string Host, int BackEnd)[] apps)
    {
        var data = new DataFolder(Path.Combine(folder, "data"));
        Directory.CreateDirectory(data.Run);
        new SavedTable(data).Save(new RouteTable(1, [.. apps.Select((app, i) => new Route
        {
            App = AppId.New(), Name = i == 0 ? "bench" : $"bench-{i}", Hosts = [app.Host], Targets = [new Target(DynoId.New(), "web.1", "127.0.0.1", app.BackEnd)],
        })]));
        Port = Place.FreePort();
        socket = PortSockets.Open(Port, null)[0];
        var options = new UpOptions { Data = data, Port = Port };
        var command = Place.Ours(Place.Server);
        Pid = Spawn.Start(new SpawnSpec
        {
            File = Place.Server,
            Args = ["sluice", "router", .. options.ToFlags(), "--sockets", "3"],
            Env = command.Env.SetItem("PATH", Shell.Path),
            WorkingDirectory = options.Data.Root,
            Descriptors = [(2, 1), (2, 2), ((int)socket.Handle, 3)],
        });
    }

    public int Port { get; }
    public int Pid { get; }

    /// <summary>Returns when the app behind it answers through it.</summary>
    public static Task<LoneRouter> StartAsync(string host, int backEnd, CancellationToken ct) => StartAsync([(host, backEnd)], ct);

    /// <summary>The same with several apps; the first of them has answered.</summary>
    public static async Task<LoneRouter> StartAsync((string Host, int BackEnd)[] apps, CancellationToken ct)
    {
        var (router, host) = (new LoneRouter(apps), apps[0].Host);
        using var http = BenchServer.Loopback(router.Port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var answer = await http.GetAsync(new Uri($"http://{host}:{router.Port}/"), limit.Token);   // the socket is open already: it waits in its queue
        answer.EnsureSuccessStatusCode();
        return router;
    }

    public async ValueTask DisposeAsync()
    {
        Spawn.Kill(Pid, SigKill);
        await Spawn.WaitAsync(Pid, CancellationToken.None);
        socket.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
