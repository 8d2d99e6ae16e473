using Sluice.Jobs;

namespace Sluice.Router;

/// <summary>
/// The router's end of <see cref="RouterClient"/>: HTTP on a Unix socket that only the server's user may open.
/// <c>PUT /table</c>, <c>GET /table</c>, <c>PUT /certificates</c>, <c>GET /certificates</c> (their digest), the same for <c>/challenges</c>, <c>GET /drained/DYNO?ms=N</c>, <c>GET /lines</c>,
/// <c>GET /counts</c>, <c>GET /ready</c>.
/// </summary>
internal sealed class RouterControl(DataFolder data, LiveTable table, SavedTable saved, UploadedCertificates certificates, Challenges challenges, RequestLines lines, RequestCounts counts, TimeProvider clock, CancellationToken stopping)
{
    /// <summary>Lines go in batches: sent one by one they would cost more than the requests that they tell of.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10), Gather = TimeSpan.FromMilliseconds(20);

    public Task HandleAsync(HttpContext http) => (http.Request.Method, http.Request.Path.Value!.Split('/')[1]) switch
    {
        ("GET", "ready") => Task.CompletedTask,
        ("GET", "table") => http.Response.WriteAsJsonAsync(table.Table, RouterClient.Json, http.RequestAborted),
        ("PUT", "table") => TakeTableAsync(http),
        ("PUT", "certificates") => TakeAsync(http, certificates.Replace),
        ("GET", "certificates") => http.Response.WriteAsync(certificates.Digest, http.RequestAborted),
        ("PUT", "challenges") => TakeAsync(http, challenges.Replace),
        ("GET", "challenges") => http.Response.WriteAsync(challenges.Digest, http.RequestAborted),
        ("GET", "drained") => WaitForDrainAsync(http),
        ("GET", "counts") => http.Response.WriteAsJsonAsync(counts.Now(), RouterClient.Json, http.RequestAborted),
        ("GET", "lines") => SendLinesAsync(http),
        _ => NotFound(http),
    };

    private async Task TakeTableAsync(HttpContext http)
    {
        if (long.TryParse(http.Request.Headers[ServerTerm.Header].ToString(), out var term) && ServerTerm.IsStale(data, term))
        {
            http.Response.StatusCode = StatusCodes.Status410Gone;
            await http.Response.WriteAsync(ServerTerm.Sentence, http.RequestAborted);
            return;
        }
        var next = await http.Request.ReadFromJsonAsync<RouteTable>(RouterClient.Json, http.RequestAborted);
        if (next is { Number: > 0 } && table.Replace(next, saved.Save))
            return;
        http.Response.StatusCode = StatusCodes.Status409Conflict;
        await http.Response.WriteAsync($"The router has table {table.Table.Number} and does not take {next?.Number}.", http.RequestAborted);
    }

    private static async Task TakeAsync(HttpContext http, Action<byte[]> replace)
    {
        using var text = new MemoryStream();
        await http.Request.Body.CopyToAsync(text, http.RequestAborted);
        replace(text.ToArray());
    }

    private async Task WaitForDrainAsync(HttpContext http)
    {
        var dyno = new DynoId(Guid.Parse(http.Request.Path.Value!.Split('/')[2]));
        var end = clock.Monotonic + TimeSpan.FromMilliseconds(long.Parse(http.Request.Query["ms"]!));
        while (table.InFlightTo(dyno) > 0 && clock.Monotonic < end)
            await Task.Delay(Look, clock, http.RequestAborted);
        await http.Response.WriteAsJsonAsync(table.InFlightTo(dyno) == 0, RouterClient.Json, http.RequestAborted);
    }

    private async Task SendLinesAsync(HttpContext http)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        await http.Response.StartAsync(end.Token);
        await http.Response.Body.FlushAsync(end.Token);
        try
        {
            while (true)
            {
                foreach (var block in await lines.TakeAsync(end.Token))
                    await http.Response.Body.WriteAsync(block, end.Token);
                await http.Response.Body.FlushAsync(end.Token);
                await Task.Delay(Gather, clock, end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The listener left, or this router stops: the next listener gets what still waits.
        }
    }

    private static Task NotFound(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
