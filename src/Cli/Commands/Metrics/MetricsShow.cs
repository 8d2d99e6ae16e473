using System.CommandLine;
using System.Globalization;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Metrics;

internal sealed class MetricsShow : AppCommand
{
    public static readonly About Is = new("metrics", "Show requests, service times, memory and CPU of an app, up to a day back", "sluice metrics --minutes 180 -a shop", () => new MetricsShow())
    {
        More = "Service times are as the router saw them. Memory and CPU are of all dynos of the app together; without root nobody measures them.",
    };

    private const string Levels = "▁▂▃▄▅▆▇█";
    private const int Columns = 60;

    private readonly Option<int> minutes = new("--minutes") { Description = "how far back, 1440 at most", DefaultValueFactory = _ => 60 };
    private readonly Option<bool> json = Flags.Json();

    public MetricsShow() : base(Is)
    {
        Options.Add(minutes);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var metrics = await run.Server.GetAsync<MetricsWire>($"/apps/{Uri.EscapeDataString(app)}/metrics?minutes={run.Value(minutes)}", ct);
        if (run.Value(json))
        {
            run.Json(metrics);
            return ExitCode.Ok;
        }

        if (metrics.Points is not [.., var last])
        {
            run.Terminal.Note($"Nothing was measured on {app} in the last {run.Value(minutes)} minutes. A point is written at the end of each minute in which something runs.");
            return ExitCode.Ok;
        }

        var from = last.At.AddMinutes(1 - metrics.Minutes);
        string Curve(Func<MetricPointWire, double?> value) => Draw(metrics.Points, from, metrics.Minutes, value);
        var requests = metrics.Points.Sum(p => p.Requests);
        run.Terminal.Heading($"{app}, {metrics.Minutes} minutes up to {last.At:HH:mm} UTC");
        run.Terminal.Line($"requests  {Curve(p => p.Requests)}  {requests} in all, {metrics.Points.Max(p => p.Requests)} in the busiest minute");
        run.Terminal.Line($"errors    {Curve(p => p.ServerErrors)}  {metrics.Points.Sum(p => p.ServerErrors)} answered 5xx, {metrics.Points.Sum(p => p.ClientErrors)} 4xx");
        run.Terminal.Line($"p50       {Curve(p => p.P50)}  {Most(metrics, p => p.P50, "ms")}");
        run.Terminal.Line($"p95       {Curve(p => p.P95)}  {Most(metrics, p => p.P95, "ms")}");
        run.Terminal.Line($"p99       {Curve(p => p.P99)}  {Most(metrics, p => p.P99, "ms")}");
        run.Terminal.Line($"memory    {Curve(p => p.Memory)}  {Most(metrics, p => p.Memory / (1024 * 1024), "MB")}");
        run.Terminal.Line($"cpu       {Curve(p => p.Cpu)}  {Most(metrics, p => p.Cpu, "% of a core")}");
        return ExitCode.Ok;
    }

    private static string Most(MetricsWire metrics, Func<MetricPointWire, double?> value, string unit) =>
        metrics.Points.Max(value) is { } most ? string.Create(CultureInfo.InvariantCulture, $"{most:0.#} {unit} at most") : "not measured";

    /// <summary>The highest value of each column's minutes as a block; a blank where there is none.</summary>
    internal static string Draw(IReadOnlyList<MetricPointWire> points, DateTimeOffset from, int minutes, Func<MetricPointWire, double?> value)
    {
        var columns = Math.Min(Columns, minutes);
        var highest = new double?[columns];
        foreach (var point in points)
        {
            var column = (point.At - from).Ticks * columns / TimeSpan.FromMinutes(minutes).Ticks;
            if (column >= 0 && column < columns && value(point) is { } v)
                highest[column] = Math.Max(highest[column] ?? 0, v);
        }

        var most = highest.Max() ?? 0;
        return string.Concat(highest.Select(v => v is null ? ' ' : most == 0 ? Levels[0] : Levels[(int)Math.Round(v.Value / most * (Levels.Length - 1))]));
    }
}
