using Sluice.Runtime;
using Sluice.Tests.Storage;

namespace Sluice.Tests.EndToEnd;

/// <summary>DIR on a disk that fills up: what was accepted stays, apps go on, whoever asks for more is told in a sentence, and room is all that it needs to go on.</summary>
public sealed class FullDiskTests
{
    private const int DiskMb = 700;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>In place of how much is left: as much as there is, but not one file.</summary>
    private const int NoFiles = -1;

    private const int DiskFiles = 30_000;

    [Fact]
    public async Task A_full_disk_refuses_in_a_sentence_and_loses_nothing()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, to mount a small disk.");
        var folder = new TempFolder();
        await Shell.TextAsync(new Command("mount", "-t", "tmpfs", "-o", $"size={DiskMb}m,nr_inodes={DiskFiles},mode=755", "sluice-test", folder.Path), Ct);
        try
        {
            var keeper = await Shopkeeper.OpenAsync(folder);
            try
            {
                await ShopAsync(keeper, folder.At("filler"));
            }
            finally
            {
                keeper.Sluice.Signal("TERM");
                await keeper.Sluice.EndAsync();
                await Shell.RunAsync(new Command("umount", "--lazy", folder.Path), CancellationToken.None);
                await keeper.DisposeAsync();
            }
        }
        finally
        {
            await Shell.RunAsync(new Command("umount", "--lazy", folder.Path), CancellationToken.None);
        }
    }

    private static async Task ShopAsync(Shopkeeper keeper, string filler)
    {
        await keeper.TypeAsync("create shop");
        await keeper.PushAsync("sluice");
        // Nothing at all left; a little; enough to begin a build that then takes all there is; and room for bytes, but for no file more.
        foreach (var leftMb in new[] { 0, 1, 40, NoFiles })
        {
            if (leftMb == 40)
                await keeper.EditAsync("package.json", _ => """{ "name": "shop", "private": true, "scripts": { "build": "test ! -e hungry || cat /dev/zero >eaten" } }""");
            await keeper.EditAsync("server.js", text => text.Replace(" version", $" version, then {leftMb}", StringComparison.Ordinal));
            await File.WriteAllTextAsync(Path.Combine(keeper.Typed.Work, "hungry"), "", Ct);
            await keeper.CommitAsync($"With {leftMb} MB left");
            var before = await keeper.VisitAsync("shop");

            Fill(filler, leftMb);
            var (code, said) = await keeper.GitAsync("push", "sluice", "main");
            Assert.True(code != 0, said);
            Assert.Matches("remote: .*The disk that holds .* is full: nothing was changed; free some space and try again.", said);
            Assert.DoesNotContain("Exception", said, StringComparison.Ordinal);
            // A row may still find room; if not, that is told as well and the var is not set.
            var set = await keeper.Typed.Run($"config:set LEFT={leftMb} -a shop");
            if (set != 0)
                Assert.Contains("full", keeper.Typed.Error, StringComparison.Ordinal);
            Assert.Equal(before, await keeper.VisitAsync("shop"));

            Free(filler);
            Assert.Equal(set == 0 ? $"{leftMb}" : "", (await keeper.TypeAsync("config:get LEFT -a shop")).Trim());
            File.Delete(Path.Combine(keeper.Typed.Work, "hungry"));
            await keeper.CommitAsync("With room");
            await keeper.PushAsync("sluice");
            Assert.Contains($"version, then {leftMb}", await keeper.VisitAsync("shop"), StringComparison.Ordinal);
        }
        var versions = (await keeper.TypeAsync("releases -a shop")).Split('\n').Where(l => l.StartsWith('v')).Select(l => int.Parse(l[1..l.IndexOf(' ', StringComparison.Ordinal)])).ToArray();
        Assert.Equal(Enumerable.Range(1, versions.Length).Reverse(), versions);
    }

    /// <summary>Gives back what was taken.</summary>
    private static void Free(string filler)
    {
        if (Directory.Exists(filler))
            Directory.Delete(filler, recursive: true);
        File.Delete(filler);
    }

    /// <summary>Takes all room but so much, or all files.</summary>
    private static void Fill(string filler, int leftMb)
    {
        if (leftMb == NoFiles)
        {
            FillWithFiles(filler);
            return;
        }
        using var file = new FileStream(filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[64 * 1024];
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full. What is written by halves counts.
        }
        file.SetLength(Math.Max(0, file.Length - (leftMb * 1024L * 1024L)));
    }

    private static void FillWithFiles(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            for (var i = 0; ; i++)
                File.Create(Path.Combine(folder, $"{i}")).Dispose();
        }
        catch (IOException)
        {
            // No file more.
        }
    }
}
