using System.Text;
using Sluice.Acme;
using Sluice.Apps;
using Sluice.Router;
using Sluice.Storage;
using Sluice.Tests.Apps;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Acme;

public sealed class AcmeTests
{
    private const string Www = "www.shop.example";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_domain_gets_a_certificate_that_browsers_take_and_another_with_a_third_of_its_life_left(string kind)
    {
        await using var world = await AcmeWorld.StartAsync(kind, Www, "pay.shop.example");
        Assert.Equal(("pending", "It is ordered in a moment."), await world.StatusAsync(Www));
        Assert.Null(await world.HandshakeAsync(Www));

        Assert.Equal(2, await world.WorkAsync());
        Assert.Empty(world.Authority.Faults);
        Assert.Equal(1, world.Authority.Accounts);
        var first = Assert.IsType<System.Security.Cryptography.X509Certificates.X509Certificate2>(await world.HandshakeAsync(Www));
        Assert.NotNull(await world.HandshakeAsync("pay.shop.example"));
        Assert.All(await world.Endpoints.ListAsync(world.Shop.Id, Ct), endpoint => Assert.True(endpoint.IsAutomatic));
        Assert.Equal(("cert issued", "Renewed from 2026-04-30 11:00:00 UTC."), await world.StatusAsync(Www));

        foreach (var (id, stored) in await world.World.Db.ListAsync($"SELECT id, private_key FROM sni_endpoints", row => (row.Guid("id"), row.Bytes("private_key")), Ct))
        {
            Assert.StartsWith("-----BEGIN PRIVATE KEY-----", Encoding.UTF8.GetString(world.World.Vault.Open(SniEndpointTable.Purpose(id), stored)));
            Assert.True(stored.AsSpan().IndexOf("PRIVATE KEY"u8) < 0);
        }

        Assert.Equal(0, await world.WorkAsync());
        world.World.Clock.Advance(TimeSpan.FromDays(59));
        Assert.Equal(0, await world.WorkAsync());
        world.World.Clock.Advance(TimeSpan.FromDays(1));
        world.Authority.MakeNoncesStale(3);
        Assert.Equal(2, await world.WorkAsync());
        Assert.Empty(world.Authority.Faults);
        var next = await world.HandshakeAsync(Www);
        Assert.True(next!.NotAfter > first.NotAfter.AddDays(50) && next.GetPublicKeyString() != first.GetPublicKeyString());
        Assert.Equal(2, (await world.Endpoints.ListAsync(world.Shop.Id, Ct)).Length);
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_is_said_so_and_tried_again_with_growing_pauses()
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www);
        await using var elsewhere = await RouterElsewhereAsync();
        world.Authority.Port80 = elsewhere.Port;
        Assert.Equal(0, await world.WorkAsync());
        Assert.Equal(
            ("failing", "localhost asked http://www.shop.example/.well-known/acme-challenge/… for its proof and did not find it: Invalid response from www.shop.example: 404. "
                + "The name must lead to this server on port 80. Tried again from 2026-03-01 12:01:00 UTC."),
            await world.StatusAsync(Www));
        Assert.Equal(0, await world.WorkAsync());
        Assert.Single(world.Authority.Asked, "new-order");

        foreach (var minutes in new[] { 1, 2, 4, 8, 16 })
        {
            world.World.Clock.Advance(TimeSpan.FromMinutes(minutes));
            await world.WorkAsync();
        }
        Assert.Equal(6, world.Authority.Asked.Count(asked => asked == "new-order"));
        Assert.Equal("failed", (await world.StatusAsync(Www)).Word);

        world.Authority.Port80 = world.Router.Port;
        await world.Jobs.RefreshAsync(world.Shop, world.World.Admin, Ct);
        Assert.Equal(0, await world.WorkAsync());   // not within a minute of the last try
        world.World.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await world.WorkAsync());
        Assert.NotNull(await world.HandshakeAsync(Www));
    }

    [Fact]
    public async Task What_failed_under_a_date_that_was_wrong_does_not_wait_for_that_date()
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www);
        world.Authority.Port80 = 1;
        world.World.Clock.Advance(TimeSpan.FromDays(60));
        Assert.Equal(0, await world.WorkAsync());
        Assert.Equal("failing", (await world.StatusAsync(Www)).Word);

        world.Authority.Port80 = world.Router.Port;
        world.World.Clock.Advance(TimeSpan.FromDays(-60));
        Assert.Equal(1, await world.WorkAsync());
        Assert.NotNull(await world.HandshakeAsync(Www));
        Assert.Equal(0, await world.WorkAsync());
        Assert.Equal(2, world.Authority.Asked.Count(asked => asked == "new-order"));
    }

    [Theory]
    [InlineData("db:acme_account.create+"), InlineData("db:acme_account.register"), InlineData("db:acme_account.register+"), InlineData("db:acme.order"), InlineData("db:acme.order+")]
    [InlineData("db:acme.prove"), InlineData("db:acme.prove+"), InlineData("given"), InlineData("db:acme.issue"), InlineData("db:acme.issue+")]
    public async Task A_crash_between_any_two_steps_costs_an_order_at_most(string gate)
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www);
        var reached = false;
        CrashGate.Watcher.Value = name =>
        {
            if (name == gate && !reached)
            {
                reached = true;
                throw new IOException("the power went");
            }
        };
        world.BeforeGiving = () =>
        {
            CrashGate.Pass("given");
            return Task.CompletedTask;
        };
        await Assert.ThrowsAsync<IOException>(world.WorkAsync);
        Assert.True(reached);
        await world.WorkAsync();
        Assert.Empty(world.Authority.Faults);
        Assert.NotNull(await world.HandshakeAsync(Www));
        Assert.Single(await world.Endpoints.ListAsync(world.Shop.Id, Ct));
        Assert.Equal(1, world.Authority.Accounts);
        Assert.InRange(world.Authority.Asked.Count(asked => asked == "new-order"), 1, 2);
        Assert.Single(world.Authority.Issued);
    }

    [Fact]
    public async Task The_proof_is_answered_by_the_router_for_that_name_alone_and_is_gone_when_it_was_looked_at()
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www, "pay.shop.example");
        var seen = new List<string>();
        world.BeforeGiving = async () =>
        {
            foreach (var proof in await world.Jobs.ProofsAsync(Ct))
            {
                await world.Router.Client.GiveChallengesAsync(Challenges.TextOf([new Challenge(proof.Host, proof.Token, proof.Proof)]), Ct);
                seen.Add(await AskAsync(world, proof.Host, proof.Token));
                Assert.EndsWith("\r\n\r\n" + proof.Proof, seen[^1]);
                Assert.StartsWith("HTTP/1.1 503", await AskAsync(world, "shop.localhost", proof.Token));   // the app's, which has no dynos
                Assert.StartsWith("HTTP/1.1 503", await AskAsync(world, proof.Host, proof.Token + "x"));
            }
        };
        Assert.Equal(2, await world.WorkAsync());
        Assert.NotEmpty(seen);
        Assert.Empty(await world.Jobs.ProofsAsync(Ct));
        Assert.All(seen, answer => Assert.DoesNotContain("Via", answer));
    }

    [Fact]
    public async Task What_came_by_itself_goes_with_its_domain_with_the_switch_and_with_the_app()
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www, "pay.shop.example", "old.shop.example");
        Assert.Equal(3, await world.WorkAsync());
        var own = (await world.Endpoints.ListAsync(world.Shop.Id, Ct))[0];
        Assert.Contains("certs:auto:disable", (await Assert.ThrowsAsync<RefusedException>(() => world.Endpoints.RemoveAsync(own, world.World.Admin, Ct))).Message);

        await world.Domains.RemoveAsync(await world.Domains.FindAsync(world.Shop.Id, "old.shop.example", Ct), world.World.Admin, Ct);
        Assert.Equal(2, (await world.Endpoints.ListAsync(world.Shop.Id, Ct)).Length);

        var pair = TestCertificate.For("pay.shop.example");
        var uploaded = await world.Endpoints.AddAsync(world.Shop, pair.Chain, pair.Key, world.World.Admin, Ct);
        await world.Domains.ServeWithAsync(await world.Domains.FindAsync(world.Shop.Id, "pay.shop.example", Ct), uploaded, world.World.Admin, Ct);
        Assert.Equal(2, (await world.Endpoints.ListAsync(world.Shop.Id, Ct)).Length);
        Assert.Equal(("cert issued", $"Served with {uploaded.Name}, which was uploaded and which nobody renews but you."), await world.StatusAsync("pay.shop.example"));

        await world.Jobs.DisableAsync(world.Shop, world.World.Admin, Ct);
        Assert.Equal(uploaded.Name, Assert.Single(await world.Endpoints.ListAsync(world.Shop.Id, Ct)).Name);
        Assert.Equal(0, await world.WorkAsync());
        Assert.Null(await world.HandshakeAsync(Www));
        Assert.Null(await world.World.Db.FindAsync($"SELECT id FROM acme_jobs", row => row.Text("id"), Ct));
        await world.World.Apps.DestroyAsync(world.Shop, world.World.Admin, Ct);
        Assert.Empty(await world.Endpoints.ServedAsync(Ct));
    }

    [Fact]
    public async Task Who_has_not_agreed_who_asks_too_much_and_who_wants_a_wildcard_is_told_so()
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www, "*.eu.shop.example");
        Assert.Equal("failed", (await world.StatusAsync("*.eu.shop.example")).Word);
        Assert.Contains("a proof in DNS", (await world.StatusAsync("*.eu.shop.example")).Reason);

        world.Told = world.Authority.ToTell(agreed: false);
        await world.WorkAsync();
        Assert.Contains("https://authority.example/terms", (await world.StatusAsync(Www)).Reason);
        Assert.DoesNotContain("account", world.Authority.Asked);

        world.Told = world.Authority.ToTell();
        world.Authority.Refusal = (429, "rateLimited", "too many\u001b[31m certificates", 7200);
        world.World.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.WorkAsync();
        Assert.Equal(("failing", "localhost refused: too many certificates Tried again from 2026-03-01 14:01:00 UTC."), await world.StatusAsync(Www));

        world.Authority.Refusal = null;
        world.World.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(1, await world.WorkAsync());
    }

    [Fact]
    public async Task No_key_lies_open_in_the_records()
    {
        await using var world = await AcmeWorld.StartAsync("sqlite", Www);
        world.Authority.Port80 = 1;
        world.BeforeGiving = () => throw new RouterAwayException();
        await Assert.ThrowsAsync<RouterAwayException>(world.WorkAsync);
        var account = await world.World.Db.FindAsync($"SELECT id, private_key FROM acme_accounts", row => (Id: row.Guid("id"), Key: row.Bytes("private_key")), Ct);
        var job = await world.World.Db.FindAsync($"SELECT id, private_key FROM acme_jobs", row => (Id: row.Guid("id"), Key: row.Bytes("private_key")), Ct);
        foreach (var (purpose, stored) in new[] { (AcmeAccounts.Purpose(account.Id), account.Key), (AcmeJobs.Purpose(job.Id), job.Key) })
        {
            var open = world.World.Vault.Open(purpose, stored);
            Assert.True(stored.AsSpan().IndexOf(open.AsSpan(30, 20)) < 0);
            Assert.ThrowsAny<Exception>(() => world.World.Vault.Open(purpose + "x", stored));
        }
        Assert.Contains("The router is away", (await world.StatusAsync(Www)).Reason);
    }

    [Theory]
    [InlineData(1, 1), InlineData(2, 2), InlineData(6, 32), InlineData(11, 1024), InlineData(12, 1440), InlineData(500, 1440)]
    public void A_pause_begins_with_a_minute_and_ends_with_a_day(int failures, int minutes) =>
        Assert.Equal(TimeSpan.FromMinutes(minutes), AcmeJob.PauseAfter(failures, null));

    private static async Task<Router.RouterUnderTest> RouterElsewhereAsync()
    {
        var router = await Router.RouterUnderTest.StartAsync();
        await router.RouteAsync();
        return router;
    }

    private static async Task<string> AskAsync(AcmeWorld world, string host, string token) => await world.Router.RawAsync(
        $"GET {Challenges.Path}{token} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
}
