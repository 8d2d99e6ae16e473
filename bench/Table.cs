namespace Sluice.Bench;

/// <summary>Rows in columns, for people and for a diff.</summary>
internal static class Table
{
    public static void Print(IEnumerable<Row> rows)
    {
        string[][] cells = [["What", "Measured", "Reference", "Ratio", "Bar", ""],
            .. rows.Select(r => (string[])[r.Name, r.Measured, r.Reference, r.Ratio, r.Bar, r.IsReached ? "ok" : "SHORT"])];
        var widths = Enumerable.Range(0, 6).Select(i => cells.Max(c => c[i].Length)).ToArray();
        foreach (var row in cells)
            Console.WriteLine(string.Join("  ", row.Select((c, i) => i is 0 or 5 ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))).TrimEnd());
    }
}
