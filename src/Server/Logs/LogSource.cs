namespace Sluice.Logs;

/// <summary>
/// Where lines come from (the runtime's dynos, the router): registered by the folder that has them, pulled by <see cref="LogGatherer"/>. <paramref name="Read"/> gets the
/// cursor of the last line that was kept (0 at first) and gives those after it, then as they come; when it ends or throws it is asked again.
/// <paramref name="Name"/> is a word: the cursor is kept under it, in <c>DIR/logs/NAME.cursor</c>.
/// </summary>
/// <code>services.AddSingleton(s => new LogSource("dynos", (after, ct) => s.GetRequiredService&lt;IRuntime>().LinesAsync(after, ct)
///     .Select(l => new SourceLine(l.App, "app", l.Dyno, l.At, l.Text, l.Seq))));</code>
public sealed record LogSource(string Name, Func<long, CancellationToken, IAsyncEnumerable<SourceLine>> Read);

/// <summary>A line on its way into an app's log. Only one source may give cursors: they grow, and a line with one that the log has already is left out.</summary>
public sealed record SourceLine(AppId App, string Source, string Dyno, DateTimeOffset At, string Text, long? Cursor = null);
