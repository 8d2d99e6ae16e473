using System.Collections.Immutable;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sluice.Slugs;

namespace Sluice.Tests.Slugs;

/// <summary>What must hold for any tree at all.</summary>
public sealed class SlugPropertyTests : IDisposable
{
    private readonly SlugFolder slugs = new(inMemory: true);

    public void Dispose() => slugs.Dispose();

    public enum Kind
    {
        File,
        Program,
        Link,
        Folder,
    }

    /// <summary>One thing to make; what cannot be made any more (its parent is a file) is left out.</summary>
    public sealed record Item(Kind Kind, string Path, int Content);

    private static readonly string[] Contents =
        ["", "x", "y", "equal in many places", new('z', 4096), new('b', 256 * 1024), new('c', (256 * 1024) + 1), string.Concat(Enumerable.Range(0, 90_000))];

    // Above and below the surrogates: UTF-16 order and byte order differ there.
    private static readonly Gen<string> Part = Gen.Elements(
        "a", "b", "B", "a b", "a-b", "a.b", "-rf", "é", "～", "😀", "new\nline", "tab\t", "\\", "\\n", "\\x0a", "\u0001", "\u007f", "$(x)", "...", new string('n', 255));

    private static readonly Gen<Item> Items =
        from kind in Gen.Elements(Kind.File, Kind.File, Kind.Program, Kind.Link, Kind.Folder)
        from depth in Gen.Choose(1, 4)
        from parts in Part.ListOf(depth)
        from content in Gen.Choose(0, Contents.Length - 1)
        select new Item(kind, string.Join('/', parts), content);

    private static readonly Arbitrary<List<Item>> Trees = Arb.From(
        Gen.Choose(0, 30).SelectMany(n => Items.ListOf(n)).Select(l => l.ToList()),
        tree => tree.Select((_, i) => tree.Where((_, j) => j != i).ToList()));

    [Fact]
    public void Any_tree_comes_back_as_it_went_in() => Check(items =>
    {
        var tree = Make(items, []);
        var before = SlugFolder.Describe(tree);
        var made = Put(tree);
        var after = SlugFolder.Describe(Wait(slugs.Store.LayOutAsync(made.Digest, SlugFolder.Ct)));
        return before == after;
    });

    [Fact]
    public void Same_content_in_any_order_at_any_time_is_the_same_slug() => Check(items =>
    {
        var made = new List<Item>();
        var one = Make(items, made);
        made.Reverse();
        var two = Make(made, []);
        foreach (var (path, i) in SlugFolder.Paths(two).Select((p, i) => (p, i)))
        {
            if (new FileInfo(path).LinkTarget is null && File.Exists(path))
                File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(i * 37));
        }
        return Put(one).Digest == Put(two).Digest;
    });

    [Fact]
    public void A_manifest_reads_back_as_itself_and_only_its_own_text_is_read() => Check(items =>
    {
        var manifest = ManifestOf(items);
        var text = manifest.Format();
        if (!SlugManifest.Parse(text).Format().AsSpan().SequenceEqual(text))
            return false;
        // Two neighbouring lines swapped, or one doubled, are no manifest any more.
        var lines = Encoding.UTF8.GetString(text).Split('\n')[..^1];
        return lines.Length < 3 || (Breaks([lines[0], lines[2], lines[1], .. lines[3..]]) && Breaks([.. lines, lines[^1]]));

        static bool Breaks(string[] lines)
        {
            try
            {
                SlugManifest.Parse(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
                return false;
            }
            catch (InvalidDataException)
            {
                return true;
            }
        }
    });

    [Fact]
    public void Comparing_says_what_sets_say() => Prop.ForAll(Trees, Trees, (a, b) =>
    {
        var (before, after) = (ManifestOf(a), ManifestOf(b));
        var (old, now) = (Lines(before), Lines(after));
        var said = SlugComparison.Of(before, after);
        return said.Added.SequenceEqual(Sorted(now.Keys.Except(old.Keys)))
            && said.Removed.SequenceEqual(Sorted(old.Keys.Except(now.Keys)))
            && said.Changed.SequenceEqual(Sorted(old.Keys.Intersect(now.Keys).Where(p => old[p] != now[p])))
            && said.IsSame == (SlugDigest.Of(before.Format()) == SlugDigest.Of(after.Format()));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static void Check(Func<List<Item>, bool> holds) => Prop.ForAll(Trees, holds).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static IEnumerable<string> Sorted(IEnumerable<string> paths) => paths.Order(Comparer<string>.Create((a, b) =>
        Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))));

    private static Dictionary<string, string> Lines(SlugManifest manifest) => manifest.Entries.ToDictionary(
        e => Encoding.UTF8.GetString(e.Path), e => $"{e.Kind} {e.Executable} {e.Hash} {Encoding.UTF8.GetString(e.Target)}");

    private static SlugManifest ManifestOf(List<Item> items) => SlugManifest.Of("debian-12", items.DistinctBy(i => i.Path).Select(i => new SlugEntry
    {
        Path = Encoding.UTF8.GetBytes(i.Path),
        Kind = i.Kind switch { Kind.Link => SlugEntryKind.Link, Kind.Folder => SlugEntryKind.Folder, _ => SlugEntryKind.File },
        Executable = i.Kind == Kind.Program,
        Size = i.Kind is Kind.File or Kind.Program ? Contents[i.Content].Length : 0,
        Hash = i.Kind is Kind.File or Kind.Program ? ContentHash.Of(Encoding.UTF8.GetBytes(Contents[i.Content])) : default,
        Target = i.Kind == Kind.Link ? Encoding.UTF8.GetBytes("to " + i.Content) : [],
    }));

    private string Make(List<Item> items, List<Item> made)
    {
        var tree = slugs.NewFolder();
        foreach (var item in items)
        {
            var path = Path.Combine(tree, item.Path);
            try
            {
                if (new FileInfo(path).LinkTarget is not null || Path.Exists(path))
                    continue;
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                switch (item.Kind)
                {
                    case Kind.Folder:
                        Directory.CreateDirectory(path);
                        break;
                    case Kind.Link:
                        File.CreateSymbolicLink(path, "/nowhere/" + item.Content);
                        break;
                    default:
                        File.WriteAllText(path, Contents[item.Content]);
                        File.SetUnixFileMode(path, item.Kind == Kind.Program ? (UnixFileMode)0x1c0 : (UnixFileMode)0x1b6);
                        break;
                }
                made.Add(item);
            }
            catch (IOException)
            {
                // A parent is a file or a link to nowhere.
            }
        }
        return tree;
    }

    private SlugMade Put(string tree) => Wait(slugs.Store.PutAsync(tree, "debian-12", SlugFolder.Ct));

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
