using System.Collections.Concurrent;

namespace Sluice.Dashboard.SignIn;

/// <summary>
/// Slows down who guesses: after so many wrong keys for one address from one place, or from one place for any address, that place waits. Kept in memory,
/// since a key has 256 bits: this keeps the log readable and the processor free.
/// </summary>
internal sealed class SignInThrottle(TimeProvider clock)
{
    private const int WrongForOne = 10, WrongForAny = 50, MostKept = 10_000;
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);

    /// <summary>How long to wait before another try; null when one may try now.</summary>
    public TimeSpan? WaitOf(string email, string place)
    {
        var now = clock.GetUtcNow();
        var untils = new[] { Until(One(email, place), WrongForOne, now), Until(place, WrongForAny, now) };
        return untils.Max() is { } until ? until - now : null;
    }

    public void Wrong(string email, string place)
    {
        var now = clock.GetUtcNow();
        if (counts.Count > MostKept)
            counts.Clear();
        foreach (var key in new[] { One(email, place), place })
            counts.AddOrUpdate(key, _ => new Count(1, now), (_, old) => now - old.Since > Within ? new Count(1, now) : old with { Wrong = old.Wrong + 1 });
    }

    public void Right(string email, string place) => counts.TryRemove(One(email, place), out _);

    private DateTimeOffset? Until(string key, int most, DateTimeOffset now) =>
        counts.TryGetValue(key, out var count) && count.Wrong >= most && now - count.Since <= Within ? count.Since + Within : null;

    private static string One(string email, string place) => $"{email.Trim().ToLowerInvariant()} {place}";

    private sealed record Count(int Wrong, DateTimeOffset Since);
}
