using System.Text.RegularExpressions;

namespace Sluice.Tests.House;

/// <summary>Rules of taste that a machine can see.</summary>
public sealed partial class FileTests
{
    private const int LongestFile = 400;

    [Fact]
    public void Nothing_is_named_for_what_it_is_not() =>
        Assert.Empty(Sources().SelectMany(f => Declared().Matches(Repository.Code(f)).Select(m => m.Groups[2].Value).Append(Path.GetFileNameWithoutExtension(f))
            .Where(name => Vague().IsMatch(name)).Select(name => $"{f}: {name}")));

    [Fact]
    public void No_folder_is_a_drawer() =>
        Assert.Empty(Sources().SelectMany(f => f.Split('/')[..^1]).Distinct(StringComparer.Ordinal).Where(part => part is "Common" or "Core" or "Services" or "Utils" or "Helpers"));

    [Fact]
    public void Classes_are_sealed_static_or_abstract() =>
        Assert.Empty(Sources().SelectMany(f => Open().Matches(Repository.Code(f)).Select(m => $"{f}: {m.Value.Trim()}")));

    [Fact]
    public void Namespaces_follow_folders_and_take_no_braces() =>
        Assert.Empty(Sources().Where(f => Path.GetFileName(f) is not "Program.cs").Where(f =>
            !Regex.IsMatch(Repository.Code(f), $@"^namespace {Regex.Escape(NamespaceOf(f))};", RegexOptions.Multiline, TimeSpan.FromSeconds(10))));

    [Fact]
    public void Files_hold_one_idea() =>
        Assert.Empty(Sources().Concat(Repository.Files("test", "*.cs")).Concat(Repository.Files("bench", "*.cs")).Select(f => (File: f, Lines: Repository.Read(f).Count(c => c == '\n'))).Where(f => f.Lines > LongestFile).Select(f => $"{f.File}: {f.Lines} lines"));

    [Fact]
    public void No_regions_no_todo_without_an_end() =>
        Assert.Empty(Sources().Where(f => Regex.IsMatch(Repository.Read(f), @"^\s*#region|//\s*(TODO|FIXME|HACK)\b", RegexOptions.Multiline, TimeSpan.FromSeconds(10))));

    private static IEnumerable<string> Sources() => Repository.Files("src", "*.cs");

    private static string NamespaceOf(string file)
    {
        var parts = file.Split('/')[1..^1];
        return string.Join('.', parts[0] is "Server" ? ["Sluice", .. parts[1..]] : ["Sluice", .. parts]);
    }

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+(?:struct\s+|class\s+)?(\w+)")]
    private static partial Regex Declared();

    [GeneratedRegex("(Manager|Helpers?|Utils?|Services?|Common)$")]
    private static partial Regex Vague();

    [GeneratedRegex(@"^[ ]*(?:(?:public|internal|private|protected|file)\s+)*(?:partial\s+)?class\s+\w+", RegexOptions.Multiline)]
    private static partial Regex Open();
}
