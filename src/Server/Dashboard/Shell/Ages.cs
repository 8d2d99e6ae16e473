namespace Sluice.Dashboard.Shell;

/// <summary>Durations as people say them: 14 s, 38 min, 17 h, 3 days. Two days come only after 48 hours, so that yesterday still has hours.</summary>
internal static class Ages
{
    public static string Ago(TimeSpan age) => age < TimeSpan.FromSeconds(5) ? "just now" : Span(age) + " ago";

    public static string Span(TimeSpan age) => age switch
    {
        { TotalSeconds: < 60 } => $"{(int)Math.Max(0, age.TotalSeconds)}\u00a0s",
        { TotalMinutes: < 60 } => $"{(int)age.TotalMinutes}\u00a0min",
        { TotalHours: < 48 } => $"{(int)age.TotalHours}\u00a0h",
        _ => $"{(int)age.TotalDays}\u00a0days",
    };

    /// <summary><c>1 commit</c>, <c>3 commits</c>.</summary>
    public static string Count(int number, string one) => $"{number:N0} {one}{(number == 1 ? "" : "s")}";
}
