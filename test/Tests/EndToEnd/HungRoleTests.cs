using Sluice.Tests.Roles;

namespace Sluice.Tests.EndToEnd;

/// <summary>A role that runs and does not answer is replaced by itself.</summary>
public sealed class HungRoleTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_role_that_hangs_is_replaced_and_only_requests_inside_a_hung_router_are_lost()
    {
        await using var keeper = await Shopkeeper.OpenAsync(null, "--hang-after", "10");
        var sluice = keeper.Sluice;
        await keeper.TypeAsync("create shop --remote production");
        await keeper.PushAsync("production");
        await using var visitors = new Visitors(sluice.Address, "shop");

        await HangAsync(sluice, visitors, "server", "agent");
        Assert.Empty(visitors.Lost);
        await HangAsync(sluice, visitors, "router");
        Assert.True(visitors.Lost.Count <= Visitors.People, string.Join('\n', visitors.Lost));

        await visitors.StopAsync();
        Assert.True(visitors.Lost.Count <= Visitors.People, string.Join('\n', visitors.Lost));
        Assert.Contains("web.1", await keeper.TypeAsync("ps -a shop"), StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(sluice.Data.Sandboxes), d => Guid.TryParseExact(Path.GetFileName(d), "N", out _));
    }

    /// <summary>Stops them, and returns when all is whole again without anybody's help.</summary>
    private static async Task HangAsync(RunningSluice sluice, Visitors visitors, params string[] roles)
    {
        var hung = roles.ToDictionary(role => role, sluice.PidOf);
        foreach (var (role, pid) in hung)
            await RunningSluice.StopWholeAsync(pid);
        await sluice.UntilAsync(() => hung.All(one => sluice.PidOf(one.Key) != one.Value && !Directory.Exists($"/proc/{one.Value}")));
        foreach (var role in roles)
        {
            Assert.Contains($"The {role} has not answered for {(role == "router" ? 3 : 10)} s; replacing it.", sluice.Said, StringComparison.Ordinal);
            await sluice.UntilAsync(() => sluice.Said.Contains($"The {role} was replaced.", StringComparison.Ordinal));
        }
        var before = visitors.Visits;
        await sluice.UntilAsync(() => visitors.Visits > before + 20);
        using var http = new HttpClient();
        for (var tries = 0; !(await http.GetAsync(new Uri(sluice.Address, "/healthz"), Ct)).IsSuccessStatusCode; tries++)
        {
            Assert.True(tries < 600, sluice.Said);
            await Task.Delay(100, Ct);
        }
    }
}
