using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

public sealed class ProgramFloorsTests
{
    [Theory]
    [InlineData("bubblewrap", "bubblewrap 0.8.0\n", "bubblewrap 0.8.0 is older than 0.12.0")]
    [InlineData("bubblewrap", "bubblewrap 0.12.0\n", null)]
    [InlineData("bubblewrap", "bubblewrap 1.0\n", null)]
    [InlineData("git", "git version 2.39.5\n", "git 2.39.5 is older than 2.50.1")]
    [InlineData("git", "git version 2.50.1.windows.1\n", null)]
    [InlineData("git", "git version 2.60.0-rc1\n", null)]
    [InlineData("git", "git\n", "What version of git this is cannot be told (it says: git)")]
    public void What_is_too_old_or_cannot_be_read_is_said_in_a_line(string name, string said, string? says)
    {
        var care = ProgramFloors.Care(name, said);
        if (says is null)
            Assert.Null(care);
        else
            Assert.StartsWith(says, care);
        Assert.DoesNotContain('\n', care ?? "");
    }

    [Fact]
    public async Task The_programs_of_this_machine_are_asked()
    {
        foreach (var care in await ProgramFloors.CareAsync(TestContext.Current.CancellationToken))
            Assert.Matches(@"^(bubblewrap|git) \d+\.\d+(\.\d+)? is older than ", care);
    }
}
