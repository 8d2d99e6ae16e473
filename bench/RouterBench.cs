using System.Globalization;
using Sluice.Runtime;

namespace Sluice.Bench;

/// <summary>
/// Requests per second through our router, a bare YARP and nginx, one after the other, round by round: 64 connections, small answers, the same
/// nginx behind them. wrk and the back end share the machine's cores with them.
/// </summary>
internal sealed class RouterBench : IAsyncDisposable
{
    private const int Rounds = 3;
    private const string Host = "bench.localhost";

    private readonly string folder = Place.NewFolder();
    private readonly Stack<IAsyncDisposable> started = new();

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        await using var bench = new RouterBench();
        var backEnd = await bench.NginxAsync("back", 1, "location / { return 200 \"hello\\n\"; }", ct);
        var ports = new[]
        {
            await bench.RouterAsync(backEnd, ct),
            await bench.BareAsync(backEnd, ct),
            await bench.NginxAsync("front", 2, "location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection \"\"; }", ct, backEnd),
        };
        var rates = ports.Select(_ => new List<double>()).ToArray();
        var tails = ports.Select(_ => new List<TimeSpan>()).ToArray();
        foreach (var port in ports)
            await RateAsync(port, 10, ct);   // compiled code is improved while it runs: both proxies in .NET need this long
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < ports.Length; i++)
            {
                var (rate, tail) = await RateAsync(ports[i], 5, ct);
                rates[i].Add(rate);
                tails[i].Add(tail);
            }
        }
        var (ours, bare, nginx) = (Median(rates[0]), Median(rates[1]), Median(rates[2]));
        return
        [
            Row.AtLeast("requests per second through the router, against a bare YARP", ours, bare, 0.9, "/s"),
            Row.AtLeast("requests per second through the router, against nginx", ours, nginx, 0.55, "/s"),
            Row.Times("the same, p99 of a request, against nginx", tails[0], tails[2], 2),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in started)
            await process.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static double Median(List<double> rates) => rates.Order().ElementAt(rates.Count / 2);

    private static async Task<(double PerSecond, TimeSpan P99)> RateAsync(int port, int seconds, CancellationToken ct)
    {
        var said = await Shell.TextAsync(new Command("wrk", "-t2", "-c64", "--latency", $"-d{seconds}s", "-H", $"Host: {Host}", $"http://127.0.0.1:{port}/"), ct);
        if (said.Contains("Non-2xx", StringComparison.Ordinal) || said.Contains("Socket errors", StringComparison.Ordinal))
            throw new IOException($"Not every request was answered well: {said}");
        return (double.Parse(Said("Requests/sec:"), CultureInfo.InvariantCulture), Time(Said("99%")));

        string Said(string name) => said.Split('\n').Select(l => l.Trim()).First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();
    }

    /// <summary>As wrk writes it: <c>812.00us</c>, <c>3.20ms</c>, <c>1.05s</c>.</summary>
    private static TimeSpan Time(string text)
    {
        var number = double.Parse(text.TrimEnd('u', 'm', 's'), CultureInfo.InvariantCulture);
        return text.EndsWith("us", StringComparison.Ordinal) ? TimeSpan.FromMicroseconds(number) : text.EndsWith("ms", StringComparison.Ordinal) ? TimeSpan.FromMilliseconds(number) : TimeSpan.FromSeconds(number);
    }

    private async Task<int> RouterAsync(int backEnd, CancellationToken ct)
    {
        var router = await LoneRouter.StartAsync(Host, backEnd, ct);
        started.Push(router);
        return router.Port;
    }

    private async Task<int> BareAsync(int backEnd, CancellationToken ct)
    {
        var bare = await BareProxy.StartAsync($"http://127.0.0.1:{backEnd}", ct);
        started.Push(bare);
        return bare.Port;
    }

    private async Task<int> NginxAsync(string name, int workers, string location, CancellationToken ct, int? upstream = null)
    {
        var port = Place.FreePort();
        var home = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var file = Path.Combine(home, "nginx.conf");
        await File.WriteAllTextAsync(file, $$"""
            worker_processes {{workers}};
            daemon off;
            pid {{home}}/pid;
            error_log stderr error;
            events { worker_connections 1024; }
            http {
                access_log off;
                keepalive_requests 100000000;
                client_body_temp_path {{home}}/body;
                proxy_temp_path {{home}}/proxy;
                fastcgi_temp_path {{home}}/fastcgi;
                uwsgi_temp_path {{home}}/uwsgi;
                scgi_temp_path {{home}}/scgi;
                {{(upstream is null ? "" : $"upstream back {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}")}}
                server {
                    listen 127.0.0.1:{{port}};
                    {{location}}
                }
            }
            """, ct);
        var nginx = new Started(new Command("nginx", "-p", home, "-c", file, "-e", "stderr"));
        started.Push(nginx);
        using var http = BenchServer.Loopback(port);
        await nginx.AnswersAsync(http, new Uri($"http://localhost:{port}/"), ct);
        return port;
    }
}
