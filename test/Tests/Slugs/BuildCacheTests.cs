using System.Diagnostics;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Tests.Slugs;

public sealed class BuildCacheTests : IDisposable
{
    private const uint Builder = 54_321;

    private readonly SlugFolder slugs = new();

    /// <summary>Without root, everything is one user's.</summary>
    private static uint Owner => Environment.IsPrivilegedProcess ? Builder : Libc.Uid;

    public void Dispose() => slugs.Dispose();

    [Fact]
    public async Task A_cache_comes_back_as_links_in_folders_of_the_builder()
    {
        var cache = slugs.Tree(("node_modules/a/index.js", "a"), ("node_modules/.bin/a!", "#!"), ("empty", ""), ("tmp/", ""));
        File.CreateSymbolicLink(Path.Combine(cache, "latest"), "node_modules/a");
        var before = SlugFolder.Describe(cache);
        await slugs.Store.KeepCacheAsync("app-1", cache, Owner, SlugFolder.Ct);
        Assert.False(Directory.Exists(cache));

        var folder = await LayOut();
        Assert.Equal(before, SlugFolder.Describe(folder));
        Assert.Equal($"755 {Owner}", SlugFolder.Run("stat", "-c", "%a %u", Path.Combine(folder, "node_modules")));
        Assert.Equal($"644 {Owner}", SlugFolder.Run("stat", "-c", "%a %u", Path.Combine(folder, "empty")));
        Assert.Equal($"{Owner}", SlugFolder.Run("stat", "-c", "%u", Path.Combine(folder, "latest")));
        Assert.Equal($"444 {Libc.Uid} 2", SlugFolder.Run("stat", "-c", "%a %u %h", Path.Combine(folder, "node_modules/a/index.js")));
    }

    [Fact]
    public async Task No_cache_is_an_empty_folder()
    {
        Assert.Empty(Directory.GetFileSystemEntries(await LayOut()));
        await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.LayOutCacheAsync("../x", slugs.NewFolder(), Owner, SlugFolder.Ct));
    }

    [Fact]
    public async Task A_build_can_replace_files_of_its_cache_but_not_write_into_them()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Acting as another user needs root.");
        await slugs.Store.KeepCacheAsync("app-1", slugs.Tree(("a", "kept"), ("b", "kept too")), Owner, SlugFolder.Ct);
        var folder = await LayOut();

        Assert.NotEqual(0, AsBuilder("echo forged > a", folder));
        Assert.NotEqual(0, AsBuilder("chmod u+w a", folder));
        Assert.NotEqual(0, AsBuilder("ln a mine", folder));
        Assert.Equal(0, AsBuilder("rm a && echo new > a && mv b c", folder));

        var made = await slugs.Store.PutAsync(folder, "debian-12", SlugFolder.Ct);
        var tree = await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
        Assert.Equal("new\n", File.ReadAllText(Path.Combine(tree, "a")));
        Assert.Equal("kept too", File.ReadAllText(Path.Combine(tree, "c")));
    }

    [Fact]
    public async Task With_one_file_in_a_hundred_changed_only_that_one_is_read()
    {
        var files = Enumerable.Range(0, 300).Select(i => ($"d{i % 11}/f{i}", $"content {i}")).ToArray();
        await slugs.Store.KeepCacheAsync("app-1", slugs.Tree(files), Owner, SlugFolder.Ct);
        var folder = await LayOut();
        for (var i = 0; i < 3; i++)
        {
            File.Delete(Path.Combine(folder, files[i].Item1));
            File.WriteAllText(Path.Combine(folder, files[i].Item1), files[i].Item2 = "changed " + i);
        }

        var moved = 0;
        CrashGate.Watcher.Value = gate => _ = gate == "slug.put.object" ? Interlocked.Increment(ref moved) : 0;
        var made = await slugs.Store.PutAsync(folder, "debian-12", SlugFolder.Ct);
        CrashGate.Watcher.Value = null;

        Assert.Equal(3, moved);
        Assert.Equal(made, await slugs.PutAsync(files));
    }

    [Fact]
    public async Task A_damaged_cache_is_an_empty_one()
    {
        await slugs.Store.KeepCacheAsync("app-1", slugs.Tree(("a", "good"), ("b", "fine")), Owner, SlugFolder.Ct);
        File.Delete(Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories)[0]);
        Assert.Empty(Directory.GetFileSystemEntries(await LayOut()));
    }

    [Fact]
    public async Task A_new_cache_replaces_the_old_and_a_dropped_one_is_gone()
    {
        await slugs.Store.KeepCacheAsync("app-1", slugs.Tree(("old", "1")), Owner, SlugFolder.Ct);
        await slugs.Store.KeepCacheAsync("app-1", slugs.Tree(("new", "2")), Owner, SlugFolder.Ct);
        Assert.True(File.Exists(Path.Combine(await LayOut(), "new")));
        Assert.False(File.Exists(Path.Combine(await LayOut(), "old")));
        await slugs.Store.DropCacheAsync("app-1", SlugFolder.Ct);
        Assert.Empty(Directory.GetFileSystemEntries(await LayOut()));
    }

    private async Task<string> LayOut()
    {
        var folder = Path.Combine(slugs.NewFolder(), "cache");
        await slugs.Store.LayOutCacheAsync("app-1", folder, Owner, SlugFolder.Ct);
        return folder;
    }

    private static int AsBuilder(string script, string folder)
    {
        var start = new ProcessStartInfo("setpriv", ["--reuid", Builder.ToString(), "--regid", Builder.ToString(), "--clear-groups", "/bin/sh", "-c", script])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
