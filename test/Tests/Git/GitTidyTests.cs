using Sluice.Git;
using Sluice.Sources;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Git;

public sealed class GitTidyTests
{
    [Fact]
    public async Task A_start_removes_the_files_of_pushes_that_died_with_the_last_server_and_nothing_else()
    {
        using var folder = new TempFolder();
        var data = new DataFolder(folder.Path);
        Directory.CreateDirectory(data.Uploads);
        var (left, upload) = (Path.Combine(data.Uploads, Deployment.SourceFile("1")), Path.Combine(data.Uploads, "upload-1.tgz"));
        await File.WriteAllTextAsync(left, "x", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(upload, "x", TestContext.Current.CancellationToken);

        await new GitTidy(new Repositories(data), data).StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal([upload], Directory.EnumerateFiles(data.Uploads));
    }
}
