using System.Text.Json;

namespace Sluice.Tests.Api;

/// <summary>Pipelines, stages, couplings, downstream apps and promotions, asked for in every wrong way: a sentence, Heroku's id, and nothing changed.</summary>
public sealed class BadPathsTests(ContractWorld world) : IClassFixture<ContractWorld>
{
    private static readonly string Long = new('a', 10_000);

    [Fact]
    public async Task What_is_no_good_is_refused_with_a_sentence_and_changes_nothing()
    {
        var (dev, staging, shop, other) = (await AppAsync("bad-dev"), await AppAsync("bad-staging"), await AppAsync("bad-shop"), await AppAsync("bad-other"));
        var gone = await AppAsync("bad-gone");
        var pipeline = Text(await world.AskAsync("POST /pipelines", "/pipelines", new { name = "bad" }), "id");
        var elsewhere = Text(await world.AskAsync("POST /pipelines", "/pipelines", new { name = "elsewhere" }), "id");
        await CoupleAsync(dev, pipeline, "development");
        var coupling = await CoupleAsync(staging, pipeline, "staging");
        await CoupleAsync(shop, pipeline, "production");
        await CoupleAsync(other, elsewhere, "production");
        await CoupleAsync(gone, pipeline, "staging");
        await world.AskAsync("DELETE /apps/{name}", "/apps/bad-gone");
        await world.AskAsync("POST /pipelines/{pipeline}/stages", $"/pipelines/{pipeline}/stages", new { name = "canary", after = "staging" });
        var key = "Bearer " + Text(await world.AskAsync("POST /accounts", "/accounts", new { email = "eve@example.com" }), "api_key");
        var before = await AllAsync();

        await RefusedAsync("POST", "/pipelines", new { name = "Bad_Name" }, 422, "3 to 30 characters");
        await RefusedAsync("POST", "/pipelines", new { name = Long }, 422, "3 to 30 characters");
        await RefusedAsync("POST", "/pipelines", new { name = 7, owner = "me" }, 422, "name must be a string.", "owner must be an object.");
        await RefusedAsync("POST", "/pipelines", new { name = "Bad_Name", owner = new { type = "clown" } }, 422, "3 to 30 characters", "owner.type must be user or team.");
        await RefusedAsync("POST", "/pipelines", new { name = "Bad_Name", owner = new { id = "nowhere", type = "team" } }, 422, "3 to 30 characters", "Couldn't find that team: nowhere.");
        await RefusedAsync("PATCH", $"/pipelines/{pipeline}", new { name = "-" }, 422, "3 to 30 characters");
        await RefusedAsync("GET", $"/pipelines/{Long[..5000]}", null, 404, "Couldn't find that pipeline: aaa");
        await RefusedAsync("GET", $"/pipelines/{Guid.NewGuid()}", null, 404, "Couldn't find that pipeline");
        await RefusedAsync("DELETE", "/pipelines/nowhere", null, 404, "Couldn't find that pipeline");

        await RefusedAsync("POST", "/pipeline-couplings", new { app = "bad-dev", pipeline, stage = "staging" }, 422, "already in pipeline bad, in stage development");
        await RefusedAsync("POST", "/pipeline-couplings", new { app = "bad-dev", pipeline = elsewhere, stage = "staging" }, 422, "already in pipeline bad");
        await RefusedAsync("POST", "/pipeline-couplings", new { app = "bad-dev", pipeline, stage = "nowhere" }, 422, "already in pipeline bad, in stage development", "Pipeline bad has no stage nowhere");
        await RefusedAsync("POST", "/pipeline-couplings", new { app = "bad-gone", pipeline, stage = Long }, 422, "Couldn't find that app: bad-gone.", "Pipeline bad has no stage aaa");
        await RefusedAsync("POST", "/pipeline-couplings", new { app = "bad-gone", pipeline = "nowhere", stage = "x" }, 422, "Couldn't find that app: bad-gone.", "Couldn't find that pipeline: nowhere.");
        await RefusedAsync("POST", "/pipeline-couplings", new { app = 1, pipeline = true, stage = Array.Empty<int>() }, 422, "app must be", "pipeline must be", "stage must be a string.");
        await RefusedAsync("POST", "/pipeline-couplings", new { }, 422, "app is missing.", "pipeline is missing.", "stage is missing.");
        await RefusedAsync("PATCH", $"/pipeline-couplings/{coupling}", new { stage = "nowhere" }, 422, "Pipeline bad has no stage nowhere; it has review, development, staging, canary, production.");
        await RefusedAsync("PATCH", $"/pipeline-couplings/{coupling}", new { stage = 3 }, 422, "stage must be a string.");
        await RefusedAsync("DELETE", $"/pipeline-couplings/{Guid.NewGuid()}", null, 404, "Couldn't find that pipeline coupling");

        await RefusedAsync("POST", $"/pipelines/{pipeline}/stages", new { name = Long, before = "x", after = "y" }, 422, "2 to 30 characters", "before one stage, or after one");
        await RefusedAsync("POST", $"/pipelines/{pipeline}/stages", new { name = false, after = 2 }, 422, "name must be a string.", "after must be a string.");
        await RefusedAsync("DELETE", $"/pipelines/{pipeline}/stages/staging", null, 422, "Stage staging cannot be removed");
        await RefusedAsync("DELETE", $"/pipelines/{pipeline}/stages/nowhere", null, 422, "has no stage nowhere");
        await RefusedAsync("PATCH", $"/pipelines/{pipeline}/stages/canary", new { before = "review" }, 422, "Nothing comes before review");

        await RefusedAsync("PUT", "/apps/bad-dev/downstream", new { app = "bad-dev" }, 422, "cannot be its own downstream app");
        await RefusedAsync("PUT", "/apps/bad-dev/downstream", new { app = Long }, 404, "Couldn't find that app: aaa");
        await RefusedAsync("PUT", "/apps/bad-dev/downstream", new { app = 5 }, 422, "app must be");

        await RefusedPromotionAsync(new { source = new { app = shop } }, 422, "production is the last stage of pipeline bad", "bad-shop has nothing to promote yet");
        await RefusedPromotionAsync(new { source = new { app = dev }, targets = Targets(dev, other, "bad-gone", Long) }, 422,
            "Couldn't find that app: bad-gone.", "Couldn't find that app: aaa", "bad-dev cannot be promoted to itself.", "bad-other is not in pipeline bad", "bad-dev has nothing to promote yet");
        await RefusedPromotionAsync(new { source = new { app = shop }, targets = Targets(dev) }, 422, "development, which comes before production");
        await RefusedPromotionAsync(new { source = new { app = dev }, pipeline = elsewhere, targets = Targets(staging) }, 422, "bad-dev is not in pipeline elsewhere");
        await RefusedPromotionAsync(new { source = new { app = "bad-gone" }, pipeline = "nowhere" }, 422, "Couldn't find that app: bad-gone.", "Couldn't find that pipeline: nowhere.");
        await RefusedPromotionAsync(new { source = new { app = dev, release = "v99" }, targets = Targets(staging) }, 404, "Couldn't find that release: v99.");
        await RefusedPromotionAsync(new { source = new { app = dev, release = "v1" }, targets = Targets(staging) }, 422, "v1 of bad-dev has nothing to promote: it came before the first deploy.");
        await RefusedPromotionAsync(new { source = new { app = dev, if_current = true } }, 422, "name it in source.release");
        await RefusedPromotionAsync(new { source = 1, targets = "all", all_or_nothing = "yes", skip = 0 }, 422,
            "source must be an object.", "source.app is missing.", "targets must be a list.", "all_or_nothing must be true or false.", "skip must be true or false.");
        await RefusedPromotionAsync(new { source = new { app = dev }, targets = Targets() }, 422, "targets is empty: name the apps in it, or leave it out");
        await RefusedPromotionAsync(new { }, 422, "source.app is missing.");

        await RefusedAsync("POST", "/apps", new { name = "UP", stack = "none", region = "mars", team = "nowhere", locked = "x" }, 422,
            "3 to 30 characters", "starts with a letter", "no stack none", "no region mars", "Couldn't find that team: nowhere.", "locked must be true or false.");
        await RefusedAsync("PATCH", "/apps/bad-dev", new { name = "UP_PER", maintenance = "x", build_stack = "none" }, 422, "starts with a letter", "maintenance must be", "no stack none");
        await RefusedAsync("PATCH", "/apps/bad-dev/config-vars", new Dictionary<string, object> { ["A"] = 5, ["1B"] = "x" }, 422, "A must be a string or null.", "1B is no name for a config var");
        await RefusedAsync("PATCH", "/apps/bad-dev/formation", new { updates = new object[] { 1, new { type = "web", quantity = "many", size = "huge" }, new { type = 5 } } }, 422,
            "updates must be a list of objects.", "updates[2].type must be a string.", "The quantity of web is a whole number", "There is no dyno size huge", "bad-dev has no process type web");
        await RefusedAsync("POST", "/app-setups", new { app = new { name = "UP", team = "nowhere" }, pipeline_coupling = new { pipeline, stage = "nowhere" } }, 422,
            "source_blob.url is missing.", "3 to 30 characters", "Couldn't find that team: nowhere.", "Pipeline bad has no stage nowhere");

        Assert.Equal(before, await AllAsync());
        foreach (var path in new[] { $"/pipelines/{pipeline}", $"/pipelines/{pipeline}/stages", $"/pipeline-couplings/{coupling}", "/apps/bad-dev/downstreams" })
            Assert.Equal(404, (await world.RefusalAsync("GET", path, key: key)).Status);
        var (status, error) = await world.RefusalAsync("POST", "/pipeline-promotions", JsonSerializer.Serialize(new { source = new { app = dev }, targets = Targets(staging) }), key);
        Assert.Equal((422, "invalid_params"), (status, error.Id));
        Assert.Contains($"Couldn't find that app: {dev}.", error.Message);
        Assert.Equal(before, await AllAsync());
    }

    [Fact]
    public async Task Names_of_pipelines_may_be_the_same_and_the_oldest_is_meant()
    {
        var first = Text(await world.AskAsync("POST /pipelines", "/pipelines", new { name = "twins" }), "id");
        await Task.Delay(5);
        await world.AskAsync("POST /pipelines", "/pipelines", new { name = "twins" });
        Assert.Equal(2, (await world.AskAsync("GET /pipelines", "/pipelines?eq[name]=twins")).GetArrayLength());
        Assert.Equal(first, Text(await world.AskAsync("GET /pipelines/{pipeline}", "/pipelines/twins"), "id"));
    }

    private static object[] Targets(params string[] apps) => [.. apps.Select(app => new { app = new { id = app } })];

    private Task RefusedPromotionAsync(object body, int status, params string[] sentences) => RefusedAsync("POST", "/pipeline-promotions", body, status, sentences);

    private async Task RefusedAsync(string method, string path, object? body, int status, params string[] sentences)
    {
        var (actual, error) = await world.RefusalAsync(method, path, body is null ? null : JsonSerializer.Serialize(body));
        var id = status == 404 ? "not_found" : "invalid_params";
        Assert.True((actual, error.Id) == (status, id), $"{method} {path}: {actual} {error}");
        foreach (var sentence in sentences)
            Assert.Contains(sentence, error.Message);
        Assert.True(error.Message.Length < 1500 && error.Message.EndsWith('.'), error.Message);
    }

    private async Task<string> AppAsync(string name) => Text(await world.AskAsync("POST /apps", "/apps", new { name }), "id");

    private async Task<string> CoupleAsync(string app, string pipeline, string stage) =>
        Text(await world.AskAsync("POST /pipeline-couplings", "/pipeline-couplings", new { app, pipeline, stage }), "id");

    /// <summary>Everything that a request could have changed.</summary>
    private async Task<string> AllAsync()
    {
        var parts = new List<string>();
        foreach (var path in new[] { "/pipelines?eq[name]=bad", "/pipelines?eq[name]=elsewhere", "/pipelines/bad/stages", "/pipelines/bad/pipeline-couplings", "/pipelines/elsewhere/pipeline-couplings", "/apps/bad-dev/downstreams" })
            parts.Add((await world.AskAsync("GET " + path, path)).ToString());
        foreach (var app in new[] { "bad-dev", "bad-staging", "bad-shop", "bad-other" })
            parts.Add((await world.AskAsync("GET /apps/{name}/releases", $"/apps/{app}/releases")).ToString());
        return string.Join('\n', parts);
    }

    private static string Text(JsonElement json, string member) => json.GetProperty(member).GetString()!;
}
