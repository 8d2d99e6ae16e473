using Sluice.Builds;
using Sluice.Runtime;
using Sluice.Slugs;

namespace Sluice.Tests.Builds;

/// <summary>Builds may take three seconds here.</summary>
public sealed class ImpatientGround : BuildGround
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    protected override AgentHost Compose(AgentHost host, SandboxHost with) =>
        host.MapSlugs(Slugs, Data).MapBuilds(new BuildOperation(with, Slugs, Data) { Time = Patience });
}

public sealed class BuildTimeTests(ImpatientGround ground) : IClassFixture<ImpatientGround>
{
    [Fact]
    public async Task A_build_that_takes_too_long_is_stopped_and_says_how_long_it_had()
    {
        BuildGround.NeedRoot();
        var mark = $"{Environment.ProcessId}";
        var source = ground.Tar(("package.json", """{"name":"x","scripts":{"heroku-postbuild":"sleep 600.MARK"}}""".Replace("MARK", mark, StringComparison.Ordinal)));

        var (outcome, _) = await ground.BuildAsync(await ground.AppAsync(), source);

        Assert.Equal("The build took longer than 3 seconds.", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc"), process => CommandLine(process).Contains("sleep\0600." + mark, StringComparison.Ordinal));
    }

    [Fact]
    public void By_itself_a_build_has_fifteen_minutes() => Assert.Equal("The build took longer than 15 minutes.", BuildLimits.TookLonger(BuildLimits.Time));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
