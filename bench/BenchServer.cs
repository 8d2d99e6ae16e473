using System.Diagnostics;
using System.Net.Sockets;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>A whole Sluice of the published files on an empty folder and a free port, with a client that holds its key.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly Started up;
    private readonly HttpClient http;

    private BenchServer(Started up, DataFolder data, HttpClient http, Uri address)
    {
        (this.up, Data, this.http, Address) = (up, data, http, address);
        Key = File.ReadAllText(data.AdminKey).Trim();
        Client = new SluiceClient(address, Key);
    }

    public DataFolder Data { get; }
    public Uri Address { get; }
    public string Key { get; }
    public SluiceClient Client { get; }

    /// <summary>From the start of <c>up</c> to the first good <c>/healthz</c>.</summary>
    public required TimeSpan StartTook { get; init; }

    /// <summary>The folder stays when the server stops: for the next one.</summary>
    public bool LeavesFolder { get; init; }

    public static Task<BenchServer> StartAsync(CancellationToken ct) => StartAsync(new DataFolder(Place.NewFolder()), leavesFolder: false, ct);

    public static async Task<BenchServer> StartAsync(DataFolder data, bool leavesFolder, CancellationToken ct)
    {
        var port = Place.FreePort();
        var address = new Uri($"http://localhost:{port}");
        var http = Loopback(port);
        var start = Stopwatch.GetTimestamp();
        var up = new Started(Place.Ours(Place.Server, "up", "--data", data.Root, "--port", $"{port}"));
        try
        {
            await up.AnswersAsync(http, new Uri(address, "/healthz"), ct);
            return new BenchServer(up, data, http, address) { StartTook = Stopwatch.GetElapsedTime(start), LeavesFolder = leavesFolder };
        }
        catch
        {
            await up.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the app answers at its address; empty while it does not answer well.</summary>
    public async Task<string> AskAsync(string app, CancellationToken ct)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://{app}.localhost:{Address.Port}/"), ct);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(ct) : "";
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    public Task AnswersAsync(string app, string text, CancellationToken ct) =>
        up.UntilAsync(async () => (await AskAsync(app, ct)).Contains(text, StringComparison.Ordinal), ct);

    /// <summary>A client whose every request goes to this port of the loopback, whatever the name.</summary>
    public static HttpClient Loopback(int port) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(System.Net.IPAddress.Loopback, port, ct);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    });

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        http.Dispose();
        await up.DisposeAsync();
        if (!LeavesFolder)
            Directory.Delete(Data.Root, recursive: true);
    }
}
