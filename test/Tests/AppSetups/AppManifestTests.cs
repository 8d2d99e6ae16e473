using System.Text;
using Sluice.AppSetups;

namespace Sluice.Tests.AppSetups;

/// <summary>What an app.json says, and what of it cannot be had here.</summary>
public sealed class AppManifestTests
{
    [Fact]
    public void Vars_are_given_made_needed_or_left_out()
    {
        var manifest = Good("""
            {"name": "shop", "env": {
              "PLAIN": "x", "VALUE": {"description": "d", "value": "y"}, "MADE": {"generator": "secret"}, "NEEDED": {"description": "d"},
              "ALSO": {"required": true}, "OPTIONAL": {"required": false}}}
            """);
        Assert.Equal(["ALSO", "MADE", "NEEDED", "PLAIN", "VALUE"], manifest.Env.Keys);
        Assert.Equal(("x", "y"), (manifest.Env["PLAIN"], manifest.Env["VALUE"]));
        Assert.Matches("^[0-9a-f]{64}$", manifest.Env["MADE"]);
        Assert.Null(manifest.Env["NEEDED"]);
        Assert.Null(manifest.Env["ALSO"]);
    }

    [Fact]
    public void Formation_buildpacks_and_stack_are_read()
    {
        var manifest = Good("""{"formation": {"web": {"quantity": 2, "size": "basic"}, "worker": {"quantity": 1}}, "buildpacks": [{"url": "heroku/nodejs"}], "stack": "debian-12", "success_url": "/hi"}""");
        Assert.Equal([new("web", "2", "basic"), new("worker", "1", null)], manifest.Formation);
        Assert.Equal(["heroku/nodejs"], manifest.Buildpacks);
        Assert.Equal(("debian-12", "/hi"), (manifest.Stack, manifest.SuccessUrl));
    }

    [Theory]
    [InlineData("{", "app.json is not JSON")]
    [InlineData("[]", "app.json is not a JSON object.")]
    [InlineData("""{"env": [], "formation": 7}""", "env in app.json must be an object. formation in app.json must be an object.")]
    [InlineData("""{"env": {"A": 7, "B": {"generator": "dice"}}}""", "env.A in app.json must be a string or an object. env.B in app.json has the generator dice; there is only secret.")]
    [InlineData("""{"scripts": {"postdeploy": "rake db:seed"}}""", "app.json has a postdeploy script, which this server does not run")]
    [InlineData("""{"addons": ["heroku-postgresql"]}""", "app.json asks for add-ons, which this server does not have")]
    [InlineData("""{"env": {"A": "\ud800"}}""", "app.json has a text that is no Unicode.")]
    public void What_cannot_be_had_is_a_fault(string json, string said)
    {
        var faults = new List<string>();
        AppManifest.Parse(Encoding.UTF8.GetBytes(json), faults.Add);
        Assert.Contains(said, string.Join(' ', faults.Order(StringComparer.Ordinal)), StringComparison.Ordinal);
    }

    private static AppManifest Good(string json) => AppManifest.Parse(Encoding.UTF8.GetBytes(json), fault => Assert.Fail(fault));
}
