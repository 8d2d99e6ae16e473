using System.Security.Cryptography;
using System.Text;
using Sluice.Apps;
using Sluice.Storage;
using Sluice.Tests.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Apps;

public sealed class SniEndpointTableTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Site Site = new() { Port = 5000, Domain = "apps.example.com", PublicUrl = new Uri("https://sluice.example.com") };

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_domain_is_served_with_the_certificate_it_was_told_to_until_that_is_removed(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var (domains, endpoints) = (new DomainTable(world.Db, Site, world.Clock), new SniEndpointTable(world.Db, world.Vault, world.Clock));
        var shop = await AppAsync(world, "shop", world.Admin);
        var (first, second) = (TestCertificate.For("www.shop.example", "*.eu.shop.example"), TestCertificate.For("*.shop.example"));
        var added = await endpoints.AddAsync(shop, first.Chain, first.Key, world.Admin, None);
        Assert.Matches("^[a-z][a-z0-9-]{2,29}$", added.Name);
        var www = await domains.AddAsync(shop, "www.shop.example", added, world.Admin, None);
        await domains.AddAsync(shop, "a.eu.shop.example", added, world.Admin, None);
        var bare = await domains.AddAsync(shop, "pay.shop.example", with: null, world.Admin, None);
        Assert.Contains("pay.shop.example is not among them", (await Assert.ThrowsAsync<RefusedException>(() => domains.ServeWithAsync(bare, added, world.Admin, None))).Message);

        var served = Assert.Single(await endpoints.ServedAsync(None));
        Assert.Equal((first.Chain, first.Key), (served.Chain, served.Key));
        Assert.Equal(["a.eu.shop.example", "www.shop.example"], served.Hosts);

        var all = await domains.ListAsync(shop.Id, None);
        Assert.Contains("a.eu.shop.example is not among them", (await Assert.ThrowsAsync<RefusedException>(() => endpoints.ReplaceAsync(added, all, second.Chain, second.Key, world.Admin, None))).Message);
        await domains.RemoveAsync(all.Single(d => d.Hostname == "a.eu.shop.example"), world.Admin, None);
        await endpoints.ReplaceAsync(added, await domains.ListAsync(shop.Id, None), second.Chain, second.Key, world.Admin, None);
        Assert.Equal((second.Chain, second.Key), Assert.Single(await endpoints.ServedAsync(None)) is var now ? (now.Chain, now.Key) : default);
        Assert.Equal([www.Id], (await endpoints.FindAsync(shop.Id, added.Name, None)).Domains);

        await endpoints.RemoveAsync(added, world.Admin, None);
        Assert.Null((await domains.FindAsync(shop.Id, "www.shop.example", None)).SniEndpoint);
        Assert.Empty(await endpoints.ServedAsync(None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task The_key_lies_sealed_and_opens_only_in_its_own_row(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var endpoints = new SniEndpointTable(world.Db, world.Vault, world.Clock);
        var shop = await AppAsync(world, "shop", world.Admin);
        var pair = TestCertificate.For("www.shop.example");
        var added = await endpoints.AddAsync(shop, pair.Chain, pair.Key, world.Admin, None);
        var stored = await world.Db.FindAsync($"SELECT private_key FROM sni_endpoints", row => row.Bytes("private_key"), None);
        Assert.True(stored!.AsSpan().IndexOf(Encoding.UTF8.GetBytes(pair.Key).AsSpan(40, 20)) < 0);
        Assert.Equal(pair.Key, Encoding.UTF8.GetString(world.Vault.Open(SniEndpointTable.Purpose(added.Id), stored)));
        Assert.Throws<AuthenticationTagMismatchException>(() => world.Vault.Open(SniEndpointTable.Purpose(Guid.NewGuid()), stored));
    }

    [Fact]
    public void What_cannot_be_served_is_refused_with_a_sentence_for_each_fault()
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(50);
        var (good, other) = (TestCertificate.For("www.shop.example"), TestCertificate.For("www.blog.example"));
        Assert.Empty(CertificateFacts.Faults(good.Chain, good.Key, now));
        Assert.Empty(CertificateFacts.Faults(good.Chain + "\n" + other.Chain, good.Key, now));
        Assert.Equal(2, CertificateFacts.Faults("no", "no", now).Count());
        Assert.Contains("belongs to another certificate", Assert.Single(CertificateFacts.Faults(good.Chain, other.Key, now)));
        Assert.Contains("belongs to another certificate", Assert.Single(CertificateFacts.Faults(other.Chain + "\n" + good.Chain, good.Key, now)));
        Assert.Contains("ended on 2001-01-01", Assert.Single(Ended(DateTimeOffset.UnixEpoch.AddYears(31))));
        Assert.Contains("names no host", Assert.Single(CertificateFacts.Faults(TestCertificate.For() is var none ? none.Chain : "", none.Key, now)));
        Assert.Contains("passphrase", Assert.Single(CertificateFacts.Faults(good.Chain, "-----BEGIN ENCRYPTED PRIVATE KEY-----", now)));
        Assert.Contains("64 KB", Assert.Single(CertificateFacts.Faults(new string('x', 70_000), good.Key, now)));

        IEnumerable<string> Ended(DateTimeOffset until)
        {
            var pair = TestCertificate.For(until, "www.shop.example");
            return CertificateFacts.Faults(pair.Chain, pair.Key, now);
        }
    }

    private static Task<App> AppAsync(World world, string name, Sluice.Accounts.Principal who) => world.Apps.CreateAsync(name, null, who, (_, _) => { }, None);
}
