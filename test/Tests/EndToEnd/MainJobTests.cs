namespace Sluice.Tests.EndToEnd;

/// <summary>The main job on the real binary: push, look, promote, push again, promote, roll back, look.</summary>
public sealed class MainJobTests
{
    [Fact]
    public async Task A_change_goes_from_push_to_production_and_back_without_being_built_twice()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop-staging --remote staging");
        await keeper.TypeAsync("create shop --remote production");
        await keeper.TypeAsync("config:set GREETING=Test -a shop-staging");
        await keeper.TypeAsync("config:set GREETING=Welcome -a shop");
        await keeper.TypeAsync("pipelines:create shop -a shop-staging -s staging");
        await keeper.TypeAsync("pipelines:add shop -a shop -s production");

        // Push, and look.
        var pushed = await keeper.PushAsync("staging");
        Assert.Contains("Node.js app detected", pushed, StringComparison.Ordinal);
        Assert.Contains("Released v3", pushed, StringComparison.Ordinal);
        Assert.StartsWith("Test from the shop, first version.", await keeper.VisitAsync("shop-staging"), StringComparison.Ordinal);
        Assert.Null(await keeper.VisitAsync("shop"));

        // Promote: the same slug, production's own config.
        Assert.Equal("Promoting shop-staging to shop (production)... done, v3\n", await keeper.TypeAsync("promote -a shop-staging"));
        Assert.StartsWith("Welcome from the shop, first version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        var first = await keeper.DigestAsync("shop");
        Assert.Equal(await keeper.DigestAsync("shop-staging"), first);
        Assert.Equal("shop-staging is up to date with shop.\n", await keeper.TypeAsync("diff -a shop-staging"));

        // Push again: production stays as it is until promoted.
        await keeper.EditAsync("server.js", text => text.Replace("first version", "second version", StringComparison.Ordinal));
        await keeper.CommitAsync("Say that it is the second version");
        await keeper.PushAsync("staging");
        Assert.StartsWith("Test from the shop, second version.", await keeper.VisitAsync("shop-staging"), StringComparison.Ordinal);
        Assert.StartsWith("Welcome from the shop, first version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        Assert.StartsWith("shop-staging is ahead of shop by 1 commit:\n", await keeper.TypeAsync("diff -a shop-staging"), StringComparison.Ordinal);

        // Promote and roll back, while visitors come all the time: each gets one whole answer of one of the two.
        using var closing = new CancellationTokenSource();
        var visits = VisitAllTheTimeAsync(keeper, closing.Token);
        await keeper.TypeAsync("promote -a shop-staging");
        Assert.StartsWith("Welcome from the shop, second version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        await keeper.TypeAsync("rollback -a shop");
        Assert.StartsWith("Welcome from the shop, first version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        await closing.CancelAsync();
        Assert.True(await visits > 0);
        Assert.Equal(first, await keeper.DigestAsync("shop"));

        var releases = (await keeper.TypeAsync("releases -a shop")).Split('\n');
        Assert.Equal("=== shop Releases", releases[0]);
        Assert.Equal(["v5", "v4", "v3", "v2", "v1"], releases.Where(l => l.StartsWith('v')).Select(l => l[..2]));
        Assert.StartsWith("v5  Rollback to v3 ", releases[1], StringComparison.Ordinal);
        Assert.StartsWith("v4  Promote shop-staging v4 ", releases[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_that_does_not_build_is_refused_and_changes_nothing()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop");
        await keeper.PushAsync("sluice");
        File.Delete(Path.Combine(keeper.Typed.Work, "package.json"));
        File.Delete(Path.Combine(keeper.Typed.Work, "Procfile"));
        await keeper.CommitAsync("Say no longer what it is");

        var (code, said) = await keeper.GitAsync("push", "sluice", "main");
        Assert.NotEqual(0, code);
        Assert.Contains("Push rejected: No buildpack fits this app", said, StringComparison.Ordinal);
        Assert.Contains("remote rejected", said, StringComparison.Ordinal);
        Assert.StartsWith("Hello from the shop, first version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        Assert.StartsWith("=== shop Releases\nv2  ", await keeper.TypeAsync("releases -a shop"), StringComparison.Ordinal);
        Assert.Contains("failed", await keeper.TypeAsync("builds -a shop"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_whose_dynos_do_not_start_is_refused_and_the_old_ones_go_on()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop");
        await keeper.PushAsync("sluice");
        await keeper.EditAsync("server.js", _ => "process.exit(3)");
        await keeper.CommitAsync("Break it");

        var (code, said) = await keeper.GitAsync("push", "sluice", "main");
        Assert.NotEqual(0, code);
        Assert.Contains("remote rejected", said, StringComparison.Ordinal);
        Assert.StartsWith("Hello from the shop, first version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        Assert.Contains("Current: v2", await keeper.TypeAsync("releases -a shop"), StringComparison.Ordinal);
        Assert.Contains("(failed)", keeper.Typed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_command_that_fails_stops_the_promotion_and_production_goes_on()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop-staging --remote staging");
        await keeper.TypeAsync("create shop --remote production");
        await keeper.TypeAsync("pipelines:create shop -a shop-staging -s staging");
        await keeper.TypeAsync("pipelines:add shop -a shop -s production");
        await keeper.PushAsync("staging");
        await keeper.TypeAsync("promote -a shop-staging");

        await keeper.EditAsync("Procfile", text => "release: echo migrating for $GREETING; test -n \"$READY\"\n" + text);
        await keeper.CommitAsync("Migrate first");
        await keeper.TypeAsync("config:set READY=yes -a shop-staging");
        await keeper.TypeAsync("config:set GREETING=production -a shop");
        Assert.Contains("migrating for", await keeper.PushAsync("staging"), StringComparison.Ordinal);

        Assert.Equal(1, await keeper.Typed.Run("promote -a shop-staging"));
        Assert.Contains("Promoting shop-staging to shop (production)... failed\n", keeper.Typed.Out, StringComparison.Ordinal);
        Assert.Contains("migrating for production", keeper.Typed.Out, StringComparison.Ordinal);
        Assert.StartsWith("production from the shop, first version.", await keeper.VisitAsync("shop"), StringComparison.Ordinal);

        await keeper.TypeAsync("config:set READY=yes -a shop");
        await keeper.TypeAsync("promote -a shop-staging");
        Assert.Contains("migrating for production", keeper.Typed.Out, StringComparison.Ordinal);
        Assert.Equal("migrating for production\n", await keeper.TypeAsync("releases:output -a shop"));
    }

    /// <summary>Visits until told to stop; a visit without an answer of the app is one too many. How many there were.</summary>
    private static async Task<int> VisitAllTheTimeAsync(Shopkeeper keeper, CancellationToken closing)
    {
        var visits = 0;
        while (!closing.IsCancellationRequested)
        {
            var answer = await keeper.VisitAsync("shop");
            Assert.True(answer?.StartsWith("Welcome from the shop, ", StringComparison.Ordinal) is true, $"Visit {visits} got: {answer ?? "no answer of the app"}");
            visits++;
        }

        return visits;
    }
}
