using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>The proxy for hosts that the Heroku CLI has wired in: it ends every tunnel here, and nothing ever goes on.</summary>
public sealed class CompanionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wired_host_is_answered_by_the_server_with_a_certificate_of_its_name()
    {
        await using var router = await RouterUnderTest.StartAsync();
        await using var server = await EchoAsync(router.Data);
        foreach (var host in new[] { "kolkrabbi.heroku.com", "api.github.com", "telex.heroku.com", "api.metrics.herokai.com" })
            Assert.Equal($"{host} /apps/x/github", await TunnelledAsync(router, $"{host}:443", host, "/apps/x/github"));
        Assert.Equal($"localhost:{router.Port} /account", await TunnelledAsync(router, $"localhost:{router.Port}", "localhost", "/account", $"localhost:{router.Port}"));
    }

    [Fact]
    public async Task Nothing_is_forwarded_to_any_other_host()
    {
        await using var router = await RouterUnderTest.StartAsync();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        foreach (var target in new[] { $"127.0.0.1:{port}", $"localhost:{port}", "github.com:443", "heroku.com.evil.example:443", "evilheroku.com:443", "api.github.com.evil.example:443", $"[::1]:{port}" })
        {
            var answer = await SaidAsync(router, $"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 502 Bad Gateway\r\n", answer, StringComparison.Ordinal);
            Assert.Contains("forwards nothing", answer, StringComparison.Ordinal);
        }
        Assert.StartsWith("HTTP/1.1 404", await SaidAsync(router, $"GET http://127.0.0.2:{port}/x HTTP/1.1\r\nHost: 127.0.0.2:{port}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        Assert.False(other.Pending());
    }

    [Theory]
    [InlineData("CONNECT nonsense HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("CONNECT a:b HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("CONNECT a:1\r\n\r\n", "HTTP/1.1 400")]
    public async Task What_names_no_host_and_port_is_refused(string head, string answer)
    {
        await using var router = await RouterUnderTest.StartAsync();
        Assert.StartsWith(answer, await SaidAsync(router, head), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_the_ordinary_port_a_wired_host_is_nobodys_and_has_no_certificate()
    {
        await using var router = await RouterUnderTest.StartAsync();
        Assert.StartsWith("HTTP/1.1 404", await router.RawAsync("GET / HTTP/1.1\r\nHost: kolkrabbi.heroku.com\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.Port, Ct);
        await using var tls = new SslStream(client.GetStream());
        var refused = await Assert.ThrowsAsync<AuthenticationException>(() => tls.AuthenticateAsClientAsync(Trusting(router, "kolkrabbi.heroku.com"), Ct));
        Assert.Contains("RemoteCertificateNameMismatch", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What comes back when a client says this to the companion.</summary>
    private static async Task<string> SaidAsync(RouterUnderTest router, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.CompanionPort, Ct);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text), Ct);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(Ct).WaitAsync(TimeSpan.FromSeconds(20), Ct);
    }

    /// <summary>One GET over TLS in a tunnel, the certificate checked against our authority.</summary>
    private static async Task<string> TunnelledAsync(RouterUnderTest router, string target, string name, string path, string? host = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.CompanionPort, Ct);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"), Ct);
        var established = new byte[39];
        await stream.ReadExactlyAsync(established, Ct);
        Assert.Equal("HTTP/1.1 200 Connection established\r\n\r\n", Encoding.Latin1.GetString(established));
        await using var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(Trusting(router, name), Ct);
        await tls.WriteAsync(Encoding.Latin1.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host ?? name}\r\nConnection: close\r\n\r\n"), Ct);
        using var reader = new StreamReader(tls);
        var answer = await reader.ReadToEndAsync(Ct).WaitAsync(TimeSpan.FromSeconds(20), Ct);
        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        return answer.Split("\r\n\r\n", 2)[1].Split("\r\n") is [_, var chunk, ..] ? chunk : answer.Split("\r\n\r\n", 2)[1];
    }

    /// <summary>A client that trusts this Sluice's authority and no other.</summary>
    private static SslClientAuthenticationOptions Trusting(RouterUnderTest router, string name) => new()
    {
        TargetHost = name,
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(router.Data.CertificateAuthority) },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    private static async Task<WebApplication> EchoAsync(DataFolder data)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(data.ServerSocket));
        var app = builder.Build();
        app.Run(http => http.Response.WriteAsync($"{http.Request.Host} {http.Request.Path}"));
        await app.StartAsync(Ct);
        return app;
    }
}
