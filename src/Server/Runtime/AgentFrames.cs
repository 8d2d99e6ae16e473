using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Runtime;

/// <summary>The bytes of the agent's protocol, for both ends.</summary>
internal static class AgentFrames
{
    public const byte Output = (byte)'o', Result = (byte)'r', Refusal = (byte)'n', Error = (byte)'x', Stale = (byte)'s';

    /// <summary>Enough for every config var of an app at once; more is a mistake or an attack.</summary>
    private const int Largest = 16 * 1024 * 1024;
    private const int Head = 5;

    public static async Task WriteRequestAsync<T>(Stream stream, string op, T body, long? term, CancellationToken ct)
    {
        using var line = new MemoryStream();
        JsonSerializer.Serialize(line, new AgentRequest(op, JsonSerializer.SerializeToElement(body, AgentClient.Json)) { Term = term, Trace = Traces.Now }, AgentClient.Json);
        line.WriteByte((byte)'\n');
        await stream.WriteAsync(line.GetBuffer().AsMemory(0, (int)line.Length), ct);
    }

    /// <summary>The request line of a connection; null when the caller left without one.</summary>
    public static async Task<AgentRequest?> ReadRequestAsync(Stream stream, CancellationToken ct)
    {
        using var line = new MemoryStream();
        var buffer = new byte[32 * 1024];
        while (await stream.ReadAsync(buffer, ct) is var count and > 0)
        {
            line.Write(buffer, 0, count);
            if (buffer[count - 1] == '\n')
                return JsonSerializer.Deserialize<AgentRequest>(line.GetBuffer().AsSpan(0, (int)line.Length), AgentClient.Json);
            if (line.Length > Largest)
                throw new IOException("The request is too large.");
        }
        return null;
    }

    public static async Task WriteAsync(Stream stream, byte type, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        var frame = new byte[Head + bytes.Length];
        frame[0] = type;
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(1), bytes.Length);
        bytes.CopyTo(frame.AsMemory(Head));
        await stream.WriteAsync(frame, ct);
    }

    public static async Task<(byte Type, ReadOnlyMemory<byte> Bytes)> ReadAsync(Stream stream, CancellationToken ct)
    {
        var head = new byte[Head];
        await stream.ReadExactlyAsync(head, ct);
        var length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(1));
        if (length is < 0 or > Largest)
            throw new IOException("The agent sent a frame of an impossible size.");
        var bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes, ct);
        return (head[0], bytes);
    }
}

internal sealed record AgentRequest(string Op, JsonElement Body)
{
    /// <summary>The span of the server's that this is a step of, as <c>traceparent</c> writes it; null when nobody traces.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Trace { get; init; }

    /// <summary>The number of the server that asks; null for who is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Term { get; init; }
}

internal sealed record AgentRefusal(RefusalKind Kind, string Message, string? Resource)
{
    public static AgentRefusal Of(RefusedException e) => new(e.Kind, e.Message, e.Resource);

    public RefusedException ToException() => new(Kind, Message, Resource);
}
