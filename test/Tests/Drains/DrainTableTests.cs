using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Drains;
using Sluice.Storage;
using Sluice.Tests.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Drains;

public sealed class DrainTableTests
{
    private const string Url = "https://me:pass@logs.example.com/in?key=0123456789";
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Drains_are_kept_sealed_found_by_any_name_and_five_at_most(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        await using var world = new ReleaseWorld(outside);
        var app = await world.AppAsync("shop");
        var table = new DrainTable(world.Db, outside.Vault, new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") }, TimeProvider.System);

        var drain = await table.AddAsync(app, Url, ReleaseWorld.Ada, Ct);

        foreach (var name in new[] { drain.Id.ToString(), drain.Token, Url })
            Assert.Equal((drain.Id, Url), (await table.FindAsync(app.Id, name, Ct)) is var found ? (found.Id, found.Address.Url) : default);
        var stored = await world.Db.FindAsync($"SELECT url FROM log_drains WHERE id = {drain.Id}", row => row.Bytes("url"), Ct);
        Assert.DoesNotContain("0123456789", System.Text.Encoding.Latin1.GetString(stored!), StringComparison.Ordinal);
        Assert.Equal("This app has that drain already.", (await Assert.ThrowsAsync<RefusedException>(() => table.AddAsync(app, Url, ReleaseWorld.Ada, Ct))).Message);
        for (var more = 1; more < Quota.Drains.Default; more++)
            await table.AddAsync(app, $"syslog://logs.example.com:{1000 + more}", ReleaseWorld.Ada, Ct);
        Assert.Equal("An app may have 5 log drains. Remove one first. An administrator can change that: sluice quotas:set drains=N.", (await Assert.ThrowsAsync<RefusedException>(() => table.AddAsync(app, "https://one.more.example/", ReleaseWorld.Ada, Ct))).Message);
        await table.RemoveAsync(drain, ReleaseWorld.Ada, Ct);
        Assert.Equal(RefusalKind.NotFound, (await Assert.ThrowsAsync<RefusedException>(() => table.FindAsync(app.Id, drain.Token, Ct))).Kind);
        Assert.Equal(4, (await table.ListAsync(app.Id, Ct)).Length);
    }

    [Theory]
    [InlineData("https://logs.example.com/in", "https://logs.example.com/[hidden]")]
    [InlineData("https://logs.example.com:8443/?key=x", "https://logs.example.com:8443/[hidden]")]
    [InlineData("http://me:pass@logs.example.com", "http://logs.example.com/[hidden]")]
    [InlineData("syslog+tls://logs.example.com:6514", "syslog+tls://logs.example.com:6514")]
    [InlineData("syslog://93.184.216.34", "syslog://93.184.216.34")]
    public void What_is_shown_to_others_holds_no_key(string url, string shown)
    {
        Assert.Empty(DrainAddress.Faults(url, allowsPrivate: false));
        Assert.Equal(shown, DrainAddress.Parse(url).WithoutSecrets);
    }

    [Theory]
    [InlineData("ftp://logs.example.com", "A drain's address is one like")]
    [InlineData("logs.example.com:514", "A drain's address is one like")]
    [InlineData("syslog:///dev/log", "A drain's address is one like")]
    [InlineData("https://logs.example.com/a b", "no blanks")]
    [InlineData("syslog://me:pass@logs.example.com", "a host and a port and no more")]
    [InlineData("syslog://logs.example.com:514/path", "a host and a port and no more")]
    [InlineData("https://logs.example.com/#x", "no drain's has a #")]
    [InlineData("http://localhost:5000/", "not on the public network")]
    [InlineData("http://shop.localhost/", "not on the public network")]
    [InlineData("https://127.0.0.1/", "not on the public network")]
    [InlineData("https://2130706433/", "not on the public network")]
    [InlineData("syslog://[::1]:514", "not on the public network")]
    [InlineData("syslog://[::ffff:10.0.0.1]:514", "not on the public network")]
    [InlineData("syslog://192.168.1.1", "not on the public network")]
    [InlineData("http://169.254.169.254/latest/meta-data", "not on the public network")]
    public void An_address_that_is_no_good_is_refused_without_being_repeated(string url, string says)
    {
        var fault = Assert.Single(DrainAddress.Faults(url, allowsPrivate: false));
        Assert.Contains(says, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("pass", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9000/", true)]
    [InlineData("syslog://[::1]:514", true)]
    [InlineData("syslog://10.1.2.3", true)]
    [InlineData("http://169.254.169.254/", false)]
    [InlineData("http://100.64.0.1/", true)]
    [InlineData("http://100.100.100.200/", false)]
    [InlineData("http://[fd00:1::1]/", true)]
    [InlineData("http://[fd00:ec2::254]/", false)]
    [InlineData("http://[::ffff:100.100.100.200]/", false)]
    [InlineData("http://168.63.129.16/", false)]
    [InlineData("http://0.0.0.0/", false)]
    [InlineData("syslog://224.0.0.1", false)]
    public void Private_networks_can_be_allowed_and_the_links_own_never(string url, bool isAllowed) => Assert.Equal(isAllowed, !DrainAddress.Faults(url, allowsPrivate: true).Any());
}
