using System.Net;
using System.Net.Sockets;
using Sluice.Router;

namespace Sluice.Tests.Router;

public sealed class DialTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly TcpListener dyno = new(IPAddress.Loopback, 0);
    private readonly List<string> said = [];
    private int tries;

    public DialTests() => dyno.Start();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
    private Target Target => new(DynoId.New(), "web.1", "127.0.0.1", ((IPEndPoint)dyno.LocalEndpoint).Port);

    [Fact]
    public async Task What_fails_once_is_tried_once_more_and_the_reason_is_told_without_the_tenant()
    {
        using var socket = await Failing(1, SocketError.HostUnreachable).ToAsync(Target, Long, Ct);
        Assert.True(socket.Connected);
        Assert.Equal(2, tries);
        Assert.Matches(@"^router: a connection to a dyno failed after \d+ ms: HostUnreachable\. More of this kind in the next minute are not told\.$", Assert.Single(said));
    }

    [Fact]
    public async Task What_takes_too_long_once_is_tried_once_more()
    {
        var dial = new Dial
        {
            Say = said.Add,
            Connect = (socket, target, ct) => ++tries == 1 ? new(Task.Delay(Timeout.Infinite, ct)) : socket.ConnectAsync(target.Address, target.Port, Ct),
        };
        using var socket = await dial.ToAsync(Target, TimeSpan.FromMilliseconds(100), Ct);
        Assert.True(socket.Connected);
        Assert.Contains(": TimedOut.", Assert.Single(said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_twice_fails_and_each_kind_is_told_once_a_minute()
    {
        var dial = Failing(int.MaxValue, SocketError.AddressNotAvailable);
        for (var request = 1; request <= 3; request++)
        {
            await Assert.ThrowsAsync<SocketException>(() => dial.ToAsync(Target, Long, Ct));
            Assert.Equal(2 * request, tries);
        }
        Assert.Single(said);
    }

    [Fact]
    public async Task Who_refuses_is_not_asked_twice()
    {
        await Assert.ThrowsAsync<SocketException>(() => Failing(int.MaxValue, SocketError.ConnectionRefused).ToAsync(Target, Long, Ct));
        Assert.Equal(1, tries);
        Assert.Empty(said);
    }

    [Fact]
    public async Task Nobody_is_asked_for_a_visitor_who_left()
    {
        using var left = new CancellationTokenSource();
        var dial = new Dial
        {
            Say = said.Add,
            Connect = async (_, _, ct) =>
            {
                tries++;
                await left.CancelAsync();
                ct.ThrowIfCancellationRequested();
            },
        };
        await Assert.ThrowsAsync<OperationCanceledException>(() => dial.ToAsync(Target, Long, left.Token));
        Assert.Equal(1, tries);
        Assert.Empty(said);
    }

    [Fact]
    public async Task A_dyno_that_no_way_leads_to_is_H19_for_its_visitor()
    {
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Connect = TimeSpan.FromSeconds(2) });
        // The kernel takes no connection to everybody.
        await router.RouteAsync(Target with { Address = "255.255.255.255" });
        using var http = router.Http();
        using var answer = await http.GetAsync(new Uri("http://shop.localhost/"), Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("H19", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    public void Dispose() => dyno.Dispose();

    /// <summary>The first tries fail, what comes after them connects.</summary>
    private Dial Failing(int times, SocketError error) => new()
    {
        Say = said.Add,
        Connect = (socket, target, ct) => ++tries <= times ? ValueTask.FromException(new SocketException((int)error)) : socket.ConnectAsync(target.Address, target.Port, ct),
    };
}
