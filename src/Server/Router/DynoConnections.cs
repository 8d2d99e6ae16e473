using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>Every open connection to a dyno, looked at a few times a second: what is late is cut, what idles too long is closed.</summary>
internal sealed class DynoConnections : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<DynoConnection, bool> open = new();
    private readonly Dial dial = new();
    private readonly Timer watch;

    public DynoConnections() => watch = new Timer(_ => CutLate(), null, Look, Look);

    /// <summary>Throws <see cref="SocketException"/>, or <see cref="OperationCanceledException"/> when it takes too long.</summary>
    public async Task<DynoConnection> ConnectAsync(LiveTarget target, TimeSpan within, CancellationToken ct)
    {
        var socket = await dial.ToAsync(target.Target, within, ct);
        var connection = new DynoConnection(socket, target.Load);
        open[connection] = true;
        return connection;
    }

    public void Forget(DynoConnection connection) => open.TryRemove(connection, out _);

    public void Dispose()
    {
        watch.Dispose();
        foreach (var (connection, _) in open)
            connection.Cut(null);
    }

    private void CutLate()
    {
        var now = Environment.TickCount64;
        foreach (var (connection, _) in open)
        {
            if (!connection.IsLate(now))
                continue;
            // An idle one is nobody's but ours; taken in this moment, it is no longer late.
            if (connection.Dyno.RemoveIdle(connection))
                connection.Dyno.GiveUp(connection);
            else if (connection.IsLate(now))
                connection.CutLate();
        }
    }
}

/// <summary>
/// What this router has to do with one dyno, over all tables: requests on their way, WebSockets, and connections that wait for the next request.
/// They belong to the dyno and not to its address, which another dyno may have later.
/// </summary>
internal sealed class DynoTraffic(DynoConnections connections)
{
    // Below the shortest keep-alive of common app servers (gunicorn: 2 s), so that we close idle connections first and no request meets
    // one that the app is just closing.
    private static readonly TimeSpan IdleFor = TimeSpan.FromSeconds(1), Distrust = TimeSpan.FromMinutes(1);

    private readonly List<DynoConnection> idle = [];
    private int requests, sockets;
    private volatile bool keeps;
    private long distrustedUntil;

    public DynoConnections Connections { get; } = connections;

    /// <summary>Requests that a drain waits for.</summary>
    public int Requests => Volatile.Read(ref requests);

    /// <summary>Requests and WebSockets.</summary>
    public int Count => Requests + Volatile.Read(ref sockets);

    public void Enter() => Interlocked.Increment(ref requests);

    public void Leave() => Interlocked.Decrement(ref requests);

    /// <summary>The request became a WebSocket. No drain waits for those: they may last for days, and the dyno itself is told to end them.</summary>
    public void BecomeSocket()
    {
        Interlocked.Increment(ref sockets);
        Interlocked.Decrement(ref requests);
    }

    /// <summary>The WebSocket has ended; its request ends next.</summary>
    public void EndSocket()
    {
        Interlocked.Increment(ref requests);
        Interlocked.Decrement(ref sockets);
    }

    /// <summary>A connection that is open and quiet; null when there is none. One that is not is closed.</summary>
    /// <param name="mayBeRepeated">A request that may not goes on a connection of its own, until this dyno has shown that it keeps idle ones: one that it is just
    /// closing may be open as far as can be seen from here.</param>
    public DynoConnection? TakeIdle(bool mayBeRepeated)
    {
        while ((mayBeRepeated || keeps) && PopIdle() is { } connection)
        {
            connection.Rest();
            if (connection.IsQuiet())
                return connection;
            DistrustIdle();
            connection.Dispose();
        }
        return null;
    }

    /// <summary>It closed a connection that it had said nothing about: for a minute none is believed to be open.</summary>
    public void DistrustIdle()
    {
        Volatile.Write(ref distrustedUntil, Environment.TickCount64 + (long)Distrust.TotalMilliseconds);
        keeps = false;
    }

    /// <summary>Closes one that was idle for as long as we let it. That it is still open shows that the dyno keeps them longer.</summary>
    public void GiveUp(DynoConnection idle)
    {
        if (!idle.IsSilent)
            DistrustIdle();
        else if (Volatile.Read(ref distrustedUntil) <= Environment.TickCount64)
            keeps = true;
        idle.Dispose();
    }

    /// <summary>For the next request.</summary>
    public void Return(DynoConnection connection)
    {
        connection.Expect(IdleFor, RouterError.Idle);
        lock (idle)
            idle.Add(connection);
    }

    public bool RemoveIdle(DynoConnection connection)
    {
        lock (idle)
            return idle.Remove(connection);
    }

    private DynoConnection? PopIdle()
    {
        lock (idle)
        {
            if (idle.Count == 0)
                return null;
            var last = idle[^1];
            idle.RemoveAt(idle.Count - 1);
            return last;
        }
    }
}
