using System.Text.RegularExpressions;

namespace Sluice.Tests.House;

/// <summary><c>docs/security.md</c> and <c>docs/failure-modes.md</c> name the tests that show what they claim.</summary>
public sealed partial class SecurityPageTests
{
    [Theory]
    [InlineData("docs/security.md", 60)]
    [InlineData("docs/failure-modes.md", 8)]
    public void Every_test_that_is_named_exists(string page, int atLeast)
    {
        var tests = typeof(SecurityPageTests).Assembly.GetTypes().SelectMany(type => type.GetMethods().Where(m => m.IsDefined(typeof(FactAttribute), inherit: true)).Select(m => $"{type.Name}.{m.Name}")).ToHashSet();
        var named = TestName().Matches(Repository.Read(page)).Select(m => m.Groups[1].Value).ToArray();
        Assert.Empty(named.Except(tests));
        Assert.True(named.Length >= atLeast, $"{page} names only {named.Length}.");
    }

    [Fact]
    public void Every_threat_has_a_wall_and_a_test()
    {
        var rows = Repository.Read("docs/security.md").Split('\n').Select(line => line.Split('|')).Where(cells => cells.Length == 6 && int.TryParse(cells[1], out _)).ToArray();
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 24], rows.Select(cells => int.Parse(cells[1])));
        // Nothing of a fork is built, so there is nothing to try.
        Assert.Equal([5], rows.Where(cells => !TestName().IsMatch(cells[4])).Select(cells => int.Parse(cells[1])));
    }

    [GeneratedRegex(@"`([A-Z][A-Za-z]+Tests\.[A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
