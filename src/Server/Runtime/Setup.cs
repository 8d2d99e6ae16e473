using System.Text.Json;
using Sluice.Logs;

namespace Sluice.Runtime;

internal static class RuntimeSetup
{
    private static readonly TimeSpan GraceAtTheEnd = TimeSpan.FromSeconds(30);

    /// <summary>The server's side: the line to the agent, dynos through it, and what they print and become for the apps' logs.</summary>
    public static WebApplicationBuilder AddRuntime(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AgentClient>();
        builder.Services.AddSingleton<IRuntime, LocalRuntime>();
        builder.Services.AddSingleton(s => new LogSource("dynos", (after, ct) => s.GetRequiredService<IRuntime>().LinesAsync(after, ct)
            .Select(line => new SourceLine(line.App, "app", line.Dyno, line.At, line.Text, line.Seq))));
        builder.Services.AddSingleton<DynoStateLines>();
        builder.Services.AddHostedService<ProgramWatch>();
        builder.Services.AddSingleton(s => new LogSource("states", (_, ct) => s.GetRequiredService<DynoStateLines>().ReadAsync(ct)));
        return builder;
    }

    /// <summary>The agent's side: dynos and one-off commands, their files laid out by <paramref name="layOut"/>. Before it serves it checks that sandboxes
    /// hold and takes over what runs; <see cref="AgentHost.StartAsync"/> throws <see cref="AgentException"/> with a sentence when it may not run here.</summary>
    public static AgentHost MapDynos(this AgentHost host, SandboxHost sandboxes, Func<SlugDigest, CancellationToken, Task<string>> layOut, DataFolder data, TimeProvider clock) =>
        host
            .MapDynos(sandboxes, new DynoHost(sandboxes, layOut, data, clock, new DynoTimes()))
            .Before(ct => sandboxes.Isolates ? SandboxCheck.RunAsync(sandboxes, data, ct) : Task.CompletedTask);

    internal static AgentHost MapDynos(this AgentHost host, SandboxHost sandboxes, DynoHost dynos) => host
        .Before(_ => dynos.AdoptAsync())
        .After(async () => await sandboxes.DisposeAsync())
        .On<DynoStart, DynoStatus>(DynoOps.Start, (start, _, _) => dynos.StartAsync(start))
        .On<DynoStop, Nothing>(DynoOps.Stop, async (stop, _, ct) =>
        {
            await dynos.StopAsync(stop.Id, stop.Grace, ct);
            return new Nothing();
        })
        .On<Nothing, Nothing>(DynoOps.StopAll, async (_, _, ct) =>
        {
            await dynos.StopAllAsync(GraceAtTheEnd, ct);
            return new Nothing();
        })
        .On<Nothing, DynoStatus[]>(DynoOps.List, (_, _, _) => Task.FromResult(dynos.List().ToArray()))
        .On<Nothing, DynoUsage[]>(DynoOps.Usage, (_, _, _) => Task.FromResult(dynos.Usage().ToArray()))
        .On<Nothing, Nothing>(DynoOps.Watch, async (_, write, ct) =>
        {
            await dynos.WatchAsync(status => write(Document(status)), ct);
            return new Nothing();
        })
        .On<DynoLinesAfter, Nothing>(DynoOps.Lines, async (from, write, ct) =>
        {
            await dynos.LinesAsync(from.After, async lines =>
            {
                foreach (var some in lines.Chunk(200))
                    await write(Document(some));
            }, ct);
            return new Nothing();
        })
        .On<DynoTyped, Nothing>(DynoOps.Type, async (typed, _, ct) =>
        {
            await dynos.TypeAsync(typed.Id, typed.Bytes, typed.IsEnd, ct);
            return new Nothing();
        })
        .On<OneOff, SandboxExit>(DynoOps.Run, dynos.RunAsync);

    private static byte[] Document<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, AgentClient.Json);
}
