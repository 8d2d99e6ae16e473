using System.Collections.Immutable;
using Sluice.Runtime;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Runtime;

/// <summary>A group of plain files: what the kernel would show, at the moment that the test wants.</summary>
public sealed class ControlGroupTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Killing_a_group_that_is_gone_is_done_at_once() => await Group("gone").KillAsync(TimeProvider.System);

    [Fact]
    public async Task Killing_ends_when_the_group_goes_while_it_is_waited_for()
    {
        var group = Group("going");
        Directory.CreateDirectory(group.V2);
        await File.WriteAllTextAsync(Path.Combine(group.V2, "cgroup.events"), "populated 1\nfrozen 0\n", TestContext.Current.CancellationToken);
        Assert.True(group.IsPopulated);
        var kill = group.KillAsync(TimeProvider.System);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(kill.IsCompleted);
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(group.V2, "cgroup.kill"), TestContext.Current.CancellationToken));
        Directory.Delete(group.V2, recursive: true);
        await kill.WaitAsync(TimeSpan.FromSeconds(9), TestContext.Current.CancellationToken);
        Assert.False(group.IsPopulated);
        Assert.Empty(group.Processes());
        Assert.Null(group.Usage());
    }

    public void Dispose() => folder.Dispose();

    private ControlGroup Group(string name) =>
        new(Path.Combine(folder.Path, name), Path.Combine(folder.Path, name), ImmutableDictionary<string, string>.Empty, LimitsOnV2: true);
}
