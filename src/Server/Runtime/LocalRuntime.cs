using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;

namespace Sluice.Runtime;

/// <summary>One machine: dynos are the agent's sandboxes, asked for over its socket.</summary>
internal sealed class LocalRuntime(AgentClient agent) : IRuntime
{
    public Task<DynoStatus> StartAsync(DynoStart start, CancellationToken ct) => agent.CallAsync<DynoStart, DynoStatus>(DynoOps.Start, start, null, ct);

    public Task StopAsync(DynoId dyno, TimeSpan grace, CancellationToken ct) => agent.CallAsync<DynoStop, Nothing>(DynoOps.Stop, new DynoStop(dyno, grace), null, ct);

    public Task<ImmutableArray<DynoStatus>> ListAsync(CancellationToken ct) => agent.CallAsync<Nothing, ImmutableArray<DynoStatus>>(DynoOps.List, new Nothing(), null, ct);

    public Task<ImmutableArray<DynoUsage>> UsageAsync(CancellationToken ct) => agent.CallAsync<Nothing, ImmutableArray<DynoUsage>>(DynoOps.Usage, new Nothing(), null, ct);

    public IAsyncEnumerable<DynoStatus> WatchAsync(CancellationToken ct) => StreamAsync<Nothing, DynoStatus>(DynoOps.Watch, new Nothing(), ct);

    public async IAsyncEnumerable<DynoLine> LinesAsync(long after, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var lines in StreamAsync<DynoLinesAfter, ImmutableArray<DynoLine>>(DynoOps.Lines, new DynoLinesAfter(after), ct))
        {
            foreach (var line in lines)
                yield return line;
        }
    }

    public Task<SandboxExit> RunAsync(OneOff oneOff, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct) =>
        agent.CallAsync<OneOff, SandboxExit>(DynoOps.Run, oneOff, output, ct);

    public Task TypeAsync(DynoId dyno, ReadOnlyMemory<byte> bytes, bool isEnd, CancellationToken ct) =>
        agent.CallAsync<DynoTyped, Nothing>(DynoOps.Type, new DynoTyped(dyno, bytes.ToArray(), isEnd), null, ct);

    /// <summary>Each output frame is one JSON document. Ends when the agent goes away, with what it had sent.</summary>
    private async IAsyncEnumerable<T> StreamAsync<TRequest, T>(string op, TRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var frames = Channel.CreateBounded<T>(64);
        var call = PumpAsync();
        try
        {
            await foreach (var item in frames.Reader.ReadAllAsync(ct))
                yield return item;
        }
        finally
        {
            await leave.CancelAsync();
            await call;
        }

        async Task PumpAsync()
        {
            try
            {
                await agent.CallAsync<TRequest, Nothing>(op, request, bytes => frames.Writer.WriteAsync(JsonSerializer.Deserialize<T>(bytes.Span, AgentClient.Json)!, leave.Token), leave.Token);
            }
            catch (Exception e) when (e is AgentException or OperationCanceledException)
            {
                // Gone: whoever listens asks again.
            }
            finally
            {
                frames.Writer.TryComplete();
            }
        }
    }
}

/// <summary>Operations on dynos, as the protocol names them.</summary>
internal static class DynoOps
{
    public const string Start = "dyno.start", Stop = "dyno.stop", List = "dyno.list", Usage = "dyno.usage", Watch = "dyno.watch", Lines = "dyno.lines", Run = "dyno.run", Type = "dyno.type", StopAll = "dynos.stop-all";
}

internal sealed record DynoStop(DynoId Id, TimeSpan Grace);

internal sealed record DynoTyped(DynoId Id, byte[] Bytes, bool IsEnd);

internal sealed record DynoLinesAfter(long After);

/// <summary>A request or an answer that says nothing more.</summary>
internal sealed record Nothing;
