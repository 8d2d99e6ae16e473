using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Router;

namespace Sluice.Tests.Router;

public sealed class OpenConnectionsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_address_has_so_many_at_once_and_others_are_not_kept_out_by_it()
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { PerAddress = 2 });
        await router.RouteAsync(app.Target());
        using var first = await FromAsync("127.0.0.2", router);
        using var second = await FromAsync("127.0.0.2", router);
        Assert.Equal((true, true), (await IsAnsweredAsync(first), await IsAnsweredAsync(second)));
        using (var third = await FromAsync("127.0.0.2", router))
            Assert.False(await IsAnsweredAsync(third));
        using var other = await FromAsync("127.0.0.3", router);
        Assert.True(await IsAnsweredAsync(other));
        first.Dispose();
        await RouterTests.UntilAsync(() =>
        {
            using var again = FromAsync("127.0.0.2", router).GetAwaiter().GetResult();
            return IsAnsweredAsync(again).GetAwaiter().GetResult();
        });
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("10.0.0.1", "::ffff:10.0.0.1", true)]
    [InlineData("2001:db8::1", "2001:db8::ffff:2", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    public void Who_counts_as_one(string a, string b, bool same) =>
        Assert.Equal(same, OpenConnections.KeyOf(IPAddress.Parse(a)) == OpenConnections.KeyOf(IPAddress.Parse(b)));

    private static async Task<Socket> FromAsync(string address, RouterUnderTest router)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await socket.ConnectAsync(IPAddress.Loopback, router.Port, Ct);
        return socket;
    }

    private static async Task<bool> IsAnsweredAsync(Socket socket)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"), Ct);
            return await socket.ReceiveAsync(new byte[100], Ct) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
