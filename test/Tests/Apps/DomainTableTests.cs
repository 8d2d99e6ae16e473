using Sluice.Apps;
using Sluice.Tests.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Apps;

public sealed class DomainTableTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Site Site = new() { Port = 5000, Domain = "apps.example.com", PublicUrl = new Uri("https://sluice.example.com") };

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task One_name_leads_to_one_app(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var domains = new DomainTable(world.Db, Site, world.Clock);
        var (shop, blog) = (await AppAsync(world, "shop", world.Admin), await AppAsync(world, "blog", world.Admin));
        var added = await domains.AddAsync(shop, "WWW.shop.example", with: null, world.Admin, None);
        Assert.Equal("www.shop.example", added.Hostname);
        Assert.Equal(added, await domains.FindAsync(shop.Id, "www.SHOP.example", None));
        Assert.Equal(added, await domains.FindAsync(shop.Id, added.Id.ToString(), None));

        var taken = await Assert.ThrowsAsync<RefusedException>(() => domains.AddAsync(blog, "www.shop.example", with: null, world.Admin, None));
        Assert.Equal((RefusalKind.Invalid, "www.shop.example is taken by an app already. One name leads to one app: remove it there first."), (taken.Kind, taken.Message));
        await Assert.ThrowsAsync<RefusedException>(() => domains.FindAsync(blog.Id, "www.shop.example", None));

        await domains.RemoveAsync(added, world.Admin, None);
        await domains.AddAsync(blog, "www.shop.example", with: null, world.Admin, None);
        await world.Apps.DestroyAsync(blog, world.Admin, None);
        await domains.AddAsync(shop, "www.shop.example", with: null, world.Admin, None);
        Assert.Equal(["www.shop.example"], (await domains.ListAsync(shop.Id, None)).Select(d => d.Hostname));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_wildcard_keeps_other_owners_out_from_above_and_below(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var domains = new DomainTable(world.Db, Site, world.Clock);
        var eve = await world.StrangerAsync();
        var (shop, docs, evil) = (await AppAsync(world, "shop", world.Admin), await AppAsync(world, "docs", world.Admin), await AppAsync(world, "evil", eve));
        await domains.AddAsync(shop, "*.shop.example", with: null, world.Admin, None);
        await domains.AddAsync(docs, "docs.shop.example", with: null, world.Admin, None);
        await domains.AddAsync(docs, "www.docs.example", with: null, world.Admin, None);
        await Assert.ThrowsAsync<RefusedException>(() => domains.AddAsync(evil, "pay.shop.example", with: null, eve, None));
        await Assert.ThrowsAsync<RefusedException>(() => domains.AddAsync(evil, "*.docs.example", with: null, eve, None));
        await domains.AddAsync(evil, "mydocs.example", with: null, eve, None);
    }

    [Theory]
    [InlineData("http://www.shop.example", "leave scheme and path out")]
    [InlineData("www.shop.example/path", "leave scheme and path out")]
    [InlineData("www.shop.example:80", "no port")]
    [InlineData("192.0.2.7", "no address of digits")]
    [InlineData("::1", "no address of digits")]
    [InlineData("localhost", "two or more parts")]
    [InlineData("-a.example", "two or more parts")]
    [InlineData("a..example", "two or more parts")]
    [InlineData("a.example.", "two or more parts")]
    [InlineData("a b.example", "two or more parts")]
    [InlineData("a_b.example", "two or more parts")]
    [InlineData("a.b.1", "two or more parts")]
    [InlineData("bücher.example", "xn--")]
    [InlineData("*", "A star stands for")]
    [InlineData("*.example", "A star stands for")]
    [InlineData("a.*.example", "A star stands for")]
    [InlineData("w*.shop.example", "A star stands for")]
    [InlineData("apps.example.com", "belongs to this server")]
    [InlineData("shop.apps.example.com", "belongs to this server")]
    [InlineData("*.apps.example.com", "belongs to this server")]
    [InlineData("sluice.example.com", "belongs to this server")]
    [InlineData("shop.localhost", "belongs to this server")]
    public void What_is_no_host_name_of_ones_own_is_refused(string name, string sentence) =>
        Assert.Contains(sentence, Assert.Single(DomainName.Faults(name, Site)), StringComparison.Ordinal);

    [Fact]
    public void A_name_that_is_too_long_is_refused() => Assert.Single(DomainName.Faults(string.Join('.', Enumerable.Repeat("abcdefgh", 40)), Site));

    [Theory]
    [InlineData("shop.example"), InlineData("www.shop.example"), InlineData("*.shop.example"), InlineData("xn--bcher-kva.example"), InlineData("1.2.3.example"), InlineData("example.com")]
    public void Ordinary_names_are_good(string name) => Assert.Empty(DomainName.Faults(name, Site));

    private static Task<App> AppAsync(World world, string name, Sluice.Accounts.Principal who) => world.Apps.CreateAsync(name, null, who, (_, _) => { }, None);
}
