using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Sluice.Router;

namespace Sluice.Tests.Router;

public sealed class RouteTableTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_router_takes_higher_numbers_and_the_same_table_again_but_nothing_else()
    {
        await using var router = await RouterUnderTest.StartAsync();
        var route = RouterUnderTest.Route();
        Assert.Equal(0, (await router.Client.CurrentAsync(Ct)).Number);
        await router.Client.PushAsync(new RouteTable(7, [route]), Ct);
        await router.Client.PushAsync(new RouteTable(7, [route]), Ct);
        await Assert.ThrowsAsync<RefusedException>(() => router.Client.PushAsync(new RouteTable(6, [route]), Ct));
        await Assert.ThrowsAsync<RefusedException>(() => router.Client.PushAsync(new RouteTable(7, []), Ct));
        var current = await router.Client.CurrentAsync(Ct);
        Assert.Equal((7, "shop"), (current.Number, Assert.Single(current.Routes).Name));
    }

    [Fact]
    public async Task A_new_router_serves_the_saved_table_without_the_server()
    {
        await using var app = await Backend.SayingAsync("still here");
        var table = new RouteTable(41, [RouterUnderTest.Route() with { Targets = [app.Target()] }]);
        await using var router = await RouterUnderTest.StartAsync(before: data => new SavedTable(data).Save(table));
        using var http = router.Http();
        Assert.Equal("still here", await http.GetStringAsync("http://shop.localhost/", Ct));
        Assert.Equal(41, (await router.Client.CurrentAsync(Ct)).Number);
    }

    [Fact]
    public async Task An_acknowledged_table_is_read_whole_by_another_process_at_once()
    {
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "10.0.0.1", 5000));
        var saved = new SavedTable(router.Data).Load();
        Assert.Equal("10.0.0.1", Assert.Single(Assert.Single(saved.Routes).Targets).Address);
    }

    [Fact]
    public async Task A_table_that_a_power_cut_damaged_is_moved_aside_and_the_next_one_is_taken()
    {
        await using var router = await RouterUnderTest.StartAsync(before: data =>
        {
            new SavedTable(data).Save(new RouteTable(41, []));
            File.WriteAllText(data.RouteTable, "{\"number\": 4");
        });
        Assert.Equal(0, (await router.Client.CurrentAsync(Ct)).Number);
        Assert.Equal("{\"number\": 4", await File.ReadAllTextAsync(router.Data.RouteTable + ".damaged", Ct));
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "10.0.0.1", 5000));
        Assert.Single(new SavedTable(router.Data).Load().Routes);
    }

    [Fact]
    public async Task The_book_goes_on_from_the_routers_number_and_pushes_only_changes()
    {
        await using var router = await RouterUnderTest.StartAsync();
        var (one, two) = (RouterUnderTest.Route(), RouterUnderTest.Route() with { Name = "blog", Hosts = ["blog.localhost"] });
        await new Routes(router.Client).PublishAllAsync([one], Ct);
        var afterRestart = new Routes(router.Client);
        await afterRestart.PublishAsync(Only(two), Ct);
        await afterRestart.PublishAsync(Only(two with { Hosts = ["blog.localhost"] }), Ct);
        Assert.Equal(2, (await router.Client.CurrentAsync(Ct)).Number);
        await afterRestart.PublishAsync(ImmutableDictionary<AppId, Route?>.Empty.Add(one.App, null), Ct);
        var current = await router.Client.CurrentAsync(Ct);
        Assert.Equal((3, "blog"), (current.Number, Assert.Single(current.Routes).Name));
    }

    /// <summary>Two apps change together, again and again, while visitors ask one and then the other: whoever has seen the one new never sees the other old after that.</summary>
    [Fact]
    public async Task Under_load_nobody_sees_one_app_new_and_then_the_other_old()
    {
        const int Versions = 12;
        await using var router = await RouterUnderTest.StartAsync();
        var backends = await Task.WhenAll(Enumerable.Range(0, Versions).Select(version => Backend.StartAsync(http => http.Response.WriteAsync($"{version}", Ct))));
        var (eu, us) = (RouterUnderTest.Route() with { Name = "eu", Hosts = ["eu.localhost"] }, RouterUnderTest.Route() with { Name = "us", Hosts = ["us.localhost"] });
        var (book, first) = (new Routes(router.Client), (await router.Client.CurrentAsync(Ct)).Number);
        await PublishAsync(0);
        using var over = new CancellationTokenSource();
        var visitors = Enumerable.Range(0, 6).Select(i => Task.Run(() => VisitAsync(i % 2 == 0 ? "eu" : "us", i % 2 == 0 ? "us" : "eu"), Ct)).ToArray();
        for (var version = 1; version < Versions; version++)
        {
            await Task.Delay(20, Ct);
            await PublishAsync(version);
        }
        await over.CancelAsync();
        var asked = (await Task.WhenAll(visitors).WaitAsync(TimeSpan.FromSeconds(60), Ct)).Sum();
        Assert.True(asked >= Versions, $"{asked} pairs of requests");
        Assert.Equal(first + Versions, (await router.Client.CurrentAsync(Ct)).Number);   // one table for each version
        foreach (var backend in backends)
            await backend.DisposeAsync();

        Task PublishAsync(int version)
        {
            var targets = ImmutableArray.Create(backends[version].Target());
            return book.PublishAsync(Only(eu with { Targets = targets }).AddRange(Only(us with { Targets = targets })), Ct);
        }

        async Task<int> VisitAsync(string one, string other)
        {
            using var http = router.Http();
            var pairs = 0;
            for (; !over.IsCancellationRequested; pairs++)
            {
                var (before, after) = (int.Parse(await http.GetStringAsync($"http://{one}.localhost/", Ct)), int.Parse(await http.GetStringAsync($"http://{other}.localhost/", Ct)));
                Assert.True(after >= before, $"{one} was at {before}, then {other} at {after}");
            }
            return pairs;
        }
    }

    private static ImmutableDictionary<AppId, Route?> Only(Route route) => ImmutableDictionary<AppId, Route?>.Empty.Add(route.App, route);

    [Fact]
    public async Task Without_a_router_a_push_says_so()
    {
        using var empty = new Storage.TempFolder();
        var client = new RouterClient(new DataFolder(empty.Path)) { Patience = TimeSpan.FromMilliseconds(200) };
        await Assert.ThrowsAsync<RouterAwayException>(() => client.PushAsync(new RouteTable(1, []), Ct));
    }
}
