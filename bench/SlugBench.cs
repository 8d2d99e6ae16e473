using System.Diagnostics;
using System.Text;
using Sluice.Slugs;

namespace Sluice.Bench;

/// <summary>
/// Slugs against tar, on a tree like that of a big Node app: 45,000 files, 270 MB, a third of the files equal to another. Five rounds,
/// ours and tar's taking turns, each with the file system synced at its end and at rest at its start.
/// </summary>
internal sealed class SlugBench : IDisposable
{
    private const int Rounds = 5, Files = 45_000, PerFolder = 6, MeanBytes = 6000;

    private readonly string folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "sluice-bench-" + Guid.NewGuid().ToString("N"))).FullName;
    private readonly List<TimeSpan> put = [], putChanged = [], layOut = [], pack = [], unpack = [];

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        using var bench = new SlugBench();
        bench.MakeTree();
        for (var i = 0; i <= Rounds; i++)
            await bench.RoundAsync(i == 0, ct);   // the first warms up code and page cache
        return
        [
            Row.Times("slug of 45,000 files, against tar | gzip -1", bench.put, bench.pack, 0.45),
            Row.Times("the same with 1 % changed, rest from the cache", bench.putChanged, bench.pack, 0.15),
            Row.Times("lay out that slug, against tar -xz", bench.layOut, bench.unpack, 0.5),
        ];
    }

    public void Dispose() => Shell($"rm -rf '{folder}'");

    private string Tree => Path.Combine(folder, "tree");

    private async Task RoundAsync(bool isWarmUp, CancellationToken ct)
    {
        var data = new DataFolder(Path.Combine(folder, "data"));
        Directory.CreateDirectory(data.Builds);
        Shell($"cp -a '{Tree}' '{data.Builds}/one' && cp -a '{Tree}' '{data.Builds}/two'");
        using (var store = new SlugStore(data))
        {
            var packed = Time(() => Shell($"tar -C '{Tree}' -c . | gzip -1 > '{folder}/packed.tgz' && sync -f '{folder}'"));
            var made = default(SlugMade);
            var whole = await TimeAsync(async () => made = await store.PutAsync(Path.Combine(data.Builds, "one"), "debian-12", ct));
            await AtRestAsync(data, ct);
            var unpacked = Time(() => Shell($"mkdir '{folder}/out' && tar -C '{folder}/out' -xzf '{folder}/packed.tgz' && sync -f '{folder}'"));
            var laidOut = await TimeAsync(async () =>
            {
                await store.LayOutAsync(made!.Digest, ct);
                Shell($"sync -f '{folder}'");
            });

            await store.KeepCacheAsync("app", Path.Combine(data.Builds, "two"), Libc.Uid, ct);
            var next = Path.Combine(data.Builds, "next");
            await store.LayOutCacheAsync("app", next, Libc.Uid, ct);
            ChangeOnePercent(next);
            await AtRestAsync(data, ct);
            var changed = await TimeAsync(() => store.PutAsync(next, "debian-12", ct));
            await AtRestAsync(data, ct);
            Console.Error.WriteLine($"  put {whole.TotalSeconds:0.00} and {changed.TotalSeconds:0.00} s, tar {packed.TotalSeconds:0.00} s; lay out {laidOut.TotalSeconds:0.00} s, untar {unpacked.TotalSeconds:0.00} s");
            if (!isWarmUp)
            {
                pack.Add(packed);
                put.Add(whole);
                unpack.Add(unpacked);
                layOut.Add(laidOut);
                putChanged.Add(changed);
            }
        }
        Shell($"rm -rf '{data.Root}' '{folder}/out'");
    }

    /// <summary>The store deletes used-up trees in the background; wait for that, then for the disk.</summary>
    private async Task AtRestAsync(DataFolder data, CancellationToken ct)
    {
        while (Directory.EnumerateFileSystemEntries(Path.Combine(data.Slugs, "trash")).Any())
            await Task.Delay(20, ct);
        Shell($"sync -f '{folder}'");
    }

    private TimeSpan Time(Action work)
    {
        Shell($"sync -f '{folder}'");
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start);
    }

    private async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        Shell($"sync -f '{folder}'");
        var start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Text of words, as source code compresses; sizes from a few bytes to half a megabyte.</summary>
    private void MakeTree()
    {
        var random = new Random(12);
        var words = Enumerable.Range(0, 4000).Select(_ => new string([.. Enumerable.Range(0, random.Next(2, 12)).Select(_ => (char)random.Next('a', 'z' + 1))])).ToArray();
        var text = new StringBuilder();
        while (text.Length < 8_000_000)
            text.Append(words[(int)(Math.Pow(random.NextDouble(), 3) * words.Length)]).Append(random.Next(9) == 0 ? "();\n" : " ");
        var all = Encoding.ASCII.GetBytes(text.ToString());
        var (start, size) = (0, 0);
        for (var i = 0; i < Files; i++)
        {
            var path = Path.Combine(Tree, "node_modules", $"package-{i / 60:000}", $"lib{i / PerFolder % 10}", $"file-{i}.js");
            if (i % PerFolder == 0)
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (i % 3 != 2)   // else the same as the one before
                (start, size) = (random.Next(all.Length - 600_000), (int)Math.Min(500_000, 40 - ((MeanBytes - 40) * Math.Log(1 - random.NextDouble()))));
            File.WriteAllBytes(path, all.AsSpan(start, size));
        }
    }

    private static void ChangeOnePercent(string tree)
    {
        var files = Directory.GetFiles(tree, "*", SearchOption.AllDirectories);
        Array.Sort(files, StringComparer.Ordinal);
        for (var i = 0; i < files.Length; i += 100)
        {
            File.Delete(files[i]);
            File.WriteAllText(files[i], "changed " + i);
        }
    }

    private static void Shell(string script)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", script]) { UseShellExecute = false };
#pragma warning disable RS0030 // Runtime/Shell is for what the product runs
        using var process = Process.Start(start)!;
#pragma warning restore RS0030
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{script} failed with exit code {process.ExitCode}.");
    }
}
