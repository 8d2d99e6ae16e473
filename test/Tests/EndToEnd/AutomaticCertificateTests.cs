using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Sluice.Tests.Acme;
using Sluice.Tests.Api;
using Sluice.Wire;

namespace Sluice.Tests.EndToEnd;

public sealed class AutomaticCertificateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_domain_is_served_with_a_certificate_that_came_by_itself_also_after_everything_was_killed()
    {
        await using var authority = await TestAuthority.StartAsync(TimeProvider.System);
        var roots = Path.GetTempFileName();
        await File.WriteAllTextAsync(roots, authority.Root.ExportCertificatePem(), Ct);
        File.SetUnixFileMode(roots, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await using var sluice = await RunningSluice.StartAsync(
            alone: false, Ct, "--acme", authority.Directory.AbsoluteUri, "--acme-agree", "--acme-email", "ops@example.com", "--acme-ca", roots);
        authority.Port80 = sluice.Url.Port;
        using var client = sluice.Client();
        await client.PostAsync<CreateAppWire, AppWire>("/apps", new("shop"), Ct);
        await client.PostAsync<CreateDomainWire, DomainWire>("/apps/shop/domains", new("www.shop.example"), Ct);
        Assert.True((await client.PostAsync<AppWire>("/apps/shop/acm", Ct)).Acm);
        await UntilAsync(async () => (await client.GetAsync<DomainWire>("/apps/shop/domains/www.shop.example", Ct)).AcmStatus is "cert issued", sluice);
        await UntilAsync(() => IsTrustedAsync(sluice.Url.Port, authority.Root), sluice);

        foreach (var role in new[] { "server", "router" })
        {
            using var process = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(sluice.Data.PidFile(role), Ct)));
            process.Kill();
        }
        await UntilAsync(() => IsTrustedAsync(sluice.Url.Port, authority.Root), sluice);
        await UntilAsync(async () => (await client.GetAsync<DomainWire>("/apps/shop/domains/www.shop.example", Ct)).AcmStatus is "cert issued", sluice);
        Assert.Empty(authority.Faults);
        Assert.Single(authority.Issued);
        File.Delete(roots);
    }

    private static async Task UntilAsync(Func<Task<bool>> holds, RunningSluice sluice)
    {
        var start = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                if (await holds())
                    return;
            }
            catch (Exception away) when (away is HttpRequestException or SluiceException or IOException or SocketException)
            {
                // It was killed a moment ago.
            }
            Assert.True(start.Elapsed < TimeSpan.FromSeconds(60), "It did not come about within 60 s.");
            await Task.Delay(50, Ct);
        }
    }

    private static async Task<bool> IsTrustedAsync(int port, X509Certificate2 root)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Ct);
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "www.shop.example",
                    CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { root } },
                },
                Ct);
            return true;
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
    }
}
