using Sluice.Builds;

namespace Sluice.Tests.Builds;

public sealed class BuildpackChoiceTests
{
    [Theory]
    [InlineData("urn:buildpack:heroku/nodejs", "node")]
    [InlineData("heroku/python", "python")]
    [InlineData("https://buildpack-registry.s3.amazonaws.com/buildpacks/heroku/dotnet.tgz", "dotnet")]
    [InlineData("urn:buildpack:heroku/static", "static")]
    [InlineData("heroku/procfile", "procfile")]
    public void Herokus_names_mean_the_bundled_ones(string url, string folder) =>
        Assert.Equal(("bundled", folder), (BuildpackChoice.Parse(url).Kind, BuildpackChoice.Parse(url).Where));

    [Theory]
    [InlineData("https://github.com/heroku/heroku-buildpack-nodejs", "git", "https://github.com/heroku/heroku-buildpack-nodejs", null)]
    [InlineData("https://example.com/pack.git#v1.2", "git", "https://example.com/pack.git", "v1.2")]
    [InlineData("https://example.com/pack.tgz", "archive", "https://example.com/pack.tgz", null)]
    [InlineData("https://example.com/pack.tar.gz", "archive", "https://example.com/pack.tar.gz", null)]
    public void Addresses_are_git_or_archives(string url, string kind, string where, string? reference)
    {
        var choice = BuildpackChoice.Parse(url);
        Assert.Equal((kind, where, reference), (choice.Kind, choice.Where, choice.Ref));
    }

    [Theory]
    [InlineData("heroku/cobol")]
    [InlineData("--upload-pack=touch /tmp/p")]
    [InlineData("ext::sh -c id")]
    [InlineData("file:///etc")]
    [InlineData("https://example.com/x.git#--upload-pack=id")]
    [InlineData("https://example.com/x\ty")]
    [InlineData("https://example.com/x.git#a\nb")]
    public void Anything_else_is_refused(string url) => Assert.Throws<RefusedException>(() => BuildpackChoice.Parse(url));

    [Fact]
    public void BUILDPACK_URL_comes_before_the_list() =>
        Assert.Equal(["python"], BuildpackChoice.Of(["urn:buildpack:heroku/nodejs"], "heroku/python").Select(b => b.Where));

    [Fact]
    public void No_part_can_break_the_line_that_the_driver_reads() =>
        Assert.Equal("git\thttps://example.com/a%20b.git\tmain\thttps://example.com/a%20b.git#main", BuildpackChoice.Parse("https://example.com/a%20b.git#main").Line);
}
