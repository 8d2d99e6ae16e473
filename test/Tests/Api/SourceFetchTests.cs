using System.Net;
using System.Net.Sockets;
using Sluice.Api;

namespace Sluice.Tests.Api;

/// <summary>A caller's address must not make the server knock on doors that the caller cannot reach.</summary>
public sealed class SourceFetchTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("127.0.0.1"), InlineData("127.9.9.9"), InlineData("0.0.0.0"), InlineData("10.1.2.3"), InlineData("172.16.0.1"), InlineData("172.31.255.255")]
    [InlineData("192.168.1.1"), InlineData("169.254.169.254"), InlineData("100.64.0.1"), InlineData("224.0.0.1"), InlineData("255.255.255.255"), InlineData("198.18.0.1")]
    [InlineData("::1"), InlineData("::"), InlineData("::ffff:127.0.0.1"), InlineData("::ffff:10.0.0.1"), InlineData("fe80::1"), InlineData("fc00::1"), InlineData("fd12::1")]
    [InlineData("ff02::1"), InlineData("64:ff9b::7f00:1"), InlineData("2002:7f00:1::"), InlineData("2001::1")]
    public void A_private_or_special_address_is_refused(string address) => Assert.False(PublicNetwork.Has(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1"), InlineData("140.82.121.4"), InlineData("172.32.0.1"), InlineData("2606:4700::1111")]
    public void A_public_address_is_let_through(string address) => Assert.True(PublicNetwork.Has(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://127.0.0.1:{0}/x"), InlineData("http://localhost:{0}/x"), InlineData("http://[::ffff:127.0.0.1]:{0}/x"), InlineData("http://0x7f.1:{0}/x")]
    [InlineData("http://2130706433:{0}/x"), InlineData("gopher://127.0.0.1:{0}/x"), InlineData("file:///etc/passwd"), InlineData("http://user:pass@127.0.0.1:{0}/x"), InlineData("nonsense")]
    public async Task Nothing_on_this_machine_is_ever_connected_to(string url)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var fetch = new SourceFetch();
        var refused = await Assert.ThrowsAsync<RefusedException>(() => fetch.FetchAsync(
            url.Replace("{0}", $"{((IPEndPoint)listener.LocalEndpoint).Port}"), _ => Task.CompletedTask, CancellationToken.None));
        Assert.Equal(RefusalKind.Invalid, refused.Kind);
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task What_names_this_machine_knows_is_not_told()
    {
        using var fetch = new SourceFetch();
        var told = new List<string>();
        foreach (var host in new[] { "localhost", "10.0.0.1", "there-is-no-such-host.invalid" })
        {
            var refused = await Assert.ThrowsAsync<RefusedException>(() => fetch.FetchAsync($"http://{host}:9/x", _ => Task.CompletedTask, CancellationToken.None));
            told.Add(refused.Message.Replace(host, "HOST", StringComparison.Ordinal));
        }

        Assert.Single(told.Distinct());
    }

    [Fact]
    public async Task A_redirect_is_checked_like_the_first_address()
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        using var target = new TcpListener(IPAddress.Parse("127.0.0.2"), 0);
        door.Start();
        target.Start();
        var answering = AnswerAsync(door, $"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:{((IPEndPoint)target.LocalEndpoint).Port}/\r\nContent-Length: 0\r\n\r\n");
        using var fetch = new SourceFetch(address => address.Equals(IPAddress.Loopback));
        await Assert.ThrowsAsync<RefusedException>(() => fetch.FetchAsync($"http://127.0.0.1:{((IPEndPoint)door.LocalEndpoint).Port}/", _ => Task.CompletedTask, CancellationToken.None));
        await answering;
        Assert.False(target.Pending());
    }

    [Theory]
    [InlineData("file:///etc/passwd"), InlineData("gopher://127.0.0.1:{0}/"), InlineData("ftp://127.0.0.1:{0}/"), InlineData("unix:/run/docker.sock"), InlineData("data:text/plain,x"), InlineData("http://user:pass@127.0.0.1:{0}/")]
    public async Task A_redirect_to_anything_but_http_is_not_followed(string to)
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        using var target = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        target.Start();
        var answering = AnswerAsync(door, $"HTTP/1.1 302 Found\r\nLocation: {to.Replace("{0}", $"{PortOf(target)}")}\r\nContent-Length: 0\r\n\r\n");
        using var fetch = new SourceFetch(_ => true);
        var refused = await RefusedAsync(fetch, $"http://127.0.0.1:{PortOf(door)}/");
        await answering.WaitAsync(Soon);
        Assert.Contains("answered 302", refused.Message, StringComparison.Ordinal);
        Assert.False(target.Pending());
    }

    [Fact]
    public async Task Three_redirects_are_followed_wherever_they_are_told_from()
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        using var fetch = new SourceFetch(_ => true);
        var got = "";
        var fetching = fetch.FetchAsync($"http://127.0.0.1:{PortOf(door)}/a/b", async body => got = await new StreamReader(body).ReadToEndAsync(), CancellationToken.None);
        foreach (var to in new[] { "../c?d=1", "/e", $"http://127.0.0.1:{PortOf(door)}/f" })
            await AnswerAsync(door, $"HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").WaitAsync(Soon);
        await AnswerAsync(door, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").WaitAsync(Soon);
        await fetching.WaitAsync(Soon);
        Assert.Equal("hello", got);
    }

    [Fact]
    public async Task A_fourth_redirect_is_not_followed()
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        var onAgain = $"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{PortOf(door)}/again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        using var fetch = new SourceFetch(_ => true);
        var fetching = RefusedAsync(fetch, $"http://127.0.0.1:{PortOf(door)}/");
        for (var asked = 0; asked < 4; asked++)
            await AnswerAsync(door, onAgain).WaitAsync(Soon);
        var refused = await fetching;
        Assert.Contains("answered 302", refused.Message, StringComparison.Ordinal);
        Assert.False(door.Pending());
    }

    /// <summary>A name server that lies says something harmless to who checks, and this machine to who connects.</summary>
    [Fact]
    public async Task A_name_is_asked_for_once_and_what_was_checked_is_connected_to()
    {
        var (harmless, inner) = (IPAddress.Parse("127.0.0.2"), IPAddress.Loopback);
        using var target = new TcpListener(inner, 0);
        target.Start();
        using var door = new TcpListener(harmless, PortOf(target));
        door.Start();
        var answers = new Queue<IPAddress[]>([[harmless], [inner], [harmless, inner]]);
        using var fetch = new SourceFetch(harmless.Equals, _ => answers.Dequeue());
        var url = $"http://rebinding.example:{PortOf(target)}/";

        // The first connection goes to what was checked; the redirect asks anew, and what comes then is checked, too.
        var answering = AnswerAsync(door, $"HTTP/1.1 302 Found\r\nLocation: {url}again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await RefusedAsync(fetch, url);
        await answering.WaitAsync(Soon);
        // One harmless address does not vouch for the other.
        await RefusedAsync(fetch, url);
        Assert.Empty(answers);
        Assert.False(target.Pending() || door.Pending());
    }

    [Fact]
    public async Task What_may_be_fetched_arrives()
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        var answering = AnswerAsync(door, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        using var fetch = new SourceFetch(_ => true);
        var got = "";
        await fetch.FetchAsync($"http://127.0.0.1:{((IPEndPoint)door.LocalEndpoint).Port}/x.tgz", async body => got = await new StreamReader(body).ReadToEndAsync(), CancellationToken.None);
        await answering;
        Assert.Equal("hello", got);
    }

    private static Task<RefusedException> RefusedAsync(SourceFetch fetch, string url) =>
        Assert.ThrowsAsync<RefusedException>(() => fetch.FetchAsync(url, _ => Task.CompletedTask, CancellationToken.None).WaitAsync(Soon));

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        _ = await stream.ReadAsync(new byte[4096]);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
    }
}
