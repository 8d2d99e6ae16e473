using System.Collections.Concurrent;
using Sluice.Jobs;

namespace Sluice.Accounts;

/// <summary>
/// Slows down who guesses: after so many wrong secrets for one address from one place, or from one place for any address, that place waits; after many for one
/// address from anywhere, its password opens nothing for a while, and its keys still do. Kept in memory: a new start forgives five minutes.
/// </summary>
public sealed class SignInThrottle(TimeProvider clock)
{
    private const int WrongForOne = 10, WrongForAny = 50, WrongFromAnywhere = 100, MostKept = 10_000;
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);

    /// <summary>How long to wait before another try; null when one may try now.</summary>
    public TimeSpan? WaitOf(string email, string place)
    {
        var now = clock.Monotonic;
        var untils = new[] { Until(One(email, place), WrongForOne, now), Until(place, WrongForAny, now) };
        return untils.Max() is { } until ? until - now : null;
    }

    /// <summary>Many places try this address at once.</summary>
    public bool IsGuessedEverywhere(string email) => Until(One(email, "anywhere"), WrongFromAnywhere, clock.Monotonic) is not null;

    public void Wrong(string email, string place)
    {
        var now = clock.Monotonic;
        if (counts.Count > MostKept)
            Forget(now);
        foreach (var key in new[] { One(email, place), place, One(email, "anywhere") })
            counts.AddOrUpdate(key, _ => new Count(1, now), (_, old) => now - old.Since > Within ? new Count(1, now) : old with { Wrong = old.Wrong + 1 });
    }

    public void Right(string email, string place) => counts.TryRemove(One(email, place), out _);

    /// <summary>Those whose time is over; when that is not enough, those with one wrong try, of whom nobody waits: who has many is not forgiven because others guess too.</summary>
    private void Forget(TimeSpan now)
    {
        foreach (var (key, count) in counts)
        {
            if (now - count.Since > Within || (count.Wrong == 1 && counts.Count > MostKept))
                counts.TryRemove(key, out _);
        }
    }

    private TimeSpan? Until(string key, int most, TimeSpan now) =>
        counts.TryGetValue(key, out var count) && count.Wrong >= most && now - count.Since <= Within ? count.Since + Within : null;

    private static string One(string email, string place) => $"{email.Trim().ToLowerInvariant()} {place}";

    private sealed record Count(int Wrong, TimeSpan Since);
}
