using Sluice.Cli.Git;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class WhichServerAndAppTests
{
    private static readonly AccountWire Admin = new() { Id = Answers.IdOf("admin"), Email = "admin@localhost", Name = null, CreatedAt = Answers.Noon, UpdatedAt = Answers.Noon };

    [Fact]
    public async Task Without_any_server_a_sentence_says_how_to_get_one()
    {
        using var typed = new Typed();
        Assert.Equal(69, await typed.Run("apps"));
        Assert.Contains("No server is known here.", typed.Error, StringComparison.Ordinal);
        Assert.Contains("sluice login URL", typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_folder_of_a_server_on_this_machine_gives_address_and_key()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /account", Admin);
        using var typed = new Typed();
        typed.Variables["SLUICE_DATA"] = Path.Combine(typed.Home, "data");
        Assert.Equal(69, await typed.Run("whoami"));

        WriteFolder(typed.Variables["SLUICE_DATA"], server.Url);
        Assert.Equal(0, await typed.Run("whoami"));
        Assert.Equal("admin@localhost\n", typed.Out);
        Assert.Empty(server.WithoutKey);
    }

    [Fact]
    public async Task The_default_folder_is_found_with_nothing_set()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /account", Admin);
        using var typed = new Typed();
        WriteFolder(Path.Combine(typed.Home, ".local/share/sluice"), server.Url);
        Assert.Equal(0, await typed.Run("whoami"));
    }

    [Fact]
    public async Task A_login_is_checked_then_kept_for_its_owner_alone()
    {
        await using var server = (await ScriptedServer.StartAsync()).On("GET /account", Admin);
        using var typed = new Typed { Input = "a-key\n" };
        var file = Path.Combine(typed.Home, ".config/sluice/credentials");

        Assert.Equal(0, await typed.Run("login", server.Url.ToString()));
        Assert.Contains("as admin@localhost.", typed.Error, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(0, await typed.Run("whoami"));
        Assert.Equal(0, await typed.Run("logout"));
        Assert.Equal(69, await typed.Run("whoami"));
    }

    [Fact]
    public async Task A_wrong_key_is_not_kept()
    {
        await using var server = (await ScriptedServer.StartAsync()).Refuse("GET /account", 401, "unauthorized", "no");
        using var typed = new Typed { Input = "wrong\n" };
        Assert.Equal(77, await typed.Run("login", server.Url.ToString()));
        Assert.False(File.Exists(Path.Combine(typed.Home, ".config/sluice/credentials")));
    }

    [Theory]
    [InlineData("http://localhost:5000/shop.git", "shop")]
    [InlineData("https://localhost:5000/shop.git", "shop")]
    [InlineData("http://127.0.0.1:5000/shop.git", "shop")]
    [InlineData("http://[::1]:5000/shop", "shop")]
    [InlineData("http://sluice@localhost:5000/shop.git", "shop")]
    [InlineData("http://localhost:5001/shop.git", null)]
    [InlineData("https://github.com/acme/shop.git", null)]
    [InlineData("git@localhost:shop.git", null)]
    [InlineData("http://localhost:5000/a/b.git", null)]
    [InlineData("/srv/shop.git", null)]
    public void A_remote_of_our_server_names_an_app(string url, string? app) =>
        Assert.Equal(app, new GitRemote("x", url).AppOn(new Uri("http://localhost:5000")));

    [Fact]
    public async Task The_app_is_read_from_the_folders_git_remotes_and_several_are_told_apart()
    {
        await using var server = (await ScriptedServer.StartAsync())
            .On<IReadOnlyList<DynoWire>>("GET /apps/shop/dynos", [])
            .On<IReadOnlyList<DynoWire>>("GET /apps/shop-staging/dynos", []);
        using var typed = new Typed(server);
        Assert.Equal(64, await typed.Run("ps"));
        Assert.Contains("Which app?", typed.Error, StringComparison.Ordinal);

        await AppCommandTests.GitAsync(typed.Work, "init", "-q");
        await AppCommandTests.GitAsync(typed.Work, "remote", "add", "origin", "https://github.com/acme/shop.git");
        await AppCommandTests.GitAsync(typed.Work, "remote", "add", "production", $"http://localhost:{server.Url.Port}/shop.git");
        Assert.Equal(0, await typed.Run("ps"));
        Assert.Equal("No dynos on shop.\n", typed.Error);

        await AppCommandTests.GitAsync(typed.Work, "remote", "add", "staging", $"https://127.0.0.1:{server.Url.Port}/shop-staging.git");
        Assert.Equal(64, await typed.Run("ps"));
        Assert.Contains("shop (production), shop-staging (staging)", typed.Error, StringComparison.Ordinal);
        Assert.Equal(0, await typed.Run("ps -r staging"));
        Assert.Equal("No dynos on shop-staging.\n", typed.Error);
        Assert.Equal(64, await typed.Run("ps -r origin"));

        typed.Variables["SLUICE_APP"] = "shop";
        Assert.Equal(0, await typed.Run("ps"));
    }

    [Fact]
    public async Task Git_gets_the_key_of_our_server_and_of_no_other()
    {
        using var typed = new Typed { Input = "protocol=http\nhost=localhost:5000\n\n", Variables = { ["SLUICE_URL"] = "http://127.0.0.1:5000", ["SLUICE_KEY"] = "a-key" } };
        Assert.Equal(0, await typed.Run("git:credentials get"));
        Assert.Equal("username=sluice\npassword=a-key\n", typed.Out);

        using var other = new Typed { Input = "protocol=https\nhost=github.com\n\n", Variables = { ["SLUICE_URL"] = "http://127.0.0.1:5000", ["SLUICE_KEY"] = "a-key" } };
        Assert.Equal(0, await other.Run("git:credentials get"));
        Assert.Empty(other.Out);
    }

    [Fact]
    public async Task Env_prints_export_lines_and_nothing_else()
    {
        using var typed = new Typed { Variables = { ["SLUICE_URL"] = "http://localhost:5000", ["SLUICE_KEY"] = "a-key", ["GIT_CONFIG_COUNT"] = "1" } };
        Assert.Equal(0, await typed.Run("env"));
        Assert.All(typed.Out.TrimEnd('\n').Split('\n'), line => Assert.Matches("^export [A-Z0-9_]+='.*'$", line));
        Assert.Contains("export HEROKU_HOST='http://localhost:5000'\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("export HEROKU_API_KEY='a-key'\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("export HEROKU_PARTICLEBOARD_URL='http://localhost:5000'\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("export GIT_CONFIG_KEY_1=", typed.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("GIT_CONFIG_KEY_0", typed.Out, StringComparison.Ordinal);
        Assert.Empty(typed.Error);
    }

    [Fact]
    public async Task Env_adds_our_authority_to_those_that_the_shell_names_already()
    {
        using var typed = new Typed();
        var data = Path.Combine(typed.Home, "data");
        var theirs = Path.Combine(typed.Home, "theirs.pem");
        typed.Variables["SLUICE_DATA"] = data;
        typed.Variables["GIT_SSL_CAINFO"] = theirs;
        WriteFolder(data, new Uri("http://localhost:5000"));
        await File.WriteAllTextAsync(theirs, "THEIRS", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(data, "ca.pem"), "OURS\n", TestContext.Current.CancellationToken);

        Assert.Equal(0, await typed.Run("env"));
        var both = Path.Combine(typed.Home, ".config/sluice/GIT_SSL_CAINFO.5000.pem");
        Assert.Contains($"export GIT_SSL_CAINFO='{both}'\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains($"export NODE_EXTRA_CA_CERTS='{data}/ca.pem'\n", typed.Out, StringComparison.Ordinal);
        Assert.Equal("THEIRS\nOURS\n", await File.ReadAllTextAsync(both, TestContext.Current.CancellationToken));

        typed.Variables["GIT_SSL_CAINFO"] = both;
        Assert.Equal(0, await typed.Run("env"));
        Assert.Equal("THEIRS\nOURS\n", await File.ReadAllTextAsync(both, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Env_with_the_companion_leads_wired_hosts_here_and_keeps_git_out_of_it()
    {
        using var typed = new Typed();
        var data = Path.Combine(typed.Home, "data");
        typed.Variables["SLUICE_DATA"] = data;
        typed.Variables["https_proxy"] = "http://proxy.example:3128";
        WriteFolder(data, new Uri("http://localhost:5000"));
        await File.WriteAllTextAsync(Path.Combine(data, "ca.pem"), "OURS\n", TestContext.Current.CancellationToken);
        Assert.Equal(1, await typed.Run("env --companion"));
        Assert.Contains("No server notes a companion", typed.Error, StringComparison.Ordinal);
        Assert.Equal("false\n", typed.Out);   // what is evaluated fails, too: the line after && must not ask the real Heroku

        await File.WriteAllTextAsync(Path.Combine(data, "companion"), "http://127.0.0.1:40123\n", TestContext.Current.CancellationToken);
        Assert.Equal(0, await typed.Run("env --companion"));
        Assert.All(typed.Out.TrimEnd('\n').Split('\n'), line => Assert.Matches("^export [A-Za-z0-9_]+='.*'$", line));
        foreach (var name in new[] { "HTTPS_PROXY", "https_proxy", "HTTP_PROXY" })
            Assert.Contains($"export {name}='http://127.0.0.1:40123'\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("export NO_PROXY='localhost,127.0.0.1'\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("='http.https://localhost:5000/.proxy'\nexport GIT_CONFIG_VALUE_1=''\n", typed.Out, StringComparison.Ordinal);
        Assert.Contains("='http.proxy'\nexport GIT_CONFIG_VALUE_2='http://proxy.example:3128'\n", typed.Out, StringComparison.Ordinal);
        Assert.Equal(0, await typed.Run("env"));
        Assert.DoesNotContain("PROXY", typed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Env_of_a_server_elsewhere_says_why_the_heroku_cli_cannot_use_it()
    {
        using var typed = new Typed { Variables = { ["SLUICE_URL"] = "https://sluice.example.com", ["SLUICE_KEY"] = "a-key" } };
        Assert.Equal(1, await typed.Run("env"));
        Assert.Equal("false\n", typed.Out);
    }

    private static void WriteFolder(string folder, Uri server)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "address"), server + "\n");
        File.WriteAllText(Path.Combine(folder, "admin.key"), "a-key\n");
    }
}
