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

    private static void Answer(ScriptedServer server, string app, string config) => server
        .On<IReadOnlyList<ReleaseWire>>($"GET /apps/{app}/releases", [Answers.Release(app, 3, slug: false)])
        .Raw($"GET /apps/{app}/config-vars", config)
        .On($"GET /apps/{app}", Answers.App(app))
        .On<IReadOnlyList<BuildpackInstallationWire>>($"GET /apps/{app}/buildpack-installations", [])
        .On<IReadOnlyList<FeatureWire>>($"GET /apps/{app}/features", []);
}
