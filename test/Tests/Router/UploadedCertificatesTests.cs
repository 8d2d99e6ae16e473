using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Sluice.Apps;
using Sluice.Router;
using Sluice.Tests.Apps;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Router;

public sealed class UploadedCertificatesTests
{
    private static readonly TestCertificate Shop = TestCertificate.For("www.shop.example"), Wild = TestCertificate.For("*.shop.example");

    private static readonly byte[] Both = UploadedCertificates.TextOf(
    [
        new ServedCertificate(["www.shop.example"], Shop.Chain, Shop.Key), new ServedCertificate(["*.shop.example"], Wild.Chain, Wild.Key),
    ]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_is_served_with_the_certificate_that_was_uploaded_for_it_and_others_as_ever()
    {
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(r => r with { Hosts = ["shop.localhost", "www.shop.example", "*.shop.example"] });
        Assert.Equal("CN=Sluice private authority", await IssuerAsync(router, "www.shop.example"));
        await router.Client.GiveCertificatesAsync(Both, Ct);
        Assert.Equal("CN=www.shop.example", await IssuerAsync(router, "WWW.shop.example"));
        Assert.Equal("CN=*.shop.example", await IssuerAsync(router, "any.shop.example"));
        Assert.Equal("CN=Sluice private authority", await IssuerAsync(router, "a.b.shop.example"));
        Assert.Equal("CN=Sluice private authority", await IssuerAsync(router, "shop.localhost"));
        await router.Client.GiveCertificatesAsync(UploadedCertificates.TextOf([]), Ct);
        Assert.Equal("CN=Sluice private authority", await IssuerAsync(router, "www.shop.example"));
    }

    [Fact]
    public void The_next_router_has_them_from_the_disk_where_no_key_can_be_read()
    {
        using var folder = new TempFolder();
        var data = new DataFolder(folder.Path);
        new UploadedCertificates(data).Replace(Both);
        var next = new UploadedCertificates(data);
        Assert.Null(next.For("www.shop.example"));
        next.Load();
        Assert.Equal("CN=www.shop.example", next.For("www.shop.example")!.TargetCertificate.Subject);
        Assert.Equal(UploadedCertificates.DigestOf(Both), next.Digest);
        var stored = File.ReadAllBytes(data.RouterCertificates);
        Assert.True(stored.AsSpan().IndexOf("PRIVATE"u8) < 0 && stored.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Shop.Key).AsSpan(40, 20)) < 0);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data.RouterKey));

        stored[^1] ^= 1;
        File.WriteAllBytes(data.RouterCertificates, stored);
        var damaged = new UploadedCertificates(data);
        damaged.Load();
        Assert.Equal("", damaged.Digest);
    }

    private static async Task<string> IssuerAsync(RouterUnderTest router, string name)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.Port, Ct);
        var issuer = "";
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = name,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => (issuer = certificate!.Issuer).Length == 0,
                },
                Ct);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            // It was looked at, no more.
        }
        return issuer;
    }
}
