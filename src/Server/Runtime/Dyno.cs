using System.Net;
using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>How long a dyno may take.</summary>
internal sealed record DynoTimes
{
    /// <summary>A web process accepts on its port within this, or it is killed (Heroku's R10).</summary>
    public TimeSpan Boot { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Another process that lives this long is up.</summary>
    public TimeSpan Alive { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>One dyno that is kept up: watches its start, its output and its end, whoever started it. Its status is on disk as well, for the next agent.</summary>
internal sealed class Dyno
{
    private const int LinesPerSecond = 5000;
    private static readonly TimeSpan FirstTry = TimeSpan.FromMilliseconds(5), LastTry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstQuestion = TimeSpan.FromMilliseconds(50), LastQuestion = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainFor = TimeSpan.FromSeconds(2), TermAgain = TimeSpan.FromMilliseconds(50);

    private readonly SandboxHost sandboxes;
    private readonly LiveSandbox sandbox;
    private readonly DynoLog log;
    private readonly DynoTimes times;
    private readonly TimeProvider clock;
    private readonly Action<DynoStatus> changed;
    private readonly CancellationTokenSource over = new();
    private readonly Lock one = new();
    private DynoStatus status;
    private bool stopping;
    private string? reason;

    private Dyno(SandboxHost sandboxes, LiveSandbox sandbox, DynoStatus status, PipeStream output, DynoLog log, DynoTimes times, TimeProvider clock, Action<DynoStatus> changed)
    {
        (this.sandboxes, this.sandbox, this.status, this.log, this.times, this.clock, this.changed) = (sandboxes, sandbox, status, log, times, clock, changed);
        Ended = WatchAsync(output);
    }

    public DynoStatus Status => status;

    /// <summary>Done when nothing of it is left on the machine.</summary>
    public Task Ended { get; }

    /// <summary>Begins to watch; <paramref name="changed"/> is told of each new status.</summary>
    public static Dyno Watch(SandboxHost sandboxes, LiveSandbox sandbox, DynoStatus status, PipeStream output, DynoLog log, DynoTimes times, TimeProvider clock, Action<DynoStatus> changed)
    {
        Save(sandbox.Folder, status);
        return new Dyno(sandboxes, sandbox, status, output, log, times, clock, changed);
    }

    public async Task StopAsync(TimeSpan grace, CancellationToken ct)
    {
        lock (one)
            stopping = true;
        var began = clock.GetTimestamp();
        var told = false;
        while (!over.IsCancellationRequested && clock.GetElapsedTime(began) < grace)
        {
            // Right after the start there is nobody inside yet to be told.
            told = told || sandbox.Terminate() > 0;
            var left = grace - clock.GetElapsedTime(began);
            await Task.WhenAny(Ended, Task.Delay(told ? Max(left) : TermAgain, clock, ct));
            ct.ThrowIfCancellationRequested();
        }
        if (!Ended.IsCompleted && !over.IsCancellationRequested)
        {
            reason ??= $"R12: did not exit within {grace.TotalSeconds:0} s of SIGTERM";
            await sandbox.KillAsync();
        }
        await Ended.WaitAsync(ct);
    }

    private static TimeSpan Max(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private async Task WatchAsync(PipeStream output)
    {
        await Task.Yield();
        var reading = ReadOutputAsync(output);
        var booting = status.State == DynoState.Starting ? BootAsync() : Task.CompletedTask;
        var memory = sandboxes.KillWhenOutOfMemoryAsync(sandbox, over.Token);
        var limit = KillWhenTimeIsOverAsync();
        var code = await EndAsync();
        if (sandbox.WasOutOfMemory)
            reason ??= "R15: used more memory than its size has";
        await sandbox.KillAsync();
        await over.CancelAsync();
        await Task.WhenAll(booting, memory, limit);
        await Task.WhenAny(reading, Task.Delay(DrainFor, clock));
        await output.DisposeAsync();
        Change(s => s with { State = stopping || ((code == 0 || status.IsOneOff) && reason is null) ? DynoState.Complete : DynoState.Crashed, ExitCode = code, Reason = reason });
        await sandboxes.ClearAsync(sandbox);
    }

    private async Task<int> EndAsync()
    {
        try
        {
            return await sandbox.EndAsync(CancellationToken.None);
        }
        catch (SandboxNotMadeException e)
        {
            reason ??= e.Message;
            return -1;
        }
    }

    private async Task BootAsync()
    {
        try
        {
            if (!status.IsOneOff && status.Type != "web")
                await Task.Delay(times.Alive, clock, over.Token);
            else if (!status.IsOneOff && !await IsWellInTimeAsync())
                return;
            Change(s => s with { State = DynoState.Up });
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It ended first.
        }
    }

    private async Task KillWhenTimeIsOverAsync()
    {
        if (status.Until is not { } until)
            return;
        // The machine's clock may have been set since.
        var left = status.Limit is { } limit && sandbox.Age is { } age ? limit - age : until - clock.GetUtcNow();
        await Task.Delay(Max(left), clock, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (over.IsCancellationRequested)
            return;
        reason ??= "Ran longer than it may, and was stopped";
        await sandbox.KillAsync();
    }

    private async Task<bool> IsWellInTimeAsync()
    {
        var (before, began) = (sandbox.Age ?? TimeSpan.Zero, clock.GetTimestamp());
        var at = new IPEndPoint(IPAddress.Parse(sandbox.Note.Address), status.Port);
        // Each question is a request in the app's own log: not so often.
        var (pause, longer, last) = status.Health is null ? (FirstTry, 1.05, LastTry) : (FirstQuestion, 1.5, LastQuestion);
        while (await HealthProbe.WhyNotAsync(at, status.Health, over.Token) is { } why)
        {
            if (before + clock.GetElapsedTime(began) > times.Boot)
            {
                // Where it listens instead is an answer only to why it does not accept.
                var advice = why.StartsWith("did not accept", StringComparison.Ordinal) && sandbox.Note.Link is not null ? Listening.Advice(sandbox.Listens, status.Port) : "";
                reason ??= "R10: " + why.Replace("{0}", $"{times.Boot.TotalSeconds:0}", StringComparison.Ordinal) + advice;
                await sandbox.KillAsync();
                return false;
            }
            await Task.Delay(pause, clock, over.Token);
            pause = pause * longer is var next && next < last ? next : last;
        }
        return true;
    }

    /// <summary>Over a quota of lines a second it is read no faster: a dyno that floods waits for its own output, and nobody else does.</summary>
    private async Task ReadOutputAsync(PipeStream output)
    {
        var count = 0;
        var cutter = new LineCutter(text =>
        {
            count++;
            log.Append(status.App, status.Name, clock.GetUtcNow(), text);
        });
        var buffer = new byte[64 * 1024];
        var second = clock.GetTimestamp();
        try
        {
            while (await output.ReadAsync(buffer) is var read and > 0)
            {
                cutter.Add(buffer.AsSpan(0, read));
                var passed = clock.GetElapsedTime(second);
                if (count > LinesPerSecond && passed < TimeSpan.FromSeconds(1) && !over.IsCancellationRequested)
                    await Task.Delay(TimeSpan.FromSeconds(1) - passed, clock);
                if (passed >= TimeSpan.FromSeconds(1) || count > LinesPerSecond)
                    (count, second) = (0, clock.GetTimestamp());
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // Someone outside holds the other end although all inside are dead; waited long enough.
        }
        cutter.End();
    }

    private void Change(Func<DynoStatus, DynoStatus> change)
    {
        lock (one)
        {
            if (status.State is DynoState.Crashed or DynoState.Complete)
                return;
            status = change(status) with { Since = clock.GetUtcNow() };
            Save(sandbox.Folder, status);
        }
        changed(status);
    }

    /// <summary>What the former agent wrote; null for what is no dyno, and for what a power cut took: then nothing of it runs, either.</summary>
    public static DynoStatus? Read(string folder) => OwnNote.Read<DynoStatus>(FileOf(folder));

    private static void Save(string folder, DynoStatus status)
    {
        File.WriteAllText(FileOf(folder) + ".new", JsonSerializer.Serialize(status));
        File.Move(FileOf(folder) + ".new", FileOf(folder), overwrite: true);
    }

    private static string FileOf(string folder) => Path.Combine(folder, "dyno.json");
}
