using System.Globalization;

namespace Sluice.Bench;

/// <summary>The long measurements: minutes each, under load and under fire. The tests of every day have a short form of each.</summary>
internal static class Soaks
{
    private const string Share = "--share";

    private static readonly (string Name, string What, Func<double, CancellationToken, Task<IReadOnlyList<Row>>> Run)[] All =
    [
        ("promotions", "100 promotions while 500 requests/s arrive", ShopSoak.PromotionsAsync),
        ("deploys", "20 deploys while 500 requests/s arrive", ShopSoak.DeploysAsync),
        ("restarts", "50 restarts of server, agent and router each while 500 requests/s arrive", ShopSoak.RestartsAsync),
        ("neighbours", "200 requests/s beside five hostile apps: CPU, memory, forks, disk, log", ShopSoak.NeighboursAsync),
        ("slow", "10,000 slow heads and 1,000 slow readers beside 200 requests/s", SlowSoak.RunAsync),
        ("fuzz-router", "800,000 hostile requests to a router", RouterFuzzSoak.RunAsync),
        ("fuzz-api", "190,000 to the API", FuzzSoak.ApiAsync),
        ("fuzz-git", "10,000 in git's protocol", FuzzSoak.GitAsync),
    ];

    public static Dictionary<string, Func<CancellationToken, Task<IReadOnlyList<Row>>>> Of(double share) =>
        All.ToDictionary(part => part.Name, part => (Func<CancellationToken, Task<IReadOnlyList<Row>>>)(ct => part.Run(share, ct)));

    /// <summary>1 unless told.</summary>
    public static double ShareOf(string[] args) =>
        Array.IndexOf(args, Share) is >= 0 and var at && at + 1 < args.Length && double.TryParse(args[at + 1], CultureInfo.InvariantCulture, out var share) && share is > 0 and <= 1 ? share : 1;

    /// <summary>What is left of the arguments without the flags: names of groups.</summary>
    public static string[] Names(string[] args) =>
        [.. args.Where((word, i) => word is not ("--soak" or Share) && (i == 0 || args[i - 1] != Share))];

    public static string Help(IEnumerable<string> groups) => $"""
        ./sluice bench [GROUP …]
            Measures, and prints a table of medians and ratios. Groups: {string.Join(", ", groups)}.

        ./sluice bench --soak [PART …] [--share S]
            The long ones, all or those named; --share 0.1 runs a tenth of each. Parts:
        {string.Join('\n', All.Select(part => $"            {part.Name,-12}  {part.What}"))}

        Exits 1 when a row is short of its bar, and names it.
        """;
}
