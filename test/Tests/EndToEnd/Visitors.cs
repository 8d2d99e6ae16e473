using System.Collections.Concurrent;

namespace Sluice.Tests.EndToEnd;

/// <summary>People who look at an app all the time, some fifty times a second, and write down every look that did not get the app's own answer.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    public const int People = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(80);

    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly CancellationTokenSource closing = new();
    private readonly ConcurrentQueue<string> lost = new();
    private readonly Task[] visiting;
    private int visits;

    public Visitors(Uri server, string app) =>
        visiting = [.. Enumerable.Range(0, People).Select(_ => VisitAsync(new Uri($"http://127.0.0.1:{server.Port}/"), $"{app}.localhost:{server.Port}"))];

    public int Visits => visits;

    /// <summary>What was seen instead of the app.</summary>
    public IReadOnlyCollection<string> Lost => lost;

    public async Task StopAsync()
    {
        await closing.CancelAsync();
        await Task.WhenAll(visiting);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        closing.Dispose();
    }

    private async Task VisitAsync(Uri address, string host)
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Host = host } };
                using var answer = await http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                if (!answer.IsSuccessStatusCode)
                    lost.Enqueue($"visit {visits}: {(int)answer.StatusCode} {text[..Math.Min(text.Length, 300)]}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                lost.Enqueue($"visit {visits}: {e.Message} {e.InnerException?.Message}");
            }
            Interlocked.Increment(ref visits);
            await Task.Delay(Pause);
        }
    }
}
