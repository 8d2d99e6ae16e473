using System.Diagnostics;
using Sluice.Builds;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Builds;

/// <summary>A build's folder when the build is out to harm: what it leaves is measured and read, and never waited for.</summary>
public sealed class BuildFolderTests : IDisposable
{
    private readonly TempFolder temp = new();
    private readonly BuildFolder folder;

    public BuildFolderTests()
    {
        var data = new DataFolder(temp.Path);
        Directory.CreateDirectory(data.Builds);
        folder = new(data, BuildId.New(), owner: null, path => { });
        Directory.CreateDirectory(folder.App);
    }

    public void Dispose()
    {
        // The framework cannot remove such names.
        using var removal = Process.Start("find", [temp.Path, "-mindepth", "1", "-delete"]);
        removal.WaitForExit();
        temp.Dispose();
    }

    [Theory]
    [InlineData("mkdir plain && head -c 3000 /dev/zero >plain/file")]
    [InlineData("d=$(printf '\\377') && mkdir \"$d\" && head -c 3000 /dev/zero >\"$d/file\"")]
    [InlineData("d=$(printf '\\377') && head -c 3000 /dev/zero >\"$d\"")]
    [InlineData("n=$(printf 'x%.0s' $(seq 200)); for i in $(seq 30); do mkdir $n && cd $n || exit 1; done; head -c 3000 /dev/zero >file")]
    [InlineData("mkdir .hidden && head -c 3000 /dev/zero >.hidden/.file")]
    public async Task No_name_hides_bytes_from_the_limit(string script)
    {
        await Bash(script);
        Assert.True(folder.IsTooLarge(2000, 1000, []));
    }

    [Theory]
    [InlineData("touch a b c d e f")]
    [InlineData("d=$(printf '\\377') && mkdir \"$d\" && touch \"$d\"/a \"$d\"/b \"$d\"/c \"$d\"/d \"$d\"/e")]
    public async Task No_name_hides_files_from_the_limit(string script)
    {
        await Bash(script);
        Assert.True(folder.IsTooLarge(2000, 5, []));
    }

    [Fact]
    public async Task A_file_without_a_name_counts_as_long_as_someone_holds_it()
    {
        using var holder = Process.Start(new ProcessStartInfo("bash", ["-c", "exec 3>file && head -c 3000 /dev/zero >&3 && rm file && echo held && exec sleep 60"])
        {
            WorkingDirectory = folder.App,
            RedirectStandardOutput = true, UseShellExecute = false,
        })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.False(folder.IsTooLarge(2000, 10, []));
        Assert.True(folder.IsTooLarge(2000, 10, [holder.Id]));

        holder.Kill();
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.False(folder.IsTooLarge(2000, 10, [holder.Id]));
    }

    [Fact]
    public async Task A_link_leads_to_nothing_that_counts()
    {
        await Bash("head -c 100 /dev/zero >file && ln -s /usr usr && ln -s / root && ln -s loop loop && mkfifo pipe && mkdir -m 0 closed");
        Assert.False(folder.IsTooLarge(2000, 10, []));
    }

    [Fact]
    public async Task A_pipe_where_a_list_is_expected_is_not_waited_for()
    {
        Directory.CreateDirectory(folder.Cache);
        await Bash($"mkdir dist && mkfifo '{folder.Cache}/.linked'");
        var linked = Task.Run(() => folder.Linked(), TestContext.Current.CancellationToken);
        Assert.Empty(await linked.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    private async Task Bash(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = folder.App })!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}
