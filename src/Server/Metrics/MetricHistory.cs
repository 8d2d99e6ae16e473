using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;

namespace Sluice.Metrics;

/// <summary>
/// The last day of every app, a point a minute, in <c>DIR/metrics/APP.jsonl</c>. Minutes in which nothing ran and nobody came have none. A crash may cost the
/// newest minutes, and a half-written line is left out: nothing else depends on them.
/// </summary>
public sealed class MetricHistory(DataFolder data, TimeProvider clock)
{
    public static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<AppId, Lazy<Day>> apps = new();

    /// <summary>Oldest first; empty for an app of which nothing is known.</summary>
    public ImmutableArray<MetricPoint> Of(AppId app, TimeSpan back)
    {
        var from = clock.GetUtcNow() - back;
        return [.. DayOf(app).Points.Where(p => p.At >= from)];
    }

    public void Add(AppId app, MetricPoint point) => DayOf(app).Add(point, clock.GetUtcNow() - Kept);

    /// <summary>Deletes what is known of apps that are no more.</summary>
    public void KeepOnly(IReadOnlySet<AppId> living)
    {
        if (!Directory.Exists(data.Metrics))
            return;
        foreach (var file in Directory.EnumerateFiles(data.Metrics, "*.jsonl"))
        {
            if (Guid.TryParse(Path.GetFileNameWithoutExtension(file), out var id) && !living.Contains(new AppId(id)))
            {
                apps.TryRemove(new AppId(id), out _);
                File.Delete(file);
            }
        }
    }

    private Day DayOf(AppId app) => apps.GetOrAdd(app, id => new(() => new Day(Path.Combine(data.Metrics, id + ".jsonl")))).Value;

    private sealed class Day
    {
        private const int MostLines = 2 * 24 * 60;

        private readonly Lock gate = new();
        private readonly string file;
        private ImmutableList<MetricPoint> points;
        private int lines;

        public Day(string file)
        {
            this.file = file;
            var read = File.Exists(file) ? File.ReadAllLines(file) : [];
            (points, lines) = ([.. read.Select(Parse).OfType<MetricPoint>()], read.Length);
        }

        public ImmutableList<MetricPoint> Points => points;

        public void Add(MetricPoint point, DateTimeOffset from)
        {
            lock (gate)
            {
                points = points.RemoveAll(p => p.At < from).Add(point);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                if (++lines <= MostLines)
                {
                    File.AppendAllLines(file, [JsonSerializer.Serialize(point)]);
                    return;
                }
                File.WriteAllLines(file + ".new", points.Select(p => JsonSerializer.Serialize(p)));
                File.Move(file + ".new", file, overwrite: true);
                lines = points.Count;
            }
        }

        private static MetricPoint? Parse(string line)
        {
            try
            {
                return JsonSerializer.Deserialize<MetricPoint>(line);
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
