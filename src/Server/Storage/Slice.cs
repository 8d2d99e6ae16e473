namespace Sluice.Storage;

/// <summary>Which part of a sorted list someone wants, as the Range header says it: cut by the database, so that a long list costs what is shown.</summary>
/// <param name="Key">The member that it is sorted by; null for the list's own first one.</param>
/// <param name="From">Where it begins, as text; empty for the start.</param>
/// <param name="FromIsExclusive">The one at <paramref name="From"/> itself was shown already.</param>
/// <param name="To">Where it ends; empty for the end.</param>
/// <param name="Max">Most items of one page. Ask for one more to know whether there is another page.</param>
public sealed record Slice(string? Key, string From, bool FromIsExclusive, string To, int Max, bool IsDescending)
{
    /// <summary>Only those whose key has this text somewhere in it; empty for all.</summary>
    public string Containing { get; init; } = "";

    /// <summary>The whole list, as far as <paramref name="max"/> goes.</summary>
    public static Slice First(int max) => new(null, "", false, "", max, false);
}

/// <summary>A member that a list may be sorted and cut by, and its column. <paramref name="IsTime"/>: the column holds Unix microseconds.</summary>
public sealed record SortKey(string Name, Sql Column, bool IsTime = false);

/// <summary>A <see cref="Slice"/> as SQL.</summary>
public static class SliceSql
{
    /// <summary>True for rows within the slice: to be put behind an AND.</summary>
    public static Sql Within(this Slice slice, SortKey key)
    {
        var from = slice.From.Length == 0 ? Sql.Part($"1 = 1") : (slice.FromIsExclusive, slice.IsDescending) switch
        {
            (true, false) => Sql.Part($"{key.Column} > {Value(slice.From, key)}"),
            (true, true) => Sql.Part($"{key.Column} < {Value(slice.From, key)}"),
            (false, false) => Sql.Part($"{key.Column} >= {Value(slice.From, key)}"),
            (false, true) => Sql.Part($"{key.Column} <= {Value(slice.From, key)}"),
        };
        if (slice.Containing.Length > 0)
            from = Sql.Part($"{from} AND {key.Column} LIKE {Like(slice.Containing)} ESCAPE '!'");
        return slice.To.Length == 0 ? from
            : slice.IsDescending ? Sql.Part($"{from} AND {key.Column} >= {Value(slice.To, key)}")
            : Sql.Part($"{from} AND {key.Column} <= {Value(slice.To, key)}");
    }

    /// <summary>ORDER BY and LIMIT, one more than a page.</summary>
    public static Sql Cut(this Slice slice, Sql column) =>
        slice.IsDescending ? Sql.Part($"ORDER BY {column} DESC LIMIT {slice.Max + 1}") : Sql.Part($"ORDER BY {column} LIMIT {slice.Max + 1}");

    private static string Like(string text) =>
        $"%{text.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal)}%";

    private static object Value(string text, SortKey key) => !key.IsTime ? text
        : DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time) ? Sql.Micros(time)
        : throw Refuse.BadRequest($"Range by {key.Name} takes times, like 2026-01-31T12:00:00Z.");
}
