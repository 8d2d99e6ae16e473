using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class PromoteCommandTests
{
    private static readonly string Targets = $"GET /pipeline-promotions/{Answers.PromotionId}/promotion-targets";

    [Fact]
    public async Task The_old_command_shows_one_more_dot_for_each_two_seconds_that_it_waits()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/myapp-staging/promotes-to", new PromotesToWire(Answers.Named("myapp-staging"), null, [Answers.Named("myapp")], null))
            .On("POST /pipeline-promotions", Answers.Promotion("myapp-staging"), 201)
            .On($"GET /apps/{Answers.IdOf("myapp")}/releases/{Answers.IdOf("myapp v3")}", Answers.Release("myapp", 3));
        // A look is at least a tenth of a second after the last, so more than two seconds pass before the last of these; on a busy machine many more.
        for (var looks = 0; looks < 25; looks++)
            server.On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("myapp", "pending")]);
        server.On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("myapp", "succeeded", 3)]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipeline:promote -a myapp-staging"));
        Assert.Matches(@"\APromoting myapp-staging to myapp\.{4,}done, v3\n\z", typed.Out);
    }

    [Fact]
    public async Task Each_target_gets_one_line_with_its_new_version()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "pending"), Answers.Target("shop-admin", "pending")])
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "succeeded", 23), Answers.Target("shop-admin", "pending", 54)])
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "succeeded", 23), Answers.Target("shop-admin", "succeeded", 54) with { Note = "This slug was built elsewhere." }])
            .On($"GET /apps/{Answers.IdOf("shop")}/releases/{Answers.IdOf("shop v23")}", Answers.Release("shop", 23))
            .On($"GET /apps/{Answers.IdOf("shop-admin")}/releases/{Answers.IdOf("shop-admin v54")}", Answers.Release("shop-admin", 54));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:promote -a shop-staging"));
        Assert.Equal(
            """
            Promoting shop-staging to shop (production)... done, v23
            Promoting shop-staging to shop-admin (production)... done, v54

            """, typed.Out);
        Assert.Contains("shop-admin (production): This slug was built elsewhere.", typed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("shop (production): ", typed.Error, StringComparison.Ordinal);
        var body = Assert.Single(server.Asked, a => a.StartsWith("POST /pipeline-promotions", StringComparison.Ordinal));
        Assert.Contains($"\"targets\":null", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_target_says_why_and_the_command_exits_1()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "failed", error: "The release command failed with exit code 3."), Answers.Target("shop-admin", "succeeded", 54)])
            .On($"GET /apps/{Answers.IdOf("shop-admin")}/releases/{Answers.IdOf("shop-admin v54")}", Answers.Release("shop-admin", 54));
        using var typed = new Typed(server);

        Assert.Equal(1, await typed.Run("promote -a shop-staging"));
        Assert.Contains("Promoting shop-staging to shop (production)... failed\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("Promoting shop-staging to shop-admin (production)... done, v54\n", typed.Out, StringComparison.Ordinal);
        Assert.Equal(" ›   Error: The release command failed with exit code 3.\n", typed.Error);
    }

    [Fact]
    public async Task A_failed_target_names_the_command_that_shows_what_its_release_command_said()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "failed", 23, error: "The release command exited with status 3."), Answers.Target("shop-admin", "failed")])
            .On($"GET /apps/{Answers.IdOf("shop")}/releases/{Answers.IdOf("shop v23")}", Answers.Release("shop", 23, status: "failed") with { OutputStreamUrl = "http://localhost/streams/x" });
        using var typed = new Typed(server);

        Assert.Equal(1, await typed.Run("promote -a shop-staging"));
        Assert.Contains("The release command exited with status 3. See: sluice releases:output v23 -a shop\n", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_command_names_it_too()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/myapp-staging/promotes-to", new PromotesToWire(Answers.Named("myapp-staging"), null, [Answers.Named("myapp")], null))
            .On("POST /pipeline-promotions", Answers.Promotion("myapp-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("myapp", "failed", 3, error: "The release command exited with status 3.")])
            .On($"GET /apps/{Answers.IdOf("myapp")}/releases/{Answers.IdOf("myapp v3")}", Answers.Release("myapp", 3, status: "failed") with { OutputStreamUrl = "http://localhost/streams/x" });
        using var typed = new Typed(server);

        Assert.Equal(1, await typed.Run("pipeline:promote -a myapp-staging"));
        Assert.Equal("Promoting myapp-staging to myapp...failed\n", typed.Out);
        Assert.Equal(" ›   Error: The release command exited with status 3. See: sluice releases:output v3 -a myapp\n", typed.Error);
    }

    [Fact]
    public async Task Named_targets_and_a_named_release_go_out_by_id()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin")
            .On("GET /apps/shop-staging/releases/v12", Answers.Release("shop-staging", 12))
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "succeeded", 23)])
            .On($"GET /apps/{Answers.IdOf("shop")}/releases/{Answers.IdOf("shop v23")}", Answers.Release("shop", 23));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("promote -a shop-staging --to shop --release v12"));
        var body = Assert.Single(server.Asked, a => a.StartsWith("POST /pipeline-promotions", StringComparison.Ordinal));
        Assert.Contains($"\"targets\":[{{\"app\":{{\"id\":\"{Answers.IdOf("shop")}\"}}}}]", body, StringComparison.Ordinal);
        Assert.Contains($"\"release\":{{\"id\":\"{Answers.IdOf("shop-staging v12")}\"}}", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Named_targets_are_summed_up_at_the_end()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "pending"), Answers.Target("shop-admin", "succeeded", 54)])
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "succeeded", 23), Answers.Target("shop-admin", "succeeded", 54)]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("promote -a shop-staging --to shop,shop-admin"));
        Assert.Equal("Starting promotion to apps: shop,shop-admin... done\nWaiting for promotion to complete... done\n", typed.Error);
        Assert.Equal("Promotion successful\nshop: succeeded\nshop-admin: succeeded\n", typed.Out);
    }

    [Fact]
    public async Task A_named_target_that_failed_stands_in_the_sum_with_its_reason()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "failed", error: "It did not start."), Answers.Target("shop-admin", "succeeded", 54)]);
        using var typed = new Typed(server);

        Assert.Equal(1, await typed.Run("promote -a shop-staging --to shop,shop-admin"));
        Assert.Equal("shop: failed\nIt did not start.\nshop-admin: succeeded\n", typed.Out);
        Assert.EndsWith(" ›   Warning: Promotion to some apps failed\n", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_promotion_is_tied_to_goes_out_with_it()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On("GET /apps/shop-staging/releases/v12", Answers.Release("shop-staging", 12))
            .Refuse("POST /pipeline-promotions", 409, "conflict", "shop-staging has moved on: it runs v13 now.");
        using var typed = new Typed(server);

        Assert.Equal(64, await typed.Run("promote -a shop-staging --if-current"));
        Assert.Contains("--release vN", typed.Error, StringComparison.Ordinal);
        Assert.Equal(2, await typed.Run("promote -a shop-staging --release v12 --if-current --all-or-nothing --skip"));
        var body = Assert.Single(server.Asked, a => a.StartsWith("POST /pipeline-promotions", StringComparison.Ordinal));
        Assert.Contains("\"if_current\":true", body, StringComparison.Ordinal);
        Assert.Contains("\"all_or_nothing\":true,\"skip\":true", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_one_target_the_output_of_its_release_command_is_shown_as_it_comes()
    {
        var release = Answers.Release("shop", 23, status: "pending") with { OutputStreamUrl = "/streams/secret" };
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "pending", 23)])
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "succeeded", 23)])
            .On($"GET /apps/{Answers.IdOf("shop")}/releases/{Answers.IdOf("shop v23")}", release)
            .Raw("GET /streams/secret", "", 404, "text/plain")
            .Raw("GET /streams/secret", "migrating\ndone in 2 s\n", type: "text/plain")
            .On($"GET /apps/shop/releases/{Answers.IdOf("shop v23")}", release);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("promote -a shop-staging"));
        Assert.Equal("migrating\ndone in 2 s\nPromoting shop-staging to shop (production)... done, v23\n", typed.Out);
        Assert.All(server.WithoutKey, r => Assert.Equal("GET /streams/secret", r));
    }

    [Fact]
    public async Task A_refusal_is_told_in_the_servers_words_and_exits_2()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline()
            .Refuse("POST /pipeline-promotions", 422, "invalid_params", "Cannot promote from shop-staging as there are no downstream apps in production stage.");
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run("promote -a shop-staging"));
        Assert.Equal(" ›   Error: Cannot promote from shop-staging as there are no downstream apps in production stage.\n", typed.Error);
        Assert.Empty(typed.Out);
    }

    [Fact]
    public async Task With_json_standard_output_holds_the_targets_and_nothing_else()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On("POST /pipeline-promotions", Answers.Promotion("shop-staging"), 201)
            .On<IReadOnlyList<PromotionTargetWire>>(Targets, [Answers.Target("shop", "succeeded", 23)])
            .On($"GET /apps/{Answers.IdOf("shop")}/releases/{Answers.IdOf("shop v23")}", Answers.Release("shop", 23));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("promote -a shop-staging --json"));
        using var json = System.Text.Json.JsonDocument.Parse(typed.Out);
        Assert.Equal("succeeded", json.RootElement[0].GetProperty("status").GetString());
        Assert.Contains("done, v23", typed.Error, StringComparison.Ordinal);
    }
}
