namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/metrics?minutes=N</c>: how an app did, a point per minute in which something ran or came, the oldest first. Ours, not Heroku's.</summary>
public sealed record MetricsWire
{
    public required NamedWire App { get; init; }

    /// <summary>How far back was asked.</summary>
    public required int Minutes { get; init; }
    public required IReadOnlyList<MetricPointWire> Points { get; init; }
}

/// <summary>One minute. Times in milliseconds, as the router saw them; null when no request came.</summary>
public sealed record MetricPointWire
{
    public required DateTimeOffset At { get; init; }
    public required long Requests { get; init; }
    public required long ClientErrors { get; init; }
    public required long ServerErrors { get; init; }
    public required long? P50 { get; init; }
    public required long? P95 { get; init; }
    public required long? P99 { get; init; }

    /// <summary>Bytes, of all dynos together; null when nothing was measured.</summary>
    public required long? Memory { get; init; }

    /// <summary>Hundredths of one CPU, of all dynos together; null when nothing was measured.</summary>
    public required double? Cpu { get; init; }
}
