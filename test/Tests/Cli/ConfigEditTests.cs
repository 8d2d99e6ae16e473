using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class ConfigEditTests : IAsyncLifetime
{
    private ScriptedServer server = null!;

    public async ValueTask InitializeAsync() => server = (await ScriptedServer.StartAsync())
        .Raw("GET /apps/shop/config-vars", """{"KEPT": "a b", "GONE": "old", "CERT": "one\ntwo"}""")
        .Raw("PATCH /apps/shop/config-vars", "{}")
        .On<IReadOnlyList<ReleaseWire>>("GET /apps/shop/releases", [Answers.Release("shop", 8)]);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task What_was_edited_is_set_and_what_was_taken_away_removed_in_one_release()
    {
        using var typed = Editing("sed -i -e s/^GONE=.*/NEW=x=y/");
        Assert.Equal(0, await typed.Run("config:edit -a shop"));
        Assert.Contains("Left out, since their values have several lines: CERT.", typed.Error, StringComparison.Ordinal);
        Assert.Contains("done, v8", typed.Error, StringComparison.Ordinal);
        var patch = Assert.Single(server.Asked, a => a.StartsWith("PATCH", StringComparison.Ordinal));
        Assert.EndsWith("{\"NEW\":\"x=y\",\"GONE\":null}", patch, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_var_may_have_several_lines()
    {
        using var typed = Editing("sed -i -e s/two/2/");
        Assert.Equal(0, await typed.Run("config:edit CERT -a shop"));
        Assert.EndsWith("{\"CERT\":\"one\\n2\"}", Assert.Single(server.Asked, a => a.StartsWith("PATCH", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_bad_line_is_told_by_its_number_alone_nothing_changes_and_the_text_is_kept()
    {
        using var typed = Editing("printf 'A=1\\nsecret words\\n2B=x\\nA=2\\n' >");
        Assert.Equal(2, await typed.Run("config:edit -a shop"));
        Assert.Contains("Line 2 is no KEY=value", typed.Error, StringComparison.Ordinal);
        Assert.Contains("Line 3 is no KEY=value", typed.Error, StringComparison.Ordinal);
        Assert.Contains("Line 4 sets A a second time.", typed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret words", typed.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Asked, a => a.StartsWith("PATCH", StringComparison.Ordinal));
        var kept = typed.Error.Split('\n').Single(line => line.StartsWith("Your text is kept in ", StringComparison.Ordinal))["Your text is kept in ".Length..].Split(';')[0];
        Assert.Contains("secret words", await File.ReadAllTextAsync(kept, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
        File.Delete(kept);
    }

    [Fact]
    public async Task Nothing_edited_and_an_editor_that_fails_change_nothing()
    {
        using var same = Editing("true");
        Assert.Equal(0, await same.Run("config:edit -a shop"));
        Assert.Contains("No changes to the config vars of shop.", same.Error, StringComparison.Ordinal);
        using var failing = Editing("false");
        Assert.Equal(1, await failing.Run("config:edit -a shop"));
        Assert.Contains("The editor (false) ended with 1. Nothing was changed.", failing.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Asked, a => a.StartsWith("PATCH", StringComparison.Ordinal));
        File.Delete(failing.Error.Split("Your text is kept in ")[1].Split(';')[0]);
    }

    private Typed Editing(string editor) => new(server) { Variables = { ["EDITOR"] = editor } };
}
