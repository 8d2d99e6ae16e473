using System.Globalization;

namespace Sluice.Cli.Output;

/// <summary>
/// Plain columns, two spaces apart, wide enough for what they hold; the last column is never padded. No frame: lines can be cut, sorted and
/// searched by other programs. (A table library costs as long to load as the whole command takes.)
/// </summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> rows = [];

    public void Add(params string[] cells) => rows.Add(cells);

    public void Print(Terminal terminal)
    {
        var all = headings.Length == 0 ? rows : [headings, .. rows];
        if (all.Count == 0)
        {
            return;
        }

        var widths = Enumerable.Range(0, all.Max(r => r.Length)).Select(c => all.Max(r => c < r.Length ? Width(r[c]) : 0)).ToArray();
        for (var row = 0; row < all.Count; row++)
        {
            var line = Line(all[row], widths);
            terminal.Line(row == 0 && headings.Length > 0 ? terminal.Quiet(line) : line);
        }
    }

    private static string Line(string[] cells, int[] widths) =>
        string.Join("  ", cells.Select((cell, c) => c == cells.Length - 1 ? cell : cell + new string(' ', widths[c] - Width(cell)))).TrimEnd();

    /// <summary>Characters as seen: colour codes take no room, nor does an escape without an end.</summary>
    private static int Width(string cell)
    {
        var width = 0;
        for (var i = 0; i < cell.Length; i++)
        {
            if (cell[i] == '\e')
            {
                var end = cell.IndexOf('m', i);
                i = end < 0 ? i : end;
                continue;
            }

            if (CharUnicodeInfo.GetUnicodeCategory(cell, i) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark)
                && !char.IsLowSurrogate(cell[i]))
            {
                width++;
            }
        }

        return width;
    }
}
