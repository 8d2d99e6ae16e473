using Sluice.Dashboard.Shell;

namespace Sluice.Tests.Dashboard;

public sealed class PaintTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[1;32mPASS\u001b[0m a", "PASS[c2 bold] a")]
    [InlineData("\u001b[31mred\u001b[39m, \u001b[4mline\u001b[24m", "red[c1], line[under]")]
    [InlineData("\u001b[91;7mX\u001b[27m\u001b[m.", "X[on on1].")]
    [InlineData("\u001b[38;5;208morange\u001b[38;2;10;10;200mblue\u001b[48;5;235mdark", "orange[c1]blue[c4]dark[c4 on on0]")]
    [InlineData("\u001b[38;5mcut\u001b[38mcut", "cutcut")]
    [InlineData("\u001b[8;5;9mhidden", "hidden")]
    [InlineData("\u001b[mempty\u001b[99999mbig", "emptybig")]
    [InlineData("\u001b[31", "")]
    public void Colours_become_classes(string line, string shown) =>
        Assert.Equal(shown, string.Concat(Paint.Runs(line).Select(run => run.Class.Length > 0 ? $"{run.Text}[{run.Class}]" : run.Text)));

    [Fact]
    public void A_line_of_nothing_but_colours_costs_a_bounded_number_of_elements() =>
        Assert.InRange(Paint.Runs(string.Concat(Enumerable.Repeat("\u001b[31mx", 2000))).Count(run => run.Class.Length > 0), 1, 100);
}
