using System.Text.RegularExpressions;

namespace Sluice.Tests.House;

/// <summary>A column of secrets that nobody told the key rotation of would be lost with the next data key.</summary>
public sealed partial class SealedColumnTests
{
    [Fact]
    public void Every_sealed_column_of_the_schema_is_sealed_again_by_a_rotation()
    {
        var server = Path.Combine(Repository.Root, "src/Server");
        var schema = Directory.EnumerateFiles(Path.Combine(server, "Storage/Migrations"), "*.sql").SelectMany(file => ColumnsOf(File.ReadAllText(file)));
        var told = Directory.EnumerateFiles(server, "Setup.cs", SearchOption.AllDirectories)
            .SelectMany(file => Told().Matches(File.ReadAllText(file))).Select(m => $"{m.Groups["table"]}.{m.Groups["column"]}");
        Assert.Equal(schema.Where(column => column != "data_keys.key").Order(), told.Order());   // the data keys are sealed by the file's key
    }

    private static IEnumerable<string> ColumnsOf(string migration)
    {
        var table = "";
        foreach (var line in migration.Split('\n'))
        {
            table = Table().Match(line) is { Success: true } found ? found.Groups["name"].Value : table;
            if (Bytes().Match(line) is { Success: true } column)
                yield return $"{table}.{column.Groups["name"]}";
        }
    }

    [GeneratedRegex(@"^(CREATE|ALTER) TABLE (?<name>\w+)")]
    private static partial Regex Table();

    [GeneratedRegex(@"^(\s+|.* ADD COLUMN )(?<name>\w+)\s+\{blob\}")]
    private static partial Regex Bytes();

    [GeneratedRegex("new SealedColumn\\(\"(?<table>\\w+)\", \"(?<column>\\w+)\"")]
    private static partial Regex Told();
}
