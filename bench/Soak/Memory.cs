using System.Globalization;

namespace Sluice.Soak;

/// <summary>What a process holds in memory of its own, from <c>/proc</c>.</summary>
internal static class Memory
{
    /// <summary>Megabytes of private memory: what would be free if it ended.</summary>
    public static double PrivateMb(int pid) => Sum($"/proc/{pid}/smaps_rollup", "Private_Clean:", "Private_Dirty:");

    public static double PssMb(int pid) => Sum($"/proc/{pid}/smaps_rollup", "Pss:");

    private static double Sum(string file, params string[] names) =>
        File.ReadLines(file).Where(l => Array.Exists(names, n => l.StartsWith(n, StringComparison.Ordinal)))
            .Sum(l => double.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)) / 1024;
}
