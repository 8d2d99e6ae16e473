using System.Diagnostics;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Storage;

namespace Sluice.Bench;

/// <summary>What a pipeline, its apps and the first page of all apps cost with a hundred apps and with a hundred thousand.</summary>
internal static class ListBench
{
    private const int Rounds = 300;
    private static readonly PipelineId Line = new(new Guid("00000000-0000-4000-9000-000000000000"));
    private static readonly Principal Owner = new(new AccountId(new Guid("00000000-0000-4000-8000-0000000000aa")), "owner@localhost", "bench");
    private static readonly Principal Guest = new(new AccountId(new Guid("00000000-0000-4000-8000-0000000000bb")), "guest@localhost", "bench");

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("sluice-bench-");
        try
        {
            await using var few = SqliteDb.Open(Path.Combine(folder.FullName, "few.db"), TimeProvider.System);
            await using var many = SqliteDb.Open(Path.Combine(folder.FullName, "many.db"), TimeProvider.System);
            await FillAsync(few, 10, ct);
            await FillAsync(many, 10_000, ct);
            return
            [
                await AgainstAsync("GET /pipelines/:id, p99, 100,000 apps against 100", few, many, db => Catalog(db).GetAsync(Line.ToString(), Permission.View, Owner, ct)),
                await AgainstAsync("its couplings, p99, 100,000 apps against 100", few, many, db => Catalog(db).CouplingsAsync(Line, Owner, ct)),
                await FirstPageAsync("GET /apps, whoever owns all 100,000", () => new AppList(many).PageAsync(AppScope.All, Slice.First(200), Owner, ct)),
                await FirstPageAsync("GET /apps, whoever was added to one of 100,000", () => new AppList(many).PageAsync(AppScope.All, Slice.First(200), Guest, ct)),
                await FirstPageAsync("GET /pipelines, whoever owns all 10,000", () => new PipelineList(many).PageAsync(Slice.First(200), Owner, ct)),
                await FirstPageAsync("GET /pipelines, whoever sees one of 10,000", () => new PipelineList(many).PageAsync(Slice.First(200), Guest, ct)),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static PipelineCatalog Catalog(Db db) => new(db, TimeProvider.System);

    /// <summary>Ten apps in each pipeline, all of one owner; the guest was added to one.</summary>
    private static Task FillAsync(Db db, int pipelines, CancellationToken ct) => db.WriteAsync(
        new Act("bench.fill", "apps"),
        tx =>
        {
            foreach (var who in new[] { Owner, Guest })
                tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({who.Account}, {who.Email}, 0, 0)");
            tx.Execute(
                $"""
                WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {pipelines})
                INSERT INTO pipelines (id, name, owner_id, stages, created_at, updated_at)
                SELECT printf('%08x-0000-4000-9000-000000000000', i), 'line-' || i, {Owner.Account}, '["review","development","staging","production"]', i, i FROM n
                """);
            tx.Execute(
                $"""
                WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {pipelines * 10})
                INSERT INTO apps (id, name, owner_id, stack, config, created_at, updated_at)
                SELECT printf('%08x-0000-4000-8000-000000000000', i), 'app-' || i, {Owner.Account}, 'debian-12', x'00', i, i FROM n
                """);
            tx.Execute(
                $"""
                INSERT INTO pipeline_couplings (id, pipeline_id, app_id, stage, created_at, updated_at)
                SELECT printf('%08x-0000-4000-a000-000000000000', created_at), printf('%08x-0000-4000-9000-000000000000', created_at / 10), id, 'staging', 0, 0 FROM apps
                """);
            tx.Execute(
                $"""
                INSERT INTO collaborators (id, app_id, account_id, permissions, created_at, updated_at)
                SELECT id, id, {Guest.Account}, 'view', 0, 0 FROM apps WHERE name = 'app-7'
                """);
        },
        ct);

    /// <summary>In turns, so that both meet the same machine; the lowest p99 of ten, so that a neighbour on it does not count.</summary>
    private static async Task<Row> AgainstAsync(string name, Db few, Db many, Func<Db, Task> ask)
    {
        var (small, large) = (double.MaxValue, double.MaxValue);
        for (var batch = 0; batch < 10; batch++)
        {
            var (a, b) = (new List<double>(), new List<double>());
            for (var i = 0; i < Rounds; i++)
            {
                a.Add(await OnceAsync(() => ask(few)));
                b.Add(await OnceAsync(() => ask(many)));
            }

            (small, large) = (Math.Min(small, P99(a)), Math.Min(large, P99(b)));
        }

        return new Row(name, $"{large:0.00} ms", $"{small:0.00} ms", $"{large / small:0.00}", "≤ 1.50", large / small <= 1.5);
    }

    private static async Task<Row> FirstPageAsync(string name, Func<Task> ask)
    {
        var times = new List<double>();
        for (var i = 0; i < Rounds; i++)
            times.Add(await OnceAsync(ask));
        return Row.AtMost($"first page of {name}, p99", P99(times), 50, "ms");
    }

    private static double P99(List<double> times) => times.Order().ElementAt((int)(times.Count * 0.99));

    /// <summary>Milliseconds.</summary>
    private static async Task<double> OnceAsync(Func<Task> ask)
    {
        var start = Stopwatch.GetTimestamp();
        await ask();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
