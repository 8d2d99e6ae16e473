using System.Text;
using Sluice.Builds;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Sources;
using Sluice.Storage;

namespace Sluice.Git;

/// <summary>How large a push may be, and where our hook is.</summary>
internal sealed record PushOptions(string HooksPath, long MaxBytes);

/// <summary>
/// One push from its first byte to its last: <c>git receive-pack</c> takes the objects into quarantine and calls our hook, which waits while the
/// commit is built and released; its exit code decides whether the ref moves.
/// </summary>
/// <code>
/// request ─► receive-pack ─► hook ─► Deployment (check, build, release) ─► exit 0 | 1 ─► ref moves | stays
///                  └──► response, with what the hook prints
/// </code>
internal sealed partial class Pushes(
    Repositories repositories, RepositoryCare care, Turns turns, PushQueue queue, Deployment deployment, PushOptions options, DataFolder data, IHostApplicationLifetime host, ILogger<Pushes> log)
{
    /// <summary>The band of git's protocol that clients show after <c>remote:</c>.</summary>
    public const byte ForPeople = 2;
    private static readonly TimeSpan EndByItself = TimeSpan.FromSeconds(2);

    public async Task ReceiveAsync(GitPass pass, HttpContext http, Stream body, CancellationToken gone)
    {
        using var line = new HookLine(data);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(gone, host.ApplicationStopping);
        var repository = repositories.Open(pass.App.Id);
        var command = GitCommand.In(repository, ["receive-pack", "--stateless-rpc", repository],
            ("core.hooksPath", options.HooksPath), ("receive.maxInputSize", options.MaxBytes.ToString())).With("SLUICE_PUSH", line.Folder);
        await using var git = Shell.Start(GitDoor.WithProtocol(command, http));
        var feed = GitFace.FeedAsync(body, git.Input, options.MaxBytes + (1 << 20), stop.Token);
        var pump = GitFace.PumpAsync(git.Output, http.Response, TooLargeLine, stop.Token);
        var errors = ErrorsAsync(git.Errors);
        var hook = HookAsync(pass, line, git, stop.Token);
        var ended = TellEndAsync(git, line);
        try
        {
            await pump;
            await GitFace.SayIfCutAsync(http, await feed);
            await git.Exit.WaitAsync(stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            await stop.CancelAsync();
            await LetItEndAsync(git, line);
        }
        await ended;
        var built = await hook;
        if (await errors is { Length: > 0 } said)
            LogGitSaid(pass.App.Id, said);
        if (built is not null)
            await KeepAsync(pass, built);
    }

    /// <summary>git says of a pack above the limit that it "exceeds maximum allowed size": what to do stands before that, as a line of the same band for people.</summary>
    private byte[] TooLargeLine(ReadOnlyMemory<byte> packet)
    {
        if (packet.Length < 5 || packet.Span[4] != ForPeople || !packet.Span[5..].StartsWith("fatal: pack exceeds maximum allowed size"u8))
            return [];
        var line = $" !     Push rejected: it is larger than {options.MaxBytes >> 20} MB, the most that this server takes. Keep large files out of git.\n";
        return Encoding.ASCII.GetBytes($"{line.Length + 5:x4}{(char)ForPeople}{line}");
    }

    /// <summary>The hook's side. Answers what was built and let in, null for anything else. Never throws: git must be told an end.</summary>
    private async Task<Deployed?> HookAsync(GitPass pass, HookLine line, RunningCommand git, CancellationToken stop)
    {
        try
        {
            if (await line.CalledAsync(stop) is not { } call)
                return null;
            using var turn = await TurnAsync(pass, call, line, stop);
            var deployed = await deployment.RunAsync(pass, call, text => line.SayAsync(text, stop), stop);
            await line.EndAsync(deployed is null ? 1 : 0, stop);
            // The turn lasts until git has moved the ref: whoever is next asks where it is.
            await git.Exit;
            return deployed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogCut(pass.App.Id);
            return null;
        }
        catch (Exception e)
        {
            LogBroke(pass.App.Id, e);
            var why = new DiskRoom(data).Refusal?.Message ?? "The platform could not finish this push; nothing was deployed by it. Its operator's log has the cause.";
            await line.SayAsync($" !     {why}", stop);
            await line.EndAsync(1, stop);
            return null;
        }
    }

    /// <summary>One push of an app at a time; who looks at the app sees those that wait.</summary>
    private async Task<IDisposable> TurnAsync(GitPass pass, HookCall call, HookLine line, CancellationToken stop)
    {
        IDisposable? waits = null;
        try
        {
            return await turns.TakeAsync("push", pass.App.Id, async () =>
            {
                await line.SayAsync($"-----> Another push to {pass.App.Name} is being built; waiting for it to end", stop);
                if (call.Updates.FirstOrDefault(u => u.Deploys && !u.Deletes) is { } update && await repositories.CommitAsync(pass.App.Id, update.New, call.Quarantine, stop) is { } commit)
                    waits = queue.Add(pass.App.Id, pass.Who.Account, commit);
            }, stop);
        }
        finally
        {
            waits?.Dispose();
        }
    }

    /// <summary>git's first, empty request of a large push never calls the hook: whoever waits for it hears of git's end.</summary>
    private static async Task TellEndAsync(RunningCommand git, HookLine line)
    {
        await git.Exit;
        await line.NoHook();
    }

    /// <summary>A refused push lets git remove what it had received; a killed one leaves it behind. So it is asked first, and killed only after a moment.</summary>
    private static async Task LetItEndAsync(RunningCommand git, HookLine line)
    {
        await line.EndAsync(1, CancellationToken.None);
        var drained = git.Output.CopyToAsync(Stream.Null);
        if (await Task.WhenAny(git.Exit, Task.Delay(EndByItself)) != git.Exit)
            git.Signal(15);
        if (await Task.WhenAny(git.Exit, Task.Delay(EndByItself)) != git.Exit)
            git.Signal(9);
        await drained;
    }

    /// <summary>After git moved the ref: the built commit stays for as long as the app does, and a first push to master makes that the default branch.</summary>
    private async Task KeepAsync(GitPass pass, Deployed deployed)
    {
        if (deployed.Slug is { Digest: { } digest, Commit: { } commit })
            await repositories.KeepAsync(pass.App.Id, digest, commit, CancellationToken.None);
        await repositories.PointHeadAsync(pass.App.Id, CancellationToken.None);
        care.Nudge(pass.App.Id);
    }

    private static async Task<string> ErrorsAsync(Stream errors)
    {
        var bytes = new byte[8192];
        var length = 0;
        while (await errors.ReadAsync(bytes.AsMemory(length % bytes.Length)) is var count and > 0)
            length = Math.Min(length + count, bytes.Length - 1);
        return OutputLines.Safe(Encoding.UTF8.GetString(bytes, 0, length).Trim().Replace('\n', ' '));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "git said about a push to {App}: {Text}")]
    private partial void LogGitSaid(AppId app, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "A push to {App} was cut by its client")]
    private partial void LogCut(AppId app);

    [LoggerMessage(Level = LogLevel.Error, Message = "A push to {App} broke")]
    private partial void LogBroke(AppId app, Exception cause);
}
