using Sluice.Releases;
using Sluice.Tests.Router;
using Sluice.Tests.Runtime;

namespace Sluice.Tests.Releases;

/// <summary>Releases over a real agent's sandboxes and a real router, with visitors the whole time.</summary>
public sealed class RealReleaseTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task No_request_is_lost_through_deploys_config_changes_a_rollback_and_a_new_server()
    {
        await using var agent = await RunningAgent.StartAsync();
        await using var router = await RouterUnderTest.StartAsync();
        await using var outside = await Outside.MakeAsync();
        var world = await new ReleaseWorld(outside, agent.Runtime, router.Client).StartAsync();
        var app = await world.AppAsync("shop");
        var slug = await world.SlugAsync(app, agent.Slug, "0f0a53b1111", "web: python3 web.py", "release: echo migrating $GREETING", "worker: sleep 600");
        await DeployAsync(world, app.Id, slug);

        using var enough = new CancellationTokenSource();
        var visitors = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => VisitAsync(router, enough.Token)));
        for (var i = 0; i < 2; i++)
            Assert.Equal("succeeded", (await DeployAsync(world, app.Id, slug)).Status);
        var lines = new List<string>();
        var change = await world.Ledger.ChangeConfigAsync(app.Id, ReleaseWorld.Ada.Account, new Dictionary<string, string?> { ["GREETING"] = "hello" }, null, None);
        Assert.Equal("succeeded", (await world.Releaser.EndOfAsync(change!.Value, line => { lines.Add(line); return ValueTask.CompletedTask; }, None)).Status);
        Assert.Equal(["migrating hello"], lines);
        await world.DisposeAsync();

        await using var next = await new ReleaseWorld(outside, agent.Runtime, router.Client).StartAsync();
        Assert.Equal("succeeded", (await next.EndOfAsync(await next.Ledger.RollBackAsync(app.Id, ReleaseWorld.Ada.Account, "v2", null, None))).Status);
        await enough.CancelAsync();
        Assert.True((await visitors).Sum() > 20);
        await ReleaseWorld.UntilAsync(() => next.Fleet.Of(app.Id) is [{ Generation: 6, Name: "web.1" }], "one dyno of the newest generation");
    }

    private static async Task<Release> DeployAsync(ReleaseWorld world, AppId app, SlugId slug) =>
        await world.EndOfAsync(await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app, ReleaseWorld.Ada.Account, null, slug), None));

    /// <summary>Asks until told to stop; returns how often. Any answer but the app's own throws.</summary>
    private static async Task<int> VisitAsync(RouterUnderTest router, CancellationToken ct)
    {
        using var http = router.Http();
        for (var count = 0; ; count++)
        {
            if (ct.IsCancellationRequested)
                return count;
            Assert.Equal("web.1 hello from the slug\n", await http.GetStringAsync("http://shop.localhost/", None));
        }
    }
}
