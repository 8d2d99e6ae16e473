using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>The main job, timed as a person waits for it: push until the new text answers, promote until the new release answers.</summary>
internal sealed class DeployBench(BenchServer server, NodeApp app)
{
    private const int Rounds = 5;
    private readonly string staging = Name(), production = Name();
    private readonly List<TimeSpan> pushes = [], plainPushes = [], promotions = [], boots = [];
    private readonly List<int> commits = [];

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        await using var server = await BenchServer.StartAsync(ct);
        using var app = await NodeApp.CreateAsync(ct);
        var bench = new DeployBench(server, app);
        await bench.MakePipelineAsync(ct);
        for (var i = 0; i <= Rounds; i++)
            await bench.RoundAsync(i == 0, ct);   // the first makes caches and both apps' first release
        return
        [
            Row.Within("git push of a one-file Node app → first answer, against git's own push and node's own start", bench.pushes, bench.plainPushes, TimeSpan.FromSeconds(1)),
            Row.Extra("promotion accepted → new release answers, against node's own start", bench.promotions, bench.boots, TimeSpan.FromMilliseconds(150)),
            Row.AtMost("durable commits of one promotion", bench.commits.Max(), 10, "commits"),
        ];
    }

    private async Task MakePipelineAsync(CancellationToken ct)
    {
        foreach (var name in new[] { staging, production })
            await server.Client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire(name), ct);
        await server.Client.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new CreatePipelineWire(staging), ct);
        foreach (var (name, stage) in new[] { (staging, "staging"), (production, "production") })
            await server.Client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire(name, staging, stage), ct);
    }

    private async Task RoundAsync(bool isWarmUp, CancellationToken ct)
    {
        var text = await app.ChangeAsync(ct);
        var plain = await app.PlainPushAsync(ct) + await app.BootAsync(ct);
        var push = await PushAsync(text, ct);
        var boot = await app.BootAsync(ct);
        var (promotion, writes) = await PromoteAsync(text, ct);
        if (isWarmUp)
            return;
        pushes.Add(push);
        plainPushes.Add(plain);
        boots.Add(boot);
        promotions.Add(promotion);
        commits.Add(writes);
    }

    private async Task<TimeSpan> PushAsync(string text, CancellationToken ct)
    {
        var start = Stopwatch.GetTimestamp();
        var push = app.PushAsync($"http://bench:{server.Key}@localhost:{server.Address.Port}/{staging}.git", ct);
        await Task.WhenAny(push, server.AnswersAsync(staging, text, ct));
        if (push.IsFaulted)
            await push;
        await server.AnswersAsync(staging, text, ct);
        var took = Stopwatch.GetElapsedTime(start);
        await push;
        return took;
    }

    private async Task<(TimeSpan, int)> PromoteAsync(string text, CancellationToken ct)
    {
        var before = Events();
        var asked = new CreatePromotionWire(new PromotionFromWire(new AppRefWire(staging)), [new PromotionToWire(new AppRefWire(production))]);
        var made = await server.Client.PostAsync<CreatePromotionWire, PromotionWire>("/pipeline-promotions", asked, ct);
        var start = Stopwatch.GetTimestamp();
        await server.AnswersAsync(production, text, ct);
        var took = Stopwatch.GetElapsedTime(start);
        while ((await server.Client.GetAsync<PromotionWire>($"/pipeline-promotions/{made.Id}", ct)).Status != "completed")
            await Task.Delay(10, ct);
        return (took, Events() - before);
    }

    /// <summary>Every durable commit writes one event row.</summary>
    private int Events()
    {
        using var records = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = server.Data.Database, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        records.Open();
        using var count = records.CreateCommand();
        count.CommandText = "SELECT COUNT(*) FROM events";
        return Convert.ToInt32(count.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Name() => $"bench-{Guid.NewGuid().ToString("N")[..8]}";
}
