using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>The same questions to a Sluice with a hundred apps and to one with a hundred thousand, in turn.</summary>
internal sealed class ScaleBench(BenchServer server, int pipelines)
{
    private const int AppsEach = 10, Rounds = 1000, WarmUp = 100, Pages = 50;
    private readonly List<TimeSpan> infos = [], couplings = [], pages = [];

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        await using var few = await FilledAsync(10, ct);
        await using var many = await FilledAsync(10_000, ct);
        ScaleBench[] both = [new(few, 10), new(many, 10_000)];
        for (var i = -WarmUp; i < Rounds; i++)
        {
            foreach (var one in both)
                await one.AskAsync(isWarmUp: i < 0, ct);
        }
        var (small, large) = (both[0], both[1]);
        return
        [
            Row.Tails("GET /pipelines/:id with 100,000 apps, p99, against 100 apps", large.infos, small.infos, 1.5),
            Row.Tails("its couplings, p99, against 100 apps", large.couplings, small.couplings, 1.5),
            Row.Within("first page of GET /apps with 100,000 apps, against 100 apps", large.pages, small.pages, TimeSpan.FromMilliseconds(50)),
        ];
    }

    private async Task AskAsync(bool isWarmUp, CancellationToken ct)
    {
        var pipeline = Id("pipeline", Random.Shared.Next(pipelines));
        var info = await TimeAsync(() => server.Client.GetAsync<PipelineWire>($"/pipelines/{pipeline}", ct));
        var coupling = await TimeAsync(() => server.Client.ListAsync<CouplingWire>($"/pipelines/{pipeline}/pipeline-couplings", ct));
        if (!isWarmUp)
        {
            infos.Add(info);
            couplings.Add(coupling);
        }
        if (pages.Count < Pages)
            pages.Add(await TimeAsync(() => server.Client.PageAsync<AppWire>("/apps", "name ..; max=200", ct)));
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> ask)
    {
        var start = Stopwatch.GetTimestamp();
        await ask();
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>The rows are written beside the server, which makes its tables and its account first.</summary>
    public static async Task<BenchServer> FilledAsync(int pipelines, CancellationToken ct)
    {
        var data = new DataFolder(Place.NewFolder());
        await using (await BenchServer.StartAsync(data, leavesFolder: true, ct))
        {
        }
        await using (var records = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = data.Database, Pooling = false }.ToString()))
        {
            await records.OpenAsync(ct);
            await FillAsync(records, pipelines, ct);
        }
        return await BenchServer.StartAsync(data, leavesFolder: false, ct);
    }

    private static async Task FillAsync(SqliteConnection records, int pipelines, CancellationToken ct)
    {
        await using var transaction = (SqliteTransaction)await records.BeginTransactionAsync(ct);
        await using var pipeline = Insert(records, "INSERT INTO pipelines (id, name, owner_id, stages, created_at, updated_at) SELECT $id, $name, id, '[\"review\",\"development\",\"staging\",\"production\"]', 1, 1 FROM accounts WHERE email = 'admin@localhost'");
        await using var app = Insert(records, "INSERT INTO apps (id, name, owner_id, stack, config, created_at, updated_at) SELECT $id, $name, id, 'debian-12', x'00', 1, 1 FROM accounts WHERE email = 'admin@localhost'");
        await using var coupling = Insert(records, "INSERT INTO pipeline_couplings (id, pipeline_id, app_id, stage, created_at, updated_at) VALUES ($id, $name, $app, 'staging', 1, 1)");
        for (var p = 0; p < pipelines; p++)
        {
            await WriteAsync(pipeline, ct, Id("pipeline", p), $"pipeline-{p}");
            for (var a = p * AppsEach; a < (p + 1) * AppsEach; a++)
            {
                await WriteAsync(app, ct, Id("app", a), $"app-{a}");
                await WriteAsync(coupling, ct, Id("coupling", a), Id("pipeline", p), Id("app", a));
            }
        }
        await transaction.CommitAsync(ct);

        SqliteCommand Insert(SqliteConnection connection, string sql)
        {
            var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = sql;
            return command;
        }
    }

    private static async Task WriteAsync(SqliteCommand command, CancellationToken ct, params string[] values)
    {
        command.Parameters.Clear();
        foreach (var (name, value) in new[] { "$id", "$name", "$app" }.Zip(values))
            command.Parameters.AddWithValue(name, value);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The same for the same thing.</summary>
    private static string Id(string what, int number) =>
        new Guid(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{what} {number}")).AsSpan(0, 16)).ToString();
}
