using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Sluice.Wire;

namespace Sluice.Soak;

/// <summary>Five apps that take all they can get of one thing each, made as slugs by hand and scaled to one worker.</summary>
internal static class HostileApps
{
    public static readonly (string Name, string Work)[] Five =
    [
        ("hog-cpu", "for i in 1 2 3 4; do (while :; do :; done) & done; wait"),
        ("hog-memory", "while :; do tail /dev/zero; done"),
        ("hog-forks", "while :; do (sleep 1000 &) 2>/dev/null; done"),
        ("hog-disk", "while :; do dd if=/dev/zero of=/app/fill bs=1M count=4096 2>/dev/null; dd if=/dev/zero of=/tmp/fill bs=1M count=4096 2>/dev/null; rm -f /app/fill /tmp/fill; done"),
        ("hog-log", "yes 'a line of the log of an app that has nothing to say but says it all the time'"),
    ];

    /// <summary>Returns when all five were started.</summary>
    public static async Task StartAsync(SluiceClient client, CancellationToken ct)
    {
        foreach (var (name, work) in Five)
        {
            await client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire(name), ct);
            await ReleaseAsync(client, name, work, ct);
            await client.PatchAsync<UpdateFormationWire, IReadOnlyList<FormationWire>>($"/apps/{name}/formation", new UpdateFormationWire([new FormationUpdateWire("worker", "1")]), ct);
        }
    }

    public static async Task StopAsync(SluiceClient client, CancellationToken ct)
    {
        foreach (var (name, _) in Five)
            await client.DeleteAsync($"/apps/{name}", ct);
    }

    /// <summary>A release whose one process type, <c>worker</c>, runs <paramref name="work"/>.</summary>
    public static async Task ReleaseAsync(SluiceClient client, string app, string work, CancellationToken ct)
    {
        var slug = await client.PostAsync<CreateSlugWire, SlugWire>($"/apps/{app}/slugs", new CreateSlugWire(new Dictionary<string, string> { ["worker"] = "sh work.sh" }), ct);
        await UploadAsync(slug.Blob.Url, work, ct);
        await client.PostAsync<CreateReleaseWire, ReleaseWire>($"/apps/{app}/releases", new CreateReleaseWire(Slug: slug.Id.ToString()), ct);
        while (!(await client.ListAsync<ReleaseWire>($"/apps/{app}/releases", ct)).Any(r => r is { Current: true, Slug: not null }))
            await Task.Delay(10, ct);
    }

    private static async Task UploadAsync(string url, string work, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        await using (var zip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new TarWriter(zip))
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "app/work.sh") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(work + "\n")) }, ct);
        using var http = new HttpClient();
        using var content = new ByteArrayContent(bytes.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/gzip") } };
        using var answer = await http.PutAsync(url, content, ct);
        answer.EnsureSuccessStatusCode();
    }
}
