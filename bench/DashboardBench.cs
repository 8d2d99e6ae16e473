using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>The dashboard as a browser meets it: the first page with much and with little in it, what a first visit transfers, and how soon a card tells what happened.</summary>
internal sealed partial class DashboardBench(BenchServer server) : IDisposable
{
    private const int WarmUp = 10, Rounds = 50, Changes = 20;

    private readonly HttpClient browser = SignedIn(server);

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        await using var few = await ScaleBench.FilledAsync(10, ct);
        await using var many = await ScaleBench.FilledAsync(1000, ct);
        using var small = new DashboardBench(few);
        using var large = new DashboardBench(many);
        var (smallPages, largePages) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = -WarmUp; i < Rounds; i++)
        {
            var (one, other) = (await small.FirstPageAsync(ct), await large.FirstPageAsync(ct));
            if (i < 0)
                continue;
            smallPages.Add(one);
            largePages.Add(other);
        }

        var (all, scripts) = await large.FirstVisitAsync(ct);
        var (live, asked) = await large.ChangesAsync(ct);
        return
        [
            Row.Within("first page with 1,000 pipelines and 10,000 apps, against 10 and 100", largePages, smallPages, TimeSpan.FromMilliseconds(100)),
            Row.AtMost("a first visit, transferred", all, 150, "KB"),
            Row.AtMost("scripts of it", scripts, 30, "KB"),
            Row.Within("maintenance turned on → its card says so, against the request itself", live, asked, TimeSpan.FromSeconds(1)),
            .. await new BuildsLive(many, large.browser).RunAsync(ct),
        ];
    }

    public void Dispose() => browser.Dispose();

    /// <summary>The cookie is what a sign-in leaves: a key.</summary>
    private static HttpClient SignedIn(BenchServer server)
    {
        var client = BenchServer.Loopback(server.Address.Port);
        client.BaseAddress = server.Address;
        client.DefaultRequestHeaders.Add("Cookie", $"sluice-{server.Address.Port}={server.Key}");
        client.DefaultRequestHeaders.Add("Accept-Encoding", "gzip");
        return client;
    }

    private async Task<TimeSpan> FirstPageAsync(CancellationToken ct)
    {
        var start = Stopwatch.GetTimestamp();
        using var answer = await browser.GetAsync("/dashboard", ct);
        await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(ct);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>The page and all that it is made of, in kilobytes as they go over the wire.</summary>
    private async Task<(double All, double Scripts)> FirstVisitAsync(CancellationToken ct)
    {
        using var answer = await browser.GetAsync("/dashboard", ct);
        var page = await answer.Content.ReadAsByteArrayAsync(ct);
        var (all, scripts) = (page.Length, 0);
        foreach (var asset in Asset().Matches(Unzipped(page)).Select(match => match.Value).Distinct())
        {
            var bytes = (await browser.GetByteArrayAsync(asset, ct)).Length;
            (all, scripts) = (all + bytes, scripts + (asset.EndsWith(".js", StringComparison.Ordinal) ? bytes : 0));
        }

        return (all / 1024.0, scripts / 1024.0);
    }

    /// <summary>From the request that changes an app to the markup of its card in the stream of a page that is open.</summary>
    private async Task<(List<TimeSpan> Live, List<TimeSpan> Asked)> ChangesAsync(CancellationToken ct)
    {
        var pipeline = (await server.Client.PageAsync<CouplingWire>("/pipeline-couplings", "id ..; max=1", ct))[0];
        using var follow = new HttpRequestMessage(HttpMethod.Get, $"/dashboard/pipelines/{pipeline.Pipeline.Id}/live");
        using var answer = await browser.SendAsync(follow, HttpCompletionOption.ResponseHeadersRead, ct);
        using var lines = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        var (live, asked) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < Changes; i++)
        {
            var isOn = i % 2 == 0;
            await Task.Delay(TimeSpan.FromMilliseconds(300 + (37 * i)), ct);   // not in step with the server's own looks
            var start = Stopwatch.GetTimestamp();
            await MaintainAsync(pipeline.App.Id, isOn, ct);
            asked.Add(Stopwatch.GetElapsedTime(start));
            await UntilAsync(lines, $"card-{pipeline.App.Id}", "Maintenance is on", isOn, ct);
            live.Add(Stopwatch.GetElapsedTime(start));
        }

        return (live, asked);
    }

    private async Task MaintainAsync(Guid app, bool isOn, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/apps/{app}")
        {
            Headers = { Authorization = new("Bearer", server.Key) },
            Content = new StringContent($$"""{"maintenance":{{(isOn ? "true" : "false")}}}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await browser.SendAsync(request, ct);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Reads until a card came that has a text, or has it no more; answers when.</summary>
    public static async Task<DateTimeOffset> UntilAsync(StreamReader lines, string card, string text, bool isThere, CancellationToken ct)
    {
        var (isCard, said) = (false, false);
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                (isCard, said) = (line[7..] == card, false);
            said |= line.Contains(text, StringComparison.Ordinal);
            if (line.Length == 0 && isCard && said == isThere)
                return TimeProvider.System.GetUtcNow();
        }

        throw new IOException("The page's stream ended.");
    }

    private static string Unzipped(byte[] page)
    {
        using var plain = new StreamReader(new System.IO.Compression.GZipStream(new MemoryStream(page), System.IO.Compression.CompressionMode.Decompress));
        return page is [0x1f, 0x8b, ..] ? plain.ReadToEnd() : Encoding.UTF8.GetString(page);
    }

    [GeneratedRegex("/dashboard/assets/[^\"]+")]
    private static partial Regex Asset();
}
