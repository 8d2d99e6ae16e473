using System.Text;
using Sluice.Accounts;
using Sluice.Api;

namespace Sluice.Dashboard.Live;

/// <summary>A page's parts now, and what they are made of.</summary>
internal sealed record Snapshot(IReadOnlyList<Part> Parts, Interests Interests);

/// <summary>
/// Keeps one open page up to date: makes its parts anew when something happened, and sends those that differ. What the page has already is not sent again, after a
/// lost connection neither. Whether one may still see it is asked each time.
/// </summary>
internal sealed class LiveStream(Happenings happenings, Session session, Visit visit, TimeProvider clock)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <param name="seen">Key of all parts as the page has them.</param>
    public async Task SendAsync(HttpContext http, string? seen, Func<Principal, Task<Snapshot>> look, CancellationToken ct)
    {
        using var watcher = happenings.Watch();
        var now = await look(visit.Who!);
        await StreamsApi.BeginAsync(http, "text/event-stream; charset=utf-8", ct);
        await WriteAsync(http, "retry: 1000\n\n", ct);
        var sent = Part.KeyOf(now.Parts) == seen ? now.Parts.ToDictionary(p => p.Name, p => p.Key, StringComparer.Ordinal) : [];
        while (true)
        {
            foreach (var part in now.Parts.Where(p => sent.GetValueOrDefault(p.Name) != p.Key))
                await WriteAsync(http, part.Event, ct);
            sent = now.Parts.ToDictionary(p => p.Name, p => p.Key, StringComparer.Ordinal);
            // Something may have happened between the look and the moment that it began to interest us: then look once more.
            var isNew = !now.Interests.Ids.SetEquals(watcher.Interests.Ids) || !now.Interests.Files.SequenceEqual(watcher.Interests.Files);
            watcher.Interests = now.Interests;
            while (!isNew && !await watcher.NextAsync(KeepAlive, clock, ct))
                await WriteAsync(http, ":\n\n", ct);
            if (await session.WhoAsync(http, visit.RequestId, ct) is not { } who)
                return;
            now = await look(who);
        }
    }

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken ct)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await http.Response.Body.FlushAsync(ct);
    }
}
