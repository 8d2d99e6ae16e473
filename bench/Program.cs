using Sluice.Bench;

// Measurements as a table of medians and ratios. `bench` runs all groups, `bench slugs …` those named; `bench --soak` runs the long ones, `bench --soak fuzz …`
// those named, and `--share 0.1` a tenth of them. Exits 1 when a row is short, and names it.
if (args is [BareProxy.Verb, var port, var backEnd])
    return await BareProxy.RunAsync(port, backEnd);
if (args is [SlowCrowd.Verb, var heads, var readers])
    return await SlowCrowd.RunAsync(heads, readers);

var groups = new Dictionary<string, Func<CancellationToken, Task<IReadOnlyList<Row>>>>
{
    ["slugs"] = SlugBench.RunAsync,
    ["sandbox"] = SandboxBench.RunAsync,
    ["idle"] = IdleBench.RunAsync,
    ["deploy"] = DeployBench.RunAsync,
    ["promotions"] = PromotionBench.RunAsync,
    ["scale"] = ScaleBench.RunAsync,
    ["dashboard"] = DashboardBench.RunAsync,
    ["cli"] = CliBench.RunAsync,
    ["diff"] = DiffBench.RunAsync,
    ["router"] = RouterBench.RunAsync,
    ["sockets"] = SocketBench.RunAsync,
};

var isSoak = args.Contains("--soak");
var share = Soaks.ShareOf(args);
if (args.Contains("--help"))
{
    Console.WriteLine(Soaks.Help(groups.Keys));
    return 0;
}
if (isSoak)
    groups = Soaks.Of(share);
args = Soaks.Names(args);

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
if (args.FirstOrDefault(a => !groups.ContainsKey(a)) is { } unknown)
{
    Console.Error.WriteLine($"There is no group of measurements named {unknown}; there are: {string.Join(", ", groups.Keys)}.");
    return 2;
}

var rows = new List<Row>();
foreach (var name in args.Length > 0 ? args : [.. groups.Keys])
{
    Console.Error.WriteLine($"Measuring {name} …");
    rows.AddRange(await groups[name](stop.Token));
}

Table.Print(rows);
var missed = rows.Where(r => !r.IsReached).ToList();
foreach (var row in missed)
    Console.Error.WriteLine($"Short: {row.Name} ({row.Measured}; {row.Ratio} must be {row.Bar})");
return missed.Count == 0 ? 0 : 1;
