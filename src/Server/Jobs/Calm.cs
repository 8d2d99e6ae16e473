namespace Sluice.Jobs;

/// <summary>The moment after a start in which the first answers have the processors for themselves: work that nobody waits for begins after it.</summary>
public static class Calm
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(2);

    public static Task AfterStartAsync(TimeProvider clock, CancellationToken ct) => Task.Delay(Lasts, clock, ct);
}
