using System.Text;
using System.Threading.Channels;
using Sluice.Logs;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>A one-off dyno with somebody at its other end: what they type goes in, what it prints comes out, and when one goes so does the other.</summary>
internal sealed class Attached(OneOffs all, IRuntime runtime, AppLogs logs, TimeProvider clock, OneOffPlan plan, DynoStatus status)
{
    /// <summary>What clients send in the place of an end when there is no terminal; a byte of data may look the same, but something comes after it.</summary>
    private const byte EndOfInput = 4;
    private static readonly TimeSpan SilenceAfterEnd = TimeSpan.FromMilliseconds(500);

    /// <summary>Read ahead of the program, so that a caller's leaving is noticed while it does not read.</summary>
    private const int AheadChunks = 64;
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Runs it to its end, or until the caller leaves or <paramref name="ct"/> ends it, which is told to them in a sentence.</summary>
    /// <param name="client">Both ways; the caller's bytes as they are.</param>
    public async Task RunAsync(Stream client, CancellationToken ct)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Say($"Starting process with command `{plan.Command}` by user {plan.By}");
        var typing = TypeAsync(client, started.Task, over.Token);
        try
        {
            var exit = await runtime.RunAsync(plan.Run(status.Id, status.Name), async bytes =>
            {
                if (started.TrySetResult())
                    Up();
                await GiveAsync(client, bytes, over);
            }, over.Token);
            Say($"Process exited with status {exit.Code}");
            Say("State changed from up to complete");
            await TellAsync(client, Sentence(exit) + (plan.TellsExit ? Mark(exit.Code) : ""));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Say("Stopped: its caller left");
        }
        catch (OperationCanceledException)
        {
            Say("Stopped: the platform restarts, or its caller may not run it any more");
            await TellAsync(client, Line("Sluice restarts, or you may not run this any more: it was ended. Run it again."));
        }
        catch (AgentException e)
        {
            Say($"Platform error: {e.Message}");
            await TellAsync(client, Line($"Platform error: {e.Message} It was ended; run it again."));
        }
        finally
        {
            all.Lost(status.Id);
            await over.CancelAsync();
            await typing;
        }
    }

    private static async Task GiveAsync(Stream client, ReadOnlyMemory<byte> bytes, CancellationTokenSource over)
    {
        try
        {
            await client.WriteAsync(bytes, over.Token);
        }
        catch (IOException)
        {
            await over.CancelAsync();   // nobody is there to read it
        }
    }

    private void Up()
    {
        all.See(status with { State = DynoState.Up, Since = clock.GetUtcNow() });
        Say("State changed from starting to up");
    }

    /// <summary>Until the caller leaves, which ends the dyno, or the dyno has ended.</summary>
    private async Task TypeAsync(Stream client, Task started, CancellationToken over)
    {
        var ahead = Channel.CreateBounded<byte[]>(AheadChunks);
        var passing = PassAsync(ahead.Reader, started, over);
        try
        {
            var buffer = new byte[ChunkBytes];
            while (await client.ReadAsync(buffer, over) is var count and > 0)
                await ahead.Writer.WriteAsync(buffer[..count], over);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The caller left without a word, or nobody reads any more.
        }
        finally
        {
            ahead.Writer.TryComplete();
        }

        if (!over.IsCancellationRequested)
            await QuietlyAsync(() => runtime.StopAsync(status.Id, OneOffs.Grace, over));
        await passing;
    }

    private async Task PassAsync(ChannelReader<byte[]> chunks, Task started, CancellationToken over) => await QuietlyAsync(async () =>
    {
        await started.WaitAsync(over);
        var isHeld = false;
        while (true)
        {
            var more = chunks.WaitToReadAsync(over).AsTask();
            if (isHeld && await Task.WhenAny(more, Task.Delay(SilenceAfterEnd, clock, over)) != more)
            {
                await runtime.TypeAsync(status.Id, default, isEnd: true, over);
                return;
            }

            if (!await more)
                return;
            while (chunks.TryRead(out var chunk))
            {
                if (isHeld)
                    chunk = [EndOfInput, .. chunk];
                isHeld = plan.Terminal is null && chunk[^1] == EndOfInput;
                await runtime.TypeAsync(status.Id, isHeld ? chunk.AsMemory(0, chunk.Length - 1) : chunk, isEnd: false, over);
            }
        }
    });

    /// <summary>What fails here fails where the dyno is run, too, and is told there.</summary>
    private static async Task QuietlyAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is AgentException or OperationCanceledException)
        {
            // See above.
        }
    }

    private string Sentence(SandboxExit exit) => exit switch
    {
        { TimedOut: true } => Line($"{status.Name} ran for {plan.Limit.TotalHours:0.##} h, which is as long as it may, and was ended."),
        { OutOfMemory: true } => Line($"{status.Name} used more memory than its size {plan.Size} has, and was ended (R15)."),
        _ => "",
    };

    private static string Line(string sentence) => $"\r\n{sentence}\r\n";

    private static string Mark(int code) => $"\uFFFF heroku-command-exit-status: {code}\n";

    private static async Task TellAsync(Stream client, string text)
    {
        try
        {
            await client.WriteAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
        }
        catch (IOException)
        {
            // The caller left just before.
        }
    }

    private void Say(string text) => logs.Say(plan.App, status.Name, text);
}
