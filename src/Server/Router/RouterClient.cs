namespace Sluice.Router;

/// <summary>The server's line to the router, over its control socket.</summary>
public sealed class RouterClient(DataFolder data)
{
    private readonly DataFolder data = data;

    /// <summary>Returns when the router serves by this table (and has saved it): from then on no new request reaches a target that is not in it.</summary>
    public Task PushAsync(RouteTable table, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>The table that the router serves by now; number 0 and empty when it has none.</summary>
    public Task<RouteTable> CurrentAsync(CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Waits until no request is in flight to <paramref name="dyno"/>, at most <paramref name="limit"/>. False when some still are.</summary>
    public Task<bool> DrainedAsync(DynoId dyno, TimeSpan limit, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Router log lines (<c>at=info method=GET …</c>) per app, as they come; ends when the router goes away: ask again.</summary>
    public IAsyncEnumerable<RouterLine> LinesAsync(CancellationToken ct) => throw new NotImplementedException();
}

public sealed record RouterLine(AppId App, DateTimeOffset At, string Text);
