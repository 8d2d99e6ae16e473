using System.Text;
using Sluice.Runtime;

namespace Sluice.Bench;

/// <summary>A program beside us; what it says is kept for the case that it fails. Disposing asks it to end, and waits.</summary>
internal sealed class Started : IAsyncDisposable
{
    private const int SigTerm = 15, SigKill = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Resolution of every wait. Much shorter, and the asking itself takes the processors from what is asked.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly RunningCommand running;
    private readonly Command command;
    private readonly StringBuilder said = new();
    private readonly Task reading;

    public Started(Command command)
    {
        this.command = command;
        running = Shell.Start(command);
        reading = Task.WhenAll(KeepAsync(running.Output), KeepAsync(running.Errors));
    }

    /// <summary>Waits until it answers <paramref name="url"/> with 200.</summary>
    public async Task AnswersAsync(HttpClient http, Uri url, CancellationToken ct) => await UntilAsync(async () =>
    {
        try
        {
            using var answer = await http.GetAsync(url, ct);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }, ct);

    public async Task UntilAsync(Func<Task<bool>> holds, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        while (!await holds())
        {
            if (running.Exit.IsCompleted)
                throw new IOException($"`{command}` ended with {await running.Exit}: {Said}");
            await Task.Delay(Look, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        running.Signal(SigTerm);
        await Task.WhenAny(running.Exit, Task.Delay(Patience));
        running.Signal(SigKill);
        await running.Exit;
        await reading;   // before the pipes are closed
        await running.DisposeAsync();
    }

    private string Said
    {
        get
        {
            lock (said)
                return said.ToString();
        }
    }

    private async Task KeepAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (said)
                said.AppendLine(line);
        }
    }
}
