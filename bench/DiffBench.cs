using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Runtime;
using Sluice.Sources;

namespace Sluice.Bench;

/// <summary>
/// What one app has that another has not, over real repositories of 10,000 commits: the ordinary case, a downstream that has nothing of them, a rebase of a few,
/// and a history that was rewritten from its first commit on. Against git telling the same log to nobody.
/// </summary>
internal sealed class DiffBench : IDisposable
{
    private const int Rounds = 7, Commits = 10_000;
    private static readonly TimeSpan Bar = TimeSpan.FromMilliseconds(200);

    private readonly string folder = Place.NewFolder();
    private readonly Repositories repositories;
    private readonly Comparison comparison;
    private readonly AppId app = AppId.New(), other = AppId.New();

    private DiffBench()
    {
        repositories = new Repositories(new DataFolder(folder));
        comparison = new Comparison(repositories);
    }

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        using var bench = new DiffBench();
        await bench.MakeAsync(bench.app, Commits, shifted: false, ct);
        await bench.MakeAsync(bench.other, Commits, shifted: true, ct);
        return
        [
            await bench.RowAsync("diff, 10 commits ahead in 10,000", "refs/heads/main", bench.app, "refs/marks/9990", "ancestry", ct),
            await bench.RowAsync("diff, 9,999 commits ahead", "refs/heads/main", bench.app, "refs/marks/1", "ancestry", ct),
            await bench.RowAsync("diff, 200 commits rebased in 10,000", "refs/heads/main", bench.app, "refs/heads/rebased", "patch", ct),
            await bench.RowAsync("diff, all 10,000 commits rewritten", "refs/heads/main", bench.other, "refs/heads/main", "authorship", ct),
        ];
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<Row> RowAsync(string name, string head, AppId where, string @base, string matched, CancellationToken ct)
    {
        var (to, from) = (await ShaAsync(app, head, ct), await ShaAsync(where, @base, ct));
        var (ours, gits) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i <= Rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var diff = await comparison.DiffAsync([app, where], from, to, ct) ?? throw new InvalidOperationException("Nothing to compare.");
            var took = Stopwatch.GetElapsedTime(start);
            if (diff.Matched != matched)
                throw new InvalidOperationException($"{name}: matched by {diff.Matched}, not {matched}.");
            start = Stopwatch.GetTimestamp();
            await Shell.TextAsync(GitCommand.In(repositories.Open(app), ["log", "--max-count=1000", "--format=%H", to]), ct);
            if (i == 0)
                continue;
            ours.Add(took);
            gits.Add(Stopwatch.GetElapsedTime(start));
        }
        return Row.Within(name, ours, gits, Bar);
    }

    private async Task<string> ShaAsync(AppId where, string name, CancellationToken ct) => (await Shell.TextAsync(GitCommand.ReadRef(repositories.Open(where), name), ct)).Trim();

    /// <summary>Each commit changes one of 500 files; the last 200 once more, on a branch of their own from an older commit; all in one pack, as a push brings them.</summary>
    /// <param name="shifted">Another first commit, so that every commit is another.</param>
    private async Task MakeAsync(AppId where, int count, bool shifted, CancellationToken ct)
    {
        var text = new StringBuilder();
        if (shifted)
            Add(text, "main", 0, "begun otherwise", null);
        for (var i = 1; i <= count; i++)
        {
            Add(text, "main", i, $"{i}", null);
            if (i is 1 || i == count - 10)
                text.Append(CultureInfo.InvariantCulture, $"reset refs/marks/{i}\nfrom refs/heads/main\n\n");
            if (i == count - 200)
                text.Append("reset refs/marks/fork\nfrom refs/heads/main\n\n");
        }
        if (!shifted)
        {
            Add(text, "rebased", count + 1, "new below", "refs/marks/fork");
            for (var i = count - 199; i <= count; i++)
                Add(text, "rebased", i, $"{i}", null);
        }
        await Shell.TextAsync(GitCommand.In(repositories.Open(where), ["fast-import", "--quiet"]), ct, Encoding.UTF8.GetBytes(text.ToString()));
        // As it is a moment after a push.
        using var care = new RepositoryCare(new DataFolder(folder), TimeProvider.System, NullLogger<RepositoryCare>.Instance);
        await care.TidyAsync(where, ct);
    }

    private static void Add(StringBuilder text, string branch, int number, string content, string? from)
    {
        var (who, subject) = ($"Ada <ada@example.com> {1_700_000_000 + (number * 60)} +0000", $"Change {number}");
        text.Append(CultureInfo.InvariantCulture, $"commit refs/heads/{branch}\nauthor {who}\ncommitter {who}\ndata {subject.Length}\n{subject}\n");
        if (from is not null)
            text.Append(CultureInfo.InvariantCulture, $"from {from}\n");
        text.Append(CultureInfo.InvariantCulture, $"M 644 inline src/{number % 20}/file{number % 500}\ndata {content.Length}\n{content}\n\n");
    }
}
