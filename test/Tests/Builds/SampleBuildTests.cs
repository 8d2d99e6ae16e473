using Sluice.Builds;
using Sluice.Slugs;

namespace Sluice.Tests.Builds;

/// <summary>Every bundled buildpack, on its sample: built in a sandbox, started in another, asked.</summary>
public sealed class SampleBuildTests(BuildGround ground) : IClassFixture<BuildGround>
{
    [Theory]
    [InlineData("node", "/", "Hi from the shop, first version.", "heroku/nodejs")]
    [InlineData("python", "/", "Hi from Python 3.", "heroku/python")]
    [InlineData("dotnet", "/", "Hi from .NET 10.", "heroku/dotnet")]
    [InlineData("static", "/env.js", "window.env = {\"GREETING\": \"Hi\"};", "heroku/static")]
    [InlineData("procfile", "/", "Hi from a Procfile.", "heroku/procfile")]
    public async Task The_sample_is_found_built_and_answers_with_its_config(string sample, string path, string answer, string buildpack)
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();

        var slug = await ground.SlugAsync(app, ground.Tar(BuildGround.Sample(sample)));

        var said = await ground.AnswerAsync(app, slug, path, ("GREETING", "Hi"));
        Assert.Equal(answer, said.Split('\n')[0]);
        var build = Assert.Single(await ground.Get<BuildTable>().ListAsync(app.Id, BuildGround.Ct));
        Assert.Equal(("succeeded", slug.Id, "urn:buildpack:" + buildpack), (build.Status, build.Slug, Assert.Single(build.Buildpacks).Url));
        Assert.Equal("debian-12", slug.Stack);
    }

    [Theory]
    [InlineData("node")]
    [InlineData("python")]
    [InlineData("dotnet")]
    [InlineData("static")]
    public async Task The_same_source_makes_the_same_slug_for_any_app_and_at_any_time(string sample)
    {
        BuildGround.NeedRoot();

        var first = await ground.SlugAsync(await ground.AppAsync(), ground.Tar(BuildGround.Sample(sample)));
        var second = await ground.SlugAsync(await ground.AppAsync(), ground.Tar(BuildGround.Sample(sample)));

        Assert.Equal(first.Digest, second.Digest);
    }
}
