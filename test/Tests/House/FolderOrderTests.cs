using System.Text.RegularExpressions;

namespace Sluice.Tests.House;

/// <summary>A folder of the server may use those before it, never those after it. Files at the root know all: ids, refusals, the composition.</summary>
public sealed partial class FolderOrderTests
{
    private static readonly string[] Order =
    [
        "Storage", "Jobs", "Events", "Logs", "Runtime", "Accounts", "Teams", "Apps", "Drains", "Slugs", "Sources", "Router", "Acme", "Dynos", "Metrics", "Builds", "Releases",
        "Pipelines", "AppSetups", "ReviewApps", "Ci", "Webhooks", "Git", "Api", "Dashboard", "Roles",
    ];

    [Fact]
    public void Every_folder_has_its_place_in_the_order()
    {
        var folders = ServerFiles().Select(Folder).OfType<string>().Distinct(StringComparer.Ordinal);
        Assert.Empty(folders.Except(Order, StringComparer.Ordinal));
    }

    [Fact]
    public void No_folder_uses_one_that_comes_after_it() => Assert.Empty(ServerFiles().SelectMany(Backward));

    [Fact]
    public void Only_the_api_speaks_of_the_wire() =>
        Assert.Empty(ServerFiles().Where(f => Folder(f) is not ("Api" or null) && Repository.Code(f).Contains("Sluice.Wire", StringComparison.Ordinal)));

    [Fact]
    public void The_wire_leans_on_nothing_and_the_command_line_on_the_wire_alone()
    {
        Assert.Empty(Repository.Files("src/Wire", "*.cs").SelectMany(f => Foreign(f, "Wire")));
        Assert.Empty(Repository.Files("src/Cli", "*.cs").SelectMany(f => Foreign(f, "Cli", "Wire")));
        Assert.DoesNotContain("Reference Include", Repository.Read("src/Wire/Wire.csproj"), StringComparison.Ordinal);
        Assert.DoesNotContain("Server.csproj", Repository.Read("src/Cli/Cli.csproj"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_folder_stands_in_the_architecture_page_in_this_order()
    {
        var page = Repository.Read("ARCHITECTURE.md");
        var named = FolderRow().Matches(page).Select(m => m.Groups[1].Value).Where(n => n != "Roles").ToArray();
        Assert.Equal(Order.Where(named.Contains), named);
        Assert.Empty(ServerFiles().Select(Folder).OfType<string>().Distinct(StringComparer.Ordinal).Where(f => !page.Contains($"| `{f}/` |", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> ServerFiles() => Repository.Files("src/Server", "*.cs");

    /// <summary><c>src/Server/Apps/App.cs</c> → Apps; null at the root.</summary>
    private static string? Folder(string file) => file.Split('/') is [_, _, var folder, _, ..] ? folder : null;

    private static IEnumerable<string> Backward(string file)
    {
        if (Folder(file) is not { } own)
        {
            return [];
        }

        var code = Repository.Code(file);
        return Order.SkipWhile(f => f != own).Skip(1)
            .Where(later => Regex.IsMatch(code, $@"\bSluice\.{later}\b", RegexOptions.None, TimeSpan.FromSeconds(10)))
            .Select(later => $"{file} uses {later}, which comes after {own}");
    }

    private static IEnumerable<string> Foreign(string file, params string[] allowed) =>
        NamedPart().Matches(Repository.Code(file)).Select(m => m.Groups[1].Value).Where(part => !allowed.Contains(part)).Select(part => $"{file} uses Sluice.{part}");

    [GeneratedRegex(@"\bSluice\.([A-Z]\w*)")]
    private static partial Regex NamedPart();

    [GeneratedRegex(@"^\| `(\w+)/` \|", RegexOptions.Multiline)]
    private static partial Regex FolderRow();
}
