using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Tests.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Pipelines;

public sealed class EdgeTableTests : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private Outside outside = null!;
    private ReleaseWorld world = null!;

    private async Task<App[]> AppsAsync(string kind, params string[] names)
    {
        outside = await Outside.MakeAsync(kind);
        world = new ReleaseWorld(outside);
        var apps = new List<App>();
        foreach (var name in names)
            apps.Add(await world.AppAsync(name));
        return [.. apps];
    }

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
            await world.DisposeAsync();
        if (outside is not null)
            await outside.DisposeAsync();
    }

    private Task<Edge> SetAsync(App app, App downstream) => world.Edges.SetAsync(app, downstream, ReleaseWorld.Ada, None);

    private async Task<string[]> ChainAsync(App app, int depth = int.MaxValue) => [.. (await world.Edges.ChainAsync(app.Id, depth, None)).Select(e => e.DownstreamName)];

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Chains_have_any_length_and_many_apps_may_share_a_downstream_app(string kind)
    {
        var apps = await AppsAsync(kind, "dev-jim", "dev-kim", "staging", "production");
        await SetAsync(apps[0], apps[2]);
        await SetAsync(apps[1], apps[2]);
        await SetAsync(apps[2], apps[3]);
        Assert.Equal(["staging", "production"], await ChainAsync(apps[0]));
        Assert.Equal(["staging", "production"], await ChainAsync(apps[1]));
        Assert.Equal(["staging"], await ChainAsync(apps[0], depth: 1));
        Assert.Empty(await ChainAsync(apps[3]));
    }

    [Fact]
    public async Task An_app_has_one_downstream_app_and_the_last_one_named_counts()
    {
        var apps = await AppsAsync("sqlite", "staging", "eu-1", "us-1");
        await SetAsync(apps[0], apps[1]);
        await SetAsync(apps[0], apps[2]);
        Assert.Equal(["us-1"], await ChainAsync(apps[0]));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_chain_that_comes_back_is_refused_with_its_way(string kind)
    {
        var apps = await AppsAsync(kind, "one", "two", "three");
        await SetAsync(apps[0], apps[1]);
        await SetAsync(apps[1], apps[2]);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => SetAsync(apps[2], apps[0]));
        Assert.Equal("one cannot be downstream of three, since it promotes to three itself: one ---> two ---> three.", refused.Message);
        refused = await Assert.ThrowsAsync<RefusedException>(() => SetAsync(apps[0], apps[0]));
        Assert.Equal("one cannot be its own downstream app.", refused.Message);
        Assert.Empty(await ChainAsync(apps[2]));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Of_two_edges_that_would_close_a_circle_at_once_one_is_refused(string kind)
    {
        var apps = await AppsAsync(kind, "one", "two", "three", "four");
        for (var round = 0; round < 20; round++)
        {
            await SetAsync(apps[0], apps[1]);
            await SetAsync(apps[2], apps[3]);
            var closing = await Task.WhenAll(IsRefusedAsync(() => SetAsync(apps[1], apps[2])), IsRefusedAsync(() => SetAsync(apps[3], apps[0])));
            Assert.Single(closing, refused => refused);
            foreach (var app in apps)
                await IsRefusedAsync(() => world.Edges.RemoveAsync(app, null, ReleaseWorld.Ada, None));
        }
    }

    [Fact]
    public async Task An_edge_goes_with_either_of_its_apps()
    {
        var apps = await AppsAsync("sqlite", "one", "two", "three");
        await SetAsync(apps[0], apps[1]);
        await SetAsync(apps[1], apps[2]);
        await world.Apps.DestroyAsync(apps[1], ReleaseWorld.Ada, None);
        Assert.Empty(await ChainAsync(apps[0]));
        Assert.True(await IsRefusedAsync(() => SetAsync(apps[0], apps[1])));
    }

    private static async Task<bool> IsRefusedAsync(Func<Task> work)
    {
        try
        {
            await Task.Run(work);
            return false;
        }
        catch (RefusedException)
        {
            return true;
        }
    }
}
