using System.Text.Json;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class AppCommandTests
{
    [Fact]
    public async Task Apps_lists_names_addresses_and_when_they_were_released()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<AppWire>>("GET /users/~/apps", [Answers.App("shop-staging"), Answers.App("shop") with { ReleasedAt = null }]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("apps"));
        Assert.Equal(
            """
            app           address                              released
            shop          http://shop.localhost:5000/          never
            shop-staging  http://shop-staging.localhost:5000/  1h ago

            """, typed.Out);
        Assert.Empty(server.WithoutKey);
    }

    [Fact]
    public async Task A_list_is_read_page_after_page()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Raw("GET /users/~/apps", JsonSerializer.Serialize<IReadOnlyList<AppWire>>([Answers.App("a")], WireJson.Default.IReadOnlyListAppWire), 206, nextRange: "]a..; max=1")
            .On<IReadOnlyList<AppWire>>("GET /users/~/apps", [Answers.App("b")]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("apps --json"));
        using var json = JsonDocument.Parse(typed.Out);
        Assert.Equal(["a", "b"], json.RootElement.EnumerateArray().Select(a => a.GetProperty("name").GetString()!));
    }

    [Fact]
    public async Task Create_says_where_the_app_answers_and_adds_the_git_remote()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("POST /apps", Answers.App("shop"), 201);
        using var typed = new Typed(server);
        await GitAsync(typed.Work, "init", "-q");

        Assert.Equal(0, await typed.Run("create shop"));
        Assert.Equal($"http://shop.localhost:5000/ | {server.Url}shop.git\n", typed.Out);
        Assert.Equal("Creating shop... done\nPush with: git push sluice main\n", typed.Error);
        Assert.Contains($"sluice\t{server.Url}shop.git (push)", await GitAsync(typed.Work, "remote", "-v"), StringComparison.Ordinal);
        Assert.Contains("git:credentials", await GitAsync(typed.Work, "config", "--get-all", $"credential.{server.Url.ToString().TrimEnd('/')}.helper"), StringComparison.Ordinal);
        Assert.DoesNotContain("a-key", await File.ReadAllTextAsync(Path.Combine(typed.Work, ".git/config")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_name_is_refused_in_the_servers_words()
    {
        await using var server = (await ScriptedServer.StartAsync()).Refuse("POST /apps", 422, "invalid_params", "Name shop is already taken.");
        using var typed = new Typed(server);

        Assert.Equal(2, await typed.Run("create shop"));
        Assert.Equal("Creating shop... failed\n ›   Error: Name shop is already taken.\n", typed.Error);
    }

    [Fact]
    public async Task Destroy_wants_the_name_and_changes_nothing_without_it()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop", Answers.App("shop")).On($"DELETE /apps/{Answers.IdOf("shop")}", Answers.App("shop"));
        using var typed = new Typed(server);

        Assert.Equal(64, await typed.Run("apps:destroy -a shop"));
        Assert.Equal(64, await typed.Run("apps:destroy -a shop --confirm shop-staging"));
        Assert.DoesNotContain(server.Asked, a => a.StartsWith("DELETE", StringComparison.Ordinal));
        Assert.Equal(0, await typed.Run("apps:destroy -a shop --confirm shop"));
        Assert.Contains(server.Asked, a => a.StartsWith("DELETE", StringComparison.Ordinal));

        using var asked = new Typed(server) { Input = "shop\n" };
        Assert.Equal(0, await asked.Run("apps:destroy shop"));
    }

    [Fact]
    public async Task Config_is_listed_set_and_unset_with_the_release_it_made()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .Raw("GET /apps/shop/config-vars", """{"GREETING":"it's me","A":"1"}""", type: "application/json")
            .Raw("PATCH /apps/shop/config-vars", """{"GREETING":"hi = there","A":"1"}""", type: "application/json")
            .On<IReadOnlyList<ReleaseWire>>("GET /apps/shop/releases", [Answers.Release("shop", 12)]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("config -a shop"));
        Assert.Equal("=== shop Config Vars\n\nA:         1\nGREETING:  it's me\n", typed.Out);
        Assert.Equal(0, await typed.Run("config -a shop --shell"));
        Assert.Contains("GREETING='it'\\''s me'\n", typed.Out, StringComparison.Ordinal);
        Assert.Equal(0, await typed.Run("config:get GREETING -a shop"));
        Assert.Equal("it's me\n", typed.Out);
        Assert.Equal(0, await typed.Run("config:set", "GREETING=hi = there", "-a", "shop"));
        Assert.Equal("Setting GREETING and restarting shop... done, v12\n", typed.Error);
        Assert.Equal("GREETING:  hi = there\n", typed.Out);
        Assert.Equal(0, await typed.Run("config:unset A B -a shop"));
        Assert.Contains("""PATCH /apps/shop/config-vars {"A":null,"B":null}""", server.Asked);
        server.On("GET /apps/shop/config-vars", new ErrorWire("forbidden", "You may not deploy app shop."), 403);
        Assert.Equal(0, await typed.Run("config -a shop"));
        Assert.Equal(0, await typed.Run("config:set B=2 -a shop"));
        Assert.Equal(64, await typed.Run("config:set GREETING -a shop"));
        Assert.Contains("Write NAME=VALUE", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_vars_are_got_as_json_with_null_for_what_is_not_set()
    {
        await using var server = (await ScriptedServer.StartAsync()).Raw("GET /apps/shop/config-vars", """{"A":"1"}""");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("config:get A --json -a shop"));
        Assert.Equal("""{"key":"A","value":"1"}""", Compact(typed.Out));
        Assert.Equal(0, await typed.Run("config:get A B --json -a shop"));
        Assert.Equal("""[{"key":"A","value":"1"},{"key":"B","value":null}]""", Compact(typed.Out));

        static string Compact(string json) => System.Text.Json.Nodes.JsonNode.Parse(json)!.ToJsonString();
    }

    [Fact]
    public async Task Info_for_a_shell_has_a_name_and_a_value_on_each_line()
    {
        await using var server = (await ScriptedServer.StartAsync()).WithPipeline("shop")
            .On<IReadOnlyList<DynoWire>>("GET /apps/shop-staging/dynos", [Answers.Dyno("shop-staging", "web.1"), Answers.Dyno("shop-staging", "web.2")]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("info --shell -a shop-staging"));
        Assert.Equal(
            $"""
            name='shop-staging'
            pipeline='shop:staging'
            git_url='{server.Url}shop-staging.git'
            web_url='http://shop-staging.localhost:5000/'
            slug_size='0'
            owner='admin@localhost'
            stack='debian-12'
            dynos='web:2'

            """, typed.Out);
        Assert.Equal(0, await typed.Run("info -a shop-staging"));
        Assert.Contains("Promotes to:  shop\n", typed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ps_groups_dynos_by_process_type_and_scale_sends_what_was_typed()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<DynoWire>>("GET /apps/shop/dynos", [Answers.Dyno("shop", "worker.1"), Answers.Dyno("shop", "web.2", "crashed"), Answers.Dyno("shop", "web.1")])
            .On<IReadOnlyList<FormationWire>>("PATCH /apps/shop/formation", [new()
            {
                Id = Answers.IdOf("f"), App = Answers.Named("shop"), Type = "web", Command = "x", Quantity = 2, Size = "Standard-1X", DynoSize = Answers.Named("s"),
                CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
            }]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("ps -a shop"));
        Assert.Equal(
            """
            === web (Standard-1X): node server.js (2)

            web.1: up 4m ago, v3
            web.2: crashed 4m ago, v3

            === worker (Standard-1X): node server.js (1)

            worker.1: up 4m ago, v3


            """, typed.Out);
        Assert.Equal(0, await typed.Run("ps:scale web=2 my-worker-1 clock+1:standard-2x -a shop"));
        Assert.Equal("Scaling dynos... done, now running web at 2:Standard-1X\n", typed.Error);
        Assert.Contains(server.Asked, a => a.Contains("""{"type":"my-worker","quantity":"-1","size":null},{"type":"clock","quantity":"\u002B1","size":"standard-2x"}""", StringComparison.Ordinal)
            || a.Contains("""{"type":"my-worker","quantity":"-1","size":null},{"type":"clock","quantity":"+1","size":"standard-2x"}""", StringComparison.Ordinal));
        Assert.Equal(64, await typed.Run("ps:scale web -a shop"));
    }

    [Fact]
    public async Task Ps_type_changes_the_size_of_one_type_or_of_all_and_shows_the_formation()
    {
        FormationWire Process(string type, string size) => new()
        {
            Id = Answers.IdOf(type), App = Answers.Named("shop"), Type = type, Command = "x", Quantity = 1, Size = size, DynoSize = Answers.Named(size),
            CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
        };
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<FormationWire>>("GET /apps/shop/formation", [Process("web", "Standard-1X"), Process("worker", "Basic")])
            .On<IReadOnlyList<FormationWire>>("PATCH /apps/shop/formation", [Process("web", "Standard-1X")]);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("ps:type -a shop"));
        Assert.Equal("Type    Size         Qty\nweb     Standard-1X  1\nworker  Basic        1\n", typed.Out);
        Assert.Equal(0, await typed.Run("ps:type worker=standard-2x -a shop"));
        Assert.Contains(server.Asked, a => a.Contains("""[{"type":"worker","quantity":null,"size":"standard-2x"}]""", StringComparison.Ordinal));
        Assert.Equal(0, await typed.Run("ps:type basic -a shop"));
        Assert.Contains(server.Asked, a => a.Contains("""[{"type":"web","quantity":null,"size":"basic"},{"type":"worker","quantity":null,"size":"basic"}]""", StringComparison.Ordinal));
        Assert.Equal(64, await typed.Run("ps:type web= -a shop"));
    }

    [Fact]
    public async Task Ps_wait_ends_when_every_dyno_runs_the_newest_release()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<ReleaseWire>>("GET /apps/shop/releases", [Answers.Release("shop", 3) with { Current = true }])
            .On<IReadOnlyList<FormationWire>>("GET /apps/shop/formation", [])
            .On<IReadOnlyList<DynoWire>>("GET /apps/shop/dynos", [Answers.Dyno("shop", "web.1", "starting"), OneOff()])
            .On<IReadOnlyList<DynoWire>>("GET /apps/shop/dynos", [Answers.Dyno("shop", "web.1"), OneOff()]);
        using var typed = new Typed(server);
        static DynoWire OneOff() => Answers.Dyno("shop", "run.4711") with { Release = new(Answers.IdOf("r"), 2) };

        Assert.Equal(0, await typed.Run("ps:wait -a shop --wait-interval 1"));
        Assert.Equal(2, server.Asked.Count(a => a == "GET /apps/shop/dynos"));
        Assert.Equal("Waiting for every dyno to be running v3... done, 1 of 1\n", typed.Error);
    }

    [Fact]
    public async Task Logs_print_the_lines_of_the_session_and_send_no_key_to_its_address()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On("POST /apps/shop/log-sessions", new LogSessionWire(Answers.IdOf("l"), "/logs/secret", Answers.Noon, Answers.Noon), 201)
            .Raw("GET /logs/secret", "retry: 1\nid: 1\ndata: one\n\nid: 2\ndata: two\ndata: three\n\n", type: "text/event-stream");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("logs -n 5 -d web.1 -a shop"));
        Assert.Equal("one\ntwo\nthree\n", typed.Out);
        Assert.Equal(["GET /logs/secret"], server.WithoutKey);
        Assert.Contains(server.Asked, a => a.Contains("\"dyno\":\"web.1\"", StringComparison.Ordinal) && a.Contains("\"lines\":5", StringComparison.Ordinal));
    }

    internal static async Task<string> GitAsync(string folder, params string[] arguments)
    {
        using var git = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await git.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await git.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }
}
