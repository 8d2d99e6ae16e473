using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Sluice.Router;

/// <summary>
/// The listeners, with a way to stop accepting that leaves every open connection alone. Kestrel's own stop closes idle keep-alive connections
/// at once, and a client that is just sending on one sees a reset.
/// </summary>
internal sealed class Doors(SocketTransportFactory transport) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly List<Door> open = [];

    public bool CanBind(EndPoint endpoint) => transport.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var door = new Door(await transport.BindAsync(endpoint, cancellationToken));
        open.Add(door);
        return door;
    }

    /// <summary>No new connection from here on. What waits in the kernel's queue belongs to whoever else holds the socket.</summary>
    public async Task CloseAsync()
    {
        foreach (var door in open)
            await door.CloseAsync();
    }

    private sealed class Door(IConnectionListener inner) : IConnectionListener
    {
        private readonly TaskCompletionSource unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool closed;

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            var connection = await inner.AcceptAsync(cancellationToken);
            // An end of connections would make Kestrel stop as a whole, so it is told only when it asks for the end itself.
            if (connection is null && closed)
                await unbound.Task.WaitAsync(cancellationToken);
            return connection;
        }

        public async Task CloseAsync()
        {
            closed = true;
            await inner.UnbindAsync();
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            if (!closed)
                await inner.UnbindAsync(cancellationToken);
            unbound.TrySetResult();
        }

        public ValueTask DisposeAsync()
        {
            unbound.TrySetResult();
            return inner.DisposeAsync();
        }
    }
}
