using System.Diagnostics;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Tests.Slugs;

/// <summary>Cut between any two steps: the whole slug or none, nothing left over, and the second try succeeds.</summary>
public sealed class SlugCrashTests : IDisposable
{
    private static readonly (string, string)[] Files = [("Procfile", "web: run"), ("bin/run!", "#!"), ("lib/a", "a"), ("lib/b", "b"), ("lib/c", "a"), ("empty", "")];

    private readonly SlugFolder slugs = new();

    public void Dispose() => slugs.Dispose();

    [Fact]
    public async Task An_error_between_any_two_steps_of_a_put()
    {
        var gates = await GatesOf(() => slugs.PutAsync(Files));
        Assert.Equal(["slug.put.begun", "slug.put.object", "slug.put.moved", "slug.put.synced", "publish.written", "publish.synced", "publish.renamed", "publish.done"], gates.Distinct());
        for (var cut = 0; cut < gates.Count; cut++)
        {
            using var fresh = new SlugFolder(inMemory: true);
            await Cut(cut, () => fresh.PutAsync(Files));
            fresh.Reopen();
            await CheckWholeOrNone(fresh);
        }
    }

    [Fact]
    public async Task An_error_between_any_two_steps_of_a_lay_out_or_a_collection()
    {
        var made = await slugs.PutAsync(Files);
        await slugs.PutAsync(("other", "other"));
        var gates = await GatesOf(async () =>
        {
            await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
            await slugs.Store.CollectAsync([made.Digest], SlugFolder.Ct);
        });
        Assert.Equal(["slug.layout.made", "slug.layout.published", "slug.collect.retired", "slug.collect.marked"], gates);
        for (var cut = 0; cut < gates.Count; cut++)
        {
            using var fresh = new SlugFolder(inMemory: true);
            await fresh.PutAsync(Files);
            await fresh.PutAsync(("other", "other"));
            await Cut(cut, async () =>
            {
                await fresh.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
                await fresh.Store.CollectAsync([made.Digest], SlugFolder.Ct);
            });
            fresh.Reopen();
            await CheckWholeOrNone(fresh);
            await fresh.Store.CollectAsync([made.Digest], SlugFolder.Ct);
            Assert.Equal(4, Directory.GetFiles(fresh.Objects, "*", SearchOption.AllDirectories).Length);
            Assert.Single(Directory.GetDirectories(fresh.Data.LayOuts));
        }
    }

    [Theory]
    [InlineData("slug.put.begun")]
    [InlineData("slug.put.object#3")]
    [InlineData("slug.put.moved")]
    [InlineData("slug.put.synced")]
    [InlineData("publish.written")]
    [InlineData("publish.synced")]
    [InlineData("publish.renamed")]
    [InlineData("publish.done")]
    [InlineData("slug.layout.made")]
    [InlineData("slug.collect.retired")]
    [InlineData("slug.collect.marked")]
    public async Task A_kill_between_two_steps(string gate)
    {
        await slugs.PutAsync(("other", "other"));
        slugs.Reopen();
        var tree = slugs.Tree(Files);
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-explicit", "only", "-method", $"{typeof(SlugCrashVictim).FullName}.{nameof(SlugCrashVictim.Victim)}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["SLUICE_CRASH_AT"] = gate, ["SLUG_VICTIM_DATA"] = slugs.Data.Root, ["SLUG_VICTIM_TREE"] = tree, ["DOTNET_DbgEnableMiniDump"] = "0" },
        };
        using (var victim = Process.Start(start)!)
        {
            var output = victim.StandardOutput.ReadToEndAsync(SlugFolder.Ct);
            var error = await victim.StandardError.ReadToEndAsync(SlugFolder.Ct);
            await victim.WaitForExitAsync(SlugFolder.Ct);
            Assert.True(error.Contains("crash gate " + gate.Split('#')[0], StringComparison.Ordinal), await output + error);
        }
        await CheckWholeOrNone(slugs);
        await slugs.Store.CollectAsync([(await slugs.PutAsync(Files)).Digest], SlugFolder.Ct);
        Assert.Equal(4, Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task Objects_whose_bytes_never_reached_the_disk_are_found_after_the_crash()
    {
        var made = await slugs.PutAsync(Files);
        File.WriteAllText(Path.Combine(slugs.Data.Slugs, "unsynced", "put"), "");   // it was under way …
        foreach (var path in Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories))
            SlugFolder.Run("truncate", "--size=0", path);                            // … and the power went
        slugs.Reopen();

        Assert.Equal(made, await slugs.PutAsync(Files));
        Assert.Equal("web: run", File.ReadAllText(Path.Combine(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct), "Procfile")));
    }

    private static async Task CheckWholeOrNone(SlugFolder slugs)
    {
        using var elsewhere = new SlugFolder(inMemory: true);
        var expected = await elsewhere.PutAsync(Files);
        var tree = SlugFolder.Describe(await elsewhere.Store.LayOutAsync(expected.Digest, SlugFolder.Ct));

        if (await slugs.Store.ManifestAsync(expected.Digest, SlugFolder.Ct) is not null)
            Assert.Equal(tree, SlugFolder.Describe(await slugs.Store.LayOutAsync(expected.Digest, SlugFolder.Ct)));
        Assert.Equal(expected, await slugs.PutAsync(Files));
        Assert.Equal(tree, SlugFolder.Describe(await slugs.Store.LayOutAsync(expected.Digest, SlugFolder.Ct)));
        Assert.Empty(await slugs.Store.VerifyAsync(expected.Digest, SlugFolder.Ct));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(slugs.Data.Slugs, "tmp")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(slugs.Data.Slugs, "unsynced")));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(slugs.Data.Slugs, "manifests")), path => path.Contains("/.", StringComparison.Ordinal));
        Assert.DoesNotContain(Directory.GetDirectories(slugs.Data.LayOuts), d => d.Contains(".tmp", StringComparison.Ordinal));
    }

    private static async Task<List<string>> GatesOf(Func<Task> work)
    {
        var gates = new List<string>();
        CrashGate.Watcher.Value = gate =>
        {
            lock (gates)
                gates.Add(gate);
        };
        await work();
        CrashGate.Watcher.Value = null;
        return gates;
    }

    /// <summary>From the gate with this number on, nothing works any more.</summary>
    private static async Task Cut(int at, Func<Task> work)
    {
        var passed = -1;
        CrashGate.Watcher.Value = _ =>
        {
            if (Interlocked.Increment(ref passed) >= at)
                throw new IOException("cut");
        };
        await Assert.ThrowsAsync<IOException>(work);
        CrashGate.Watcher.Value = null;
    }
}

/// <summary>Apart, since who is killed cannot remove a folder of its own.</summary>
public sealed class SlugCrashVictim
{
    /// <summary>Runs in a process of its own, which a crash gate kills.</summary>
    [Fact(Explicit = true)]
    public async Task Victim()
    {
        using var store = new SlugStore(new(Environment.GetEnvironmentVariable("SLUG_VICTIM_DATA")!)) { Grace = TimeSpan.Zero };
        var made = await store.PutAsync(Environment.GetEnvironmentVariable("SLUG_VICTIM_TREE")!, "debian-12", SlugFolder.Ct);
        await store.LayOutAsync(made.Digest, SlugFolder.Ct);
        await store.CollectAsync([made.Digest], SlugFolder.Ct);
    }
}
