using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Sluice.Logs;

namespace Sluice.Runtime;

/// <summary>
/// What the platform says of dynos in an app's log, in Heroku's words: <c>heroku[web.1]: State changed from starting to up</c>. Told from the
/// runtime's states: what a dyno did before this server began to watch is left out, what changed while the watch was cut is caught up with.
/// </summary>
internal sealed class DynoStateLines(IRuntime runtime, TimeProvider clock)
{
    private static readonly Dictionary<string, string> Codes = new(StringComparer.Ordinal) { ["R10"] = "Boot timeout", ["R12"] = "Exit timeout", ["R15"] = "Memory quota vastly exceeded" };

    private readonly Dictionary<DynoId, DynoState> known = [];
    private readonly DateTimeOffset since = clock.GetUtcNow();
    private bool knowsOld;

    public async IAsyncEnumerable<SourceLine> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        if (!knowsOld)
            await LearnOldAsync(ct);
        await foreach (var dyno in runtime.WatchAsync(ct))
        {
            foreach (var text in Say(dyno))
                yield return new SourceLine(dyno.App, "heroku", dyno.Name, dyno.Since, text);
        }
    }

    /// <summary>The date tells old from new only here: it may be set back while the server runs.</summary>
    private async Task LearnOldAsync(CancellationToken ct)
    {
        foreach (var dyno in await runtime.ListAsync(ct))
        {
            if (dyno.Since < since)
                known[dyno.Id] = dyno.State;
        }
        knowsOld = true;
    }

    private ImmutableArray<string> Say(DynoStatus dyno)
    {
        var isNew = !known.TryGetValue(dyno.Id, out var was);
        known[dyno.Id] = dyno.State;
        if (isNew)
            return Begun(dyno);
        if (was == dyno.State)
            return [];
        if (dyno.State == DynoState.Complete)
            known.Remove(dyno.Id);
        return
        [
            .. dyno.Reason is { } reason ? [Error(reason)] : ImmutableArray<string>.Empty,
            .. dyno.ExitCode is { } code ? [$"Process exited with status {code}"] : ImmutableArray<string>.Empty,
            $"State changed from {Word(was)} to {Word(dyno.State)}",
        ];
    }

    /// <summary>What is up at once is not seen while it starts.</summary>
    private static ImmutableArray<string> Begun(DynoStatus dyno)
    {
        var started = $"Starting process with command `{dyno.Command}`";
        return dyno.State switch
        {
            DynoState.Starting => [started],
            DynoState.Up => [started, $"State changed from {Word(DynoState.Starting)} to {Word(DynoState.Up)}"],
            _ => [],
        };
    }

    /// <summary><c>R10: did not …</c> as Heroku's logs have it: <c>Error R10 (Boot timeout) -> did not …</c></summary>
    private static string Error(string reason) =>
        reason.Length > 5 && Codes.TryGetValue(reason[..3], out var name) && reason[3] == ':' ? $"Error {reason[..3]} ({name}) -> {reason[5..]}" : reason;

    private static string Word(DynoState state) => state switch
    {
        DynoState.Starting => "starting",
        DynoState.Up => "up",
        DynoState.Crashed => "crashed",
        _ => "complete",
    };
}
