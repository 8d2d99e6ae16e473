using System.Net.Sockets;
using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>
/// The question that a role answers at once unless it hangs. Server and router are asked over HTTP on sockets of their own, where neither can hang the other: the server reads its
/// records for it. The agent has an operation for it.
/// </summary>
internal sealed class SignOfLife(DataFolder data)
{
    /// <summary>What the server is asked; 200 when its records answer, too.</summary>
    public const string OfServer = "/healthz/server";

    /// <summary>Returns when the role has answered, whatever it said, and waits as long as it takes.
    /// Throws <see cref="SocketException"/>, <see cref="IOException"/> or <see cref="AgentException"/> when nobody listens, or hung up.</summary>
    public Task AskAsync(string role, int pid, CancellationToken ct) => role switch
    {
        Launch.Agent => new AgentClient(data).CallAsync<Nothing, Nothing>(AgentRole.Ready, new Nothing(), null, ct),
        Launch.Router => AskAsync(data.RouterSocket(pid), "/ready", ct),
        _ => AskAsync(data.ServerSocket, OfServer, ct),
    };

    private static async Task AskAsync(string socket, string path, CancellationToken ct)
    {
        if (await Health.AskAsync(new UnixDomainSocketEndPoint(socket), path, ct) is "")
            throw new EndOfStreamException("It hung up without a word.");
    }
}
