namespace Sluice.Router;

/// <summary>How long the router waits, and how much it takes. Heroku's numbers where there are some; tests use smaller ones.</summary>
internal sealed record RouterLimits
{
    /// <summary>Connections that the kernel keeps while the router is busy, or is just being replaced.</summary>
    public const int Backlog = 4096;

    /// <summary>Bytes of an answer that the kernel keeps, on either side of the router, for a visitor who reads slowly. Left to itself it keeps megabytes for each, and
    /// moving those about takes the processors from everybody else.</summary>
    public const int MostAhead = 128 * 1024;

    /// <summary>Bytes of a body that wait in the router itself, either way, before whoever sends them has to wait.</summary>
    public const int MostHere = 32 * 1024;

    /// <summary>For the head of a request, and for the first byte of a connection.</summary>
    public TimeSpan Head { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the last byte of the request to the first of the answer: H12.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Without a byte of the answer, or in either direction of a WebSocket: H15. Without a byte of a request that has begun: H28.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(55);

    /// <summary>For a connection to a dyno, in two tries: H19.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a request to the API waits for a server that restarts.</summary>
    public TimeSpan ServerAway { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a router that was replaced keeps serving the connections it has.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests and WebSockets at once to one dyno; more are H11.</summary>
    public int PerDyno { get; init; } = 4_000;

    /// <summary>Connections at once from one address (of IPv6: from one /64); more are closed at once. This machine itself is not limited: a proxy in
    /// front, and <c>sluice connect</c>, bring everybody's requests from there.</summary>
    public int PerAddress { get; init; } = 1_000;

    /// <summary>Connections at once that have not sent the head of their first request: with more, the one that has waited longest is closed.</summary>
    public int Waiting { get; init; } = 16_000;
}
