using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace Sluice.Soak;

/// <summary>
/// git's smart HTTP as no git speaks it: packet lines of wrong lengths, packs that are cut or lie about their count, refs with names that no ref may have. No
/// 500, no hanging, and after all of it the repository's refs are as they were.
/// </summary>
internal sealed class GitFuzz(Uri server, string key, string app, int seed)
{
    private const string Zero = "0000000000000000000000000000000000000000", Some = "1111111111111111111111111111111111111111";
    private static readonly string[] Refs =
    [
        "refs/heads/main", "refs/heads/master", "refs/heads/$(touch x)", "refs/heads/-x", "refs/heads/../../config", "HEAD", "refs/slugs/" + Some, "refs/heads/main.lock", "refs/heads/a b", "refs/tags/v1", "x", "", "refs/heads/" + "é",
        "refs/heads/main\n", "refs/heads/.hidden", "refs/notes/commits", "refs/heads/@{0}", "refs/heads/main~1",
    ];
    private static readonly string[] Capabilities = ["report-status", "report-status-v2 side-band-64k object-format=sha1 agent=git/2.39", "atomic push-options", "delete-refs", "object-format=sha256", "multi_ack thin-pack ofs-delta", "", "filter", "push-cert=x"];

    private readonly ConcurrentQueue<string> faults = new();
    private readonly ConcurrentDictionary<int, int> statuses = new();
    private int sent;

    public int Sent => Volatile.Read(ref sent);
    public IReadOnlyCollection<string> Faults => faults;
    public IReadOnlyDictionary<int, int> Statuses => statuses;

    public async Task RunAsync(int count, int atOnce, CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server, Timeout = TimeSpan.FromSeconds(120) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"fuzz:{key}")));
        var before = await RefsAsync(http, ct);
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async worker =>
        {
            var random = new Random(unchecked((seed * 486187739) + worker));
            for (var i = 0; i < count / atOnce && faults.Count < 20; i++)
                await SendAsync(http, random, ct);
        }));
        if (await RefsAsync(http, ct) is var after && after != before)
            faults.Enqueue($"refs were\n{before}\nand are\n{after}");
    }

    private async Task<string> RefsAsync(HttpClient http, CancellationToken ct) => await http.GetStringAsync($"/{app}.git/info/refs?service=git-upload-pack", ct);

    private async Task SendAsync(HttpClient http, Random random, CancellationToken ct)
    {
        var kind = random.Next(8);
        using var request = kind switch
        {
            0 => new HttpRequestMessage(HttpMethod.Get, $"/{app}.git/info/refs{Pick(random, ["?service=git-upload-pack", "?service=git-receive-pack", "?service=git-evil", "", "?service=git-upload-pack&service=git-receive-pack", "?service=%00"])}"),
            1 => new HttpRequestMessage(Pick(random, [HttpMethod.Get, HttpMethod.Post]), $"/{Pick(random, [app, "nobody", "..", app + ".git", "%2e%2e"])}.git/{Pick(random, ["HEAD", "config", "objects/info/packs", "git-upload-archive", "info/refs/x", "hooks/pre-receive"])}"),
            2 or 3 => new HttpRequestMessage(HttpMethod.Post, $"/{app}.git/git-upload-pack") { Content = Body(random, Fetch(random)) },
            _ => new HttpRequestMessage(HttpMethod.Post, $"/{app}.git/git-receive-pack") { Content = Body(random, Push(random)) },
        };
        if (random.Next(3) == 0)
            request.Headers.TryAddWithoutValidation("Git-Protocol", Pick(random, ["version=2", "version=1", "version=99", "version=2:evil=$(id)", "--upload-pack=x", "\u007f"]));
        try
        {
            using var answer = await http.SendAsync(request, ct);
            await answer.Content.ReadAsByteArrayAsync(ct);
            var status = (int)answer.StatusCode;
            statuses.AddOrUpdate(status, 1, (_, n) => n + 1);
            if (status is >= 500 and not 501)
                faults.Enqueue($"{request.Method} {request.RequestUri}: {status} {await answer.Content.ReadAsStringAsync(ct)}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            faults.Enqueue($"{request.Method} {request.RequestUri} of kind {kind}: {e.Message} {e.InnerException?.Message}");
        }
        Interlocked.Increment(ref sent);
    }

    private static byte[] Fetch(Random random)
    {
        var text = new StringBuilder();
        if (random.Next(2) == 0)
            text.Append(Line(random, $"command={Pick(random, ["ls-refs", "fetch", "object-info", "evil"])}\n")).Append(Line(random, "agent=x")).Append("0001").Append(Line(random, Pick(random, ["peel\n", $"want {Some}\n", "ref-prefix refs/\n", "filter tree:0\n"])));
        for (var count = random.Next(4); count > 0; count--)
            text.Append(Line(random, $"{Pick(random, ["want", "have", "shallow", "deepen", "done", "x"])} {Pick(random, [Some, Zero, "HEAD", "-1", "zz"])} {Pick(random, Capabilities)}\n"));
        return Encoding.Latin1.GetBytes(text.Append(Pick(random, ["0000", "0001", "0009done\n", "00000009done\n", ""])).ToString());
    }

    private static byte[] Push(Random random)
    {
        var text = new StringBuilder();
        for (var count = 1 + random.Next(3); count > 0; count--)
            text.Append(Line(random, $"{Pick(random, [Zero, Some, "zz"])} {Pick(random, [Some, Zero, Some])} {Pick(random, Refs)}\0{Pick(random, Capabilities)}"));
        text.Append(random.Next(8) == 0 ? "" : "0000");
        byte[] head = Encoding.Latin1.GetBytes(text.ToString());
        var pack = new byte[random.Next(400)];
        random.NextBytes(pack);
        byte[] count4 = [0, 0, 0, (byte)random.Next(4)];
        return random.Next(6) switch
        {
            0 => head,
            1 => [.. head, .. pack],
            2 => [.. head, .. "PACK"u8, 0, 0, 0, 2, 255, 255, 255, 255, .. pack],
            3 => [.. head, .. "PACK"u8, 0, 0, 0, 9, .. count4],
            _ => [.. head, .. "PACK"u8, 0, 0, 0, 2, .. count4, .. pack],
        };
    }

    private static string Line(Random random, string text)
    {
        var length = random.Next(10) switch { 0 => random.Next(70_000), 1 => random.Next(6), 2 => text.Length, _ => text.Length + 4 };
        return random.Next(30) == 0 ? "zzzz" + text : (length & 0xffff).ToString("x4", CultureInfo.InvariantCulture) + text;
    }

    private static ByteArrayContent Body(Random random, byte[] bytes)
    {
        if (random.Next(5) == 0 && bytes.Length > 0)
            bytes = bytes[..random.Next(bytes.Length)];
        var zipped = random.Next(5);
        if (zipped == 0)
        {
            using var packed = new MemoryStream();
            using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                zip.Write(bytes);
            bytes = packed.ToArray();
            if (random.Next(3) == 0)
                bytes = bytes[..(bytes.Length / 2)];
        }
        var content = new ByteArrayContent(bytes);
        if (zipped is 0 or 1)
            content.Headers.TryAddWithoutValidation("Content-Encoding", "gzip");
        content.Headers.TryAddWithoutValidation("Content-Type", "application/x-git-receive-pack-request");
        return content;
    }

    private static T Pick<T>(Random random, T[] of) => of[random.Next(of.Length)];
}
