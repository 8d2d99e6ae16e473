using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>How soon the card of an app tells of its builds: the times are those that the server wrote into the build itself, so that nothing but the way to the page counts.</summary>
internal sealed class BuildsLive(BenchServer server, HttpClient browser)
{
    private const int Builds = 7;

    /// <summary>Runs for a second and fails, so that no release follows.</summary>
    private const string Package = """{ "scripts": { "heroku-postbuild": "sleep 1; exit 1" } }""";

    public async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        var pipeline = (await server.Client.PageAsync<CouplingWire>("/pipeline-couplings", "id ..; max=1", ct))[0].Pipeline.Id;
        var app = await server.Client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire("built"), ct);
        await server.Client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire("built", pipeline.ToString(), "staging"), ct);
        using var follow = new HttpRequestMessage(HttpMethod.Get, $"/dashboard/pipelines/{pipeline}/live");
        using var answer = await browser.SendAsync(follow, HttpCompletionOption.ResponseHeadersRead, ct);
        using var lines = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        var (begun, ended, asked) = (new List<TimeSpan>(), new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < Builds; i++)
        {
            var source = await server.Client.PostAsync<SourceWire>("/sources", ct);
            using var put = await browser.PutAsync(source.SourceBlob.PutUrl, new ByteArrayContent(await ArchiveAsync(ct)), ct);
            put.EnsureSuccessStatusCode();
            await Task.Delay(TimeSpan.FromMilliseconds(37 * i), ct);   // not in step with the server's own looks
            var before = TimeProvider.System.GetUtcNow();
            var build = await server.Client.PostAsync<CreateBuildWire, BuildWire>($"/apps/{app.Id}/builds", new CreateBuildWire(new SourceBlobWire(source.SourceBlob.GetUrl)), ct);
            asked.Add(TimeProvider.System.GetUtcNow() - before);
            var shown = await DashboardBench.UntilAsync(lines, $"card-{app.Id}", build.Id.ToString(), isThere: true, ct);
            begun.Add(shown - build.CreatedAt);
            var gone = await DashboardBench.UntilAsync(lines, $"card-{app.Id}", build.Id.ToString(), isThere: false, ct);
            ended.Add(gone - (await server.Client.GetAsync<BuildWire>($"/apps/{app.Id}/builds/{build.Id}", ct)).UpdatedAt);
        }

        return
        [
            Row.Within("a build is asked for → its app's card says so, against the request itself", begun, asked, TimeSpan.FromSeconds(1)),
            Row.Within("a build has ended → its app's card says so", ended, asked, TimeSpan.FromSeconds(1)),
        ];
    }

    private static async Task<byte[]> ArchiveAsync(CancellationToken ct)
    {
        using var archive = new MemoryStream();
        await using (var zip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(zip))
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "package.json") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(Package)) }, ct);
        return archive.ToArray();
    }
}
