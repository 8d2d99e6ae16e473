using System.Runtime.InteropServices;
using System.Text;
using Sluice.Slugs;

namespace Sluice.Tests.Slugs;

public sealed class SlugStoreTests : IDisposable
{
    private readonly SlugFolder slugs = new();

    public void Dispose() => slugs.Dispose();

    [Fact]
    public async Task A_tree_comes_back_as_it_went_in()
    {
        var tree = slugs.Tree(("Procfile", "web: node ."), ("bin/start!", "#!/bin/sh"), ("empty", ""), ("empty-but-runs!", ""), ("tmp/cache/", ""), ("a b/\\ü\n\t", "odd"));
        File.CreateSymbolicLink(Path.Combine(tree, "current"), "bin/start");
        File.CreateSymbolicLink(Path.Combine(tree, "out"), "/etc");
        var before = SlugFolder.Describe(tree);
        var made = await slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct);

        Assert.False(Directory.Exists(tree));
        Assert.Equal(before, SlugFolder.Describe(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct)));
        Assert.Equal((7, 23), (made.Files, made.Bytes));
    }

    [Fact]
    public async Task The_manifest_is_readable_and_its_hash_is_the_digest()
    {
        var tree = slugs.Tree(("b", "hello\n"), ("a/run!", "x"), ("c/", ""), ("d\n\\", ""));
        File.CreateSymbolicLink(Path.Combine(tree, "a/z"), "../b");
        var made = await slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct);

        var text = await slugs.Store.ManifestAsync(made.Digest, SlugFolder.Ct);
        Assert.Equal(
            """
            stack debian-12
            file 755 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 a/run
            link a/z	../b
            file 644 6 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 b
            folder c
            file 644 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 d\n\\

            """, text);
        Assert.Equal(made.Digest, SlugDigest.Of(Encoding.UTF8.GetBytes(text!)));
    }

    [Fact]
    public async Task Another_stack_is_another_slug()
    {
        var one = await slugs.Store.PutAsync(slugs.Tree(("a", "1")), "debian-12", SlugFolder.Ct);
        var two = await slugs.Store.PutAsync(slugs.Tree(("a", "1")), "debian-13", SlugFolder.Ct);
        Assert.NotEqual(one.Digest, two.Digest);
    }

    [Fact]
    public async Task Equal_bytes_with_and_without_the_executable_bit_are_two_objects()
    {
        var made = await slugs.PutAsync(("a", "same"), ("b!", "same"), ("c", "same"));
        Assert.Equal(2, Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories).Length);
        var tree = await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
        Assert.Equal("444 1000000000 3", SlugFolder.Run("stat", "-c", "%a %Y %h", Path.Combine(tree, "a")));
        Assert.Equal("555 1000000000 2", SlugFolder.Run("stat", "-c", "%a %Y %h", Path.Combine(tree, "b")));
        Assert.Equal(Inode(Path.Combine(tree, "a")), Inode(Path.Combine(tree, "c")));
        Assert.NotEqual(Inode(Path.Combine(tree, "a")), Inode(Path.Combine(tree, "b")));
    }

    [Fact]
    public async Task Lay_outs_are_links_to_objects_in_open_folders_below_a_closed_one()
    {
        var made = await slugs.PutAsync(("lib/a", "content"));
        var tree = await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
        Assert.Equal("777", SlugFolder.Run("stat", "-c", "%a", tree));
        Assert.Equal("777", SlugFolder.Run("stat", "-c", "%a", Path.Combine(tree, "lib")));
        Assert.Equal("700", SlugFolder.Run("stat", "-c", "%a", Path.GetDirectoryName(tree)!));
        Assert.Equal("700", SlugFolder.Run("stat", "-c", "%a", slugs.Data.Slugs));
        Assert.Equal("444 2", SlugFolder.Run("stat", "-c", "%a %h", Path.Combine(tree, "lib/a")));
        Assert.Equal(tree, await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct));
    }

    private static string Inode(string path) => SlugFolder.Run("stat", "-c", "%i", path);
}
