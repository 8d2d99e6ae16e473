using System.Text.Json;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class AppsDiffTests
{
    [Fact]
    public async Task Two_apps_are_compared_by_slug_config_stack_buildpacks_and_features()
    {
        await using var server = await ScriptedServer.StartAsync();
        Answer(server, "shop-staging", """{"SAME": "1", "GREETING": "Staging"}""");
        Answer(server, "shop", """{"SAME": "1", "EXTRA": "x"}""");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("apps:diff shop-staging shop"));
        Assert.Equal(
            """
            property           shop-staging  shop
            config (GREETING)  Staging
            config (EXTRA)                   x

            """, string.Join('\n', typed.Out.Split('\n').Select(line => line.TrimEnd())));
        Assert.Equal(0, await typed.Run("apps:diff shop-staging shop --json"));
        Assert.Equal("config (EXTRA)", JsonDocument.Parse(typed.Out).RootElement[1].GetProperty("property").GetString());
        Assert.Equal(0, await typed.Run("apps:diff shop shop"));
        Assert.Equal("shop and shop are alike.\n", typed.Out);
    }

    [Fact]
    public async Task What_is_compared_is_what_runs_and_not_a_newer_release_that_failed()
    {
        await using var server = await ScriptedServer.StartAsync();
        var (runs, failed) = (Answers.Release("shop", 3) with { Current = true }, Answers.Release("shop", 4, slug: false) with { Status = "failed", Current = false });
        Answer(server, "empty", "{}");
        Answer(server, "shop", "{}", runs, failed);
        server.On($"GET /apps/shop/slugs/{runs.Slug!.Id}", new SlugWire
        {
            Id = runs.Slug.Id, Blob = new("get", "x"), Checksum = "SHA256:0f0a", Commit = null, CommitDescription = null, BuildpackProvidedDescription = null,
            ProcessTypes = new Dictionary<string, string>(), Size = 1, Stack = Answers.Named("debian-12"), CreatedAt = runs.CreatedAt, UpdatedAt = runs.UpdatedAt,
        });
        using var typed = new Typed(server);

        Assert.True(await typed.Run("apps:diff empty shop") == 0, typed.Error);
        Assert.Contains("slug (checksum)         SHA256:0f0a", typed.Out, StringComparison.Ordinal);
    }

    private static void Answer(ScriptedServer server, string app, string config, params ReleaseWire[] releases) => server
        .On<IReadOnlyList<ReleaseWire>>($"GET /apps/{app}/releases", releases is [] ? [Answers.Release(app, 3, slug: false)] : releases)
        .Raw($"GET /apps/{app}/config-vars", config)
        .On($"GET /apps/{app}", Answers.App(app))
        .On<IReadOnlyList<BuildpackInstallationWire>>($"GET /apps/{app}/buildpack-installations", [])
        .On<IReadOnlyList<FeatureWire>>($"GET /apps/{app}/features", []);
}
