using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Builds;

/// <summary>Source + buildpacks → slug, in a sandbox of the agent's. One build per app at a time: a second one waits and says so in its output.</summary>
public sealed partial class Builder(
    BuildTable builds, AppCatalog apps, AccountTable accounts, BuildpackList buildpacks, QuotaTable quotas, AgentClient agent, OpenLogs logs, AppLogs appLogs, Turns turns, BuildWakeup wakeup, TimeProvider clock,
    ILogger<Builder> log)
{
    private readonly ConcurrentDictionary<BuildId, DateTimeOffset> running = new();

    /// <summary>Since when a build runs; null while it waits for its turn, and after its end.</summary>
    public DateTimeOffset? RunsSince(BuildId build) => running.TryGetValue(build, out var since) ? since : null;

    /// <summary>A row for an API build, durable; the worker builds it, and whoever makes releases pulls what succeeded. <paramref name="request"/>'s tarball is the build's from now on.</summary>
    public async Task<Build> EnqueueAsync(BuildRequest request, string? sourceUrl, string? checksum, CancellationToken ct)
    {
        var build = NewBuild(request) with { SourceUrl = sourceUrl, Checksum = checksum };
        Traces.Hand(build.Id.Value);
        await builds.AddAsync(build, "api", Path.GetFileName(request.SourceFile), request.RequestId, ct);
        wakeup.Nudge();
        return build;
    }

    /// <summary>
    /// Builds; each line of output (without its newline) goes to <paramref name="line"/> as it comes, and to the build's log file.
    /// Cancelling kills the build and marks it failed, except one that has a row already (of the API): that stays pending, to be built again.
    /// The source file is removed at the end.
    /// </summary>
    /// <exception cref="AgentException">The agent went away under a build of the API: it is pending, try again.</exception>
    public async Task<BuildOutcome> BuildAsync(BuildRequest request, Func<string, ValueTask> line, CancellationToken ct)
    {
        var again = request.Id is not null;
        var id = request.Id ?? BuildId.New();
        request = request with { Id = id };
        using var span = Traces.StartJob("build", id.Value)?.SetTag("sluice.app.id", request.App.ToString()).SetTag("sluice.build.id", id.ToString());
        if (await apps.FindAsync(request.App, ct) is not { } app)
            return new BuildOutcome.Failed(id, "The app is gone.");
        if (!again)
            await builds.AddAsync(NewBuild(request), "push", null, request.RequestId, ct);
        await using var file = logs.Begin(id);
        BuildOutcome? outcome = null;
        try
        {
            using var turn = await turns.TakeAsync("build", app.Id, () => Tell($"-----> Another build of {app.Name} is running; waiting for it to end"), ct);
            running[id] = clock.GetUtcNow();
            appLogs.Note(app.Id, $"Build started by user {(await accounts.FindAsync(request.User, ct))?.Email ?? "someone who is gone"}");
            outcome = await RunAsync(app, request, id, Tell, again, ct);
            span.End(outcome.GetType().Name.ToLowerInvariant());
            return outcome;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested && !again)
        {
            await EndAsync(request, "failed", "Cancelled.");
            throw;
        }
        finally
        {
            running.TryRemove(id, out _);
            if (!again || outcome is not null)
                File.Delete(request.SourceFile);
        }

        async ValueTask Tell(string text)
        {
            await file.WriteLineAsync(text, CancellationToken.None);
            await line(text);
        }
    }

    private async Task<BuildOutcome> RunAsync(App app, BuildRequest request, BuildId id, Func<string, ValueTask> tell, bool again, CancellationToken ct)
    {
        try
        {
            await tell($"-----> Building on the {Title(app.Stack)} stack");
            var ran = await AskAgentAsync(app, request, id, tell, ct);
            return ran.Failure is { } why ? await FailAsync(request, id, why)
                : new BuildOutcome.Succeeded(id, await SucceedAsync(app, request, id, ran, tell));
        }
        catch (RefusedException e)
        {
            return await FailAsync(request, id, e.Message);
        }
        catch (Exception e) when (!ct.IsCancellationRequested && !(again && e is AgentException { InnerException: IOException }))
        {
            LogErrored(app.Id, id, e);
            await EndAsync(request, "errored", e is AgentException ? e.Message : "The platform could not finish the build.");
            return new BuildOutcome.Errored(id, e is AgentException ? e.Message : "The platform could not finish the build; its operator's log has the cause.");
        }
    }

    private async Task<BuildRan> AskAgentAsync(App app, BuildRequest request, BuildId id, Func<string, ValueTask> tell, CancellationToken ct)
    {
        var config = await apps.ConfigAsync(app, ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        stop.CancelAfter(BuildLimits.Time + BuildLimits.Grace);
        var lines = new OutputLines(tell);
        var run = new BuildRun
        {
            Id = id,
            App = app.Id,
            SourceFile = Path.GetFileName(request.SourceFile),
            FromGit = request.FromGit,
            Buildpacks = BuildpackChoice.Of(await buildpacks.ListAsync(app.Id, ct), config.GetValueOrDefault("BUILDPACK_URL")),
            Config = config.ToImmutableDictionary(),
            Commit = request.Commit,
            MaxSlugMb = await quotas.OfAsync(app.Id, Quota.SlugMb, ct),
        };
        try
        {
            var ran = await agent.CallAsync<BuildRun, BuildRan>(BuildRun.Op, run, AddAsync, stop.Token);
            await lines.EndAsync();
            return ran;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new BuildRan
            {
                Failure = lines.Bytes > BuildLimits.OutputBytes ? $"The build printed more than {BuildLimits.OutputBytes / (1024 * 1024)} MB."
                    : BuildLimits.TookLonger(BuildLimits.Time),
            };
        }

        async ValueTask AddAsync(ReadOnlyMemory<byte> bytes)
        {
            if (lines.Bytes <= BuildLimits.OutputBytes)
                await lines.AddAsync(bytes);
            if (lines.Bytes > BuildLimits.OutputBytes)
                await stop.CancelAsync();
        }
    }

    private async Task<SlugId> SucceedAsync(App app, BuildRequest request, BuildId id, BuildRan ran, Func<string, ValueTask> tell)
    {
        var now = clock.GetUtcNow();
        var slug = new Slug
        {
            Id = SlugId.New(),
            App = app.Id,
            Digest = ran.Digest!.Value,
            Stack = ran.Stack,
            Commit = request.Commit,
            CommitDescription = request.CommitDescription,
            BuildpackDescription = string.Join(", ", ran.Buildpacks.Select(b => b.Name)),
            ProcessTypes = ran.ProcessTypes,
            Size = ran.Bytes,
            HostPackages = ran.HostPackages,
            HealthPath = ran.HealthPath,
            CreatedAt = now,
            UpdatedAt = now,
        };
        CrashGate.Pass("build.slug-made");
        // The slug is there: it is noted whether or not the client still is.
        if (!await builds.SucceedAsync(id, slug, ran.Buildpacks, request.User, CancellationToken.None))
        {
            throw await apps.FindAsync(app.Id, CancellationToken.None) is null
                ? Refuse.Conflict($"{app.Name} was destroyed while it was built.")
                : new InvalidOperationException($"Build {id} ended before its slug was noted.");
        }
        CrashGate.Pass("build.noted");
        appLogs.Note(app.Id, "Build succeeded");
        var types = ran.ProcessTypes.IsEmpty ? "none (add a Procfile)" : string.Join(", ", ran.ProcessTypes.Keys);
        await tell("-----> Discovering process types");
        await tell($"       Process types: {types}");
        if (ran.HealthPath is { } path)
            await tell($"       Health check: GET {path}");
        await tell($"-----> Slug {slug.Digest.Value.Short} made, {Size(ran.Bytes)}");
        LogBuilt(app.Id, id, slug.Digest.Value);
        return slug.Id;
    }

    private async Task<BuildOutcome> FailAsync(BuildRequest request, BuildId id, string why)
    {
        await EndAsync(request, "failed", why);
        LogFailed(request.App, id, why);
        return new BuildOutcome.Failed(id, why);
    }

    private async Task EndAsync(BuildRequest request, string status, string reason)
    {
        await builds.EndAsync(request.Id!.Value, request.App, request.User, status, reason, CancellationToken.None);
        appLogs.Note(request.App, FailedNote(request.Id!.Value));
    }

    /// <summary>Without the reason: it may quote what the build printed, and here it would stand in a line of the platform's.</summary>
    internal static string FailedNote(BuildId build) => $"Build failed -- its output: sluice builds:output {build}";

    private Build NewBuild(BuildRequest request)
    {
        var now = clock.GetUtcNow();
        return new Build
        {
            Id = request.Id ?? BuildId.New(),
            App = request.App,
            User = request.User,
            Status = "pending",
            Commit = request.Commit,
            CommitDescription = request.CommitDescription,
            CommitAuthor = request.CommitAuthor,
            Buildpacks = [],
            Stack = AppCatalog.DefaultStack,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    /// <summary><c>12.3M</c>, as Heroku writes sizes.</summary>
    internal static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes}B",
        < 1024 * 1024 => FormattableString.Invariant($"{bytes / 1024.0:0.#}K"),
        < 1L << 30 => FormattableString.Invariant($"{bytes / (1024.0 * 1024):0.#}M"),
        _ => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.##}G"),
    };

    private static string Title(string stack) => stack.Length == 0 ? stack : char.ToUpperInvariant(stack[0]) + stack[1..];

    [LoggerMessage(Level = LogLevel.Information, Message = "Built {App} by build {Build}: slug {Slug}")]
    private partial void LogBuilt(AppId app, BuildId build, SlugDigest slug);

    [LoggerMessage(Level = LogLevel.Information, Message = "Build {Build} of {App} failed: {Why}")]
    private partial void LogFailed(AppId app, BuildId build, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Build {Build} of {App} errored")]
    private partial void LogErrored(AppId app, BuildId build, Exception cause);
}
