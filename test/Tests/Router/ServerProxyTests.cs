using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sluice.Router;

namespace Sluice.Tests.Router;

public sealed class ServerProxyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("sluice.example")]
    public async Task Our_own_hosts_reach_the_server(string host)
    {
        await using var router = await RouterUnderTest.StartAsync();
        await using var server = await ServeAsync(router.Data, http => http.Response.WriteAsync(http.Request.Method + http.Request.Path + http.Request.Host));
        using var http = router.Http();
        Assert.Equal($"GET/apps{host}", await http.GetStringAsync($"http://{host}/apps", Ct));
    }

    [Fact]
    public async Task A_server_that_restarts_is_waited_for()
    {
        await using var router = await RouterUnderTest.StartAsync();
        using var http = router.Http();
        var asked = http.PostAsync("http://localhost/apps", new StringContent("body"), Ct);
        await Task.Delay(300, Ct);
        Assert.False(asked.IsCompleted);
        await using var server = await ServeAsync(router.Data, async http => await http.Request.Body.CopyToAsync(http.Response.Body));
        Assert.Equal("body", await (await asked).Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task Who_follows_a_stream_has_its_head_before_there_is_a_body()
    {
        await using var router = await RouterUnderTest.StartAsync();
        var something = new TaskCompletionSource();
        await using var server = await ServeAsync(router.Data, async http =>
        {
            await http.Response.Body.FlushAsync();
            await something.Task;
            await http.Response.WriteAsync("something");
        });
        using var http = router.Http();
        using var answer = await http.GetAsync("http://localhost/live", HttpCompletionOption.ResponseHeadersRead, Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct);
        something.SetResult();
        Assert.Equal("something", await answer.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task A_server_that_stays_away_is_said_so_while_apps_are_served()
    {
        await using var app = await Backend.SayingAsync("app");
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { ServerAway = TimeSpan.FromMilliseconds(200) });
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        var answer = await http.GetAsync("http://localhost/apps", Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("\"message\":\"The Sluice server is away.", await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal("app", await http.GetStringAsync("http://shop.localhost/", Ct));
    }

    [Fact]
    public async Task One_port_speaks_TLS_for_every_name_it_serves_and_only_for_those()
    {
        await using var app = await Backend.StartAsync(http =>
        {
            http.Response.ContentLength = 5;
            return http.Response.WriteAsync(http.Request.Headers["X-Forwarded-Proto"].ToString());
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        Assert.Contains("CN=shop.localhost", await SubjectAsync(router, "shop.localhost"));
        Assert.Contains("CN=localhost", await SubjectAsync(router, "localhost"));
        Assert.Contains("CN=localhost", await SubjectAsync(router, "127.0.0.1"));
        await Assert.ThrowsAsync<AuthenticationException>(() => SubjectAsync(router, "nobody.localhost"));
        Assert.Equal("https", await OverTlsAsync(router));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(router.Data.CertificateAuthorityKey));
    }

    private static async Task<string> OverTlsAsync(RouterUnderTest router)
    {
        await using var tls = await TlsAsync(router, "shop.localhost");
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), Ct);
        using var reader = new StreamReader(tls, Encoding.ASCII);
        return (await reader.ReadToEndAsync(Ct)).Split("\r\n\r\n")[1].Trim();
    }

    private static async Task<string> SubjectAsync(RouterUnderTest router, string name)
    {
        await using var tls = await TlsAsync(router, name);
        return tls.RemoteCertificate!.Subject;
    }

    /// <summary>Trusts the router's own authority and nothing else, and insists on the name.</summary>
    private static async Task<SslStream> TlsAsync(RouterUnderTest router, string name)
    {
        var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.Port, Ct);
        var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = name,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                    CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(router.Data.CertificateAuthority) },
                },
            },
            Ct);
        return tls;
    }

    private static async Task<WebApplication> ServeAsync(DataFolder data, RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.ListenUnixSocket(data.ServerSocket));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
