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

    /// <summary>Mount tables as machines have them; what is found in each.</summary>
    public static TheoryData<string, string[], string> Machines => new()
    {
        { "v2 alone", ["proc /proc proc rw 0 0", "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0"], "v2 /sys/fs/cgroup" },
        { "v1 beside an empty v2 tree", ["tmpfs /sys/fs/cgroup tmpfs rw 0 0", "cgroup /c/cpu cgroup rw,relatime,cpu 0 0", "cgroup /c/memory cgroup rw,memory 0 0", "cgroup /c/pids cgroup rw,pids 0 0", "cgroup2 /c/unified cgroup2 rw 0 0"], "v1 /c/cpu /c/memory /c/pids + /c/unified" },
        { "two controllers in one hierarchy, and mounted again elsewhere", ["cgroup /c/both cgroup rw,cpu,cpuacct,memory 0 0", "cgroup /c/pids cgroup rw,pids 0 0", "cgroup /again cgroup rw,pids 0 0", "cgroup2 /c/2 cgroup2 rw 0 0", "cgroup2 /2 cgroup2 rw 0 0"], "v1 /c/both /c/both /c/pids + /c/2" },
        { "v1 without a v2 tree", ["cgroup /c/cpu cgroup rw,cpu 0 0", "cgroup /c/memory cgroup rw,memory 0 0", "cgroup /c/pids cgroup rw,pids 0 0"], "nothing" },
        { "memory on v2, the rest on v1", ["cgroup /c/cpu cgroup rw,cpu 0 0", "cgroup /c/pids cgroup rw,pids 0 0", "cgroup2 /c/unified cgroup2 rw 0 0"], "nothing" },
        { "none", ["proc /proc proc rw 0 0"], "nothing" },
    };

    [Theory, MemberData(nameof(Machines))]
    public void Limits_are_where_the_machine_has_them(string machine, string[] mounts, string expected)
    {
        var found = ControlGroups.Detect("x", mounts)?.Find("one");
        var told = found is null ? "nothing"
            : found.LimitsOnV2 ? $"v2 {found.V2}"
            : $"v1 {string.Join(' ', new[] { "cpu", "memory", "pids" }.Select(c => found.V1[c]))} + {found.V2}";
        Assert.True(told.Replace("/sluice-x/one", "", StringComparison.Ordinal) == expected, $"{machine}: {told}");
    }

    public void Dispose() => folder.Dispose();

    private ControlGroup Group(string name) =>
        new(Path.Combine(folder.Path, name), Path.Combine(folder.Path, name), ImmutableDictionary<string, string>.Empty, LimitsOnV2: true);
}
