using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Builds;
using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

public sealed class HealthTests
{
    private readonly CancellationToken ct = TestContext.Current.CancellationToken;
    private static readonly HealthCheck Check = new("/healthz", "shop.localhost");

    [Fact]
    public async Task Well_is_who_answers_with_200_to_399_and_the_question_names_path_and_host()
    {
        using var app = new TcpListener(IPAddress.Loopback, 0);
        app.Start();
        foreach (var (answer, why) in new (string, string?)[]
        {
            ("HTTP/1.1 200 OK\r\n\r\n", null), ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", null), ("HTTP/1.0 204 No Content\r\n\r\n", null),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "still answered 503 to GET /healthz after {0} s"), ("HTTP/1.1 404 Not Found\r\n\r\n", "still answered 404 to GET /healthz after {0} s"),
            ("SSH-2.0-OpenSSH_9.2", "did not answer GET /healthz within {0} s"), ("", "did not answer GET /healthz within {0} s"),
        })
        {
            var asked = AnswerAsync(app, answer);
            Assert.Equal(why, await HealthProbe.WhyNotAsync((IPEndPoint)app.LocalEndpoint, Check, ct));
            Assert.StartsWith("GET /healthz HTTP/1.1\r\nHost: shop.localhost\r\n", await asked, StringComparison.Ordinal);
        }
        var gone = (IPEndPoint)app.LocalEndpoint;
        app.Stop();
        Assert.Equal("did not accept on $PORT within {0} s", await HealthProbe.WhyNotAsync(gone, Check, ct));
    }

    [Fact]
    public async Task A_web_dyno_that_listens_is_up_only_when_it_answers_well_on_its_path()
    {
        await using var agent = await RunningAgent.StartAsync();
        const string App = """
            python3 -uc '
            import http.server, os
            class App(http.server.BaseHTTPRequestHandler):
                left = 2
                def do_GET(self):
                    App.left -= 1
                    self.send_response(200 if App.left < 0 else 503); self.end_headers()
                def log_message(self, *a): print(a[2], self.headers["Host"], flush=True)
            http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), App).serve_forever()'
            """;
        var start = agent.Start("web", App) with { Health = Check };
        await agent.Runtime.StartAsync(start, ct);
        await agent.BecomesAsync(start.Id, DynoState.Up);
        Assert.Equal(["503 shop.localhost", "503 shop.localhost", "200 shop.localhost"], (await agent.LinesUntilAsync("200 shop.localhost")).Select(l => l.Text));
    }

    [Fact]
    public async Task A_web_dyno_that_goes_on_to_answer_503_is_ended_and_its_reason_says_what_it_answered()
    {
        var data = new DataFolder(Directory.CreateTempSubdirectory("sluice-health-").FullName);
        File.SetUnixFileMode(data.Root, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(data.Sandboxes);
        var (tree, clock) = (Directory.CreateDirectory(Path.Combine(data.Root, "tree")).FullName, new HastyClock());
        await using (var sandboxes = new SandboxHost(data, TimeProvider.System, oneTeam: true))
        {
            var dynos = new DynoHost(sandboxes, (_, _) => Task.FromResult(tree), data, clock, new DynoTimes());
            var start = new DynoStart
            {
                Id = DynoId.New(), App = AppId.New(), Name = "web.1", Type = "web", Generation = 1, Slug = SlugDigest.Parse(new string('0', 64)), Env = ImmutableDictionary<string, string>.Empty,
                Command = "sleep 600", Size = "Basic", Health = Check,
            };
            // Whatever the sandbox does: here the test is what listens.
            using var app = new TcpListener(IPAddress.Loopback, (await dynos.StartAsync(start)).Port);
            app.Start();
            await AnswerAsync(app, "HTTP/1.1 503 Service Unavailable\r\n\r\n");
            clock.Late = TimeSpan.FromMinutes(2);
            while (dynos.List() is not [{ State: DynoState.Crashed }])
            {
                if (app.Pending())
                    await AnswerAsync(app, "HTTP/1.1 503 Service Unavailable\r\n\r\n");
                await Task.Delay(20, ct);
            }
            Assert.Equal("R10: still answered 503 to GET /healthz after 60 s", Assert.Single(dynos.List()).Reason);
            await dynos.StopAsync(start.Id, TimeSpan.Zero, ct);   // returns when its folder is gone, too
        }
        Directory.Delete(data.Root, recursive: true);
    }

    [Theory]
    [InlineData("""{"healthchecks":{"web":[{"type":"startup","name":"up","path":"/healthz"}]}}""", "/healthz")]
    [InlineData("""{"healthchecks":{"web":[{"type":"liveness","path":"/live"},{"path":"/ready"}]}}""", "/ready")]
    [InlineData("""{"healthchecks":{"worker":[{"path":"/healthz"}]}}""", null)]
    [InlineData("""{"name":"shop"}""", null)]
    [InlineData("no JSON", null)]
    public void App_json_names_the_path_as_elsewhere(string json, string? path) => Assert.Equal(path, AppJson.HealthPath(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void A_path_that_is_none_fails_the_build_with_a_sentence() =>
        Assert.Equal(
            "healthchecks.web.path in app.json must be a path like /healthz: a slash first, at most 500 plain characters, no blanks.",
            Assert.Throws<RefusedException>(() => AppJson.HealthPath("""{"healthchecks":{"web":[{"path":"/a b"}]}}"""u8.ToArray())).Message);

    private async Task<string> AnswerAsync(TcpListener app, string answer)
    {
        using var asker = await app.AcceptTcpClientAsync(ct);
        var head = new byte[1000];
        var count = await asker.GetStream().ReadAsync(head, ct);
        await asker.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), ct);
        return Encoding.ASCII.GetString(head, 0, count);
    }

    private sealed class HastyClock : TimeProvider
    {
        public TimeSpan Late { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Late.TotalSeconds * TimestampFrequency);
    }
}
