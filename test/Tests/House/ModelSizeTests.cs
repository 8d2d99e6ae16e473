namespace Sluice.Tests.House;

/// <summary>The model that the server is held against is worth something only as long as it can be read in one sitting.</summary>
public sealed class ModelSizeTests
{
    /// <summary>Lines of any kind, of records and rules; what drives them and what looks at them is not among them.</summary>
    private const int Most = 400;

    [Fact]
    public void The_reference_model_is_small()
    {
        string[] drives = ["Command.cs", "Commands.cs", "FoundTests.cs", "ModelTests.cs", "RealServer.cs", "RealWorld.cs", "Sight.cs"];
        var files = Repository.Files("test/Tests/Model", "*.cs").Where(f => !drives.Contains(Path.GetFileName(f))).ToArray();
        Assert.Contains("test/Tests/Model/ModelWorld.cs", files);
        Assert.InRange(files.Sum(f => Repository.Read(f).Count(c => c == '\n')), 1, Most);
        Assert.All(files.SelectMany(f => Repository.Read(f).Split('\n')), line => Assert.InRange(line.Length, 0, 200));
    }

    [Fact]
    public void It_knows_nothing_of_the_server() =>
        Assert.All(Repository.Files("test/Tests/Model", "Model*.cs").Where(f => !f.EndsWith("Tests.cs", StringComparison.Ordinal)),
            f => Assert.DoesNotMatch(@"using Sluice\.(?!Tests)", Repository.Code(f)));
}
