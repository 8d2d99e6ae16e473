namespace Sluice.Acme;

/// <summary>One domain's certificate, on its way or given: how far it is and when it goes on.</summary>
public sealed record AcmeJob
{
    private const int FailuresUntilFailed = 6;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1), LongestPause = TimeSpan.FromDays(1);

    public required Guid Domain { get; init; }
    public required AppId App { get; init; }
    public required string Hostname { get; init; }

    /// <summary>The certificate that it is served with.</summary>
    public Guid? Endpoint { get; init; }

    /// <summary>Null when nothing was tried yet.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>In a row; 0 after a success.</summary>
    public int Failures { get; init; }

    /// <summary>Why it waits or failed, a sentence; null: nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Where the authority keeps the order; null when none is under way.</summary>
    public Uri? Order { get; init; }
    public DateTimeOffset? OrderedAt { get; init; }
    public string? Token { get; init; }

    /// <summary>No authority asks a plain server about a wildcard.</summary>
    public static bool CanBeOrdered(string hostname) => !hostname.StartsWith('*');

    /// <summary>A minute after the first failure, twice as long after each further one, a day at most; longer when the authority asks for it.</summary>
    public static TimeSpan PauseAfter(int failures, TimeSpan? asked)
    {
        var own = failures > 12 ? LongestPause : FirstPause * Math.Pow(2, failures - 1);
        return new[] { own < LongestPause ? own : LongestPause, asked ?? TimeSpan.Zero }.Max();
    }

    /// <summary>With a third of its life left.</summary>
    public static DateTimeOffset RenewalOf(DateTimeOffset from, DateTimeOffset until) => from + (until - from) * (2 / 3d);

    /// <summary>As the Heroku CLI knows it: <c>pending</c>, <c>in-progress</c>, <c>cert issued</c>, <c>failing</c>, and after half an hour of that <c>failed</c>, which is tried on all the same.</summary>
    /// <param name="hasAuthority">There is someone to ask.</param>
    public AcmStatus Status(bool hasAuthority)
    {
        if (!CanBeOrdered(Hostname))
            return new("failed", $"A certificate for {Hostname} wants a proof in DNS, which Sluice does not give: upload one with certs:add.");
        if (!hasAuthority)
            return new(Endpoint is null ? "pending" : "cert issued", "Nothing is ordered or renewed: who runs this server has started it without --acme.");
        if (Failures > 0)
            return new(Failures < FailuresUntilFailed ? "failing" : "failed", $"{Reason} Tried again from {At(NextAt!.Value)}.");
        if (Order is null)
            return Endpoint is null ? new("pending", "It is ordered in a moment.") : new("cert issued", $"Renewed from {At(NextAt!.Value)}.");
        return new(Endpoint is null ? "in-progress" : "cert issued", $"{Reason ?? "The authority was asked for it."} Looked at again from {At(NextAt!.Value)}.");
    }

    private static string At(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What people are told of a domain's certificate.</summary>
public sealed record AcmStatus(string Word, string Reason);
