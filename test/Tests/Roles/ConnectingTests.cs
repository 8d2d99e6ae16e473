using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sluice.Tests.Cli;
using Sluice.Tests.House;
using Sluice.Tests.Router;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Roles;

/// <summary>A server elsewhere on a port of this machine: here a router's TLS port, whose certificate only its own authority makes good.</summary>
public sealed class ConnectingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_elsewhere_is_reached_by_loopback_over_verified_tls_with_the_key_of_the_login()
    {
        await using var router = await RouterUnderTest.StartAsync();
        await using var server = await EchoAsync(router.Data);
        using var folder = new TempFolder();
        var url = $"https://localhost:{router.Port}";
        using (var trusting = await ConnectAsync(folder.At("trusting"), url, "--ca", router.Data.CertificateAuthority))
        {
            var here = new Uri((await File.ReadAllTextAsync(folder.At("trusting/address"), Ct)).Trim());
            using var http = new HttpClient();
            Assert.Equal($"localhost:{router.Port} https /account Bearer k", await AskAsync(http, new Uri(here, "/account")));
            using var tls = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = { CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(folder.At("trusting/ca.pem")) } } },
            });
            Assert.Equal($"localhost:{router.Port} https /shop.git Bearer k", await AskAsync(tls, new UriBuilder(here) { Scheme = "https", Path = "/shop.git" }.Uri));
            using var rebound = new HttpRequestMessage(HttpMethod.Get, here) { Headers = { Host = "evil.example" } };
            using var refused = await http.SendAsync(rebound, Ct);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);

            using var typed = new Typed { Variables = { ["SLUICE_DATA"] = folder.At("trusting") } };
            Directory.CreateDirectory(Path.Combine(typed.Home, ".config/sluice"));
            await File.WriteAllTextAsync(Path.Combine(typed.Home, ".config/sluice/credentials"), $"{url} the-key\n", Ct);
            Assert.Equal(0, await typed.Run("env --companion"));
            Assert.Contains("export HEROKU_API_KEY='the-key'\n", typed.Out, StringComparison.Ordinal);
            Assert.Contains($"export HEROKU_HOST='http://localhost:{here.Port}'\n", typed.Out, StringComparison.Ordinal);
            End(trusting);
        }

        using var careful = await ConnectAsync(folder.At("careful"), url);
        using var plain = new HttpClient();
        using var answer = await plain.GetAsync(new Uri((await File.ReadAllTextAsync(folder.At("careful/address"), Ct)).Trim()), Ct);
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        End(careful);
    }

    [Theory]
    [InlineData("http://sluice.example.com", "in plain over the network")]
    [InlineData("nonsense", "is no address of a server")]
    [InlineData("https://user:secret@sluice.example.com", "is no address of a server")]
    public async Task What_would_give_the_key_away_is_refused(string url, string said)
    {
        using var folder = new TempFolder();
        using var process = Start(folder.Path, url);
        Assert.Contains(said, await process.StandardError.ReadToEndAsync(Ct), StringComparison.Ordinal);
        await process.WaitForExitAsync(Ct);
        Assert.NotEqual(0, process.ExitCode);
    }

    private static async Task<string> AskAsync(HttpClient http, Uri url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer k");
        using var answer = await http.SendAsync(request, Ct);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static async Task<Process> ConnectAsync(string folder, string url, params string[] flags)
    {
        var process = Start(folder, [url, .. flags]);
        var line = await process.StandardOutput.ReadLineAsync(Ct);
        Assert.True(line?.StartsWith(url, StringComparison.Ordinal), line ?? await process.StandardError.ReadToEndAsync(Ct));
        return process;
    }

    private static Process Start(string folder, params string[] words) => Process.Start(new ProcessStartInfo(Built.Server, ["connect", .. words, "--data", folder])
    {
        UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
    })!;

    private static void End(Process process)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            kill.WaitForExit();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task<WebApplication> EchoAsync(DataFolder data)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(data.ServerSocket));
        var app = builder.Build();
        app.Run(http => http.Response.WriteAsync($"{http.Request.Host} {http.Request.Headers["X-Forwarded-Proto"]} {http.Request.Path} {http.Request.Headers.Authorization}"));
        await app.StartAsync(Ct);
        return app;
    }
}
