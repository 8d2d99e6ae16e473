using Sluice.Runtime;
using Sluice.Tests.House;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Runtime;

/// <summary>The probes themselves: outside of a sandbox they do get out, so that "denied" means something.</summary>
public sealed class ProbesTests
{
    /// <summary>That nobody gets out by on an ordinary machine, since its kernel has no such thing, or since nothing of ours is there to be reached.</summary>
    private const int NeverOpen = 25;

    [Fact]
    public async Task Where_nothing_isolates_nearly_all_of_them_get_out()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to be somebody else and to be root in namespaces of its own.");
        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32("755", 8));
        await File.WriteAllTextAsync(folder.At("probes.py"), Repository.Read(Verdicts.Script));
        using var host = new Reachable();

        // Root in namespaces of its own, where nothing that succeeds reaches this machine; and an ordinary user on it.
        var open = new HashSet<string>();
        var all = new HashSet<string>();
        foreach (var words in new[]
        {
            new[] { "unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "--propagation", "private", "--mount-proc" },
            ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"],
        })
        {
            var command = host.Variables(folder.Path, ["python3"], []).Aggregate(new Command(words[0], [.. words[1..], "/usr/bin/python3", folder.At("probes.py")]), (c, v) => c.With(v.Name, v.Value));
            var verdicts = Assert.Single(Verdicts.In(await Shell.TextAsync(command, TestContext.Current.CancellationToken)));
            all.UnionWith(verdicts.Select(v => v.Name));
            open.UnionWith(verdicts.Where(v => v.IsOpen).Select(v => v.Name));
        }
        Assert.True(all.Count - open.Count <= NeverOpen, $"Denied outside as well: {string.Join(", ", all.Except(open))}");
        Assert.Contains(Verdicts.Exception, open);
    }
}
