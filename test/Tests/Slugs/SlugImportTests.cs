using System.Text;
using Sluice.Slugs;

namespace Sluice.Tests.Slugs;

public sealed class SlugImportTests : IDisposable
{
    private readonly SlugFolder slugs = new(inMemory: true);

    public void Dispose() => slugs.Dispose();

    /// <summary>Name → archive and a part of the sentence that must come. <c>CANARY</c> in names stands for a folder outside.</summary>
    private static readonly Dictionary<string, (Func<TarBytes, byte[]> Make, string Says)> Hostile = new()
    {
        ["absolute file"] = (t => t.File("/CANARY/x").End(), "absolute"),
        ["absolute folder"] = (t => t.Folder("/CANARY/x/").End(), "absolute"),
        ["absolute behind a dot"] = (t => t.Pax("path", "//CANARY/x").File("x").End(), "absolute"),
        ["dot-dot"] = (t => t.File("../x").End(), "leads out"),
        ["dot-dot inside"] = (t => t.File("a/../../x").End(), "leads out"),
        ["dot-dot that stays inside"] = (t => t.File("a/../x").End(), "leads out"),
        ["dot-dot folder"] = (t => t.Folder("../").End(), "leads out"),
        ["dot-dot at the end"] = (t => t.Folder("a/..").End(), "leads out"),
        ["dot-dot by pax"] = (t => t.Pax("path", "../x").File("fine").End(), "leads out"),
        ["dot-dot by GNU long name"] = (t => t.File("././@LongLink", "../x\0", 'L').File("fine").End(), "leads out"),
        ["through an absolute link"] = (t => t.Link("a", "/CANARY").File("a/x").End(), "through a symbolic link"),
        ["through a relative link"] = (t => t.Link("a", "..").File("a/x").End(), "through a symbolic link"),
        ["through a link in the middle"] = (t => t.Link("a/b", "../..").File("a/b/c/x").End(), "through a symbolic link"),
        ["through a link by a folder"] = (t => t.Link("a", "/CANARY").Folder("a/").End(), "through a symbolic link"),
        ["link chain through itself"] = (t => t.Folder("a/").Link("a/self", ".").Link("a/self/up", "..").File("a/self/up/x").End(), "through a symbolic link"),
        ["chained links with lexical dot-dot"] = (t => t.Folder("d/").Link("d/s", ".").Link("l", "d/s/../..").File("l/x").End(), "through a symbolic link"),
        ["file over a link"] = (t => t.Link("a", "/CANARY/kept").File("a").End(), "comes twice"),
        ["hard link to the host"] = (t => t.Link("a", "/CANARY/kept", '1').End(), "hard link"),
        ["hard link inside"] = (t => t.File("a").Link("b", "a", '1').End(), "hard link"),
        ["fifo"] = (t => t.File("a", "", '6').End(), "fifo"),
        ["character device"] = (t => t.File("a", "", '3').End(), "device"),
        ["block device"] = (t => t.File("a", "", '4').End(), "device"),
        ["unknown kind"] = (t => t.File("a", "", 'M').End(), "kind"),
        ["sparse file"] = (t => t.File("a", "", 'S').End(), "kind"),
        ["sparse file by pax"] = (t => t.Pax("GNU.sparse.major", "1").File("a").End(), "sparse"),
        ["file twice"] = (t => t.File("a").File("b").File("a").End(), "comes twice"),
        ["file twice, spelled in two ways"] = (t => t.File("a").File("./a").End(), "comes twice"),
        ["file, then link"] = (t => t.File("a").Link("a", "b").End(), "comes twice"),
        ["folder, then file"] = (t => t.Folder("a").File("a").End(), "comes twice"),
        ["file, then below it"] = (t => t.File("a").File("a/b").End(), "comes twice"),
        ["path above 4 KB by pax"] = (t => t.Pax("path", string.Join('/', Enumerable.Repeat("abcdefg", 600))).File("a").End(), "longer than 4095"),
        ["path above 4 KB by GNU long name"] = (t => t.File("././@LongLink", new string('a', 5000), 'L').File("a").End(), "longer than 4095"),
        ["part above 255 bytes"] = (t => t.Pax("path", "a/" + new string('b', 256)).File("a").End(), "plain relative path"),
        ["not UTF-8"] = (t => t.Member([0x61, 0xff, 0xfe], '0').End(), "UTF-8"),
        ["NUL in a name"] = (t => t.Pax("path", "a\0b").File("a").End(), "plain relative path"),
        ["no name"] = (t => t.File("").End(), "plain relative path"),
        ["empty part"] = (t => t.File("a//b").End(), "plain relative path"),
        ["dot part"] = (t => t.File("a/./b").End(), "plain relative path"),
        ["a file named like a folder by pax"] = (t => t.Pax("path", "a/").Link("x", "y").End(), "plain relative path"),
        ["link to nothing"] = (t => t.Link("a", "").End(), "odd name"),
        ["link to a name above 4 KB"] = (t => t.Pax("linkpath", new string('a', 5000)).Link("a", "b").End(), "odd name"),
        ["names in a global header"] = (t => t.Pax("path", "../x", 'g').File("a").End(), "global header"),
        ["too many files"] = (t => Enumerable.Range(0, 101).Aggregate(t, (tar, i) => tar.File("f" + i, "")).End(), "more than 100 files"),
        ["too many folders in one name"] = (t => t.Pax("path", string.Join('/', Enumerable.Repeat("a", 101))).File("a").End(), "more than 100 files"),
        ["too large in sum"] = (t => t.File("a", new string('a', 600_000)).File("b", new string('b', 600_000)).End(), "too large"),
        ["too large by its word"] = (t => t.Member("a"u8.ToArray(), '0', size: 8L << 30).End(), "too large"),
        ["size of nine exabytes"] = (t => t.Member("a"u8.ToArray(), '0', rawSize: [0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255]).End(), "can read"),
        ["negative size"] = (t => t.Member("a"u8.ToArray(), '0', rawSize: [.. Enumerable.Repeat((byte)255, 12)]).End(), "can read"),
        ["long name of two gigabytes"] = (t => t.Member("././@LongLink"u8.ToArray(), 'L', size: 2_000_000_000).End(), "header of"),
        ["pax header of two gigabytes"] = (t => t.Member("pax"u8.ToArray(), 'x', size: 2_000_000_000).End(), "header of"),
        ["broken pax record"] = (t => t.File("pax", "99 path=x\n", 'x').File("a").End(), "can read"),
        ["compression bomb in content"] = (t => TarBytes.Gzip(t.File("a", new string('\0', 30_000_000)).End()), "too large"),
        ["compression bomb in headers"] = (t => TarBytes.Gzip(Enumerable.Range(0, 40).Aggregate(t, (tar, _) => tar.Pax("comment", new string('a', 1_000_000))).End()), "unpacks to more"),
        ["wrong check sum"] = (t => t.Member("a"u8.ToArray(), '0', badSum: true).End(), "can read"),
        ["cut in a file"] = (t => t.File("a", "content").Cut(510), "ends in the middle"),
        ["cut between files"] = (t => t.File("a", "content").Cut(), "ends in the middle"),
        ["gzip cut"] = (t => TarBytes.Gzip(t.File("a", string.Concat(Enumerable.Range(0, 5000))).End())[..^2000], "Upload it again"),
        ["gzip broken"] = (t => [.. TarBytes.Gzip(t.File("a", "content").End())[..30], .. new byte[] { 255, 7, 255, 7 }], "Upload it again"),
        ["no tar"] = (_ => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("PK zip zip ", 100))), "can read"),
        ["empty"] = (_ => [], "ends in the middle"),
        ["only an end"] = (t => t.End(), "can read"),
    };

    public static TheoryData<string> HostileNames => [.. Hostile.Keys];

    [Theory, MemberData(nameof(HostileNames))]
    public async Task A_hostile_archive_is_refused_and_nothing_of_it_stays(string name)
    {
        var canary = Directory.CreateDirectory(Path.Combine(slugs.Data.Root, "canary")).FullName;
        File.WriteAllText(Path.Combine(canary, "kept"), "kept");
        await slugs.PutAsync(("before", "1"));
        var before = Snapshot();
        var (make, says) = Hostile[name];
        var archive = make(new(canary));

        var refused = await Assert.ThrowsAsync<RefusedException>(() => slugs.Store.ImportAsync(new MemoryStream(archive), "debian-12", new(1_000_000, 100), SlugFolder.Ct));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public async Task A_slug_of_Heroku_loses_its_app_folder()
    {
        var made = await Import(new TarBytes().Folder("./app/").File("./app/Procfile", "web: run").File("./app/bin/run").Link("./app/current", "/app/bin").End());
        Assert.Equal(["Procfile", "bin/run", "current"], await Names(made));
    }

    [Fact]
    public async Task An_app_folder_beside_others_stays()
    {
        var made = await Import(new TarBytes().File("app/a").File("b").End());
        Assert.Equal(["app/a", "b"], await Names(made));
    }

    [Fact]
    public async Task Names_that_differ_in_case_are_two_files_and_setuid_is_dropped()
    {
        var made = await Import(new TarBytes().File("a", "1").File("A", "2").Member("su"u8.ToArray(), '0', mode: 0x9ed, content: [1]).End());
        Assert.Equal(["A", "a", "su"], await Names(made));
        var tree = await slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct);
        Assert.Equal("555", SlugFolder.Run("stat", "-c", "%a", Path.Combine(tree, "su")));
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax")]
    [InlineData("--format=ustar")]
    [InlineData("-z", "--format=posix")]
    [InlineData("--format=v7")]
    public async Task What_tar_packs_is_the_slug_of_the_tree(params string[] options)
    {
        var longest = options.Contains("--format=v7") ? "short" : string.Join('/', Enumerable.Repeat("a long folder ü", 9));
        var tree = slugs.Tree(("Procfile", "web: run"), ("bin/run!", "#!"), (longest + "/file", new string('z', 400_000)), ("empty", ""), ("tmp/", ""));
        File.CreateSymbolicLink(Path.Combine(tree, "current"), "bin/run");
        var archive = Path.Combine(slugs.NewFolder(), "a.tar");
        SlugFolder.Run("tar", [.. options, "-cf", archive, "-C", tree, "."]);

        await using var file = File.OpenRead(archive);
        var imported = await slugs.Store.ImportAsync(file, "debian-12", SlugLimits.Default, SlugFolder.Ct);

        Assert.Equal(await slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct), imported);
    }

    [Fact]
    public async Task What_git_archives_is_taken_with_its_global_header()
    {
        var made = await Import(new TarBytes().Pax("comment", "0123456789012345678901234567890123456789", 'g').File("a").End());
        Assert.Equal(["a"], await Names(made));
    }

    [Fact]
    public async Task An_export_imports_as_the_same_slug_and_is_always_the_same_bytes()
    {
        var longest = string.Join('/', Enumerable.Repeat("a long folder ü", 12));
        var tree = slugs.Tree(("Procfile", "web: run"), ("bin/run!", "#!"), (longest + "/file", new string('z', 400_000)), ("empty", ""), ("tmp/", ""), ("odd\n\\", "1"));
        File.CreateSymbolicLink(Path.Combine(tree, "current"), longest);
        var looks = SlugFolder.Describe(tree);
        var made = await slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct);

        var first = await Export(made.Digest);
        slugs.Reopen();
        Assert.Equal(first, await Export(made.Digest));
        Assert.Equal(made, await Import(first));

        var unpacked = slugs.NewFolder();
        File.WriteAllBytes(unpacked + ".tgz", first);
        SlugFolder.Run("tar", "-xzf", unpacked + ".tgz", "-C", unpacked);
        Assert.Equal(looks, SlugFolder.Describe(Path.Combine(unpacked, "app")));
    }

    private Task<SlugMade> Import(byte[] archive) => slugs.Store.ImportAsync(new MemoryStream(archive), "debian-12", SlugLimits.Default, SlugFolder.Ct);

    private async Task<byte[]> Export(SlugDigest slug)
    {
        var output = new MemoryStream();
        await slugs.Store.ExportAsync(slug, output, SlugFolder.Ct);
        return output.ToArray();
    }

    private async Task<string[]> Names(SlugMade made) =>
        [.. SlugManifest.Parse(Encoding.UTF8.GetBytes((await slugs.Store.ManifestAsync(made.Digest, SlugFolder.Ct))!)).Entries.Select(e => Encoding.UTF8.GetString(e.Path))];

    /// <summary>All names and contents in the data folder and those beside it that a dot-dot would reach.</summary>
    private string Snapshot() => string.Join('\n', SlugFolder.Paths(slugs.Data.Root).Where(p => !p.Contains("/trash", StringComparison.Ordinal))
        .Select(p => p + (File.Exists(p) ? " " + Convert.ToHexString(File.ReadAllBytes(p)) : "")))
        + File.Exists(Path.Combine(Path.GetDirectoryName(slugs.Data.Root)!, "x"));
}
