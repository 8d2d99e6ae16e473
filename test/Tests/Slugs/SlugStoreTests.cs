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
        Assert.Equal("444 3", SlugFolder.Run("stat", "-c", "%a %h", Path.Combine(tree, "a")));
        Assert.Equal("555 2", SlugFolder.Run("stat", "-c", "%a %h", Path.Combine(tree, "b")));
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

    [Fact]
    public async Task A_file_with_another_name_outside_is_copied_never_adopted()
    {
        var tree = slugs.Tree(("a", "first"));
        var outside = Path.Combine(slugs.NewFolder(), "outside");
        SlugFolder.Run("ln", Path.Combine(tree, "a"), outside);
        var made = await slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct);
        File.WriteAllText(outside, "forged");

        Assert.Equal("first", File.ReadAllText(Path.Combine(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct), "a")));
        Assert.Empty(await slugs.Store.VerifyAsync(made.Digest, SlugFolder.Ct));
    }

    [Fact]
    public async Task A_files_time_changes_with_its_bytes_and_only_with_them()
    {
        string Time(string tree) => SlugFolder.Run("stat", "-c", "%Y", Path.Combine(tree, "page.html"));
        async Task<string> DeployedAsync(string other, string page) =>
            await slugs.Store.LayOutAsync((await slugs.PutAsync(("other", other), ("page.html", page))).Digest, SlugFolder.Ct);
        var old = Time(await DeployedAsync("1", "old page"));
        Assert.Equal(old, Time(await DeployedAsync("2", "old page")));
        Assert.NotEqual(old, Time(await DeployedAsync("2", "new page")));
    }

    [Fact]
    public async Task A_tenants_file_with_a_forged_time_and_an_objects_inode_is_not_believed()
    {
        var before = await slugs.Store.LayOutAsync((await slugs.PutAsync(("a", "object"))).Digest, SlugFolder.Ct);
        var tree = slugs.Tree(("b", "other"));
        var path = Path.Combine(tree, "b");
        File.SetUnixFileMode(path, (UnixFileMode)0x124);
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(Path.Combine(before, "a")));
        var made = await slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct);
        Assert.Equal("other", File.ReadAllText(Path.Combine(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct), "b")));
    }

    [Fact]
    public async Task Only_files_folders_and_links_can_be_in_a_slug()
    {
        var tree = slugs.Tree(("a", "1"));
        SlugFolder.Run("mkfifo", Path.Combine(tree, "pipe"));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct));
        Assert.Contains("pipe is none of them", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_not_UTF8_is_refused_by_name()
    {
        var tree = slugs.Tree(("a", "1"));
        SlugFolder.Run("/bin/sh", "-c", $"touch \"{tree}/$(printf 'b\\377')\"");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct));
        Assert.Equal(@"The name of a file is not UTF-8: b\xff. Rename it.", refused.Message);
    }

    [Fact]
    public async Task A_slug_above_the_limits_is_refused_in_words_that_people_know()
    {
        var sparse = slugs.Tree(("a", "1"));
        using (var file = File.OpenWrite(Path.Combine(sparse, "big")))
            file.SetLength(1_250_000_000);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.PutAsync(sparse, "debian-12", SlugFolder.Ct));
        Assert.Equal("Compiled slug size: 1.2G is too large (max is 1G). Name what it need not hold in .slugignore, or ask an administrator: sluice quotas:set slug-mb=N.", refused.Message);
        Assert.Equal(RefusalKind.TooLarge, refused.Kind);

        var three = slugs.Tree(("a", "1"), ("b", "2"), ("c", "3"));
        refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.PutAsync(three, "debian-12", new(1L << 30, 2), SlugFolder.Ct));
        Assert.Equal("The slug has more than 2 files, which is the most that one can hold.", refused.Message);
    }

    [Fact]
    public async Task A_licence_file_in_more_places_than_an_inode_has_links_for()
    {
        slugs.Reopen(new(slugs.Data) { LinkLimit = 1_000_000 });   // the file system's own limit speaks
        await slugs.PutAsync(("LICENSE", "MIT"));
        var licence = new SlugEntry { Kind = SlugEntryKind.File, Path = [], Size = 3, Hash = ContentHash.Of("MIT"u8) };
        var text = SlugManifest.Of("debian-12", Enumerable.Range(0, 66_000).Select(i => licence with { Path = Encoding.UTF8.GetBytes($"{i % 64}/{i}") })).Format();
        File.WriteAllBytes(Path.Combine(slugs.Data.Slugs, "manifests", SlugDigest.Of(text).Hex), text);

        var tree = await slugs.Store.LayOutAsync(SlugDigest.Of(text), SlugFolder.Ct);

        var files = Directory.GetFiles(tree, "*", SearchOption.AllDirectories);
        Assert.Equal(66_000, files.Length);
        Assert.All(files.Where((_, i) => i % 500 == 0).Append(Path.Combine(tree, "15/65999")), f => Assert.Equal("MIT", File.ReadAllText(f)));
    }

    [Fact]
    public async Task At_the_limit_of_links_the_object_is_copied_and_old_trees_keep_theirs()
    {
        slugs.Reopen(new(slugs.Data) { LinkLimit = 3 });
        var made = await slugs.PutAsync([.. Enumerable.Range(0, 10).Select(i => ($"f{i}", "MIT"))]);
        var tree = await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
        Assert.All(Directory.GetFiles(tree), f => Assert.Equal("MIT", File.ReadAllText(f)));
        Assert.Equal(5, Directory.GetFiles(tree).Select(Inode).Distinct().Count());
        Assert.Single(Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_damaged_object_is_found_when_a_tree_is_laid_out_and_the_next_put_mends_it()
    {
        var made = await slugs.PutAsync(("a", "good"), ("b", "fine"));
        Damage("good", "evil");
        Assert.Equal(["a"], await slugs.Store.VerifyAsync(made.Digest, SlugFolder.Ct));

        slugs.Reopen();
        var error = await Assert.ThrowsAsync<IOException>(() => slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct));
        Assert.Contains($"Slug {made.Digest.Short} is damaged", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(slugs.Data.LayOuts));

        Assert.Equal(made, await slugs.PutAsync(("a", "good"), ("b", "fine")));
        Assert.Equal("good", File.ReadAllText(Path.Combine(await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct), "a")));
    }

    [Fact]
    public async Task What_a_slug_lacks_is_seen_without_reading_its_files()
    {
        var made = await slugs.PutAsync(("a", "good"), ("b", "fine"));
        Assert.Null(await slugs.Store.LackAsync(made.Digest, SlugFolder.Ct));

        var fine = Directory.GetFiles(slugs.Objects, "*", SearchOption.AllDirectories).First(f => File.ReadAllText(f) == "fine");
        File.Move(fine, slugs.Data.Root + "/fine");
        Assert.Equal("is damaged on this machine at b", await slugs.Store.LackAsync(made.Digest, SlugFolder.Ct));
        File.Move(slugs.Data.Root + "/fine", fine);
        await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
        File.Delete(fine);
        Assert.Null(await slugs.Store.LackAsync(made.Digest, SlugFolder.Ct));   // a tree that is laid out keeps its files

        await File.AppendAllTextAsync(Path.Combine(slugs.Data.Slugs, "manifests", made.Digest.Hex), " ", SlugFolder.Ct);
        await slugs.Store.RemoveLayOutAsync(made.Digest, SlugFolder.Ct);
        Assert.Equal("is damaged on this machine: its manifest does not match its digest", await slugs.Store.LackAsync(made.Digest, SlugFolder.Ct));
    }

    [Fact]
    public async Task An_unknown_slug_is_not_found()
    {
        var unknown = SlugDigest.Of("nothing"u8);
        Assert.Equal("is not on this machine", await slugs.Store.LackAsync(unknown, SlugFolder.Ct));
        Assert.Null(await slugs.Store.ManifestAsync(unknown, SlugFolder.Ct));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.LayOutAsync(unknown, SlugFolder.Ct));
        Assert.Equal(RefusalKind.NotFound, refused.Kind);
    }

    [Fact]
    public async Task Many_asking_for_one_lay_out_get_the_same_one()
    {
        var made = await slugs.PutAsync([.. Enumerable.Range(0, 200).Select(i => ($"d{i % 7}/f{i}", $"{i}"))]);
        var paths = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct))));
        Assert.Single(paths.Distinct());
        Assert.Single(Directory.GetDirectories(slugs.Data.LayOuts));
    }

    [Fact]
    public async Task A_tree_deeper_than_any_path_is_refused_and_thrown_away_whole()
    {
        var tree = slugs.Tree(("a", "1"));
        SlugFolder.Run("perl", "-e", "chdir shift; for (1..600) { mkdir 'd' x 20; chdir 'd' x 20 } open my $f, '>', \"odd\\xff\"", tree);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct));
        Assert.StartsWith("The path of a file is longer than 4095 bytes: ddd", refused.Message, StringComparison.Ordinal);

        slugs.Store.Discard(tree);
        Assert.False(Directory.Exists(tree));
        var trash = Path.Combine(slugs.Data.Slugs, "trash");
        for (var tries = 0; tries < 200 && Directory.EnumerateFileSystemEntries(trash).Any(); tries++)
            await Task.Delay(50, SlugFolder.Ct);
        Assert.Empty(Directory.EnumerateFileSystemEntries(trash));
    }

    private void Damage(string content, string by)
    {
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(content)));
        var path = Path.Combine(slugs.Objects, hash[..2], hash);
        File.SetUnixFileMode(path, (UnixFileMode)0x1a4);
        File.WriteAllText(path, by);
        File.SetUnixFileMode(path, (UnixFileMode)0x124);
    }

    private static string Inode(string path) => SlugFolder.Run("stat", "-c", "%i", path);
}
