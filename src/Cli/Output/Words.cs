using System.Globalization;

namespace Sluice.Cli.Output;

/// <summary>How times, counts and stages are said.</summary>
internal static class Words
{
    /// <summary><c>just now</c>, <c>4m ago</c>, <c>3h ago</c>, <c>2d ago</c>; a date when it is a month or more.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => (now - then) switch
    {
        { TotalSeconds: < 5 } => "just now",
        { TotalMinutes: < 1 } span => $"{(int)span.TotalSeconds}s ago",
        { TotalHours: < 1 } span => $"{(int)span.TotalMinutes}m ago",
        { TotalDays: < 1 } span => $"{(int)span.TotalHours}h ago",
        { TotalDays: < 30 } span => $"{(int)span.TotalDays}d ago",
        _ => $"{then:yyyy-MM-dd}",
    };

    public static string Count(int n, string one) => n == 1 ? $"1 {one}" : $"{n} {one}s";

    /// <summary><c>358 B</c>, <c>1.1 KiB</c>, <c>12.0 MiB</c>.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.0} MiB"),
    };

    /// <summary>Seven characters, as git and Heroku show a commit; digests without their <c>SHA256:</c>.</summary>
    public static string Short(string? sha, int length = 7)
    {
        var bare = sha is null ? "" : sha[(sha.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return bare.Length > length ? bare[..length] : bare;
    }

    public static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('\r');
}
