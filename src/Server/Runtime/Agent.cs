using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>
/// The agent's protocol, both ends. One request per connection on a Unix socket: a JSON line <c>{"op":"…","body":{…}}</c>, answered by frames
/// of one type byte, a 4-byte little-endian length, and bytes: <c>o</c> output (any number, as it comes), then one of
/// <c>r</c> result (JSON), <c>n</c> refusal (<c>{"kind","message"}</c>, thrown as <see cref="RefusedException"/>), <c>x</c> error (a sentence, thrown as <see cref="AgentException"/>).
/// Closing the connection cancels the request.
/// </summary>
public sealed class AgentClient(DataFolder data)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly DataFolder data = data;

    /// <summary>Asks and waits for the result. Output frames, if any, go to <paramref name="output"/> in order.</summary>
    public Task<TResult> CallAsync<TRequest, TResult>(
        string op, TRequest request, Func<ReadOnlyMemory<byte>, ValueTask>? output, CancellationToken ct) => throw new NotImplementedException();
}

/// <summary>The agent broke or cannot be reached: the platform's fault, never the app's.</summary>
public sealed class AgentException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The agent's side: a table of typed operations over the Unix socket that only the server's user may open.</summary>
public sealed class AgentHost(DataFolder data)
{
    private readonly DataFolder data = data;

    /// <summary>Adds an operation. <c>write</c> sends output frames; the token is cancelled when the caller goes away.</summary>
    public AgentHost On<TRequest, TResult>(
        string op, Func<TRequest, Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, Task<TResult>> handle) => throw new NotImplementedException();

    /// <summary>Serves until stopped.</summary>
    public Task ServeAsync(CancellationToken ct) => throw new NotImplementedException();
}
