using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Tests.EndToEnd;

/// <summary>A server with a collector, after a push, a promotion and a few visits.</summary>
public sealed class Observed : IAsyncLifetime
{
    public const string Canary = "canary-7f3a91c2";
    private Collector? collector;
    private Shopkeeper? keeper;

    internal Collector Collector => collector!;
    internal Shopkeeper Keeper => keeper!;
    internal string Key => File.ReadAllText(Path.Combine(Keeper.Sluice.Data.Root, "admin.key")).Trim();

    public async ValueTask InitializeAsync()
    {
        collector = await Collector.StartAsync();
        keeper = await Shopkeeper.OpenAsync(flags: ["--otlp", collector.Url]);
        await keeper.TypeAsync("create shop-staging --remote staging");
        await keeper.TypeAsync("create shop --no-remote");
        await keeper.TypeAsync($"config:set SECRET_TOKEN={Canary} -a shop-staging");
        await keeper.TypeAsync("pipelines:create shop -a shop-staging -s staging");
        await keeper.TypeAsync("pipelines:add shop -a shop -s production");
        await File.WriteAllTextAsync(Path.Combine(keeper.Typed.Work, "app.json"), """{"healthchecks":{"web":[{"type":"startup","path":"/"}]}}""");
        await keeper.CommitAsync("A health check");
        Assert.Contains("Health check: GET /", await keeper.PushAsync("staging"), StringComparison.Ordinal);
        await keeper.TypeAsync("pipelines:promote -a shop-staging");
        Assert.NotNull(await keeper.VisitAsync("shop"));
    }

    public async ValueTask DisposeAsync()
    {
        if (keeper is not null)
            await keeper.DisposeAsync();
        if (collector is not null)
            await collector.DisposeAsync();
    }
}

/// <summary>What a collector and a Prometheus see of a server.</summary>
public sealed partial class ObservedTests(Observed observed) : IClassFixture<Observed>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_and_a_promotion_are_one_trace_each_through_router_server_and_agent_and_hold_no_secret()
    {
        var collector = observed.Collector;
        // 1. A push, from the router to the sandbox.
        var push = await FirstAsync(collector, s => s.Name == "push");
        Assert.Equal("sluice-router", (await FirstAsync(collector, s => s.Id == push.Parent)).Role);
        var build = await ChildAsync(collector, push, "build");
        var sandboxed = await ChildAsync(collector, build, "build.run");
        Assert.Equal("sluice-agent", sandboxed.Role);
        Assert.Equal("succeeded", build.Tags["sluice.outcome"]);
        var release = await ChildAsync(collector, push, "release");
        var boot = await ChildAsync(collector, release, "release.boot");
        var start = await ChildAsync(collector, boot, "dyno.start");
        Assert.Equal("web.1", start.Tags["sluice.dyno"]);
        var sandbox = await FirstAsync(collector, s => s.Name == "sandbox.start" && Under(collector, s, start));
        Assert.Equal(("sluice-agent", push.Trace), (sandbox.Role, sandbox.Trace));
        await ChildAsync(collector, release, "release.flip");

        // 2. A promotion with its target, a step of the request that asked for it.
        var promotion = await FirstAsync(collector, s => s.Name == "promotion");
        Assert.Equal("POST /pipeline-promotions", (await FirstAsync(collector, s => s.Id == promotion.Parent)).Name);
        Assert.Equal("promotion", (await ChildAsync(collector, promotion, "release")).Tags["sluice.reason"]);

        // 3. A visitor's request.
        await FirstAsync(collector, s => s.Role == "sluice-router" && s.Tags.GetValueOrDefault("sluice.app") == "shop" && s.Tags["sluice.dyno"] == "web.1");

        // 4. Nothing in it that is nobody's business.
        Assert.All(collector.Bodies.Select(Encoding.UTF8.GetString), said => Assert.False(said.Contains(Observed.Canary, StringComparison.Ordinal) || said.Contains(observed.Key, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_numbers_are_shown_in_Prometheus_form_to_an_administrator_on_this_machine_and_to_nobody_else()
    {
        var port = observed.Keeper.Sluice.Address.Port;
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(http, $"http://localhost:{port}/metrics", null)).StatusCode);

        Dictionary<string, double> numbers = [];
        for (var tries = 0; tries < 300 && !(numbers.GetValueOrDefault("sluice_requests_total{app=\"shop\",status=\"2xx\"}") >= 1); tries++)
        {
            await Task.Delay(200, Ct);   // the server asks its routers every ten seconds
            using var answer = await AskAsync(http, $"http://localhost:{port}/metrics", observed.Key);
            Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
            numbers = Parse(await answer.Content.ReadAsStringAsync(Ct));
        }

        Assert.Equal(1, numbers["sluice_dynos{app=\"shop\",state=\"up\"}"]);
        Assert.Equal(0, numbers["sluice_request_errors_total{app=\"shop\"}"]);
        Assert.Equal(numbers["sluice_request_duration_seconds_count{app=\"shop\"}"], numbers["sluice_request_duration_seconds_bucket{app=\"shop\",le=\"+Inf\"}"]);
        Assert.True(numbers["sluice_request_duration_seconds_count{app=\"shop\"}"] >= 1);
        Assert.True(numbers["sluice_releases_total{outcome=\"succeeded\"}"] >= 5);
        Assert.Equal(0, numbers["sluice_jobs_waiting{kind=\"build\"}"]);
        Assert.All(new[] { "up", "server", "router", "agent" }, role => Assert.True(numbers[$"sluice_memory_bytes{{role=\"{role}\"}}"] > 1024 * 1024));
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient http, string url, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) } };
        return await http.SendAsync(request, Ct);
    }

    /// <summary>Strict: every line is help, type, or a sample of the family whose type was told last, and each sample is there once.</summary>
    private static Dictionary<string, double> Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        string? family = null;
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
                continue;
            if (TypeLine().Match(line) is { Success: true } type)
            {
                family = type.Groups[1].Value;
                continue;
            }
            var sample = SampleLine().Match(line);
            Assert.True(sample.Success, line);
            Assert.StartsWith(family!, sample.Groups[1].Value, StringComparison.Ordinal);
            numbers.Add(sample.Groups[1].Value + sample.Groups[2].Value, double.Parse(sample.Groups[3].Value, System.Globalization.CultureInfo.InvariantCulture));
        }
        return numbers;
    }

    [GeneratedRegex("""^# TYPE ([a-z_]+) (?:counter|gauge|histogram)$""")]
    private static partial Regex TypeLine();

    [GeneratedRegex("""^([a-z_]+)((?:\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})?) (\S+)$""")]
    private static partial Regex SampleLine();

    private static async Task<Collector.Span> FirstAsync(Collector collector, Func<Collector.Span, bool> wanted)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            if (collector.Spans.FirstOrDefault(wanted) is { } found)
                return found;
            await Task.Delay(100, Ct);
        }
        throw new InvalidOperationException("No such span came. There are: " + string.Join("\n", collector.Spans));
    }

    private static Task<Collector.Span> ChildAsync(Collector collector, Collector.Span parent, string name) => FirstAsync(collector, s => s.Parent == parent.Id && s.Name == name);

    private static bool Under(Collector collector, Collector.Span span, Collector.Span above)
    {
        for (Collector.Span? at = span; at is not null; at = collector.Spans.FirstOrDefault(s => s.Id == at.Parent))
        {
            if (at.Id == above.Id)
                return true;
        }
        return false;
    }
}
