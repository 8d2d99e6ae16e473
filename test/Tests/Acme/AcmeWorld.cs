using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Sluice.Acme;
using Sluice.Apps;
using Sluice.Router;
using Sluice.Tests.Accounts;
using Sluice.Tests.Router;

namespace Sluice.Tests.Acme;

/// <summary>Records, a router and an authority, with an app <c>shop</c> that has automatic certificates on.</summary>
internal sealed class AcmeWorld : IAsyncDisposable
{
    private AcmeWorld(World world, RouterUnderTest router, TestAuthority authority)
    {
        (World, Router, Authority) = (world, router, authority);
        Told = authority.ToTell();
        Site = new Site { Port = router.Port, Domain = "localhost", PublicUrl = new Uri("http://localhost"), Authority = Told };
        Jobs = new AcmeJobs(world.Db, world.Vault, Site, world.Clock);
        Domains = new DomainTable(world.Db, Site, world.Clock);
        Endpoints = new SniEndpointTable(world.Db, world.Vault, world.Clock);
    }

    public World World { get; }
    public RouterUnderTest Router { get; }
    public TestAuthority Authority { get; }
    public Site Site { get; }
    public AcmeJobs Jobs { get; }
    public DomainTable Domains { get; }
    public SniEndpointTable Endpoints { get; }
    public App Shop { get; private set; } = null!;

    /// <summary>What the server was told of the authority.</summary>
    public Authority Told { get; set; }

    /// <summary>Called where the router is given its proofs.</summary>
    public Func<Task> BeforeGiving { get; set; } = () => Task.CompletedTask;

    public static async Task<AcmeWorld> StartAsync(string kind, params string[] hosts)
    {
        var world = await World.OpenAsync(kind);
        var router = await RouterUnderTest.StartAsync();
        var one = new AcmeWorld(world, router, await TestAuthority.StartAsync(world.Clock));
        one.Authority.Port80 = router.Port;
        var shop = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, Ct);
        await one.Jobs.EnableAsync(shop, world.Admin, Ct);
        one.Shop = (await world.Apps.FindAsync(shop.Id, Ct))!;
        foreach (var host in hosts)
            await one.Domains.AddAsync(one.Shop, host, with: null, world.Admin, Ct);
        await router.RouteAsync(r => r with { App = shop.Id, Hosts = ["shop.localhost", .. hosts] });
        return one;
    }

    private static readonly TimeSpan ForOne = TimeSpan.FromSeconds(30);

    /// <summary>What a server does that has just begun: everything that is due, once; then the router has what is served. Answers how many certificates came.</summary>
    public async Task<int> WorkAsync()
    {
        using var client = new AcmeClient(Told, World.Clock);
        var certifier = new Certifier(Jobs, new AcmeAccounts(World.Db, World.Vault, World.Clock), client, Told, GiveAsync, World.Clock) { LookEvery = TimeSpan.FromMilliseconds(5) };
        var came = 0;
        foreach (var job in await Jobs.DueAsync(Ct))
            came += await certifier.TakeAsync(job, Ct).WaitAsync(ForOne, Ct) ? 1 : 0;   // the world's clock stands still: an order that gets nowhere would never end
        await Router.Client.GiveCertificatesAsync(UploadedCertificates.TextOf(await Endpoints.ServedAsync(Ct)), Ct);
        await GiveAsync(Ct);
        return came;
    }

    public async Task<(string Word, string Reason)> StatusAsync(string host)
    {
        var domain = await Domains.FindAsync(Shop.Id, host, Ct);
        var status = (await Jobs.StatusesAsync(Shop, Ct))[domain.Id];
        return (status.Word, status.Reason);
    }

    /// <summary>Connects by TLS as a browser would that trusts the authority; null when it must not trust what it is shown.</summary>
    public async Task<X509Certificate2?> HandshakeAsync(string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Router.Port, Ct);
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust,
                        RevocationMode = X509RevocationMode.NoCheck,
                        CustomTrustStore = { Authority.Root },
                        VerificationTime = World.Clock.GetUtcNow().UtcDateTime,
                        VerificationTimeIgnored = false,
                    },
                },
                Ct);
            return new X509Certificate2(tls.RemoteCertificate!);
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Authority.DisposeAsync();
        await Router.DisposeAsync();
        await World.DisposeAsync();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task GiveAsync(CancellationToken ct)
    {
        await BeforeGiving();
        await Router.Client.GiveChallengesAsync(Challenges.TextOf([.. (await Jobs.ProofsAsync(ct)).Select(p => new Challenge(p.Host, p.Token, p.Proof))]), ct);
    }
}
