using System.Collections.Immutable;
using System.Diagnostics;
using Sluice.Runtime;

namespace Sluice.Bench;

/// <summary>To the first byte that <c>echo</c> prints, in a sandbox with a slug, limits and a network of its own, and as a plain process.</summary>
internal static class SandboxBench
{
    private const int Rounds = 60;

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        var data = new DataFolder(Place.NewFolder());
        var (sandboxed, plain) = (new List<TimeSpan>(), new List<TimeSpan>());
        try
        {
            var slug = Directory.CreateDirectory(Path.Combine(data.Root, "slug")).FullName;
            await File.WriteAllTextAsync(Path.Combine(slug, "hello.txt"), "hello\n", ct);
            await using var host = new SandboxHost(data, TimeProvider.System);
            var app = AppId.New();
            for (var i = 0; i <= Rounds; i++)
            {
                var (inside, outside) = (await InsideAsync(host, slug, app, ct), await OutsideAsync(ct));
                if (i == 0)
                    continue;   // makes the pool of networks, and what all sandboxes of an app share
                sandboxed.Add(inside);
                plain.Add(outside);
            }
        }
        finally
        {
            Directory.Delete(data.Root, recursive: true);
        }
        return
        [
            Row.Extra("start of a sandbox, against a plain process", sandboxed, plain, TimeSpan.FromMilliseconds(60)),
            Row.Extra("the same, p95", [P95(sandboxed)], [P95(plain)], TimeSpan.FromMilliseconds(60)),
        ];
    }

    private static TimeSpan P95(List<TimeSpan> times) => times.Order().ElementAt(times.Count * 95 / 100);

    private static async Task<TimeSpan> InsideAsync(SandboxHost host, string slug, AppId app, CancellationToken ct)
    {
        var spec = new SandboxSpec
        {
            Id = Guid.NewGuid().ToString("N"),
            App = app,
            Use = SandboxUse.Run,
            Hostname = "web.1",
            Mounts = [],
            LayOut = slug,
            Env = ImmutableDictionary<string, string>.Empty,
            Command = "echo up",
            Limits = new SandboxLimits { MemoryMb = 512, CpuPercent = 100, Processes = 256, FileSizeBytes = 1 << 30, Time = TimeSpan.FromSeconds(30) },
            KeepUp = false,
        };
        var start = Stopwatch.GetTimestamp();
        var took = TimeSpan.Zero;
        await host.RunAsync(spec, _ =>
        {
            took = Stopwatch.GetElapsedTime(start);
            return ValueTask.CompletedTask;
        }, ct);
        return took > TimeSpan.Zero ? took : throw new IOException("The sandbox said nothing.");
    }

    private static async Task<TimeSpan> OutsideAsync(CancellationToken ct)
    {
        var start = Stopwatch.GetTimestamp();
        await using var sh = Shell.Start(new Command("sh", "-c", "echo up"));
        await sh.Output.ReadExactlyAsync(new byte[3], ct);
        return Stopwatch.GetElapsedTime(start);
    }
}
