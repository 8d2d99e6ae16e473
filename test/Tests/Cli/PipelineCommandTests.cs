using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class PipelineCommandTests
{
    [Fact]
    public async Task Info_lists_the_apps_in_the_order_of_their_stages()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop", "shop-admin");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:info shop"));
        Assert.Equal(
            """
            === shop

            app name      stage
            shop-staging  staging
            shop          production
            shop-admin    production

            """, typed.Out);
    }

    [Fact]
    public async Task Info_shows_whose_each_app_is_when_asked()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:info shop --with-owners"));
        Assert.EndsWith(
            """
            app name      stage       owner
            shop-staging  staging     admin@localhost
            shop          production  admin@localhost

            """, typed.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n", "shop")]
    [InlineData(" till \n", "till")]
    [InlineData(null, null)]
    public async Task Create_without_a_name_asks_for_one_and_suggests_the_apps(string? input, string? name)
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/shop-staging", Answers.App("shop-staging"))
            .On<IReadOnlyList<PipelineWire>>($"GET /pipelines?eq[name]={name}", [])
            .On("POST /pipelines", Answers.Pipeline(name ?? ""), 201)
            .On("POST /pipeline-couplings", Answers.Coupling("shop-staging", "staging"), 201);
        using var typed = new Typed(server) { Input = input };

        Assert.Equal(name is null ? 64 : 0, await typed.Run("pipelines:create -a shop-staging"));
        if (name is null)
        {
            Assert.Contains("What is the pipeline's name? Give it: sluice pipelines:create NAME", typed.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(server.Asked, a => a.StartsWith("POST", StringComparison.Ordinal));
            return;
        }

        Assert.StartsWith($"Pipeline name (shop): Creating {name} pipeline... done\n", typed.Error, StringComparison.Ordinal);
        Assert.Contains(server.Asked, a => a.StartsWith("POST /pipelines ", StringComparison.Ordinal) && a.Contains($"\"name\":\"{name}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Info_as_json_has_the_shape_of_the_heroku_cli()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On<IReadOnlyList<AppWire>>("POST /filters/apps", [Answers.App("shop"), Answers.App("shop-staging")]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:info shop --json"));
        using var json = System.Text.Json.JsonDocument.Parse(typed.Out);
        Assert.Equal("shop", json.RootElement.GetProperty("pipeline").GetProperty("name").GetString());
        Assert.Equal(["staging", "production"], json.RootElement.GetProperty("apps").EnumerateArray().Select(a => a.GetProperty("pipelineCoupling").GetProperty("stage").GetString()!));
    }

    [Fact]
    public async Task Create_guesses_the_stage_from_the_apps_name_as_the_heroku_cli_does()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/shop-staging", Answers.App("shop-staging"))
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=shop", [])
            .On("POST /pipelines", Answers.Pipeline(), 201)
            .On("POST /pipeline-couplings", Answers.Coupling("shop-staging", "staging"), 201);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:create shop -a shop-staging"));
        Assert.Equal("Creating shop pipeline... done\nAdding shop-staging to shop pipeline as staging... done\n", typed.Error);
        Assert.Contains(server.Asked, a => a.StartsWith("POST /pipeline-couplings", StringComparison.Ordinal) && a.Contains("\"stage\":\"staging\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_for_an_app_that_is_not_there_makes_no_pipeline()
    {
        await using var server = (await ScriptedServer.StartAsync()).Refuse("GET /apps/nope", 404, "not_found", "Couldn't find that app.", "app");
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run("pipelines:create shop -a nope"));
        Assert.DoesNotContain(server.Asked, a => a.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_whose_first_app_is_refused_leaves_no_pipeline()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/shop", Answers.App("shop"))
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=two", [])
            .On("POST /pipelines", Answers.Pipeline())
            .Refuse("POST /pipeline-couplings", 422, "invalid_params", "shop is in a pipeline already.", null)
            .On($"DELETE /pipelines/{Answers.PipelineId}", Answers.Pipeline());
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run("pipelines:create two -a shop -s staging"));
        Assert.Contains("shop is in a pipeline already.", typed.Error, StringComparison.Ordinal);
        Assert.Contains(server.Asked, a => a.StartsWith($"DELETE /pipelines/{Answers.PipelineId}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("shop-dev", "development")]
    [InlineData("shop-qa", "development")]
    [InlineData("shop-stg", "staging")]
    [InlineData("shop-prod", "production")]
    [InlineData("shop", "production")]
    public void An_apps_name_suggests_its_stage(string app, string stage) => Assert.Equal(stage, Sluice.Cli.Commands.Pipelines.Coupling.GuessStage(app));

    [Fact]
    public async Task Moving_renaming_and_removing_say_what_they_did()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On($"PATCH /pipeline-couplings/{Answers.IdOf("shop coupling")}", Answers.Coupling("shop", "staging"))
            .On($"DELETE /pipeline-couplings/{Answers.IdOf("shop coupling")}", Answers.Coupling("shop", "staging"))
            .On($"PATCH /pipelines/{Answers.PipelineId}", Answers.Pipeline("boutique"))
            .On($"DELETE /pipelines/{Answers.PipelineId}", Answers.Pipeline());
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:update -a shop -s staging"));
        Assert.Equal("Changing shop to staging... done\n", typed.Error);
        Assert.Equal(0, await typed.Run("pipelines:remove -a shop"));
        Assert.Equal("Removing shop... done\n", typed.Error);
        Assert.Equal(0, await typed.Run("pipelines:rename shop boutique"));
        Assert.Equal("Renaming shop pipeline to boutique... done\n", typed.Error);
        Assert.Equal(0, await typed.Run("pipelines:destroy shop"));
        Assert.Equal("Destroying shop pipeline... done\n", typed.Error);
    }

    /// <summary>The app itself is never asked for: its pipeline's owner may not see it.</summary>
    [Fact]
    public async Task Who_may_not_see_an_app_takes_it_out_of_the_pipeline_that_is_named()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On($"DELETE /pipeline-couplings/{Answers.IdOf("shop coupling")}", Answers.Coupling("shop", "production"));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("pipelines:remove -a shop --pipeline shop"));
        Assert.Equal("Removing shop... done\n", typed.Error);
        Assert.DoesNotContain(server.Asked, a => a.StartsWith("GET /apps/shop", StringComparison.Ordinal));
        Assert.NotEqual(0, await typed.Run("pipelines:remove -a other --pipeline shop"));
        Assert.Contains("other is not in pipeline", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_pipeline_and_two_of_one_name_are_told_apart()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=nope", [])
            .On<IReadOnlyList<PipelineWire>>("GET /pipelines?eq[name]=shop", [Answers.Pipeline(), Answers.Pipeline() with { Id = Answers.IdOf("other") }]);
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run("pipelines:info nope"));
        Assert.Contains("There is no pipeline nope.", typed.Error, StringComparison.Ordinal);
        Assert.Equal(2, await typed.Run("pipelines:info shop"));
        Assert.Contains(Answers.IdOf("other").ToString(), typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_shows_the_commits_that_production_does_not_have()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop").On("GET /apps/shop-staging/diff?to=shop", Ahead());
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("diff -a shop-staging"));
        Assert.Equal(
            """
            shop-staging is ahead of shop by 2 commits:
              73ab415  2012-01-02  Jim  A super important fix
              0f0a53b  2012-01-01  Kim  Start

            """, typed.Out);

        Assert.Equal(0, await typed.Run("pipelines:diff -a shop-staging --json"));
        using var json = System.Text.Json.JsonDocument.Parse(typed.Out);
        Assert.Equal(2, json.RootElement[0].GetProperty("ahead_by").GetInt32());
    }

    /// <summary>A server cleans what it says; this is for one that does not.</summary>
    [Theory]
    [InlineData("diff -a shop-staging")]
    [InlineData("pipeline:diff -a shop-staging")]
    public async Task What_others_wrote_cannot_command_the_terminal_of_who_looks_and_goes_through_a_pipe_as_it_is(string line)
    {
        const string Subject = "A \e[32mfix\e[0m\e]52;c;eA==\a \e[2Jof\u009b5n \e[\u009d0mall\r", Author = "Ji\e[>4h";
        var ahead = Ahead() with { Commits = [new("73ab4150000000000000000000000000000000aa", new(2012, 1, 2, 0, 0, 0, TimeSpan.Zero), Subject + "\n\eHidden", Author)] };
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop").On("GET /apps/shop-staging/diff?to=shop", ahead);
        using var seen = new Typed(server) { IsOnScreen = true };
        using var piped = new Typed(server);

        Assert.Equal((0, 0), (await seen.Run(line), await piped.Run(line)));
        Assert.Contains("A \e[32mfix\e[0m]52;c;eA== [2Jof5n [0mall", seen.Out, StringComparison.Ordinal);
        Assert.Contains("Ji[>4h", seen.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Hidden", seen.Out, StringComparison.Ordinal);
        Assert.Contains(Subject.TrimEnd(), piped.Out, StringComparison.Ordinal);
        Assert.EndsWith("\n", seen.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_and_info_follow_the_app_that_an_app_names_before_its_stage()
    {
        var edged = Answers.Coupling("shop-staging", "staging") with { Downstream = Answers.Named("canary") };
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/shop-staging/pipeline-couplings", edged)
            .On<IReadOnlyList<CouplingWire>>($"GET /pipelines/{Answers.PipelineId}/pipeline-couplings", [edged, Answers.Coupling("shop", "production")])
            .On("GET /apps/shop-staging/promotes-to", new PromotesToWire(Answers.Named("shop-staging"), null, [Answers.Named("canary")], null))
            .On("GET /apps/shop-staging/diff?to=canary", Ahead() with { To = new(Answers.Named("canary"), 2, "0f0a53b", "SHA256:bb") })
            .WithPipeline("shop");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("diff -a shop-staging"));
        Assert.StartsWith("shop-staging is ahead of canary by 2 commits:\n", typed.Out, StringComparison.Ordinal);
        Assert.Equal(0, await typed.Run("pipelines:info shop"));
        Assert.Contains("shop-staging  staging     canary\n", typed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_says_that_there_are_apps_which_it_could_not_compare()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("GET /apps/shop-staging/promotes-to", new PromotesToWire(Answers.Named("shop-staging"), "production", [Answers.Named("shop")], "shop-staging promotes to an app that you may not see."))
            .On("GET /apps/shop-staging/diff?to=shop", Ahead());
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("diff -a shop-staging"));
        Assert.StartsWith("shop-staging is ahead of shop by 2 commits:\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("promotes to an app that you may not see.", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_of_the_same_slug_says_up_to_date()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On("GET /apps/shop-staging/diff?to=shop", Ahead() with { Method = "same", AheadBy = 0, Commits = [] });
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("diff -a shop-staging"));
        Assert.Equal("shop-staging is up to date with shop.\n", typed.Out);
    }

    [Fact]
    public async Task Diff_from_the_last_stage_says_that_nothing_comes_after_it()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop");
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run("diff -a shop"));
        Assert.Contains("shop goes nowhere by itself: production is the last stage of pipeline shop. Name the apps (--to APP).", typed.Error, StringComparison.Ordinal);
    }

    private static DiffWire Ahead() => new()
    {
        From = new(Answers.Named("shop-staging"), 6, "73ab415", "SHA256:aa"),
        To = new(Answers.Named("shop"), 2, "0f0a53b", "SHA256:bb"),
        Method = "ancestry",
        AheadBy = 2,
        BehindBy = 0,
        Commits =
        [
            new("73ab4150000000000000000000000000000000aa", new(2012, 1, 2, 0, 0, 0, TimeSpan.Zero), "A super important fix", "Jim"),
            new("0f0a53b0000000000000000000000000000000aa", new(2012, 1, 1, 0, 0, 0, TimeSpan.Zero), "Start", "Kim"),
        ],
    };

    [Fact]
    public async Task Stages_are_added_at_a_place_and_shown()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On<IReadOnlyList<StageWire>>($"POST /pipelines/{Answers.PipelineId}/stages", [new("staging", true, "staging", 1), new("canary", false, "staging", 0), new("production", true, "production", 1)], 201);
        using var typed = new Typed(server);

        Assert.Equal(64, await typed.Run("pipelines:stages shop --add canary"));
        Assert.Contains("--after STAGE or --before STAGE", typed.Error, StringComparison.Ordinal);
        Assert.Equal(0, await typed.Run("pipelines:stages shop --add canary --after staging"));
        Assert.Equal(
            """
            === shop

            stage       apps  on the wire
            staging     1
            canary      0     staging
            production  1

            """, typed.Out);
        Assert.Contains(server.Asked, a => a.EndsWith("/stages {\"name\":\"canary\",\"before\":null,\"after\":\"staging\"}", StringComparison.Ordinal));
    }
}
