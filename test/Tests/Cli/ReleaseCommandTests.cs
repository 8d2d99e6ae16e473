using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class ReleaseCommandTests
{
    private static readonly IReadOnlyList<ReleaseWire> Ledger =
    [
        Answers.Release("shop", 5, "Promote shop-staging v7 1234567", "failed"),
        Answers.Release("shop", 4, "Promote shop-staging v6 0f0a53b", current: true),
        Answers.Release("shop", 3, "Set A config vars", slug: false),
        Answers.Release("shop", 2, "Promote shop-staging v4 73ab415"),
        Answers.Release("shop", 1, "Initial release", slug: false),
    ];

    [Fact]
    public async Task Releases_are_listed_newest_first_with_the_current_one_in_the_heading()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop/releases", Ledger);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("releases -a shop"));
        Assert.Equal(
            """
            === shop Releases - Current: v4
            v5  Promote shop-staging v7 1234567 (failed)  admin@localhost  55m ago
            v4  Promote shop-staging v6 0f0a53b           admin@localhost  56m ago
            v3  Set A config vars                         admin@localhost  57m ago
            v2  Promote shop-staging v4 73ab415           admin@localhost  58m ago
            v1  Initial release                           admin@localhost  59m ago

            """, typed.Out);
    }

    [Fact]
    public async Task A_rollback_without_a_version_undoes_the_current_release_not_a_failed_one()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop/releases", Ledger)
            .On("POST /apps/shop/releases", Answers.Release("shop", 6, "Rollback to v2", "pending"), 201)
            .On($"GET /apps/shop/releases/{Answers.IdOf("shop v6")}", Answers.Release("shop", 6, "Rollback to v2"));
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("rollback -a shop"));
        Assert.Equal("Rolling back shop to v2... done, v6\n", typed.Error);
        Assert.Contains(server.Asked, a => a.StartsWith("POST", StringComparison.Ordinal) && a.Contains($"\"release\":\"{Answers.IdOf("shop v2")}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_rollback_that_fails_exits_1_and_says_where_to_look()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop/releases/v2", Ledger[3])
            .On("POST /apps/shop/releases", Answers.Release("shop", 6, "Rollback to v2", "failed"), 201);
        using var typed = new Typed(server);

        Assert.Equal(1, await typed.Run("releases:rollback v2 -a shop"));
        Assert.Contains("what ran before still runs", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_shows_commit_and_digest_of_the_slug()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop/releases/v4", Ledger[1]).On($"GET /apps/shop/slugs/{Answers.IdOf("slug")}", new SlugWire
        {
            Id = Answers.IdOf("slug"), Blob = new("get", "http://x"), Checksum = "SHA256:abc", Commit = "0f0a53b", CommitDescription = null, BuildpackProvidedDescription = "Node.js",
            ProcessTypes = new Dictionary<string, string>(StringComparer.Ordinal), Size = 1, Stack = Answers.Named("debian-12"), CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon,
        });
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("releases:info v4 -a shop"));
        Assert.Contains("Slug:    SHA256:abc\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("Status:  succeeded, current\n", typed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_for_a_shell_is_the_config_that_it_ran_with()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop/releases/v4", Ledger[1])
            .Raw($"GET /apps/shop/releases/{Ledger[1].Id}/config-vars", """{"B":"it's","A":"1"}""");
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("releases:info v4 --shell -a shop"));
        Assert.Equal("A='1'\nB='it'\\''s'\n", typed.Out);
    }

    [Fact]
    public async Task A_release_without_output_says_so()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /apps/shop/releases", Ledger);
        using var typed = new Typed(server);

        Assert.Equal(0, await typed.Run("releases:output -a shop"));
        Assert.Equal("Release v5 has no release output available.\n", typed.Error);
    }
}
