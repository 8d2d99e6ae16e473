using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Http.Headers;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>One promotion to a hundred apps of which nothing runs: what the platform itself costs, without anyone's boot.</summary>
internal sealed class PromotionBench(BenchServer server)
{
    private const int Targets = 100, Rounds = 5;
    private const string Source = "bench-staging";
    private readonly List<TimeSpan> accepted = [], completed = [], together = [];

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        await using var server = await BenchServer.StartAsync(ct);
        var bench = new PromotionBench(server);
        await bench.MakePipelineAsync(ct);
        for (var i = 0; i <= Rounds; i++)
        {
            await bench.RoundAsync(allOrNothing: false, isWarmUp: i == 0, ct);
            await bench.RoundAsync(allOrNothing: true, isWarmUp: i == 0, ct);
        }
        return
        [
            Row.AtMost($"promotion to {Targets} apps scaled to 0 → accepted", Row.Median(bench.accepted).TotalMilliseconds, 100, "ms"),
            Row.AtMost("the same, accepted → completed", Row.Median(bench.completed).TotalMilliseconds, 2000, "ms"),
            Row.AtMost("the same, all or nothing", Row.Median(bench.together).TotalMilliseconds, 2000, "ms"),
        ];
    }

    private async Task MakePipelineAsync(CancellationToken ct)
    {
        await server.Client.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new CreatePipelineWire("bench"), ct);
        foreach (var (name, stage) in Enumerable.Range(0, Targets).Select(i => (Target(i), "production")).Prepend((Source, "staging")))
        {
            await server.Client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire(name), ct);
            await server.Client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire(name, "bench", stage), ct);
        }
        // A worker is scaled to 0 until someone asks for it.
        var slug = await server.Client.PostAsync<CreateSlugWire, SlugWire>($"/apps/{Source}/slugs", new CreateSlugWire(new Dictionary<string, string> { ["worker"] = "sh work.sh" }), ct);
        await UploadAsync(slug.Blob.Url, ct);
        await server.Client.PostAsync<CreateReleaseWire, ReleaseWire>($"/apps/{Source}/releases", new CreateReleaseWire(Slug: slug.Id.ToString()), ct);
        while (!(await server.Client.ListAsync<ReleaseWire>($"/apps/{Source}/releases", ct)).Any(r => r is { Current: true, Slug: not null }))
            await Task.Delay(10, ct);
    }

    private async Task RoundAsync(bool allOrNothing, bool isWarmUp, CancellationToken ct)
    {
        var asked = new CreatePromotionWire(
            new PromotionFromWire(new AppRefWire(Source)), [.. Enumerable.Range(0, Targets).Select(i => new PromotionToWire(new AppRefWire(Target(i))))], AllOrNothing: allOrNothing);
        var start = Stopwatch.GetTimestamp();
        var made = await server.Client.PostAsync<CreatePromotionWire, PromotionWire>("/pipeline-promotions", asked, ct);
        var accept = Stopwatch.GetElapsedTime(start);
        while ((await server.Client.GetAsync<PromotionWire>($"/pipeline-promotions/{made.Id}", ct)).Status != "completed")
            await Task.Delay(20, ct);
        var complete = Stopwatch.GetElapsedTime(start) - accept;
        var targets = await server.Client.ListAsync<PromotionTargetWire>($"/pipeline-promotions/{made.Id}/promotion-targets", ct);
        if (targets.Count != Targets || targets.FirstOrDefault(t => t.Status != "succeeded") is not null)
            throw new IOException($"The promotion went wrong: {targets.FirstOrDefault(t => t.Status != "succeeded")}");
        if (isWarmUp)
            return;
        (allOrNothing ? together : completed).Add(complete);
        accepted.Add(accept);
    }

    private static async Task UploadAsync(string url, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        await using (var zip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(zip))
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "app/work.sh") { DataStream = new MemoryStream("exec sleep 1000\n"u8.ToArray()) }, ct);
        using var http = new HttpClient();
        using var content = new ByteArrayContent(bytes.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/gzip") } };
        using var answer = await http.PutAsync(url, content, ct);
        answer.EnsureSuccessStatusCode();
    }

    private static string Target(int i) => $"bench-{i:000}";
}
