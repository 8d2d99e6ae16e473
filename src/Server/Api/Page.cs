using System.Text.RegularExpressions;
using Sluice.Storage;

namespace Sluice.Api;

/// <summary>By what a list may be sorted and cut: a member's name, and its text in one item. Numbers sort as numbers.</summary>
internal sealed record Key<T>(string Name, Func<T, string> Of);

/// <summary>
/// Answers a list as Heroku does: sorted and cut by the <c>Range</c> header (<c>version ]12..; order=desc,max=15</c>), with <c>Next-Range</c> and 206
/// only when there is more.
/// </summary>
internal static partial class Page
{
    private const int DefaultMax = 200;
    private const int HighestMax = 1000;

    /// <param name="keys">The first one is used when the caller names none.</param>
    public static IReadOnlyList<TWire> Of<T, TWire>(HttpContext http, IEnumerable<T> items, Func<T, TWire> toWire, params ReadOnlySpan<Key<T>> keys)
    {
        var range = Range.Parse(http.Request.Headers.Range.ToString());
        var key = keys[0];
        var names = new List<string>(keys.Length);
        foreach (var candidate in keys)
        {
            names.Add(candidate.Name);
            if (candidate.Name == range.Key)
                key = candidate;
        }

        if (range.Key is not null && key.Name != range.Key)
            throw Refuse.BadRequest($"This list cannot be ranged by {range.Key}; it can by {string.Join(", ", names)}.");
        var inRange = items.Where(item => range.Holds(key.Of(item)));
        var sorted = range.IsDescending ? inRange.OrderByDescending(key.Of, Natural) : inRange.OrderBy(key.Of, Natural);
        var page = sorted.Take(range.Max + 1).ToList();
        var more = page.Count > range.Max;
        if (more)
            page.RemoveAt(range.Max);
        Say(http.Response, names, key, range, page, more);
        return [.. page.Select(toWire)];
    }

    /// <summary>Which part of a list the caller wants, for a store that cuts it itself.</summary>
    public static Slice SliceOf(HttpContext http, IEnumerable<SortKey> keys)
    {
        var range = Range.Parse(http.Request.Headers.Range.ToString());
        var names = keys.Select(key => key.Name).ToArray();
        return range.Key is null || names.Contains(range.Key)
            ? new Slice(range.Key, range.From, range.FromIsExclusive, range.To, range.Max, range.IsDescending)
            : throw Refuse.BadRequest($"This list cannot be ranged by {range.Key}; it can by {string.Join(", ", names)}.");
    }

    /// <summary>Answers what a store cut by <paramref name="slice"/>: in order, with one item more when there is another page.</summary>
    public static IReadOnlyList<TWire> Cut<T, TWire>(HttpContext http, Slice slice, IReadOnlyList<T> items, Func<T, TWire> toWire, params ReadOnlySpan<Key<T>> keys)
    {
        var key = keys[0];
        var names = new List<string>(keys.Length);
        foreach (var candidate in keys)
        {
            names.Add(candidate.Name);
            if (candidate.Name == slice.Key)
                key = candidate;
        }

        var page = items.Take(slice.Max).ToList();
        Say(http.Response, names, key, new Range(key.Name, slice.From, slice.FromIsExclusive, slice.To, slice.Max, slice.IsDescending), page, items.Count > slice.Max);
        return [.. page.Select(toWire)];
    }

    private static void Say<T>(HttpResponse response, List<string> names, Key<T> key, Range range, List<T> page, bool more)
    {
        response.Headers.AcceptRanges = string.Join(", ", names);
        if (page is [var first, ..] && page is [.., var last])
            response.Headers.ContentRange = $"{key.Name} {key.Of(first)}..{key.Of(last)}";
        if (!more)
            return;
        response.StatusCode = StatusCodes.Status206PartialContent;
        var order = range.IsDescending ? "order=desc," : "";
        response.Headers["Next-Range"] = $"{key.Name} ]{key.Of(page[^1])}..{range.To}; {order}max={range.Max}";
    }

    /// <summary>Digits by their value, all else by code point.</summary>
    private static readonly Comparer<string> Natural = Comparer<string>.Create((a, b) =>
        long.TryParse(a, out var x) && long.TryParse(b, out var y) ? x.CompareTo(y) : string.CompareOrdinal(a, b));

    private sealed partial record Range(string? Key, string From, bool FromIsExclusive, string To, int Max, bool IsDescending)
    {
        public static Range Parse(string header)
        {
            if (string.IsNullOrWhiteSpace(header))
                return new Range(null, "", false, "", DefaultMax, false);
            var match = Form().Match(header);
            if (!match.Success)
                throw Refuse.BadRequest("Range is written like: version 1..; order=desc,max=10.");
            var (max, isDescending) = (DefaultMax, false);
            foreach (var option in match.Groups["options"].Value.Split([';', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                switch (option.Split('=', 2, StringSplitOptions.TrimEntries))
                {
                    case ["max", var number] when int.TryParse(number, out max) && max > 0:
                        max = Math.Min(max, HighestMax);
                        break;
                    case ["order", "desc" or "asc"]:
                        isDescending = option.EndsWith("desc", StringComparison.Ordinal);
                        break;
                    default:
                        throw Refuse.BadRequest("Range takes the options max (1 or more) and order (asc or desc).");
                }
            }

            var key = match.Groups["key"];
            return new Range(key.Success ? key.Value : null, match.Groups["from"].Value, match.Groups["open"].Length > 0, match.Groups["to"].Value, max, isDescending);
        }

        public bool Holds(string value)
        {
            var sign = IsDescending ? -1 : 1;
            var afterFrom = From.Length == 0 ? 1 : sign * Natural.Compare(value, From);
            var beforeTo = To.Length == 0 || sign * Natural.Compare(value, To) <= 0;
            return beforeTo && (FromIsExclusive ? afterFrom > 0 : afterFrom >= 0);
        }

        [GeneratedRegex(@"\A\s*(?:(?<key>[a-z_]+)(?:\s+|\z))?(?<open>\]?)(?<from>(?>(?:(?!\.\.)[^;\]\s])*))\.\.(?<to>[^;\s]*)\s*(?:;(?<options>.*))?\z")]
        private static partial Regex Form();
    }
}
