using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Tests.House;
using Sluice.Tests.Router;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Roles;

/// <summary>Router processes take the port over from each other while clients keep asking.</summary>
public sealed class HandOverTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_request_is_lost_when_routers_replace_each_other(bool keepAlive)
    {
        await using var app = await Backend.StartAsync(async http =>
        {
            await Task.Delay(Random.Shared.Next(5));
            http.Response.ContentLength = 2;
            await http.Response.Body.WriteAsync("ok"u8.ToArray());
        });
        using var folder = new TempFolder();
        var data = new DataFolder(folder.Path);
        Directory.CreateDirectory(data.Run);
        new SavedTable(data).Save(new RouteTable(1, [RouterUnderTest.Route() with { Targets = [app.Target()] }]));
        var sockets = PortSockets.Open(0, null);
        var port = ((IPEndPoint)sockets[0].LocalEndPoint!).Port;
        var launch = new Launch
        {
            Binaries = Path.GetDirectoryName(Built.Server)!,
            Options = UpOptions.Parse(["--data", folder.Path, "--port", $"{port}"], _ => null, isRoot: true),
            User = null,
            Sockets = [.. sockets.Select(s => (int)s.Handle)],
            Environment = Launch.Passing(Environment.GetEnvironmentVariables(), Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../.."))),
        };
        var keeper = new RoleKeeper(Launch.Router, () => launch.Of(Launch.Router), data, _ => { }, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task kept = keeper.KeepAsync(stop.Token);
        await keeper.ReadyAsync(TestContext.Current.CancellationToken);
        var first = RoleMark.Read(data, Launch.Router);

        using var enough = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 8).Select(_ => AskAsync(port, keepAlive, enough.Token)).ToArray();
        for (var roll = 0; roll < 3; roll++)
        {
            await Task.Delay(300, TestContext.Current.CancellationToken);
            Assert.True(await keeper.ReplaceAsync(TestContext.Current.CancellationToken));
        }
        await Task.Delay(300, TestContext.Current.CancellationToken);
        await enough.CancelAsync();
        var answered = await Task.WhenAll(asking);
        Assert.NotEqual(first, RoleMark.Read(data, Launch.Router));
        Assert.All(answered, count => Assert.True(count > 20, $"only {count} requests were answered"));

        await stop.CancelAsync();
        await keeper.StopAsync(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        await Task.WhenAny(kept);
        foreach (var socket in sockets)
            socket.Dispose();
    }

    /// <summary>Asks over and over by hand: an HTTP client would hide a lost connection by asking again. Any failure is thrown.</summary>
    private static async Task<int> AskAsync(int port, bool keepAlive, CancellationToken stop)
    {
        var answered = 0;
        TcpClient? client = null;
        while (!stop.IsCancellationRequested)
        {
            if (client is null)
            {
                client = new TcpClient { NoDelay = true };
                await client.ConnectAsync(IPAddress.Loopback, port, CancellationToken.None);
            }
            var head = $"GET / HTTP/1.1\r\nHost: shop.localhost\r\n{(keepAlive ? "" : "Connection: close\r\n")}\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), CancellationToken.None);
            var answer = await ReadAnswerAsync(client.GetStream());
            Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
            answered++;
            if (!keepAlive || answer.Contains("Connection: close", StringComparison.OrdinalIgnoreCase))
            {
                client.Dispose();
                client = null;
            }
        }
        client?.Dispose();
        return answered;
    }

    private static async Task<string> ReadAnswerAsync(NetworkStream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        var buffer = new byte[2048];
        while (!text.ToString().EndsWith("\r\n\r\nok", StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, limit.Token);
            Assert.True(count > 0, $"The connection was closed in the middle of an answer: {text}");
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        return text.ToString();
    }
}
