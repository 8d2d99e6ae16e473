using System.Globalization;
using System.Text.RegularExpressions;
using Sluice.Cli;

namespace Sluice.Tests.House;

public sealed partial class DocsTests
{
    [Fact]
    public void Every_link_of_the_docs_leads_somewhere()
    {
        var broken = Pages().SelectMany(page => Link().Matches(Repository.Read(page)).Select(m => m.Groups[1].Value.Split('#')[0])
            .Where(to => to.Length > 0 && !to.Contains("://", StringComparison.Ordinal))
            .Where(to => !Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, to)))
            .Select(to => $"{page} → {to}"));
        Assert.Empty(broken);
    }

    [Fact]
    public void Decisions_are_numbered_without_gaps_and_say_context_decision_and_consequences()
    {
        var records = Repository.Files("docs/decisions", "*.md").ToArray();
        Assert.Equal(Enumerable.Range(1, records.Length), records.Select(r => int.Parse(Path.GetFileName(r)[..4], CultureInfo.InvariantCulture)));
        Assert.All(records, record =>
        {
            var text = Repository.Read(record);
            var at = new[] { "\n## Context\n", "\n## Decision\n", "\n## Consequences\n" }.Select(h => text.IndexOf(h, StringComparison.Ordinal)).ToArray();
            Assert.True(at[0] > 0 && at[0] < at[1] && at[1] < at[2], record);
            Assert.True(text.Count(c => c == '\n') <= 60, record + " is longer than a page");
        });
    }

    [Fact]
    public void The_exit_codes_are_those_of_the_page()
    {
        var page = Repository.Read("docs/cli.md");
        var told = ExitCodeRow().Matches(page).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.Equal(Enum.GetValues<ExitCode>().Select(c => (int)c), told);
    }

    [Fact]
    public void Commands_that_the_docs_show_exist()
    {
        string[] ofTheScript = ["up", "demo", "test", "bench", "restart", "connect", "help"];
        var shown = Pages().SelectMany(page => Shown().Matches(Repository.Read(page)).Select(m => (Page: page, Name: m.Groups[1].Value)));
        Assert.Empty(shown.Where(s => Catalog.Find(s.Name) is null && !ofTheScript.Contains(s.Name)));
    }

    private static IEnumerable<string> Pages() => Repository.Files(".", "*.md").Where(f => !f.StartsWith("clients/", StringComparison.Ordinal));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\| (\d+) \|", RegexOptions.Multiline)]
    private static partial Regex ExitCodeRow();

    [GeneratedRegex(@"(?:\./sluice|\$ sluice|^    sluice) ([a-z][a-z:]*)\b", RegexOptions.Multiline)]
    private static partial Regex Shown();
}
