namespace Sluice.Dynos;

/// <summary>How long a crashed dyno rests before it is started again: three quick tries within ten seconds, then doubling up to twenty minutes.</summary>
internal static class Backoff
{
    /// <summary>A dyno that was up for this long starts over with quick tries.</summary>
    public static readonly TimeSpan Forgiven = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);
    private static readonly double[] Quick = [1, 2, 5];

    /// <param name="crashes">In a row, this one included: 1 or more.</param>
    /// <param name="jitter">0 to 1: spreads apps that crashed together by a fifth either way.</param>
    public static TimeSpan Delay(int crashes, double jitter)
    {
        var seconds = crashes <= Quick.Length ? Quick[crashes - 1] : 10 * Math.Pow(2, Math.Min(crashes - Quick.Length, 20));
        var spread = TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds) * (0.8 + (0.4 * jitter)));
        return spread < Longest ? spread : Longest;
    }
}
