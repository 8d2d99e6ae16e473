using System.Net;
using System.Net.Sockets;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>What is known for certain of a request that met a connection which its dyno was closing.</summary>
public sealed class DynoConnectionTests : IDisposable
{
    private readonly TcpListener dyno = new(IPAddress.Loopback, 0);
    private readonly DynoConnections connections = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public DynoConnectionTests() => dyno.Start();

    [Fact]
    public async Task Closed_before_the_request_came_is_certain()
    {
        var (connection, peer) = await UsedAsync();
        Assert.True(connection.IsQuiet());
        peer.Dispose();
        await connection.SendAsync("POST"u8.ToArray());   // the kernel takes it: it knows of the end only
        Assert.False(await connection.ReadAsync());
        Assert.True(await connection.WasClosedBeforeAsync());
    }

    [Fact]
    public async Task Reset_before_anything_was_sent_is_certain()
    {
        var (connection, peer) = await UsedAsync();
        Assert.True(connection.IsQuiet());
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
        await Assert.ThrowsAsync<SocketException>(async () => await connection.SendAsync("POST"u8.ToArray()));
        Assert.True(await connection.WasClosedBeforeAsync());
    }

    [Fact]
    public async Task Closed_after_it_was_read_is_not()
    {
        var (connection, peer) = await UsedAsync();
        Assert.True(connection.IsQuiet());
        await connection.SendAsync("POST"u8.ToArray());
        await peer.ReceiveAsync(new byte[4], Ct);
        peer.Dispose();
        Assert.False(await connection.ReadAsync());
        Assert.False(await connection.WasClosedBeforeAsync());
    }

    [Fact]
    public async Task Closed_after_it_came_is_not_even_when_nobody_read_it_all()
    {
        var (connection, peer) = await UsedAsync();
        Assert.True(connection.IsQuiet());
        await connection.SendAsync("POST"u8.ToArray());
        await peer.ReceiveAsync(new byte[2], Ct);
        peer.Dispose();
        await Assert.ThrowsAsync<SocketException>(async () => await connection.ReadAsync());
        Assert.False(await connection.WasClosedBeforeAsync());
    }

    [Fact]
    public async Task One_who_has_ended_but_still_listens_may_have_read_it()
    {
        var (connection, peer) = await UsedAsync();
        Assert.True(connection.IsQuiet());
        peer.Shutdown(SocketShutdown.Send);
        await connection.SendAsync("POST"u8.ToArray());
        Assert.False(await connection.ReadAsync());
        Assert.False(await connection.WasClosedBeforeAsync());
    }

    [Fact]
    public async Task Requests_that_may_not_be_sent_twice_take_idle_ones_only_of_a_dyno_that_keeps_them()
    {
        var load = new DynoTraffic(connections);
        var (idle, peer) = await UsedAsync(load);
        load.Return(idle);
        Assert.Null(load.TakeIdle(mayBeRepeated: false));   // nothing is known of it
        await RouterTests.UntilAsync(() => peer.Poll(0, SelectMode.SelectRead));   // idle for a second: closed from here, while the dyno would have kept it
        var (next, _) = await UsedAsync(load);
        load.Return(next);
        Assert.Same(next, load.TakeIdle(mayBeRepeated: false));
        (next, var other) = await UsedAsync(load);
        load.Return(next);
        other.Dispose();
        Assert.Null(load.TakeIdle(mayBeRepeated: true));   // the dyno closed it
        (next, _) = await UsedAsync(load);
        load.Return(next);
        Assert.Null(load.TakeIdle(mayBeRepeated: false));
        Assert.Same(next, load.TakeIdle(mayBeRepeated: true));
    }

    public void Dispose()
    {
        connections.Dispose();
        dyno.Dispose();
    }

    /// <summary>A connection that has carried a request and its answer.</summary>
    private async Task<(DynoConnection Connection, Socket Peer)> UsedAsync(DynoTraffic? load = null)
    {
        var target = new Target(DynoId.New(), "web.1", "127.0.0.1", ((IPEndPoint)dyno.LocalEndpoint).Port);
        var connection = await connections.ConnectAsync(new LiveTarget(target, load ?? new DynoTraffic(connections)), TimeSpan.FromSeconds(5), Ct);
        var peer = await dyno.AcceptSocketAsync(Ct);
        await connection.SendAsync("GET"u8.ToArray());
        await peer.ReceiveAsync(new byte[3], Ct);
        await peer.SendAsync("OK"u8.ToArray(), Ct);
        Assert.True(await connection.ReadAsync());
        connection.Take(2);
        return (connection, peer);
    }
}
