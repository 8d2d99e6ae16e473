using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Sluice.Tests.Api;
using Sluice.Wire;

namespace Sluice.Tests.EndToEnd;

/// <summary>A promotion of an app to which people hold WebSockets: whoever comes is let in, by the old release or the new one, and whom the old one leaves is told.</summary>
public sealed class OpenSocketsTests
{
    /// <summary>Answers each message with its version, by the letter of RFC 6455; says goodbye to nobody when it is told to end.</summary>
    private const string Talk = """
        const http = require('http'), crypto = require('crypto');
        const version = Buffer.from('VERSION');
        http.createServer((_, res) => res.end(version)).on('upgrade', (req, socket) => {
          const accept = crypto.createHash('sha1').update(req.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' + accept + '\r\n\r\n');
          socket.on('data', () => socket.write(Buffer.concat([Buffer.from([0x81, version.length]), version])));
          socket.on('error', () => {});
        }).listen(process.env.PORT);
        process.on('SIGTERM', () => setTimeout(() => process.exit(0), 1000));
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_who_opens_one_during_a_promotion_is_refused_and_those_of_the_old_release_end_with_a_close_frame()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/bwrap"), "Needs bubblewrap, in which apps run.");
        Assert.SkipUnless(File.Exists("/usr/bin/node"), "Needs Node.js, in which the app is written.");
        await using var sluice = await RunningSluice.StartAsync(alone: false, Ct);
        using var client = sluice.Client();
        foreach (var app in new[] { "talk-staging", "talk" })
            await client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire(app), Ct);
        await client.PutAsync<SetEdgeWire, EdgeWire>("/apps/talk-staging/downstream", new SetEdgeWire("talk"), Ct);
        await PushAsync(sluice, "talk", "old");
        await PushAsync(sluice, "talk-staging", "new");
        using var old = await OpenAsync(sluice);
        Assert.Equal("old", await AskAsync(old));

        var promotion = await client.PostAsync<CreatePromotionWire, PromotionWire>(
            "/pipeline-promotions", new CreatePromotionWire(new PromotionFromWire(new AppRefWire("talk-staging")), [new PromotionToWire(new AppRefWire("talk"))]), Ct);
        var seen = new List<string>();
        while (promotion.Status != "completed")
        {
            using var socket = await OpenAsync(sluice);
            seen.Add(await AskAsync(socket));
            promotion = await client.GetAsync<PromotionWire>($"/pipeline-promotions/{promotion.Id}", Ct);
        }
        using var after = await OpenAsync(sluice);
        Assert.Equal("new", await AskAsync(after));
        Assert.Equal(seen.Order(StringComparer.Ordinal).Reverse(), seen);   // first only old, then only new
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.EndpointUnavailable), await EndOfAsync(old));
        Assert.Equal("new", await AskAsync(after));
    }

    private static async Task PushAsync(RunningSluice sluice, string app, string version)
    {
        var ran = await sluice.PushAsync(app, new() { ["server.js"] = Talk.Replace("VERSION", version, StringComparison.Ordinal), ["package.json"] = """{ "name": "talk" }""", ["Procfile"] = "web: node server.js\n" }, Ct);
        Assert.True(ran.ExitCode == 0, ran.ToString());
    }

    private static async Task<ClientWebSocket> OpenAsync(RunningSluice sluice)
    {
        var socket = new ClientWebSocket();
        using var way = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = (_, ct) => ConnectAsync(sluice.Url.Port, ct) });
        await socket.ConnectAsync(new Uri($"ws://talk.localhost:{sluice.Url.Port}/"), way, Ct);
        return socket;
    }

    private static async ValueTask<Stream> ConnectAsync(int port, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", port, ct);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task<string> AskAsync(ClientWebSocket socket)
    {
        await socket.SendAsync("who?"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Ct);
        var answer = new byte[100];
        return Encoding.UTF8.GetString(answer, 0, (await socket.ReceiveAsync(answer, Ct)).Count);
    }

    private static async Task<(WebSocketMessageType, WebSocketCloseStatus?)> EndOfAsync(ClientWebSocket socket)
    {
        var end = await socket.ReceiveAsync(new byte[100], Ct).WaitAsync(TimeSpan.FromSeconds(60), Ct);
        return (end.MessageType, end.CloseStatus);
    }
}
